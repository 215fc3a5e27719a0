#include "proto/audit/check.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"

#define LOG_LEN_MAX        128 /* of AUDIT_FRAME_LOG */
#define OTHER_HEAD_LEN_MAX 64  /* of AUDIT_FRAME_OTHER, before the entry */

/* ---- frames ---- */

static uint32_t len_max(uint8_t type)
{
	switch (type) {
	case AUDIT_FRAME_LOG:
		return LOG_LEN_MAX;
	case AUDIT_FRAME_CHARTER:
		return LIMIT_CHARTER_ENTRY_LEN_MAX;
	case AUDIT_FRAME_ORG:
		return LIMIT_ORGLOG_ENTRY_LEN_MAX;
	case AUDIT_FRAME_HEAD:
		return LIMIT_HEAD_LEN_MAX;
	case AUDIT_FRAME_CLOSING:
		return LIMIT_LOG_CLOSING_LEN_MAX;
	case AUDIT_FRAME_OTHER:
		return LIMIT_ORGLOG_ENTRY_LEN_MAX + OTHER_HEAD_LEN_MAX;
	case AUDIT_FRAME_BASE:
		return LIMIT_RECORD_LEN_MAX;
	case AUDIT_FRAME_ENTRY:
		return LIMIT_LOG_ENTRY_LEN_MAX;
	default:
		return 0;
	}
}

void audit_frame_put(struct buf *out, enum audit_frame type, struct bytes body)
{
	buf_add_u8(out, (uint8_t)type);
	buf_add_be32(out, (uint32_t)body.len);
	buf_add(out, body);
}

void audit_frame_log_put(struct buf *out, const struct fed_id *fed, uint32_t author,
			 const struct org_id *org)
{
	struct buf body;

	buf_init(&body, LOG_LEN_MAX);
	out_array(&body, 4);
	out_uint(&body, 1);
	out_fixed(&body, fed->b, ID_LEN);
	out_uint(&body, author);
	out_fixed(&body, org->b, ID_LEN);
	audit_frame_put(out, AUDIT_FRAME_LOG, buf_bytes(&body));
	buf_fini(&body);
}

enum err audit_frame_get(enum audit_frame *type, struct bytes *body, struct bytes in)
{
	if (in.len > 0 && len_max(in.ptr[0]) == 0)
		return ERR_MALFORMED;
	if (in.len < AUDIT_FRAME_HEAD_LEN)
		return ERR_AGAIN;
	const uint32_t len = be32_get(in.ptr + 1);
	if (len > len_max(in.ptr[0]))
		return ERR_MALFORMED;
	if (in.len - AUDIT_FRAME_HEAD_LEN < len)
		return ERR_AGAIN;
	*type = (enum audit_frame)in.ptr[0];
	*body = bytes_slice(in, AUDIT_FRAME_HEAD_LEN, len);
	return ERR_OK;
}

/* ---- life ---- */

const char *audit_fault_text(enum audit_fault fault)
{
	static const char *const texts[] = {
#define X(name, text) text,
		AUDIT_FAULT_LIST(X)
#undef X
	};

	return texts[fault];
}

void audit_check_init(struct audit_check *check)
{
	*check = (struct audit_check){.author = 0};
	charter_init(&check->charter);
	orglog_init(&check->orglog);
}

void audit_check_fini(struct audit_check *check)
{
	charter_fini(&check->charter);
	orglog_fini(&check->orglog);
	free(check->closings);
	free(check->witnesses);
}

static void fault_note(struct audit_check *check, enum audit_fault fault, uint64_t number)
{
	if (check->fault)
		return;
	check->fault = fault;
	check->fault_number = number;
}

/* ---- whose log it is ---- */

static void whose_take(struct audit_check *check, struct bytes body)
{
	struct wire_in w = wire_in(body);

	wire_array(&w, 4, 4);
	wire_exact(&w, 1);
	wire_fixed(&w, check->fed.b, ID_LEN);
	check->author = (uint32_t)wire_uint(&w, UINT32_MAX);
	wire_fixed(&w, check->org.b, ID_LEN);
	if (wire_end(&w) || check->author == 0)
		fault_note(check, AUDIT_FAULT_LOG, 0);
}

static void org_take(struct audit_check *check, struct bytes body)
{
	charter_bound(&check->charter, &check->orglog);
	if (orglog_apply(&check->orglog, body) || !id_eq(&check->orglog.id, &check->org))
		fault_note(check, AUDIT_FAULT_LOG, 0);
}

