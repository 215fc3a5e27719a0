#include "proto/core/core.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/box.h"
#include "crypto/check.h"
#include "proto/audit/seen.h"
#include "proto/core/machines.h"
#include "proto/rights/epochs.h"
#include "proto/rights/fedkeys.h"
#include "proto/sync/evidence.h"
#include "proto/sync/fork.h"
#include "proto/sync/gossip.h"
#include "proto/ledger/keywrap.h"
#include "proto/sync/logs.h"
#include "proto/membership/joining.h"
#include "proto/membership/membership.h"
#include "proto/sync/reconcile.h"
#include "proto/sync/recount.h"
#include "proto/rights/rights.h"
#include "proto/transfer/proof.h"
#include "proto/sync/start.h"
#include "proto/transfer/scan.h"
#include "proto/transfer/source.h"
#include "proto/transfer/serve.h"
#include "proto/transfer/whole.h"
#include "proto/sync/room_again.h"
#include "proto/sync/salvage.h"
#include "proto/sync/sync.h"
#include "proto/membership/voting.h"
#include "proto/catalog/aside_say.h"
#include "proto/catalog/unheard.h"
#include "proto/catalog/unsigned.h"
#include "proto/catalog/siblings.h"
#include "proto/catalog/takeover.h"
#include "proto/catalog/withdrawal.h"
#include "proto/rights/wrapkeys.h"

struct core {
	struct hub hub;
	struct machines machines;
	bool messages_waited; /* the last turn took none of them */
};

enum err core_open(struct core **out, const struct hub_options *options, struct txn *txn,
		   struct times now)
{
	struct core *core = mem_new(1, sizeof(*core));
	struct hub *hub = &core->hub;
	*out = NULL;
	enum err err = machines_begin(&core->machines, hub, options, txn);
	floor_time(hub, now);
	if (!err)
		err = machines_open(hub, txn);
	if (err) {
		core_close(core);
		return err;
	}
	*out = core;
	return ERR_OK;
}

void core_close(struct core *core)
{
	if (!core)
		return;
	machines_close(&core->hub);
	free(core);
}

struct hub *core_hub(struct core *core)
{
	return &core->hub;
}

/* ---- messages ---- */

/*
 * What each message does, and whether a guest may say it.
 * PROTOCOL: "Guests may send HELLO, CHARTER_GET, ORGLOG_GET, JOIN, JOIN_OPEN and FORK, and get
 * CHARTER, ORGLOG, JOIN_ANSWER and FORK; any other message ends the session."
 */
