#include "proto/catalog/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/rights/epochs.h"
#include "proto/rights/fedkeys.h"
#include "proto/sync/gossip.h"
#include "proto/ledger/held.h"
#include "proto/content/pack.h"
#include "proto/rights/rights.h"
#include "proto/catalog/withdrawal.h"
#include "store/chunks.h"

void catalog_entry_fini(struct catalog_entry *entry)
{
	buf_fini(&entry->description_bytes);
	*entry = (struct catalog_entry){0};
}

enum err catalog_version_key(struct hub *hub, struct txn *txn, const struct version *version,
			     const struct dataset_id *dataset, struct key *out)
{
	if (version->tier == TIER_GRANTED || version->tier == TIER_HIDDEN)
		return epochs_version_key(hub, txn, version, dataset, out);
	return version_dataset_key(out, version, dataset, fedkeys_get(hub, version->epoch_number));
}

/* The dataset of a path; its id follows from the organisation whose slug comes first. */
static enum err dataset_of(struct hub *hub, struct txn *txn, const char *path,
			   struct dataset_id *dataset, char *why)
{
	struct row_key key = key_text(bytes_str(path));
	struct bytes value;
	if (path_check(bytes_str(path)) != ERR_OK) {
		why_set(why,
			"\"%.200s\" is no dataset: write SLUG/PATH, each part of a-z, 0-9, '.', "
			"'_' and '-'.",
			path);
		return ERR_CONFIG;
	}
	if (!txn_get(txn, TABLE_PATH, row_key_bytes(&key), &value) || value.len != ID_LEN) {
		why_set(why, "no dataset %.200s is known here: see `allmende ls`.", path);
		return ERR_ABSENT;
	}
	memcpy(dataset->b, value.ptr, ID_LEN);
	return ERR_OK;
}

/* In tier granted every member reads the description, also who may not read the rest. */
static void description_fill(struct hub *hub, struct txn *txn, struct catalog_entry *entry,
			     const struct version *version)
{
	const struct key *fed_key = fedkeys_get(hub, version->description_key);
	bool granted = version->tier == TIER_GRANTED;
	struct key dataset_key = {{0}}, key = {{0}};
	struct packer *packer = packer_open();
	buf_init(&entry->description_bytes, DESCRIPTION_LEN_MAX);
	entry->readable =
		catalog_version_key(hub, txn, version, &entry->dataset, &dataset_key) == ERR_OK;
	if (granted ? fed_key != NULL : entry->readable)
		version_description_key(&key, version, &dataset_key, fed_key);
	bool described = (granted ? fed_key != NULL : entry->readable) &&
			 reader_description(&entry->description_bytes, version, &entry->dataset,
					    &key, packer) == ERR_OK &&
			 description_decode(&entry->description,
					    buf_bytes(&entry->description_bytes)) == ERR_OK;
	if (!described)
		entry->description = (struct description){0};
	entry->readable = entry->readable && (described || granted);
	packer_close(packer);
	key_wipe(&dataset_key);
	key_wipe(&key);
}

/* Makes an entry of a version; the record is copied out of the store first. */
static enum err entry_make(struct hub *hub, struct txn *txn, const struct ledger_version *of,
			   struct bytes whole, struct catalog_entry *out)
{
	struct record record;
	struct version version;
	struct ledger_version current;
	enum err err = record_decode(&record, whole);
	if (err == ERR_OK)
		err = version_decode(&version, record.body);
	if (err != ERR_OK)
		return err;
	struct version_id name = {of->dataset, of->number, of->author};
	const struct charter_member *author = hub_author_member(hub, of->author);
	*out = (struct catalog_entry){
		.dataset = of->dataset,
		.number = of->number,
		.author = of->author,
		.tier = version.tier,
		.time_ms = record.time_ms,
		.index_count = version.index.count,
		.index_bytes = version.index.bytes,
		.own = author_member(of->author) == author_member(hub->author),
		.former = author && !charter_is_present(author),
		.held = held_complete(txn, &name),
		.damaged = held_damaged(txn, &name),
	};
	record_id(&out->record, &record);
	snprintf(out->path, sizeof(out->path), "%.*s", (int)version.path.len,
		 (const char *)version.path.ptr);
	description_fill(hub, txn, out, &version);
	out->current = ledger_version_current(&hub->ledger, txn, &of->dataset, 0, &current, NULL) ==
			       ERR_OK &&
		       current.number == of->number && current.author == of->author;
	return ERR_OK;
}

