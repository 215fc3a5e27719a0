/*
 * meter - what each organisation costs this node, and what it may.
 *
 * Work is counted in units of about a microsecond of the core thread: look-ups and writes where the
 * store does them (txn_cost()), operations on curves where they are made (effort_made()), bytes to
 * be sent where they are queued (hub_effect(), hub_send()). What has come together since the last
 * charge is charged to one payer by hub_charge(), so nothing is forgotten and nothing counted
 * twice.
 *
 * The payer is the organisation, as one may have 256 nodes and many links. All guests are one
 * payer, as anybody can be many of them: a flood of guests costs as much as one member may. A
 * record that is good is paid by its author's organisation, whoever has passed it on; all else by
 * who has sent it.
 *
 * An account holds at most limits.cost_burst and refills by limits.cost_per_s. It goes below zero
 * by what one message cost; from a payer in debt nothing is taken until it has refilled (inbox.h),
 * and its records are left until then.
 *
 * Junk is what no honest node sends: wrong signatures, secrets that do not exist, requests for what
 * may not be had. Each piece has a weight; who passes limits.junk_max within a minute is paused:
 * its links are closed, and it gets no new ones for limits.pause_ms_min, the next time twice as
 * long, and so on up to limits.pause_ms_max. After a day without one it is as if there had been
 * none.
 * Guests are not paused, as there is always another: the link that sent the junk is closed.
 *
 * In memory alone: a start forgives everybody.
 */
#ifndef ALLMENDE_METER_H
#define ALLMENDE_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/limits.h"
#include "store/db.h"

#define METER_OWN UINT32_MAX /* nobody: what this node does for itself */

/* X(NAME, weight, "what it was") - kinds of junk. */
#define JUNK_LIST(X)                                                                               \
	X(REFUSED, 1, "asked for what it may not have")                                            \
	X(SECRET, 64, "used invitations that do not exist")                                        \
	X(FORGED, 16, "sent wrong signatures")                                                     \
	X(PASSED, 1, "passed on wrong signatures")                                                 \
	X(UNKNOWN, 1, "sent what no version known here says")                                      \
	X(FALSE, 16, "sent entries or answers that are not valid")

enum junk {
#define X(name, weight, text) JUNK_##name,
	JUNK_LIST(X)
#undef X
};

/* Work, as it is counted. */
struct meter_work {
	struct txn_cost store;
	uint64_t curves;
	uint64_t sent_bytes, effects, sums;
};

struct meter_account {
	bool open;     /* it was used; else it is full */
	int64_t units; /* left at at_ms; below zero: in debt */
	int64_t at_ms;
	int64_t served;     /* how much it has had of turns; inbox.h */
	int64_t entries_ms; /* up to here its log entries are taken; lags when there were few */
	uint32_t junk;      /* since junk_ms */
	enum junk worst;    /* what weighed most of it lately */
	int64_t junk_ms;
	uint32_t pauses;         /* so far, each twice as long as the one before */
	int64_t paused_until_ms; /* 0: never was */
};

struct meter {
	const struct limits *limits;
	struct meter_account *accounts; /* by member number; 0: all guests */
	size_t account_cap;
	struct meter_work mark;       /* up to here all is charged */
	int64_t turn_units;           /* taken in this turn */
	uint64_t sent_bytes, effects; /* the same; hub_effect() and hub_send() count, */
	uint64_t sums;                /* and who makes sketches or takes them apart */
};

void meter_init(struct meter *meter, const struct limits *limits);
void meter_fini(struct meter *meter);
/* A turn begins, with this transaction: what comes from now on is counted. */
void meter_turn(struct meter *meter, const struct txn *txn);
/* What all the work since the last meter_take() or meter_turn() costs; it is not told again. */
int64_t meter_take(struct meter *meter, const struct txn *txn);

/* The account of a payer: a member number, 0 for guests. Valid until the next call for another. */
struct meter_account *meter_account(struct meter *meter, uint32_t payer, int64_t now_ms);
void meter_charge(struct meter *meter, uint32_t payer, int64_t units, int64_t now_ms);
/* Whether something may be taken from it, or it has to wait; *from_ms (may be NULL): until when. */
bool meter_may(struct meter *meter, uint32_t payer, int64_t now_ms, int64_t *from_ms);
/*
 * New entries of its organisation log: 256 at once, as when a newcomer hears of all there is, and
 * then one an hour. Whether one more may be taken; and that it was.
 */
bool meter_entry_may(const struct meter *meter, uint32_t payer, int64_t now_ms);
void meter_entry(struct meter *meter, uint32_t payer, int64_t now_ms);
/* True: now it is paused. */
bool meter_junk(struct meter *meter, uint32_t payer, enum junk junk, int64_t now_ms);
uint32_t meter_junk_weight(enum junk junk);
/* 0: it is not paused; else until when, and in plain words why. */
int64_t meter_paused(const struct meter *meter, uint32_t payer, int64_t now_ms, const char **why);

#endif