static const struct {
	void (*take)(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
	bool guest;
} handlers[] = {
	[MESSAGE_HELLO] = {sync_hello_take, true},
	[MESSAGE_CHARTER_GET] = {logs_charter_get, true},
	[MESSAGE_CHARTER] = {logs_charter_take, true},
	[MESSAGE_ORGLOG_GET] = {logs_orglog_get, true},
	[MESSAGE_ORGLOG] = {logs_orglog_take, true},
	[MESSAGE_SKETCH] = {sync_sketch_take, false},
	[MESSAGE_STATES] = {sync_states_take, false},
	[MESSAGE_TOTALS] = {sync_totals_take, false},
	[MESSAGE_HEAD] = {gossip_head_take, false},
	[MESSAGE_RECORDS] = {gossip_records_take, false},
	[MESSAGE_EVIDENCE] = {evidence_take, false},
	[MESSAGE_NOT_HERE] = {reconcile_not_here, false},
	[MESSAGE_LEAVES_GET] = {reconcile_leaves_get, false},
	[MESSAGE_LEAVES] = {reconcile_leaves_take, false},
	[MESSAGE_RECORDS_GET] = {reconcile_records_get, false},
	[MESSAGE_SYNC_END] = {sync_end_take, false},
	[MESSAGE_JOIN] = {admission_take, true},
	[MESSAGE_JOIN_ANSWER] = {joining_answer_take, true},
	[MESSAGE_TAKEN] = {sync_taken_take, false},
	[MESSAGE_INDEX_GET] = {serve_index_get, false},
	[MESSAGE_INDEX] = {fetch_index_take, false},
	[MESSAGE_CHUNK_GET] = {serve_chunk_get, false},
	[MESSAGE_CHUNK] = {NULL, false}, /* comes on channel 2 only, as EVENT_CHUNK */
	[MESSAGE_HOLDS] = {serve_holds_take, false},
	[MESSAGE_FORK] = {logs_fork_take, true},
	[MESSAGE_JOIN_OPEN] = {admission_open_take, true},
	[MESSAGE_OWN_HEAD_GET] = {start_own_head_get, false},
	[MESSAGE_OWN_HEAD] = {gossip_own_head_take, false},
	[MESSAGE_WHOLE_GET] = {serve_whole_get, false},
	[MESSAGE_WHOLE] = {NULL, false}, /* as CHUNK */
};
#define X(name, number, elements) +1
_Static_assert(sizeof(handlers) / sizeof(handlers[0]) == 1 MESSAGE_LIST(X), "one for each message");
#undef X

/* Who is out does not know so yet, and is told; it has not broken a rule. */
static void message_refuse(struct hub *hub, struct peer *peer, const char *what)
{
	if (peer->out)
		hub_close_link(hub, peer, LINK_REASON_OUT);
	else
		hub_peer_bad(hub, peer, LINK_REASON_NOT_MEMBER, what);
}

static void message_take(struct hub *hub, struct txn *txn, const struct event *event)
{
	struct peer *peer = peers_find(hub, event->link);
	struct message m;
	if (!peer || !peer->up)
		return;
	enum err err = message_decode(&m, event->bytes);
	/* PROTOCOL: "A message of an unknown type MUST be ignored." It weighs, so no flood is. */
	if (err == ERR_VERSION) {
		hub_junk(hub, peer, JUNK_UNKNOWN);
		return;
	}
	if (err) {
		hub_peer_bad(hub, peer, LINK_REASON_MALFORMED, "a message that is not well-formed");
		return;
	}
	peer->spoke = true;
	if (peer->class == PEER_GUEST && !handlers[m.type].guest)
		message_refuse(hub, peer, message_name(m.type));
	else if (!handlers[m.type].take)
		hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL, "a chunk on the wrong channel");
	else
		handlers[m.type].take(hub, txn, peer, &m);
}

static void chunk_take(struct hub *hub, struct txn *txn, const struct event *event)
{
	struct peer *peer = peers_find(hub, event->link);
	if (!peer || !peer->up)
		return;
	if (event->err == ERR_MALFORMED || peer->class == PEER_GUEST) {
		hub_peer_bad(hub, peer, LINK_REASON_MALFORMED,
			     "a chunk message that is not well-formed");
		return;
	}
	if (event->whole) {
		wholes_take(hub, txn, peer, event->bytes);
		return;
	}
	proof_chunk(hub, txn, peer, event);
	fetch_chunk(hub, txn, peer, event);
}

/* ---- events ---- */

static void peer_admit(struct hub *hub, struct txn *txn, const struct event *event)
{
	struct peer *peer = peers_cert(hub, txn, event);
	if (peer)
		machines_peer_open(peer);
}

static void peer_up(struct hub *hub, struct txn *txn, const struct event *event)
{
	struct peer *peer = peers_up(hub, event);
	if (!peer)
		return;
	joining_up(hub, txn, peer);
	sync_up(hub, txn, peer);
}

static void peer_down(struct hub *hub, const struct event *event)
{
	struct peer *peer = peers_down(hub, event);
	if (!peer)
		return;
	if (event->reason == LINK_REASON_OUT)
		logs_told_out(hub);
	if (event->reason == LINK_REASON_MALFORMED)
		serve_doubted(hub);
	fetch_down(hub, peer);
	machines_peer_close(peer);
	peer_free(peer);
}