static enum err version_find(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
			     struct ledger_version *of, struct bytes *whole, char *why)
{
	struct dataset_id dataset;
	enum err err = dataset_of(hub, txn, path, &dataset, why);
	if (err == ERR_OK) {
		err = ledger_version_current(&hub->ledger, txn, &dataset, number, of, whole);
		if (err != ERR_OK && number)
			why_set(why, "%.200s has no version %llu here: see `allmende log %.200s`.",
				path, (unsigned long long)number, path);
		else if (err != ERR_OK)
			why_set(why, "%.200s has no version here any more.", path);
	}
	if (err == ERR_ABSENT)
		withdrawal_why(hub, txn, path, number, why);
	return err;
}

enum err catalog_find(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
		      struct catalog_entry *out, char *why)
{
	struct ledger_version of;
	struct bytes whole;
	enum err err = version_find(hub, txn, path, number, &of, &whole, why);
	return err == ERR_OK ? entry_make(hub, txn, &of, whole, out) : err;
}

void catalog_list(struct hub *hub, struct txn *txn, const char *pattern, const char *after,
		  bool (*each)(void *arg, const struct catalog_entry *entry), void *arg)
{
	struct row_key from = key_text(bytes_str(after ? after : ""));
	struct walk walk =
		walk_begin_at(txn, TABLE_PATH, bytes_of(NULL, 0), row_key_bytes(&from), !after);
	while (walk_next(&walk)) {
		struct dataset_id dataset;
		struct ledger_version of;
		struct bytes whole;
		struct catalog_entry entry;
		if (walk.value.len != ID_LEN)
			continue;
		memcpy(dataset.b, walk.value.ptr, ID_LEN);
		if (ledger_version_current(&hub->ledger, txn, &dataset, 0, &of, &whole) != ERR_OK ||
		    entry_make(hub, txn, &of, whole, &entry) != ERR_OK)
			continue;
		bool more = true;
		if (!pattern || path_match(bytes_str(pattern), bytes_str(entry.path)))
			more = each(arg, &entry);
		catalog_entry_fini(&entry);
		if (!more)
			return;
	}
}

enum err catalog_log(struct hub *hub, struct txn *txn, const char *path,
		     bool (*each)(void *arg, const struct catalog_entry *entry), void *arg,
		     char *why)
{
	struct ledger_version of;
	struct bytes whole;
	enum err err = version_find(hub, txn, path, 0, &of, &whole, why);
	if (err != ERR_OK)
		return err;
	/* Numbers are what authors say: the rows are walked, not the numbers. */
	struct buf numbers;
	struct row_key prefix = key_dataset(&of.dataset);
	struct walk walk = walk_begin(txn, TABLE_VERSION, row_key_bytes(&prefix));
	buf_init(&numbers, SIZE_MAX);
	while (walk_next(&walk)) {
		uint64_t number = be64_get(walk.key.ptr + ID_LEN);
		if (numbers.len < 8 || be64_get(numbers.ptr + numbers.len - 8) != number)
			buf_add_be64(&numbers, number);
	}
	bool more = true;
	for (size_t at = numbers.len; more && at >= 8; at -= 8) {
		struct catalog_entry entry;
		uint64_t number = be64_get(numbers.ptr + at - 8);
		if (ledger_version_current(&hub->ledger, txn, &of.dataset, number, &of, &whole) !=
			    ERR_OK ||
		    entry_make(hub, txn, &of, whole, &entry) != ERR_OK)
			continue;
		more = each(arg, &entry);
		catalog_entry_fini(&entry);
	}
	err = numbers.err;
	buf_fini(&numbers);
	return err;
}

