/*
 * The charter's rows: entries in order of their number, and aside those that do not count.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/charter/charter.h"
#include "proto/charter/charter_entry.h"
#include "proto/charter/orglog.h"

bool charter_entry(struct txn *txn, uint32_t number, struct bytes *entry)
{
	struct row_key key = key_charter(number);

	return txn_get(txn, TABLE_CHARTER, row_key_bytes(&key), entry);
}

/*
 * PROTOCOL: "Two valid entries of one number, neither a settlement, prove that a steward has signed
 * twice. Who knows both is **frozen**: its charter ends before them"
 */
static bool is_frozen(struct txn *txn, const struct charter *charter)
{
	uint8_t prefix[4];
	struct charter_entry entry;
	unsigned count = 0;

	be32_put(prefix, charter->number + 1);
	struct walk walk = walk_begin(txn, TABLE_FORK, bytes_obj(&prefix));
	while (walk_next(&walk)) {
		if (charter_entry_decode(&entry, walk.value))
			txn_fail(txn, ERR_CORRUPT);
		else
			count += !entry.settles && id_eq(&entry.previous, &charter->entry_id);
	}
	return count > 1;
}

/* The state after a stored entry; number 0: the latest one. */
static enum err load_at(struct txn *txn, struct charter *charter, uint32_t number)
{
	struct walk walk = walk_begin(txn, TABLE_CHARTER, bytes_of(NULL, 0));
	struct charter_entry entry = {0};

	charter_init(charter);
	while ((number == 0 || charter->number < number) && walk_next(&walk))
		if (charter_entry_decode(&entry, walk.value) ||
		    charter_entry_apply(charter, &entry, true))
			txn_fail(txn, ERR_CORRUPT);
	if (!txn_err(txn) && charter->number == 0)
		return ERR_ABSENT;
	/* One look at the result instead of one for each entry. */
	if (!txn_err(txn) && charter_table_check(charter, &entry))
		txn_fail(txn, ERR_CORRUPT);
	if (txn_err(txn))
		charter_fini(charter);
	return txn_err(txn);
}

enum err charter_load(struct txn *txn, struct charter *charter)
{
	enum err err = load_at(txn, charter, 0);

	if (!err)
		charter->frozen = is_frozen(txn, charter);
	return err;
}

enum err charter_load_before(struct txn *txn, struct charter *charter, uint32_t number)
{
	return number < 2 ? ERR_ABSENT : load_at(txn, charter, number - 1);
}

size_t charter_binds_of(const struct charter *charter, const struct charter_member *member,
			struct orglog_bind **out)
{
	size_t count = 0, at;

	for (uint32_t i = member->bind; i > 0; i = charter->binds[i - 1].before)
		count += !charter->binds[i - 1].announced;
	*out = mem_new(count + 1, sizeof(**out));
	at = count;
	for (uint32_t i = member->bind; i > 0; i = charter->binds[i - 1].before)
		if (!charter->binds[i - 1].announced)
			(*out)[--at] = (struct orglog_bind){charter->binds[i - 1].root,
							    charter->binds[i - 1].log_entry};
	return count;
}

void charter_bound(const struct charter *charter, struct orglog *log)
{
	const struct charter_member *member =
		log->number > 0 ? charter_last_of(charter, &log->id) : NULL;
	struct orglog_bind *binds;

	if (!member || !member->bind)
		return;
	const size_t count = charter_binds_of(charter, member, &binds);
	orglog_bound(log, binds, count);
	free(binds);
}

static void member_binds(struct txn *txn, const struct charter *charter,
			 const struct charter_member *member)
{
	struct orglog_bind *binds;
	const size_t count = charter_binds_of(charter, member, &binds);

	orglog_bind(txn, &member->org, binds, count, NULL);
	free(binds);
}

/* The organisation logs go by the roots that the charter binds. */
static void binds_settle(struct txn *txn, const struct charter *charter)
{
	struct org_id org = {{0}};

	for (uint32_t n = 1; n <= charter->member_count; n++) {
		const struct charter_member *member = charter_member(charter, n);
		if (member->bind && charter_last_of(charter, &member->org) == member)
			member_binds(txn, charter, member);
	}
	while (orglog_bound_next(txn, &org)) {
		const struct charter_member *member = charter_last_of(charter, &org);
		if (!member || !member->bind)
			orglog_bind(txn, &org, NULL, 0, NULL);
	}
}

/*
 * Whether this is another valid entry of a number that is known. Another entry 1 is another
 * federation.
 */
static bool is_other(struct txn *txn, const struct charter *charter,
		     const struct charter_entry *entry)
{
	struct charter before;
	struct digest known;
	struct bytes stored;

	if (entry->number > charter->number || !charter_entry(txn, entry->number, &stored) ||
	    charter_entry_id(&known, stored) || id_eq(&known, &entry->id) ||
	    charter_load_before(txn, &before, entry->number))
		return false;
	bool other = !charter_entry_apply(&before, entry, false);
	charter_fini(&before);
	return other;
}