/* The node's key, once it is needed; the organisation's log is here by then. */
static bool pk_known(struct audit_check *check)
{
	const struct orglog_node *node = orglog_node(&check->orglog, author_node(check->author));
	const struct charter_member *member =
		charter_member(&check->charter, author_member(check->author));

	if (check->has_pk)
		return true;
	if (!node || !member || !id_eq(&member->org, &check->org) ||
	    !id_eq(&check->charter.fed, &check->fed)) {
		fault_note(check, AUDIT_FAULT_LOG, 0);
		return false;
	}
	check->pk = node->sign;
	check->has_pk = true;
	return true;
}

/* ---- heads ---- */

static enum err head_of(const struct audit_check *check, struct head *out, struct bytes whole)
{
	enum err err = head_decode(out, whole);

	if (!err && out->author != check->author)
		err = ERR_DENIED;
	return err ? err : head_check_sig(out, &check->pk, &check->fed);
}

static void witness_add(struct audit_check *check, const struct head *head, bool noted)
{
	if (!head->has_log_tip)
		return;
	check->witnesses = mem_room(check->witnesses, check->witness_count, &check->witness_cap,
				    sizeof(*check->witnesses));
	check->witnesses[check->witness_count++] = (struct audit_witness){
		.tip = head->log_tip, .time_ms = head->time_ms, .noted = noted};
}

static void own_head_take(struct audit_check *check, struct bytes body)
{
	struct head head;

	if (!pk_known(check))
		return;
	if (head_of(check, &head, body))
		fault_note(check, AUDIT_FAULT_HEAD, 0);
	else
		witness_add(check, &head, false);
}

bool audit_check_noted(struct audit_check *check, struct bytes body)
{
	struct head head;

	if (!pk_known(check) || head_of(check, &head, body))
		return false;
	witness_add(check, &head, true);
	return true;
}

static void witnesses_find(struct audit_check *check, const struct digest *id)
{
	for (size_t i = 0; i < check->witness_count; i++)
		if (id_eq(&check->witnesses[i].tip, id))
			check->witnesses[i].found = true;
}

/* ---- closings ---- */

static void closing_take(struct audit_check *check, struct bytes body)
{
	const struct audit_closing *before =
		check->closing_count ? &check->closings[check->closing_count - 1] : NULL;
	struct audit_closing closing;

	if (!pk_known(check))
		return;
	if (audit_closing_decode(&closing, body)) {
		fault_note(check, AUDIT_FAULT_FORM, before ? before->last + 1 : 1);
		return;
	}
	if (audit_closing_check(&closing, &check->pk, &check->fed))
		fault_note(check, AUDIT_FAULT_CLOSING, closing.first);
	/* PROTOCOL: "Closings follow each other without a gap." */
	if (closing.first != (before ? before->last + 1 : 1))
		fault_note(check, AUDIT_FAULT_CLOSINGS, closing.first);
	closing.payload = closing.whole = bytes_of(NULL, 0);
	check->closings = mem_room(check->closings, check->closing_count, &check->closing_cap,
				   sizeof(*check->closings));
	check->closings[check->closing_count++] = closing;
}

/* ---- entries ---- */

/* The log begins with an entry that is not the first: behind a closing. */
static void begin_check(struct audit_check *check, const struct audit_entry *entry)
{
	for (size_t i = 0; i < check->closing_count; i++) {
		const struct audit_closing *closing = &check->closings[i];
		if (closing->last >= entry->number)
			break;
		check->closing_at = i + 1;
		witnesses_find(check, &closing->last_id);
		if (closing->last + 1 == entry->number &&
		    !id_eq(&closing->last_id, &entry->previous))
			fault_note(check, AUDIT_FAULT_CHAIN, entry->number);
	}
	const uint64_t begin =
		check->closing_at ? check->closings[check->closing_at - 1].last + 1 : 1;
	if (entry->number != begin)
		fault_note(check, AUDIT_FAULT_MISSING, entry->number);
}

static void follow_check(struct audit_check *check, const struct audit_entry *entry)
{
	if (entry->number > check->last + 1)
		fault_note(check, AUDIT_FAULT_MISSING, entry->number);
	else if (entry->number <= check->last)
		fault_note(check, AUDIT_FAULT_ORDER, entry->number);
	else if (!id_eq(&entry->previous, &check->id))
		fault_note(check, AUDIT_FAULT_CHAIN, entry->number);
}