void catalog_denied(struct hub *hub, struct txn *txn, struct bytes path, char *why)
{
	const struct charter_member *owner = charter_by_slug(&hub->charter, path_slug(path));
	struct catalog_entry entry = {0};
	char text[LIMIT_PATH_LEN_MAX + 1], ignored[CATALOG_WHY_LEN];
	struct bytes contact;

	snprintf(text, sizeof(text), "%.*s", (int)path.len, (const char *)path.ptr);
	if (catalog_find(hub, txn, text, 0, &entry, ignored) != ERR_OK)
		entry = (struct catalog_entry){0};
	contact = entry.description.contact;
	if (contact.len == 0 && owner)
		contact = bytes_str(owner->name);
	why_set(why, "%s has not granted you %.200s. Ask %.*s for \"read\".",
		owner ? owner->name : "its owner", text, (int)contact.len,
		(const char *)contact.ptr);
	catalog_entry_fini(&entry);
}

/* ---- reading ---- */

void reading_fini(struct reading *reading)
{
	key_wipe(&reading->dataset_key);
	buf_fini(&reading->version_bytes);
	*reading = (struct reading){0};
}

/* Why the key of a version is not here: it was granted and is on its way, or whom to ask. */
static enum err key_missing(struct hub *hub, struct txn *txn, uint32_t author,
			    const struct version *version, char *why)
{
	const struct charter_member *owner = hub_author_member(hub, author);
	const char *name = owner ? owner->name : "its owner";
	int len = version->path.len > 200 ? 200 : (int)version->path.len;
	const char *path = (const char *)version->path.ptr;

	if (version->tier == TIER_OPEN || version->tier == TIER_MEMBERS) {
		why_set(why, "the key for %.*s is not here: ask %s for \"read\".", len, path, name);
		return ERR_DENIED;
	}
	if (rights_own_namespace(hub, &hub->options.identity->org, version->path) ||
	    rights_own_token(hub, txn, version->path, VERB_READ, NULL)) {
		why_set(why,
			"you may read %.*s, but its key has not come here yet: try again when the "
			"node of %s has been linked.",
			len, path, name);
		return ERR_AGAIN;
	}
	catalog_denied(hub, txn, version->path, why);
	return ERR_DENIED;
}

enum err catalog_read_any(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
			  struct reading *out, char *why)
{
	struct ledger_version of;
	struct bytes whole;
	struct record record;
	*out = (struct reading){0};
	enum err err = version_find(hub, txn, path, number, &of, &whole, why);
	if (err != ERR_OK)
		return err;
	buf_init(&out->version_bytes, LIMIT_RECORD_LEN_MAX);
	buf_add(&out->version_bytes, whole);
	out->dataset = of.dataset;
	out->number = of.number;
	out->author = of.author;
	err = out->version_bytes.err;
	if (err == ERR_OK)
		err = record_decode(&record, buf_bytes(&out->version_bytes));
	if (err == ERR_OK)
		err = version_decode(&out->version, record.body);
	if (err == ERR_OK) {
		record_id(&out->record, &record);
		err = catalog_version_key(hub, txn, &out->version, &out->dataset,
					  &out->dataset_key);
	}
	if (err == ERR_ABSENT || err == ERR_DENIED)
		err = key_missing(hub, txn, of.author, &out->version, why);
	if (err != ERR_OK)
		reading_fini(out);
	return err;
}

enum err catalog_read(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
		      struct reading *out, char *why)
{
	enum err err = catalog_read_any(hub, txn, path, number, out, why);
	if (err != ERR_OK)
		return err;
	struct version_id of = {out->dataset, out->number, out->author};
	if (!held_complete(txn, &of)) {
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
		memcpy(of.dataset.b, walk.key.ptr, ID_LEN);
		of.number = be64_get(walk.key.ptr + ID_LEN);
		of.author = be32_get(walk.key.ptr + ID_LEN + 8);
		if (ledger_version_find(txn, &of.dataset, of.number, of.author, &whole) == ERR_OK &&
		    record_decode(&record, whole) == ERR_OK &&
		    version_decode(&version, record.body) == ERR_OK && held_complete(txn, &of))
			verify_held(txn, &of, &version, text, looked);
		*cursor = row;
		if (*looked - begin >= max)
			return true;
	}
	return false;
}
