#include "proto/hub/meter.h"

#include <stdlib.h>

#include "crypto/check.h"
#include "crypto/effort.h"

/* What things cost, in units; measured on a small virtual machine. */
enum {
	METER_LOOKUP = 2,
	METER_WRITE = 5,
	METER_CURVE = 60,
	METER_EFFECT = 2,
	METER_BYTES = 256,   /* of rows and messages: so many cost one */
	METER_ENTRIES = 256, /* log entries at once */
	METER_SUMS = 8,      /* so many sums of a sketch cost one */
	METER_EVENT = 3,     /* whatever it is */
	METER_JUNK = 500,    /* for each weight, beside the work */
};
static const int64_t meter_entry_ms = 3600 * 1000;
static const int64_t meter_junk_ms = 60 * 1000;
static const int64_t meter_forgive_ms = 24 * 3600 * (int64_t)1000;

void meter_init(struct meter *meter, const struct limits *limits)
{
	*meter = (struct meter){.limits = limits};
}

void meter_fini(struct meter *meter)
{
	free(meter->accounts);
	*meter = (struct meter){0};
}

static struct meter_work work_now(const struct meter *meter, const struct txn *txn)
{
	return (struct meter_work){
		.store = txn_cost(txn),
		.curves = effort_made(),
		.sent_bytes = meter->sent_bytes,
		.effects = meter->effects,
		.sums = meter->sums,
	};
}

void meter_turn(struct meter *meter, const struct txn *txn)
{
	meter->sent_bytes = meter->effects = meter->sums = 0;
	meter->turn_units = 0;
	meter->mark = work_now(meter, txn);
}

int64_t meter_take(struct meter *meter, const struct txn *txn)
{
	const struct meter_work now = work_now(meter, txn), then = meter->mark;
	uint64_t bytes = now.store.bytes - then.store.bytes + now.sent_bytes - then.sent_bytes;

	meter->mark = now;
	int64_t units =
		(int64_t)((now.store.lookups - then.store.lookups) * METER_LOOKUP +
			  (now.store.writes - then.store.writes) * METER_WRITE +
			  (now.curves - then.curves) * METER_CURVE +
			  (now.effects - then.effects) * METER_EFFECT +
			  (now.sums - then.sums) / METER_SUMS + bytes / METER_BYTES + METER_EVENT);
	meter->turn_units += units;
	return units;
}

static void refill(const struct meter *meter, struct meter_account *account, int64_t now_ms)
{
	const struct limits *limits = meter->limits;
	int64_t room = limits->cost_burst - account->units;
	int64_t ms = now_ms > account->at_ms ? now_ms - account->at_ms : 0;

	/* It is full long before the product could be too large. */
	if (ms / 1000 > room / limits->cost_per_s)
		account->units = limits->cost_burst;
	else
		account->units += ms * limits->cost_per_s / 1000;
	if (account->units > limits->cost_burst)
		account->units = limits->cost_burst;
	account->at_ms = now_ms;
}

struct meter_account *meter_account(struct meter *meter, uint32_t payer, int64_t now_ms)
{
	check(payer <= LIMIT_MEMBER_COUNT_MAX);
	while (payer >= meter->account_cap) {
		size_t before = meter->account_cap;
		meter->accounts = mem_room(meter->accounts, before, &meter->account_cap,
					   sizeof(*meter->accounts));
		for (size_t i = before; i < meter->account_cap; i++)
			meter->accounts[i] = (struct meter_account){0};
	}
	struct meter_account *account = &meter->accounts[payer];
	if (!account->open)
		*account = (struct meter_account){
			.open = true, .units = meter->limits->cost_burst, .at_ms = now_ms};
	refill(meter, account, now_ms);
	return account;
}

void meter_charge(struct meter *meter, uint32_t payer, int64_t units, int64_t now_ms)
{
	if (payer == METER_OWN)
		return;
	struct meter_account *account = meter_account(meter, payer, now_ms);
	account->units -= units;
}

bool meter_may(struct meter *meter, uint32_t payer, int64_t now_ms, int64_t *from_ms)
{
	const struct meter_account *account = meter_account(meter, payer, now_ms);

	if (from_ms)
		*from_ms =
			now_ms + (account->units > 0
					  ? 0
					  : 1 - account->units * 1000 / meter->limits->cost_per_s);
	return account->units > 0;
}

/* ---- log entries ---- */

bool meter_entry_may(const struct meter *meter, uint32_t payer, int64_t now_ms)
{
	return payer >= meter->account_cap ||
	       meter->accounts[payer].entries_ms - now_ms < METER_ENTRIES * meter_entry_ms;
}

void meter_entry(struct meter *meter, uint32_t payer, int64_t now_ms)
{
	struct meter_account *account = meter_account(meter, payer, now_ms);

	if (account->entries_ms < now_ms)
		account->entries_ms = now_ms;
	account->entries_ms += meter_entry_ms;
}

/* ---- junk ---- */

static const struct {
	uint32_t weight;
	const char *text;
} junks[] = {
#define X(name, weight, text) [JUNK_##name] = {weight, text},
	JUNK_LIST(X)
#undef X
};

uint32_t meter_junk_weight(enum junk junk)
{
	return junks[junk].weight;
}

static void pause_begin(const struct limits *limits, struct meter_account *account, int64_t now_ms)
{
	uint64_t ms = limits->pause_ms_min;

	if (now_ms - account->paused_until_ms > meter_forgive_ms)
		account->pauses = 0;
	for (uint32_t i = 0; i < account->pauses && ms < limits->pause_ms_max; i++)
		ms *= 2;
	ms = ms < limits->pause_ms_max ? ms : limits->pause_ms_max;
	account->pauses++;
	account->paused_until_ms = now_ms + (int64_t)ms;
	account->junk = 0;
}

bool meter_junk(struct meter *meter, uint32_t payer, enum junk junk, int64_t now_ms)
{
	struct meter_account *account = meter_account(meter, payer, now_ms);

	if (now_ms - account->junk_ms > meter_junk_ms) {
		account->junk = 0;
		account->junk_ms = now_ms;
	}
	if (account->junk == 0 || junks[junk].weight > junks[account->worst].weight)
		account->worst = junk;
	account->junk += junks[junk].weight;
	/* Not of guests, who are one account: the link is closed anyway. */
	if (payer != 0)
		account->units -= (int64_t)junks[junk].weight * METER_JUNK;
	if (payer == 0 || account->junk <= meter->limits->junk_max)
		return false;
	pause_begin(meter->limits, account, now_ms);
	return true;
}

int64_t meter_paused(const struct meter *meter, uint32_t payer, int64_t now_ms, const char **why)
{
	const struct meter_account *account =
		payer < meter->account_cap ? &meter->accounts[payer] : NULL;

	if (!account || !account->open || account->paused_until_ms <= now_ms)
		return 0;
	*why = junks[account->worst].text;
	return account->paused_until_ms;
}