enum err charter_accept(struct txn *txn, struct charter *charter, struct bytes whole, bool *other)
{
	const uint32_t bind_count = charter->bind_count;
	struct charter_entry entry;
	enum err err = charter_entry_decode(&entry, whole);

	if (!err)
		err = charter_entry_apply(charter, &entry, false);
	if (other)
		*other = err == ERR_EXISTS && is_other(txn, charter, &entry);
	if (err)
		return err;
	struct row_key key = key_charter(entry.number);
	txn_put(txn, TABLE_CHARTER, row_key_bytes(&key), whole);
	charter->frozen = is_frozen(txn, charter);
	if (charter->bind_count != bind_count)
		binds_settle(txn, charter);
	return txn_err(txn);
}

void charter_seen_put(struct txn *txn, uint32_t number, const struct digest *id, int64_t now_ms)
{
	struct row_key key = key_charter_id(number, id);
	uint8_t time[8];

	be64_put(time, (uint64_t)now_ms);
	if (!txn_has(txn, TABLE_FIRST_SEEN, row_key_bytes(&key)))
		txn_put(txn, TABLE_FIRST_SEEN, row_key_bytes(&key), bytes_obj(&time));
}

int64_t charter_seen(struct txn *txn, uint32_t number, const struct digest *id)
{
	struct row_key key = key_charter_id(number, id);
	struct bytes time;

	if (!txn_get(txn, TABLE_FIRST_SEEN, row_key_bytes(&key), &time) || time.len != 8)
		return INT64_MAX;
	return (int64_t)be64_get(time.ptr);
}

/* Row META "charter-checkpoint": number(4). */
static struct row_key checkpoint_key(void)
{
	return key_name("charter-checkpoint");
}

void charter_checkpoint_put(struct txn *txn, uint32_t number)
{
	struct row_key key = checkpoint_key();
	uint8_t value[4];

	be32_put(value, number);
	txn_put(txn, TABLE_META, row_key_bytes(&key), bytes_obj(&value));
}

uint32_t charter_checkpoint(struct txn *txn)
{
	struct row_key key = checkpoint_key();
	struct bytes value;

	if (!txn_get(txn, TABLE_META, row_key_bytes(&key), &value) || value.len != 4)
		return 0;
	return be32_get(value.ptr);
}

static void aside_put(struct txn *txn, struct bytes whole)
{
	struct charter_entry entry;

	if (charter_entry_decode(&entry, whole)) {
		txn_fail(txn, ERR_CORRUPT);
		return;
	}
	struct row_key key = key_charter_id(entry.number, &entry.id);
	txn_put(txn, TABLE_FORK, row_key_bytes(&key), whole);
}

void charter_aside(struct txn *txn, struct charter *charter, struct bytes whole)
{
	aside_put(txn, whole);
	charter->frozen = is_frozen(txn, charter);
}

void charter_back(struct txn *txn, struct charter *charter, uint32_t number)
{
	const uint32_t bind_count = charter->bind_count;
	struct buf copy;

	buf_init(&copy, LIMIT_CHARTER_ENTRY_LEN_MAX);
	for (uint32_t n = charter->number; n >= number && n > 1; n--) {
		struct row_key key = key_charter(n);
		struct bytes whole;
		if (!charter_entry(txn, n, &whole))
			break;
		buf_reset(&copy); /* what the store returns ends with the next write */
		buf_add(&copy, whole);
		aside_put(txn, buf_bytes(&copy));
		txn_del(txn, TABLE_CHARTER, row_key_bytes(&key));
	}
	if (copy.err)
		txn_fail(txn, copy.err);
	buf_fini(&copy);
	charter_fini(charter);
	if (charter_load(txn, charter) && !txn_err(txn))
		txn_fail(txn, ERR_CORRUPT);
	if (charter->bind_count != bind_count)
		binds_settle(txn, charter);
}

enum err fedkey_find(struct txn *txn, uint64_t number, struct digest *commitment, bool *has_sealed,
		     uint8_t sealed[FEDKEY_SEALED_LEN])
{
	struct walk walk = walk_begin(txn, TABLE_CHARTER, bytes_of(NULL, 0));
	struct charter_entry entry;
	struct charter_change change;

	while (walk_next(&walk)) {
		if (charter_entry_decode(&entry, walk.value))
			return ERR_CORRUPT;
		while (entry.change_count-- > 0) {
			if (charter_change_get(&entry.changes, &change))
				return ERR_CORRUPT;
			if (change.kind != CHARTER_KEY || change.key_number != number)
				continue;
			*commitment = change.key_commitment;
			*has_sealed = change.has_sealed;
			memcpy(sealed, change.sealed, sizeof(change.sealed));
			return ERR_OK;
		}
	}
	return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
}
