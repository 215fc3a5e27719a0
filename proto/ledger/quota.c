#include "proto/ledger/quota.h"

#include "proto/ledger/ledger_internal.h"

/*
 * PROTOCOL: "The quota of an author is 262,144 live records and 268,435,456 bytes of them, both
 * divided by its node index plus one."
 */
struct quota quota_of(const struct limits *limits, uint32_t author)
{
	uint64_t part = (uint64_t)author_node(author) + 1;

	return (struct quota){limits->quota_record_count / part, limits->quota_record_bytes / part};
}

static struct quota part_of(struct quota all, uint64_t parts, uint64_t of)
{
	return (struct quota){all.count - all.count / of * (of - parts),
			      all.bytes - all.bytes / of * (of - parts)};
}

struct quota quota_usual(const struct limits *limits, uint32_t author)
{
	return part_of(quota_of(limits, author), 9, 10);
}

unsigned quota_percent(const struct quota *quota, uint64_t count, uint64_t bytes)
{
	uint64_t by_count = quota->count ? 100 * count / quota->count : 100;
	uint64_t by_bytes = quota->bytes ? 100 * bytes / quota->bytes : 100;

	return (unsigned)(by_count > by_bytes ? by_count : by_bytes);
}

static bool is_within(struct quota quota, uint64_t count, uint64_t bytes)
{
	return count <= quota.count && bytes <= quota.bytes;
}

enum err quota_head_check(const struct ledger *ledger, struct ledger_touched *touched,
			  const struct head *head)
{
	struct author_state *state = &touched->state;

	/* PROTOCOL: "A head whose live count or live bytes are above it is not taken." */
	if (is_within(quota_of(ledger->limits, head->author), head->live_count, head->live_bytes))
		return ERR_OK;
	if (state->incarnation > 0 && !state->over)
		state->over = touched->dirty = true;
	return ERR_NOSPACE;
}

uint64_t quota_slot_len(struct txn *txn, const struct author_state *state, struct bytes slot)
{
	struct digest hash;
	struct bytes whole;
	uint64_t sequence;

	return setdigest_get(txn, state->author, state->incarnation, slot, &sequence, &hash) &&
			       ledger_record(txn, state->author, state->incarnation, sequence,
					     &whole)
		       ? whole.len
		       : 0;
}

static bool fits(struct txn *txn, const struct author_state *state, struct quota quota,
		 const struct record *record)
{
	const uint64_t len = record->whole.len;

	if (is_within(quota, state->live_count + 1, state->live_bytes + len))
		return true;
	/* Only near the end it matters what it replaces. */
	uint64_t before = quota_slot_len(txn, state, record->slot);
	return len <= before || is_within(quota, state->live_count + (before == 0),
					  state->live_bytes - before + len);
}

void quota_seen(struct ledger_touched *touched, const struct record *record)
{
	if (record->sequence <= touched->state.sequence)
		return;
	touched->state.sequence = record->sequence;
	touched->dirty = true;
}

bool quota_takes(const struct ledger *ledger, struct txn *txn, struct ledger_touched *touched,
		 const struct record *record)
{
	struct author_state *state = &touched->state;
	struct quota quota = quota_of(ledger->limits, record->author);

	quota.count *= 2;
	quota.bytes *= 2;
	if (record->author == ledger->own_author || fits(txn, state, quota, record))
		return true;
	quota_seen(touched, record);
	return false;
}

/*
 * Of the rest a tenth is for what gives and ends rights, and the last of that for the few records
 * without which a node is no member.
 */
static struct quota own_quota(const struct ledger *ledger, uint64_t kind)
{
	const struct quota all = quota_of(ledger->limits, ledger->own_author);

	if (!record_kind_known(kind))
		return part_of(all, 9, 10);
	switch ((enum record_kind)kind) {
	case RECORD_ERASURE:
		return part_of(all, 1, 2); /* others have this node make them */
	case RECORD_VERSION:
	case RECORD_NOTICE:
		return part_of(all, 9, 10);
	case RECORD_KEY:
	case RECORD_WRAP:
	case RECORD_LINE:
	case RECORD_BAR:
	case RECORD_WITHDRAWAL:
		return part_of(all, 63, 64);
	case RECORD_VOTE:
	case RECORD_CONTACT:
	case RECORD_WRAP_KEY:
		break;
	}
	return all;
}

enum err quota_own_check(const struct ledger *ledger, struct txn *txn,
			 const struct ledger_touched *own, const struct record *record)
{
	return fits(txn, &own->state, own_quota(ledger, record->kind), record) ? ERR_OK
									       : ERR_NOSPACE;
}
