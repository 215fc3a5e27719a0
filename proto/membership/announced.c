#include "proto/membership/announced.h"

#include "proto/ledger/notice.h"

static bool announced_id(struct txn *txn, const struct charter_bind *bind, struct digest *id)
{
	struct bytes whole;

	return charter_entry(txn, bind->number, &whole) && !charter_entry_id(id, whole);
}

/* An active node of the member has a notice with this entry's id. */
static uint32_t objector_of(struct hub *hub, struct txn *txn, const struct charter_bind *bind,
			    const struct digest *id)
{
	struct record_slot slot = record_slot_notice(NOTICE_OBJECT);
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, record_slot_bytes(&slot));
	char hex[ID_HEX_LEN + 1];
	struct record record;
	struct bytes text;

	hex_put(hex, id_bytes(id));
	while (ledger_slots_next(&slots, &record))
		if (author_member(record.author) == bind->member &&
		    !notice_get(&text, record.body) && bytes_eq(text, bytes_str(hex)))
			return record.author;
	return 0;
}

/* No bind of its member has followed it. */
static bool is_open(const struct charter *charter, uint32_t at)
{
	const struct charter_bind *bind = &charter->binds[at];

	for (uint32_t i = at + 1; i < charter->bind_count; i++)
		if (charter->binds[i].member == bind->member && !charter->binds[i].announced)
			return false;
	return bind->announced && charter_is_present(charter_member(charter, bind->member));
}

static bool announced_show(struct hub *hub, struct txn *txn, const struct charter_bind *bind,
			   struct announced *out)
{
	*out = (struct announced){.bind = bind};
	if (!announced_id(txn, bind, &out->entry_id))
		return false;
	out->seen_ms = charter_seen(txn, bind->number, &out->entry_id);
	out->objector = objector_of(hub, txn, bind, &out->entry_id);
	return true;
}

bool announced_next(struct hub *hub, struct txn *txn, size_t index, struct announced *out)
{
	const struct charter *charter = &hub->charter;

	/* The latest first: what is long past is not asked for. */
	for (uint32_t at = charter->bind_count; at-- > 0;)
		if (is_open(charter, at) && index-- == 0)
			return announced_show(hub, txn, &charter->binds[at], out);
	return false;
}

enum err announced_object(struct hub *hub, struct txn *txn, bool cancel, char *why)
{
	struct record_slot slot = record_slot_notice(NOTICE_OBJECT);
	struct announced shown;
	char hex[ID_HEX_LEN + 1] = "";
	struct buf body;
	enum err err = hub_member_check(hub, why);

	if (!err)
		err = hub_sign_check(hub, why);
	if (err)
		return err;
	if (cancel) {
		err = ledger_delete(&hub->ledger, txn, record_slot_bytes(&slot));
		if (err == ERR_ABSENT)
			why_set(why, "this node has not objected to anything.");
		return err;
	}
	for (size_t i = 0; !hex[0] && announced_next(hub, txn, i, &shown); i++)
		if (shown.bind->member == author_member(hub->author))
			hex_put(hex, id_bytes(&shown.entry_id));
	if (!hex[0]) {
		why_set(why, "no other root key of %s is announced.", hub_own_name(hub));
		return ERR_ABSENT;
	}
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	err = notice_put(&body, bytes_str(hex));
	if (!err)
		err = ledger_append(&hub->ledger, txn, RECORD_NOTICE, record_slot_bytes(&slot),
				    buf_bytes(&body), NULL, LEDGER_QUIET);
	buf_fini(&body);
	return err;
}

/* ---- voting ---- */

static enum err bind_check(struct hub *hub, struct txn *txn, const struct charter_change *bind,
			   const char *despite, char *why)
{
	const struct charter_member *member = charter_member(&hub->charter, bind->member.number);
	const struct charter_bind *first = charter_announcement(&hub->charter, bind);
	struct announced shown;

	if (!member || !first || !announced_show(hub, txn, first, &shown)) {
		why_set(why, "nothing like this bind was announced.");
		return ERR_DENIED;
	}
	/*
	 * PROTOCOL: "a steward's node votes for a bind without signature, but for one in a
	 * settlement, only 14 days after it saw the announcement count."
	 */
	if (shown.seen_ms == INT64_MAX || hub->act_ms < shown.seen_ms + CHARTER_ANNOUNCED_MS) {
		why_set(why,
			"this node has not known for 14 days that another root key of %s is "
			"announced, whatever the entry says of its time: vote later.",
			member->name);
		return ERR_AGAIN;
	}
	/*
	 * PROTOCOL: "While there is one a steward's node does not vote for the bind, unless
	 * somebody gives a reason."
	 */
	if (shown.objector && (!despite || !*despite)) {
		why_set(why,
			"node %u of %s objects to this root key: ask %s by another way; --despite "
			"REASON votes all the same.",
			author_node(shown.objector), member->name, member->name);
		return ERR_DENIED;
	}
	return ERR_OK;
}

enum err announced_vote_check(struct hub *hub, struct txn *txn, const struct proposal *proposal,
			      const char *despite, char *why)
{
	enum err err = ERR_OK;

	for (uint32_t i = 0; i < proposal->entry.change_count && !err; i++) {
		const struct charter_change *change = &proposal->changes[i];
		if (change->kind == CHARTER_BIND && !change->has_sig && !proposal->entry.settles)
			err = bind_check(hub, txn, change, despite, why);
	}
	return err;
}