static void segment_check(struct audit_check *check, const struct audit_entry *entry)
{
	if (check->closing_at == check->closing_count)
		return;
	const struct audit_closing *closing = &check->closings[check->closing_at];
	if (entry->number == closing->first && entry->time_ms != closing->first_ms)
		fault_note(check, AUDIT_FAULT_SEGMENT, entry->number);
	if (entry->number < closing->last)
		return;
	if (!id_eq(&closing->last_id, &check->id) || closing->last_ms != entry->time_ms)
		fault_note(check, AUDIT_FAULT_SEGMENT, entry->number);
	check->closing_at++;
}

static void rolled_take(struct audit_check *check, const struct audit_entry *entry)
{
	struct wire_in w = wire_in(entry->detail);

	wire_array(&w, 1, 1);
	const uint64_t last = wire_uint(&w, INT64_MAX);
	if (!wire_end(&w))
		check->rolled = last;
}

static void entry_take(struct audit_check *check, struct bytes body, struct audit_entry *entry)
{
	if (!pk_known(check))
		return;
	if (audit_entry_decode(entry, body)) {
		fault_note(check, AUDIT_FAULT_ENTRY, check->last + 1);
		return;
	}
	if (check->last == 0) {
		begin_check(check, entry);
		check->first = entry->number;
		check->first_ms = entry->time_ms;
	} else {
		follow_check(check, entry);
	}
	if (check->fault)
		return;
	check->last = entry->number;
	check->last_ms = entry->time_ms;
	audit_entry_id(&check->id, body);
	segment_check(check, entry);
	witnesses_find(check, &check->id);
	if (entry->kind == AUDIT_ROLLED)
		rolled_take(check, entry);
}

bool audit_check_frame(struct audit_check *check, enum audit_frame type, struct bytes body,
		       struct audit_entry *entry)
{
	struct audit_entry own;

	if (type != AUDIT_FRAME_LOG && check->author == 0)
		fault_note(check, AUDIT_FAULT_LOG, 0);
	else if (type == AUDIT_FRAME_LOG ? check->author != 0
					 : type != AUDIT_FRAME_ENTRY && check->last)
		fault_note(check, AUDIT_FAULT_FORM, check->last);
	if (check->fault)
		return false;
	switch (type) {
	case AUDIT_FRAME_LOG:
		whose_take(check, body);
		break;
	case AUDIT_FRAME_CHARTER:
		if (charter_apply(&check->charter, body))
			fault_note(check, AUDIT_FAULT_LOG, 0);
		break;
	case AUDIT_FRAME_ORG:
		org_take(check, body);
		break;
	case AUDIT_FRAME_HEAD:
		own_head_take(check, body);
		break;
	case AUDIT_FRAME_CLOSING:
		closing_take(check, body);
		break;
	case AUDIT_FRAME_OTHER: /* signed by others, each for itself: rights/past.h */
	case AUDIT_FRAME_BASE:
		break;
	case AUDIT_FRAME_ENTRY:
		entry_take(check, body, entry ? entry : &own);
		break;
	}
	return check->fault == AUDIT_FAULT_NONE;
}

/* A head from before what is here names an entry that has rolled off: not to be told. */
static void witness_check(struct audit_check *check, const struct audit_witness *witness)
{
	if (witness->found || check->fault)
		return;
	if (check->first > 1 && witness->time_ms < check->first_ms) {
		check->witnesses_old++;
		return;
	}
	fault_note(check, witness->noted ? AUDIT_FAULT_NOTED : AUDIT_FAULT_CUT, 0);
	check->fault_ms = witness->time_ms;
}

bool audit_check_end(struct audit_check *check)
{
	if (check->author == 0)
		fault_note(check, AUDIT_FAULT_LOG, 0);
	/* What was closed is here, or was before what is. */
	if (check->closing_at < check->closing_count)
		fault_note(check, AUDIT_FAULT_MISSING, check->closings[check->closing_at].last);
	if (check->first > 1 && check->rolled + 1 != check->first)
		fault_note(check, AUDIT_FAULT_BEGIN, check->first);
	for (size_t i = 0; i < check->witness_count; i++)
		witness_check(check, &check->witnesses[i]);
	return check->fault == AUDIT_FAULT_NONE;
}
