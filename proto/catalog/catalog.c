#include "proto/catalog/lookup.h"

#include <stdio.h>
#include <string.h>

#include "crypto/path.h"
#include "proto/rights/epochs.h"
#include "proto/rights/fedkeys.h"
#include "proto/rights/rights.h"
#include "proto/catalog/want.h"
#include "proto/sync/gossip.h"
#include "proto/ledger/held.h"
#include "proto/rights/current.h"
#include "store/chunks.h"

/* ---- finding ---- */

static bool is_current(struct hub *hub, struct txn *txn, const struct version_id *of)
{
	struct ledger_version current;
	return !current_find(hub, txn, &of->dataset, 0, &current, NULL) &&
	       current.number == of->number && current.author == of->author;
}

enum err catalog_find(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
		      struct catalog_entry *out, char *why)
{
	struct lookup found;
	enum err err = lookup_path(hub, txn, path, number, &found, why);
	if (!err)
		lookup_entry(hub, txn, &found, !number || is_current(hub, txn, &found.of), out);
	return err;
}

void catalog_name(struct hub *hub, struct txn *txn, struct bytes path,
		  char name[LIMIT_PATH_LEN_MAX + 1])
{
	struct catalog_entry entry;
	char ignored[WHY_LEN];

	snprintf(name, LIMIT_PATH_LEN_MAX + 1, "%.*s", (int)path.len, (const char *)path.ptr);
	if (path_check(path) || !path_is_hidden(path) ||
	    catalog_find(hub, txn, name, 0, &entry, ignored))
		return;
	snprintf(name, LIMIT_PATH_LEN_MAX + 1, "%s", entry.path);
	catalog_entry_fini(&entry);
}

enum err catalog_log(struct hub *hub, struct txn *txn, const char *path,
		     bool (*each)(void *arg, const struct catalog_entry *entry), void *arg,
		     char *why)
{
	struct lookup current, found;
	struct catalog_entry entry;
	enum err err = lookup_path(hub, txn, path, 0, &current, why);
	if (err)
		return err;
	struct ledger_version at = {.number = 0};
	bool more = true;
	while (more && current_below(hub, txn, &current.of.dataset, at.number, &at))
		if (!lookup_dataset(hub, txn, &current.of.dataset, at.number, &found)) {
			lookup_entry(hub, txn, &found, held_same(&found.of, &current.of), &entry);
			more = each(arg, &entry);
			catalog_entry_fini(&entry);
		}
	return txn_err(txn);
}

/* ---- reading ---- */

enum err catalog_read(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
		      struct reading *out, char *why)
{
	return catalog_read_coming(hub, txn, path, number, out, NULL, why);
}

enum err catalog_read_coming(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
			     struct reading *out, bool *coming, char *why)
{
	struct lookup found;
	*out = (struct reading){0};
	enum err err = lookup_path(hub, txn, path, number, &found, why);
	if (!err)
		err = lookup_reading(hub, txn, &found, out, why);
	if (err)
		return err;
	const bool held = held_complete(txn, &found.of);
	if (coming)
		*coming = !held;
	if (!held && !(coming && want_opens(hub, txn, &found.of, &found.version))) {
		why_set(why,
			"%.200s@%llu is known, but its data is not here yet: fetch it with "
			"`allmende get`.",
			path, (unsigned long long)out->number);
		reading_fini(out);
		return ERR_AGAIN;
	}
	return ERR_OK;
}

enum err catalog_epoch_key(struct hub *hub, struct txn *txn, const struct reading *reading,
			   const struct manifest_epoch *epoch, struct key *out)
{
	const struct version *version = &reading->version;
	const struct key *fed_key = fedkeys_get(hub, epoch->number);
	if (version->tier == TIER_GRANTED || version->tier == TIER_HIDDEN)
		return epochs_key(hub, txn, epoch->prefix, epoch->number, version->path, out);
	if (version->tier != TIER_MEMBERS || epoch->prefix.len > 0 || !fed_key)
		return ERR_ABSENT;
	version_members_key(out, fed_key, version->path);
	return ERR_OK;
}

/* ---- verifying ---- */

static void finding(struct buf *text, const char *format, const char *path, uint64_t number,
		    uint64_t count)
{
	char line[LIMIT_PATH_LEN_MAX + 200];
	int len = snprintf(line, sizeof(line), format, path, (unsigned long long)number,
			   (unsigned long long)count);
	if (text->len)
		buf_add_u8(text, '\n');
	buf_add(text, bytes_of(line, (size_t)len));
}

/* Authors: what is here against their heads. */
static void verify_authors(struct hub *hub, struct txn *txn, struct buf *text, uint64_t *looked)
{
	struct author_state state;
	uint32_t author = 0;
	while (ledger_state_next(&hub->ledger, txn, &author, &state)) {
		const struct charter_member *member = hub_author_member(hub, author);
		struct digest set;
		setdigest_root(txn, author, state.incarnation, &set);
		(*looked)++;
		if (!id_eq(&set, &state.set))
			finding(text,
				"%s: the records here do not match their own digest (author %llu)",
				member ? member->slug : "?", author, 0);
		else if (author == hub->author && !gossip_head_due(hub) &&
			 !id_eq(&set, &state.head_set))
			finding(text, "%s: own records do not match the own head %llu",
				member ? member->slug : "?", state.counter, 0);
	}
}

/* One held version: its index rows against its record, its chunks against the index. */
static void verify_held(struct txn *txn, const struct version_id *of, const struct version *version,
			struct buf *text, uint64_t *looked)
{
	struct row_key prefix = key_version(&of->dataset, of->number, of->author);
	struct walk walk = walk_begin(txn, TABLE_INDEX, row_key_bytes(&prefix));
	struct index_digest digest;
	struct index_sum sum;
	uint64_t missing = 0;
	char path[LIMIT_PATH_LEN_MAX + 1];
	snprintf(path, sizeof(path), "%.*s", (int)version->path.len,
		 (const char *)version->path.ptr);
	index_digest_init(&digest);
	while (walk_next(&walk)) {
		struct index_entry entry;
		memcpy(entry.addr.b, walk.key.ptr + walk.key.len - ID_LEN, ID_LEN);
		entry.size = be32_get(walk.value.ptr);
		index_digest_add(&digest, &entry);
		missing += !chunks_has(txn, &of->dataset, &entry.addr);
		(*looked)++;
	}
	index_digest_done(&digest, &sum);
	if (!index_sum_eq(&sum, &version->index))
		finding(text, "%s@%llu: its index here is not that of its record", path, of->number,
			0);
	if (missing)
		finding(text, "%s@%llu: %llu of its chunks are missing", path, of->number, missing);
}

bool catalog_verify(struct hub *hub, struct txn *txn, uint64_t *cursor, uint32_t max,
		    struct buf *text, uint64_t *looked)
{
	uint64_t row = 0, begin = *looked;
	if (*cursor == 0)
		verify_authors(hub, txn, text, looked);
	struct walk walk = walk_begin(txn, TABLE_HELD, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		struct version_id of;
		struct bytes whole;
		struct record record;
		struct version version;
		if (row++ < *cursor)
			continue;
		held_of_key(&of, walk.key);
		if (!ledger_version_find(txn, &of.dataset, of.number, of.author, &whole) &&
		    !record_decode(&record, whole) && !version_decode(&version, record.body) &&
		    held_complete(txn, &of))
			verify_held(txn, &of, &version, text, looked);
		*cursor = row;
		if (*looked - begin >= max)
			return true;
	}
	/* What follows from lines and bars is counted anew in slices; the log tells of faults. */
	rights_recount_begin(hub);
	return false;
}