static void event_take(struct hub *hub, struct txn *txn, const struct event *event)
{
	switch (event->type) {
	case EVENT_TICK: /* every turn looks at the deadlines */
		return;
	case EVENT_LINK_CERT:
		peer_admit(hub, txn, event);
		return;
	case EVENT_LINK_UP:
		peer_up(hub, txn, event);
		return;
	case EVENT_LINK_DOWN:
		peer_down(hub, event);
		return;
	case EVENT_MESSAGE:
		message_take(hub, txn, event);
		return;
	case EVENT_CHUNK:
		chunk_take(hub, txn, event);
		return;
	case EVENT_CHUNK_BAD:
		fetch_chunk_bad(hub, txn, event);
		return;
	case EVENT_CALL:
		event->run(hub, txn, hub->wall_ms, event->arg);
		return;
	}
}

/* Who pays for what an event leads to; found before, as the peer may go with it. */
static uint32_t event_payer(struct hub *hub, const struct event *event)
{
	const struct peer *peer = event->link ? peers_find(hub, event->link) : NULL;

	if (event->type != EVENT_MESSAGE && event->type != EVENT_CHUNK)
		return METER_OWN;
	return peer ? hub_payer(peer) : 0;
}

/* ---- what an event has led to ---- */

/* What was refused to this organisation may be had now. */
static void right_take(struct hub *hub, struct txn *txn, const struct record *record)
{
	if (!rights_arrival(hub, txn, record))
		return;
	for (size_t i = 0; i < hub->peers.count; i++)
		source_retry(hub, hub->peers.items[i]);
	hub->source_epoch++;
}

/* A record has come into the store: whoever acts on its kind hears of it. */
static void arrival_take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	const struct record *record = &arrival->record;
	struct keywrap wrap;
	if (!record_kind_known(record->kind))
		return;
	switch ((enum record_kind)record->kind) {
	case RECORD_VERSION:
		takeover_arrival(hub, txn, arrival);
		hidden_arrival(hub, txn, arrival);
		scan_version(hub, txn, arrival);
		epochs_version(hub, txn, &arrival->version);
		return;
	case RECORD_LINE:
	case RECORD_BAR:
		right_take(hub, txn, record);
		siblings_arrival(hub, txn, record);
		return;
	case RECORD_CONTACT:
		dials_contact(hub, txn, record);
		return;
	case RECORD_WRAP_KEY:
		wrapkeys_arrival(hub, txn, record);
		epochs_wraps_due(hub);
		return;
	case RECORD_VOTE:
		voting_arrival(hub, txn, record);
		return;
	case RECORD_KEY:
		epochs_arrival(hub, txn, record);
		return;
	case RECORD_WITHDRAWAL:
		withdrawal_arrival(hub, txn, record);
		takeover_withdrawal(hub, txn, record);
		return;
	case RECORD_WRAP:
		if (keywrap_get(&wrap, record->body))
			return;
		wrap.prefix.len ? epochs_arrival(hub, txn, record)
				: fedkeys_arrival(hub, txn, record);
		return;
	case RECORD_NOTICE:
		epoch_asks_arrival(hub, record);
		return;
	case RECORD_ERASURE: /* looked up by who asks for them */
		return;
	}
}

static void arrivals_take(struct hub *hub, struct txn *txn)
{
	struct ledger_arrival arrival;
	while (ledger_arrival_next(&hub->ledger, &arrival)) {
		const uint32_t author = arrival.record.author;
		audit_arrival(hub, txn, &arrival);
		if (arrival.tell == LEDGER_TELL)
			arrival_take(hub, txn, &arrival);
		hub_charge(hub, txn, author == hub->author ? METER_OWN : author_member(author));
		ledger_arrival_fini(&arrival);
	}
}

/* Peers that have been compared with. */
static void peers_take(struct hub *hub, struct txn *txn)
{
	hub->peer_news = false;
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (peer->compared_news) {
			start_compared(hub, txn, peer);
			joining_compared(hub, txn);
			holds_compared(hub, peer);
			source_retry(hub, peer);
			unheard_compared(hub, txn, peer);
			takeover_compared(hub);
			siblings_compared(hub);
		}
		peer->compared_news = false;
	}
}

/* What this node had to say meanwhile. */
static void signing_take(struct hub *hub, struct txn *txn)
{
	hub->signing_news = false;
	membership_signing(hub, txn);
	fedkeys_charter_changed(hub, txn);
	hub->epochs->look = hub->epochs->pass.due = true;
	siblings_due(hub);
	aside_say(hub, txn);
	unsigned_sign(hub, txn);
}

