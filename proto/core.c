#include "proto/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/box.h"
#include "crypto/check.h"
#include "proto/core_state.h"
#include "proto/keywrap.h"

void effects_init(struct effects *effects)
{
	*effects = (struct effects){0};
}

void effects_reset(struct effects *effects)
{
	for (size_t i = 0; i < effects->count; i++) {
		buf_fini(&effects->items[i].bytes);
		free(effects->items[i].note);
	}
	effects->count = 0;
}

void effects_fini(struct effects *effects)
{
	effects_reset(effects);
	free(effects->items);
	*effects = (struct effects){0};
}

struct effect *core_effect(struct core *core, enum effect_type type, uint64_t link)
{
	struct effects *effects = core->effects;
	check(effects); /* outside a turn nothing may happen */
	if (effects->count == effects->cap) {
		effects->cap = effects->cap ? 2 * effects->cap : 16;
		effects->items = mem_grow(effects->items, effects->cap, sizeof(*effects->items));
	}
	struct effect *effect = &effects->items[effects->count++];
	*effect = (struct effect){.type = type, .link = link};
	return effect;
}

void core_close_link(struct core *core, struct peer *peer, enum link_reason reason)
{
	core_effect(core, EFFECT_CLOSE, peer->link)->reason = reason;
	peer->up = false;
	fetch_sources_changed(core);
}

void core_peer_bad(struct core *core, struct peer *peer, enum link_reason reason, const char *what)
{
	struct note *note = core_note(core, NOTE_PEER_BAD);
	note->link = peer->link;
	note->author = peer->author;
	snprintf(note->text, sizeof(note->text), "%s", what);
	core_close_link(core, peer, reason);
}

void core_send(struct core *core, struct peer *peer, struct buf *message)
{
	if (peer->up && message->err != ERR_OK)
		core_close_link(core, peer, LINK_REASON_NOMEM);
	peer->turn_bytes += message->len;
	if (peer->up && peer->turn_bytes > core->options.limits->peer_queue_bytes_max)
		core_peer_bad(core, peer, LINK_REASON_BUSY, "asks for more than it takes");
	if (!peer->up) {
		buf_fini(message);
		return;
	}
	struct effect *effect = core_effect(core, EFFECT_SEND, peer->link);
	effect->channel = LINK_CHANNEL_SYNC;
	effect->bytes = *message;
	buf_init(message, 0);
}

void core_send_list(struct core *core, struct peer *peer, struct message_list *list)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(list, &out);
	core_send(core, peer, &out);
}

void core_settle(struct core *core, struct txn *txn)
{
	if (core->ledger.touched_count > 0)
		core->content_known = false;
	ledger_settle(&core->ledger, txn);
}

void core_forget(struct core *core, uint32_t member_number)
{
	core->content_known = false;
	rights_due(core);
	ledger_forget(&core->ledger, member_number);
}

struct note *core_note(struct core *core, enum note_type type)
{
	struct effect *effect = core_effect(core, EFFECT_NOTE, 0);
	effect->note = mem_new(1, sizeof(*effect->note));
	effect->note->type = type;
	return effect->note;
}

const struct charter_member *core_author_member(const struct core *core, uint32_t author)
{
	return charter_member(&core->charter, author_member(author));
}

int64_t core_jitter(struct core *core, int64_t ms)
{
	if (ms <= 1)
		return ms;
	return ms / 2 + (int64_t)random_below(core->options.random, (uint64_t)ms);
}

void why_set(char why[512], const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why, 512, format, args);
	va_end(args);
}

