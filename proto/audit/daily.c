#include "proto/audit/audit.h"

#include "proto/audit/audit_internal.h"
#include "proto/audit/served.h"
#include "proto/hub/hub.h"
#include "proto/wire/wire_out.h"

enum {
	TIPS_COUNT_MAX = 64,
	TIPS_AGAIN_MS = 60 * 1000, /* while nobody is known whose head could be noted */
};
#define CLOCK_JUMP_MS (INT64_C(10) * 60 * 1000)

/* META rows: be32, the day that was begun last, and the one of which heads were noted last. */
static const char day_name[] = "log-day", tips_name[] = "log-tips";

static bool day_is(struct txn *txn, const char *name, uint32_t day)
{
	struct row_key key = key_name(name);
	struct bytes row;

	return txn_get(txn, TABLE_META, row_key_bytes(&key), &row) && row.len == 4 &&
	       be32_get(row.ptr) == day;
}

static void day_put(struct txn *txn, const char *name, uint32_t day)
{
	struct row_key key = key_name(name);
	uint8_t row[4];

	be32_put(row, day);
	txn_put(txn, TABLE_META, row_key_bytes(&key), bytes_obj(&row));
}

/* ---- what others have written by now ---- */

/* Heads are looked up again when they are written, as the lot decides whose. */
struct lot {
	uint32_t authors[TIPS_COUNT_MAX];
	uint32_t seen;
};

static bool is_near(const struct hub *hub, uint32_t author)
{
	const struct charter_member *own =
		charter_member(&hub->charter, author_member(hub->author));
	const struct charter_member *other = charter_member(&hub->charter, author_member(author));

	return own && other && own->number != other->number && charter_is_present(other) &&
	       bytes_eq(bytes_str(own->group), bytes_str(other->group));
}

static bool head_get(const struct hub *hub, struct txn *txn, uint32_t author, struct bytes *whole)
{
	struct head head;

	return ledger_head_last(txn, author, whole) && !head_decode(&head, *whole) &&
	       head.has_log_tip && head.valid_until_ms > hub->judge_ms;
}

static void lot_draw(struct hub *hub, struct lot *lot, uint32_t author)
{
	const uint32_t at = lot->seen < TIPS_COUNT_MAX
				    ? lot->seen
				    : (uint32_t)random_below(hub->options.random, lot->seen + 1);

	lot->seen++;
	if (at < TIPS_COUNT_MAX)
		lot->authors[at] = author;
}

/*
 * PROTOCOL: "Once a day a node writes the latest valid heads of the other members of its group that
 * name a tip, at most 64, above that by lot."
 */
static bool tips_note(struct hub *hub, struct txn *txn)
{
	struct author_state state;
	struct lot lot = {.seen = 0};
	uint32_t author = 0;
	struct bytes whole;
	struct buf detail;

	if (!hub->author)
		return false;
	ledger_settle(&hub->ledger, txn);
	while (ledger_active_next(&hub->ledger, txn, &author, &state))
		if (is_near(hub, author) && head_get(hub, txn, author, &whole))
			lot_draw(hub, &lot, author);
	const uint32_t count = lot.seen < TIPS_COUNT_MAX ? lot.seen : TIPS_COUNT_MAX;
	if (count == 0)
		return false;
	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	out_array(&detail, count);
	for (uint32_t i = 0; i < count; i++)
		if (head_get(hub, txn, lot.authors[i], &whole))
			out_bin(&detail, whole);
	audit_add(hub, txn, AUDIT_OWN, AUDIT_TIPS, &detail);
	return true;
}

static void tips_tick(struct hub *hub, struct txn *txn, uint32_t day)
{
	struct audit *audit = hub->audit;

	if (audit->tips_day == day || hub->mono_ms < audit->tips_ms)
		return;
	audit->tips_ms = hub->mono_ms + TIPS_AGAIN_MS;
	const bool noted = day_is(txn, tips_name, day);
	if (!noted && !tips_note(hub, txn))
		return;
	if (!noted)
		day_put(txn, tips_name, day);
	audit->tips_day = day;
}

/* ---- the clock ---- */

/*
 * PROTOCOL: "When the clock jumps by more than 10 minutes, or begins or ceases to stand so far
 * before the floor, an entry says both."
 */
static void clock_note(struct hub *hub, struct txn *txn)
{
	struct audit *audit = hub->audit;
	const int64_t offset_ms = hub->wall_ms - hub->mono_ms;
	const int64_t jump_ms = audit->running ? offset_ms - audit->offset_ms : 0;
	const bool behind = hub->judge_ms - hub->wall_ms > CLOCK_JUMP_MS;
	const bool news =
		behind != audit->behind || jump_ms > CLOCK_JUMP_MS || jump_ms < -CLOCK_JUMP_MS;
	struct buf detail;

	audit->offset_ms = offset_ms;
	audit->behind = behind;
	audit->running = true;
	if (!news)
		return;
	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	out_array(&detail, 2);
	out_uint(&detail, (uint64_t)hub->wall_ms);
	out_uint(&detail, (uint64_t)hub->judge_ms);
	audit_add(hub, txn, AUDIT_OWN, AUDIT_CLOCK, &detail);
}

/* ---- each day ---- */

/* PROTOCOL: "So a day without such an entry is one on which the node was not up." */
static void runs_put(struct hub *hub, struct txn *txn, uint32_t day)
{
	struct buf detail;

	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	out_array(&detail, 1);
	out_uint(&detail, day);
	audit_add(hub, txn, AUDIT_OWN, AUDIT_RUNS, &detail);
}

void audit_tick(struct hub *hub, struct txn *txn)
{
	struct audit *audit = hub->audit;
	const uint32_t day = (uint32_t)(hub->judge_ms / AUDIT_DAY_MS);

	audit_open(hub, txn);
	clock_note(hub, txn);
	if (audit->day != day) {
		audit->day = day;
		audit->served_waits = true;
		if (!day_is(txn, day_name, day)) {
			day_put(txn, day_name, day);
			runs_put(hub, txn, day);
			audit_accounts_tell(hub, txn);
		}
	}
	tips_tick(hub, txn, day);
	if (audit->served_waits)
		audit->served_waits = audit_served_tell(hub, txn, day);
}

int64_t audit_wake(const struct hub *hub)
{
	const struct audit *audit = hub->audit;

	if (audit->served_waits)
		return hub->mono_ms;
	return hub->mono_ms + AUDIT_DAY_MS - hub->judge_ms % AUDIT_DAY_MS;
}