static void join_failed_take(struct hub *hub, struct txn *txn)
{
	struct peer *peer = peers_find(hub, hub->join_failed);
	joining_failed(hub, txn);
	if (peer && peer->up)
		hub_close_link(hub, peer, LINK_REASON_DONE);
}

/*
 * What lower machines have found out goes to the higher ones, in this order: records first, as they
 * need nothing else; then the charter, since who belongs decides who is a peer, and everybody hears
 * of a new one before anything is compared under it.
 */
static void news_take(struct hub *hub, struct txn *txn)
{
	arrivals_take(hub, txn);
	if (hub->join_failed)
		join_failed_take(hub, txn);
	audit_charter(hub, txn);
	if (hub->charter_news)
		membership_charter_changed(hub, txn);
	if (hub->peer_news)
		peers_take(hub, txn);
	if (hub->signing_news)
		signing_take(hub, txn);
	if (hub->aside_news)
		aside_say(hub, txn);
	if (hub->hello_due)
		sync_hello_all(hub, txn);
}

/* ---- turns ---- */

static void turn_begin(struct hub *hub, struct txn *txn, struct times now, struct effects *effects)
{
	floor_time(hub, now);
	floor_turn(hub, txn);
	hub->effects = effects;
	machines_turn(hub, txn);
	start_clock(hub, txn);
}

/*
 * Deadlines, then what the turn has led to; heads come late, as they sign what all others have
 * written.
 */
static void turn_end(struct hub *hub, struct txn *txn)
{
	peers_tick(hub);
	dials_tick(hub);
	start_tick(hub, txn);
	sync_tick(hub, txn);
	room_again_tick(hub, txn);
	recount_tick(hub, txn);
	salvage_tick(hub, txn);
	holds_tick(hub, txn);
	proof_tick(hub, txn);
	scan_tick(hub, txn);
	fedkeys_tick(hub, txn);
	news_take(hub, txn);
	voting_settle(hub, txn);
	rights_settle(hub, txn);
	epochs_settle(hub, txn);
	epoch_asks_settle(hub, txn);
	withdrawal_settle(hub, txn);
	takeover_settle(hub, txn);
	siblings_settle(hub, txn);
	hidden_settle(hub, txn);
	scan_settle(hub, txn);
	serve_settle(hub, txn);
	arrivals_take(hub, txn); /* the log goes with what it is about */
	audit_tick(hub, txn);
	tally_settle(hub, txn);
	gossip_settle(hub, txn);
	reconcile_settle(hub, txn);
	ledger_settle(&hub->ledger, txn);
}

/* One event and what it has led to, at the cost of who has caused it. */
static void event_do(struct hub *hub, struct txn *txn, const struct event *event)
{
	const uint64_t writes = txn_cost(txn).writes;
	uint32_t payer = event_payer(hub, event);
	event_take(hub, txn, event);
	/* A chunk that was stored is one that was asked for. */
	if (event->type == EVENT_CHUNK && txn_cost(txn).writes > writes)
		payer = METER_OWN;
	hub_charge(hub, txn, payer);
	news_take(hub, txn);
	hub_charge(hub, txn, payer);
}

static void messages_take(struct hub *hub, struct txn *txn, struct inbox *inbox)
{
	const struct limits *limits = hub->options.limits;
	const int64_t units_max = hub->meter.turn_units + limits->cost_turn_max;
	const struct event *event;
	inbox_turn(inbox, hub);
	while (!txn_err(txn) && hub->meter.turn_units < units_max &&
	       hub->meter.sent_bytes < limits->turn_sent_bytes_max &&
	       (event = inbox_message_next(inbox, hub))) {
		const int64_t before = hub->meter.turn_units;
		const uint32_t payer = event_payer(hub, event);
		event_do(hub, txn, event);
		inbox_cost(hub, payer, hub->meter.turn_units - before);
	}
}