enum err core_open(struct core **out, const struct core_options *options, struct txn *txn,
		   int64_t now_ms)
{
	struct core *core = mem_new(1, sizeof(*core));
	*out = NULL;
	core->options = *options;
	core->now_ms = now_ms;
	enum err err = charter_load(txn, &core->charter);
	if (err == ERR_ABSENT)
		err = ERR_OK;
	core->has_fed = core->charter.number > 0;
	ledger_init(&core->ledger, &core->charter, options->limits);
	ledger_now(&core->ledger, now_ms);
	ledger_slots_rebuild(txn);
	if (err == ERR_OK)
		err = membership_open(core, txn);
	if (err == ERR_OK) {
		peers_open(core, txn);
		transfer_open(core, txn);
		gossip_open(core, txn);
		withdrawal_open(core, txn);
		err = txn_err(txn);
	}
	if (err != ERR_OK) {
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
	peers_close(core);
	transfer_close(core);
	withdrawal_close(core);
	gossip_close(core);
	membership_close(core);
	rights_fini(core);
	ledger_fini(&core->ledger);
	charter_fini(&core->charter);
	free(core);
}

/* What a guest may say. */
static bool guest_may(enum message_type type)
{
	/* PROTOCOL: "Guests may send HELLO, CHARTER_GET, ORGLOG_GET, JOIN and FORK, and get CHARTER,
	   ORGLOG, JOIN_ANSWER and FORK; any other message ends the session." */
	switch (type) {
	case MESSAGE_HELLO:
	case MESSAGE_CHARTER_GET:
	case MESSAGE_CHARTER:
	case MESSAGE_ORGLOG_GET:
	case MESSAGE_ORGLOG:
	case MESSAGE_JOIN:
	case MESSAGE_JOIN_ANSWER:
	case MESSAGE_FORK:
		return true;
	case MESSAGE_GROUPS:
	case MESSAGE_STATES:
	case MESSAGE_TOTALS:
	case MESSAGE_HEAD:
	case MESSAGE_RECORDS:
	case MESSAGE_BUCKETS_GET:
	case MESSAGE_BUCKETS:
	case MESSAGE_LEAVES_GET:
	case MESSAGE_LEAVES:
	case MESSAGE_RECORDS_GET:
	case MESSAGE_SYNC_END:
	case MESSAGE_TAKEN:
	case MESSAGE_INDEX_GET:
	case MESSAGE_INDEX:
	case MESSAGE_CHUNK_GET:
	case MESSAGE_CHUNK:
	case MESSAGE_HOLDS:
		return false;
	}
	return false;
}

static void dispatch(struct core *core, struct txn *txn, struct peer *peer, struct message *m,
		     size_t len)
{
	switch (m->type) {
	case MESSAGE_HELLO:
	case MESSAGE_GROUPS:
	case MESSAGE_STATES:
	case MESSAGE_TOTALS:
	case MESSAGE_SYNC_END:
	case MESSAGE_TAKEN:
		sync_message(core, txn, peer, m);
		return;
	case MESSAGE_HEAD:
	case MESSAGE_RECORDS:
		gossip_message(core, txn, peer, m);
		gossip_taken(core, peer, len, false);
		return;
	case MESSAGE_BUCKETS_GET:
	case MESSAGE_BUCKETS:
	case MESSAGE_LEAVES_GET:
	case MESSAGE_LEAVES:
	case MESSAGE_RECORDS_GET:
		reconcile_message(core, txn, peer, m);
		return;
	case MESSAGE_CHARTER_GET:
	case MESSAGE_CHARTER:
	case MESSAGE_ORGLOG_GET:
	case MESSAGE_ORGLOG:
	case MESSAGE_JOIN:
	case MESSAGE_JOIN_ANSWER:
		membership_message(core, txn, peer, m);
		return;
	case MESSAGE_FORK:
		fork_message(core, txn, peer, m);
		return;
	case MESSAGE_INDEX_GET:
	case MESSAGE_INDEX:
	case MESSAGE_CHUNK_GET:
	case MESSAGE_HOLDS:
		serve_message(core, txn, peer, m);
		return;
	case MESSAGE_CHUNK: /* comes on channel 2 only, as EVENT_CHUNK */
		core_peer_bad(core, peer, LINK_REASON_PROTOCOL, "a chunk on the wrong channel");
		return;
	}
}

static void message_event(struct core *core, struct txn *txn, const struct event *event)
{
	struct peer *peer = peers_find(core, event->link);
	struct message m;
	if (!peer || !peer->up)
		return;
	if (message_decode(&m, event->bytes) != ERR_OK) {
		core_peer_bad(core, peer, LINK_REASON_MALFORMED,
			      "a message that is not well-formed");
		return;
	}
	if (peer->class == PEER_GUEST && !guest_may(m.type)) {
		core_peer_bad(core, peer, LINK_REASON_NOT_MEMBER, message_name(m.type));
		return;
	}
	dispatch(core, txn, peer, &m, event->bytes.len);
}

static void chunk_event(struct core *core, struct txn *txn, const struct event *event)
{
	struct peer *peer = peers_find(core, event->link);
	if (!peer || !peer->up)
		return;
	if (event->err == ERR_MALFORMED || peer->class == PEER_GUEST) {
		core_peer_bad(core, peer, LINK_REASON_MALFORMED,
			      "a chunk message that is not well-formed");
		return;
	}
	fetch_chunk(core, txn, peer, event);
}

static void event_take(struct core *core, struct txn *txn, const struct event *event)
{
	switch (event->type) {
	case EVENT_TICK: /* every turn looks at the deadlines */
		return;
	case EVENT_LINK_CERT:
		peers_cert(core, txn, event);
		return;
	case EVENT_LINK_UP:
		peers_up(core, txn, event);
		return;
	case EVENT_LINK_DOWN:
		peers_down(core, event);
		return;
	case EVENT_MESSAGE:
		message_event(core, txn, event);
		return;
	case EVENT_CHUNK:
		chunk_event(core, txn, event);
		return;
	case EVENT_CHUNK_BAD:
		fetch_chunk_bad(core, txn, event);
		return;
	case EVENT_CALL:
		event->run(core, txn, core->now_ms, event->arg);
		return;
	}
}

/* What was to happen after some time still does when the clock is set back. */
static void clock_back(struct core *core, int64_t by_ms)
{
	for (size_t i = 0; i < core->peer_count; i++) {
		struct peer *peer = core->peers[i];
		peer->up_ms -= peer->up_ms ? by_ms : 0;
		peer->holds_next_ms -= by_ms;
		peer->reconcile.since_ms -= by_ms;
		peer->sync.next_hello_ms -= by_ms;
		peer->sync.phase_since_ms -= by_ms;
		peer->sync.hello_paced_ms -= by_ms;
		peer->sync.hello_allowed_ms -= by_ms;
	}
	core->membership.wrap_due_ms -= by_ms;
	core->quiet_until_ms -= by_ms;
	core->behind_since_ms -= core->behind_since_ms ? by_ms : 0;
	for (size_t i = 0; i < core->dial_count; i++) {
		core->dials[i].next_ms -= by_ms;
		core->dials[i].up_ms -= by_ms;
	}
	for (size_t i = 0; i < core->transfer.fetch_count; i++) {
		struct fetch *fetch = core->transfer.fetches[i];
		fetch->index_ms -= by_ms;
		fetch->refused_ms -= by_ms;
		for (size_t k = 0; k < fetch->request_count; k++)
			fetch->requests[k].sent_ms -= by_ms;
	}
}

void core_turn(struct core *core, struct txn *txn, int64_t now_ms, const struct event *events,
	       size_t count, struct effects *effects)
{
	if (now_ms < core->now_ms)
		clock_back(core, core->now_ms - now_ms);
	core->now_ms = now_ms;
	core->effects = effects;
	ledger_now(&core->ledger, now_ms);
	for (size_t i = 0; i < core->peer_count; i++) {
		core->peers[i]->turn_bytes = 0;
		core->peers[i]->turn_serve = 0;
	}
	for (size_t i = 0; i < count && txn_err(txn) == ERR_OK; i++)
		event_take(core, txn, &events[i]);
	peers_tick(core);
	sync_tick(core, txn);
	serve_tick(core, txn);
	rights_tick(core);
	transfer_tick(core, txn);
	fedkeys_tick(core, txn);
	voting_settle(core, txn);
	epochs_settle(core, txn);
	withdrawal_settle(core, txn);
	transfer_settle(core, txn);
	gossip_settle(core, txn);
	reconcile_settle(core, txn);
	core_settle(core, txn);
	core->effects = NULL;
}

void core_query(struct core *core, struct txn *txn, int64_t now_ms,
		void (*run)(struct core *core, struct txn *txn, int64_t now_ms, void *arg),
		void *arg)
{
	int64_t turn_ms = core->now_ms;

	check(!core->effects);
	core->now_ms = now_ms;
	run(core, txn, now_ms, arg);
	core->now_ms = turn_ms;
}

void core_room(struct core *core, enum room room)
{
	core->room = room;
}

enum room core_room_left(const struct core *core)
{
	return core->room;
}

int64_t core_wake(const struct core *core)
{
	static int64_t (*const wakes[])(const struct core *core) = {
		peers_wake,  sync_wake,       serve_wake,   transfer_wake, voting_wake,
		epochs_wake, withdrawal_wake, fedkeys_wake, rights_wake,
	};
	int64_t wake = INT64_MAX;
	for (size_t i = 0; i < sizeof(wakes) / sizeof(wakes[0]); i++) {
		int64_t at = wakes[i](core);
		wake = at < wake ? at : wake;
	}
	return wake;
}

void core_record_news(struct core *core, struct txn *txn, const struct ledger_news *news)
{
	struct bytes whole;
	struct record record;
	struct keywrap wrap;
	if (!news->stored)
		return;
	if (news->kind == RECORD_VERSION) {
		transfer_version_news(core, txn, news);
		return;
	}
	if (!ledger_record(txn, news->author, news->incarnation, news->sequence, &whole) ||
	    record_decode(&record, whole) != ERR_OK)
		return;
	if (news->kind == RECORD_TOKEN)
		rights_news(core, &record);
	if (news->kind == RECORD_CONTACT)
		peers_contact(core, txn, news->author, whole);
	else if (news->kind == RECORD_WRAP_KEY) {
		nodes_wrap_key_news(core, txn, &record);
		epochs_wraps_due(core);
	} else if (news->kind == RECORD_VOTE)
		voting_news(core, txn, news, &record);
	else if (news->kind == RECORD_KEY || news->kind == RECORD_TOKEN)
		epochs_news(core, txn, news, &record);
	else if (news->kind == RECORD_WITHDRAWAL || news->kind == RECORD_ERASURE)
		withdrawal_news(core, txn, news, &record);
	else if (news->kind == RECORD_WRAP && keywrap_get(&wrap, record.body) == ERR_OK)
		wrap.prefix.len ? epochs_news(core, txn, news, &record)
				: fedkeys_wrap_news(core, txn, whole);
}

void core_chunk_event(struct event *out, uint64_t link, struct bytes message)
{
	struct message m;
	*out = (struct event){.type = EVENT_CHUNK, .link = link, .err = ERR_MALFORMED};
	if (message_decode(&m, message) != ERR_OK || m.type != MESSAGE_CHUNK)
		return;
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

bool core_certificate(const struct core *core, struct certificate *out, struct buf *entry,
		      struct fed_id *fed)
{
	const struct identity *identity = core->options.identity;
	if (!core->has_fed)
		return false;
	*fed = core->charter.number > 0 ? core->charter.fed : core->membership.invitation->fed;
	buf_add(entry, buf_bytes(&core->membership.own_entry));
	*out = (struct certificate){
		.member = author_member(core->author),
		.node_index = identity->node_index,
		.org = identity->org,
		.entry = buf_bytes(entry),
	};
	return true;
}