void core_turn(struct core *core, struct txn *txn, struct times now, struct inbox *inbox,
	       struct effects *effects)
{
	struct hub *hub = &core->hub;
	const struct event *event;
	size_t bulk = 0;
	turn_begin(hub, txn, now, effects);
	bool answers = false;
	while (!txn_err(txn) && (event = inbox_control_next(inbox))) {
		answers = answers || event->type == EVENT_CALL;
		event_do(hub, txn, event);
	}
	/* Who has asked for something is answered when the turn ends, so messages wait for one. */
	core->messages_waited = answers && !core->messages_waited;
	if (!core->messages_waited)
		messages_take(hub, txn, inbox);
	const int64_t units_max = hub->meter.turn_units + 4 * hub->options.limits->cost_turn_max;
	while (!txn_err(txn) && hub->meter.turn_units < units_max &&
	       (event = inbox_bulk_next(inbox, &bulk, hub->options.limits->bulk_turn_bytes_max)))
		event_do(hub, txn, event);
	turn_end(hub, txn);
	hub->effects = NULL;
}

void core_query(struct core *core, struct txn *txn, struct times now,
		void (*run)(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg), void *arg)
{
	struct hub *hub = &core->hub;
	check(!hub->effects);
	floor_time(hub, now);
	run(hub, txn, now.wall_ms, arg);
}

void core_room(struct core *core, const struct room *room)
{
	core->hub.ledger.room = *room;
	core->hub.headroom = room_level(room);
}

int64_t core_wake(struct core *core, struct times now)
{
	static int64_t (*const wakes[])(const struct hub *hub) = {
		peers_wake,      dials_wake,    sync_wake,    gossip_wake,     reconcile_wake,
		recount_wake,    holds_wake,    proof_wake,   scan_wake,       voting_wake,
		epochs_wake,     rights_wake,   fedkeys_wake, withdrawal_wake, takeover_wake,
		salvage_wake,    siblings_wake, start_wake,   audit_wake,      hidden_wake,
		epoch_asks_wake, tally_wake,
	};
	int64_t wake = INT64_MAX;
	floor_time(&core->hub, now);
	for (size_t i = 0; i < sizeof(wakes) / sizeof(wakes[0]); i++) {
		int64_t at = wakes[i](&core->hub);
		wake = at < wake ? at : wake;
	}
	return wake;
}

/* ---- links ---- */

void core_chunk_event(struct event *out, uint64_t link, struct bytes message)
{
	struct message m;
	*out = (struct event){.type = EVENT_CHUNK, .link = link, .err = ERR_MALFORMED};
	if (message_decode(&m, message) || (m.type != MESSAGE_CHUNK && m.type != MESSAGE_WHOLE))
		return;
	out->whole = m.type == MESSAGE_WHOLE;
	if (out->whole) {
		out->bytes = message;
		out->err = ERR_OK;
		return;
	}
	out->dataset = m.of.dataset;
	out->addr = m.addr;
	if (!m.has_body) {
		out->err = ERR_ABSENT;
		return;
	}
	struct chunk_addr addr;
	box_addr(&addr, m.body);
	out->bytes = m.body;
	out->err = id_eq(&addr, &m.addr) ? ERR_OK : ERR_CORRUPT;
}

void core_chunk_message(struct buf *out, const struct dataset_id *dataset,
			const struct chunk_addr *addr, struct bytes chunk)
{
	message_chunk(out, dataset, addr, chunk, chunk.ptr != NULL);
}

enum err core_whole_add(struct message_list *list, struct txn *txn, const struct version_id *of,
			bool here, struct chunk_addr *bad)
{
	return whole_add(list, txn, of, here, bad);
}

bool core_certificate(const struct core *core, struct certificate *out, struct buf *entry,
		      struct fed_id *fed)
{
	const struct hub *hub = &core->hub;
	const struct identity *identity = hub->options.identity;
	if (!hub->has_fed)
		return false;
	*fed = hub->charter.number > 0 ? hub->charter.fed : hub->invitation->fed;
	buf_add(entry, buf_bytes(&hub->own_entry));
	*out = (struct certificate){
		.member = author_member(hub->author),
		.node_index = identity->node_index,
		.org = identity->org,
		.entry = buf_bytes(entry),
	};
	return true;
}
