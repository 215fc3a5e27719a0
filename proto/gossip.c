/*
 * gossip - heads and records as they come and go: taken, announced, asked for
 * (docs/PROTOCOL.md, section 9: Gossip).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/core_state.h"

enum {
	GOSSIP_TAKEN_STEP = 512 * 1024,
	GOSSIP_RELAY_MS = 200,        /* a head of another author is told on in this time, */
	GOSSIP_PARTIAL_MS = 2000,     /* and in so much more when its records are not here yet */
	GOSSIP_QUIET_MS = 10 * 1000,  /* after a start, unless a peer confirms sooner */
	GOSSIP_BEHIND_MS = 60 * 1000, /* for own records to come back */
};

void gossip_taken(struct core *core, struct peer *peer, size_t len, bool now)
{
	struct sync *sync = &peer->sync;
	sync->taken_bytes += len;
	sync->phase_since_ms = core->now_ms; /* slow, but moving */
	if (sync->taken_bytes == 0 || (!now && sync->taken_bytes < GOSSIP_TAKEN_STEP))
		return;
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_taken(&out, sync->taken_bytes);
	core_send(core, peer, &out);
	sync->taken_bytes = 0;
}

/* Faults that the sender of the bytes is answerable for, not only their author. */
static bool sender_fault(enum err err)
{
	return err == ERR_MALFORMED || err == ERR_VERSION || err == ERR_FULL;
}

static struct news *news_of(struct core *core, uint32_t author)
{
	for (size_t i = 0; i < core->news_count; i++) {
		if (core->news[i].author == author)
			return &core->news[i];
	}
	if (core->news_count == core->news_cap) {
		core->news_cap = core->news_cap ? 2 * core->news_cap : 8;
		core->news = mem_grow(core->news, core->news_cap, sizeof(*core->news));
	}
	core->news[core->news_count] = (struct news){.author = author};
	return &core->news[core->news_count++];
}

/* The author's log has grown beyond what is known here. */
static void orglog_ask(struct core *core, struct txn *txn, struct peer *peer,
		       const struct head *head)
{
	const struct charter_member *member = core_author_member(core, head->author);
	if (!member)
		return;
	uint32_t known = orglog_number(txn, &member->org);
	if (known >= head->orglog_number)
		return;
	membership_orglog_ask(core, peer, &member->org, known + 1);
}

/* ---- heads of others ---- */

/* Where the author's relay is, or would be. */
static size_t relay_place(const struct core *core, uint32_t author)
{
	size_t low = 0, high = core->relay_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (core->relays[middle].author < author)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct relay *relay_of(struct core *core, uint32_t author)
{
	size_t at = relay_place(core, author);
	return at < core->relay_count && core->relays[at].author == author ? &core->relays[at]
									   : NULL;
}

static bool relay_heard(const struct relay *relay, uint64_t link)
{
	for (size_t i = 0; i < relay->heard_count; i++) {
		if (relay->heard[i] == link)
			return true;
	}
	return false;
}

static void relay_hear(struct relay *relay, uint64_t link)
{
	if (relay_heard(relay, link))
		return;
	relay->heard = mem_grow(relay->heard, relay->heard_count + 1, sizeof(relay->heard[0]));
	relay->heard[relay->heard_count++] = link;
}

/*
 * PROTOCOL: "Other nodes tell it on, by HEAD alone, within 200 ms and after a time taken by lot (while its records are not here, up to 2 s
 * later), to all members linked but those from whom it has come by then." So between two nodes it mostly goes one way, once.
 */
static void relay_add(struct core *core, const struct news *news)
{
	struct relay *relay = relay_of(core, news->author);
	if (!relay) {
		if (core->relay_count == core->relay_cap) {
			core->relay_cap = core->relay_cap ? 2 * core->relay_cap : 8;
			core->relays =
				mem_grow(core->relays, core->relay_cap, sizeof(*core->relays));
		}
		relay = &core->relays[relay_place(core, news->author)];
		memmove(relay + 1, relay,
			(size_t)(core->relays + core->relay_count - relay) * sizeof(*relay));
		core->relay_count++;
		*relay = (struct relay){.author = news->author};
		relay->due_ms =
			core->now_ms + (int64_t)random_below(core->options.random, GOSSIP_RELAY_MS);
	}
	/* Those who told of the head before do not know of this one. */
	relay->heard_count = 0;
	relay_hear(relay, news->from_link);
}

static void relay_tell(struct core *core, struct txn *txn, const struct relay *relay)
{
	struct author_state state;
	struct bytes head;
	struct buf out;
	if (ledger_state(&core->ledger, txn, relay->author, &state) != ERR_OK ||
	    !ledger_head(txn, relay->author, state.incarnation, &head))
		return;
	for (size_t i = 0; i < core->peer_count; i++) {
		struct peer *peer = core->peers[i];
		if (!peer->up || !peer->sync.met || peer->author == relay->author ||
		    relay_heard(relay, peer->link))
			continue;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_head(&out, head);
		sync_send(core, peer, &out);
	}
}

/* Who hears of a head asks for its records: they had better be here by then. */
static bool relay_waits(struct core *core, struct txn *txn, const struct relay *relay)
{
	struct author_state state;
	/* The clock may have been set back. */
	if (relay->due_ms > core->now_ms + GOSSIP_RELAY_MS)
		return false;
	if (relay->due_ms > core->now_ms)
		return true;
	return core->now_ms < relay->due_ms + GOSSIP_PARTIAL_MS &&
	       ledger_state(&core->ledger, txn, relay->author, &state) == ERR_OK &&
	       ledger_completeness(&state, core->now_ms) == LEDGER_PARTIAL;
}

static void relays_settle(struct core *core, struct txn *txn)
{
	size_t left = 0;
	for (size_t i = 0; i < core->relay_count; i++) {
		struct relay *relay = &core->relays[i];
		if (relay_waits(core, txn, relay)) {
			core->relays[left++] = *relay;
			continue;
		}
		relay_tell(core, txn, relay);
		free(relay->heard);
	}
	core->relay_count = left;
}

void gossip_close(struct core *core)
{
	for (size_t i = 0; i < core->relay_count; i++)
		free(core->relays[i].heard);
	free(core->relays);
	free(core->news);
}

/* ---- what comes ---- */

/* The latest head came again: this peer need not be told of it. */
static void head_known(struct core *core, const struct peer *peer, const struct head *head,
		       const struct author_state *known)
{
	struct relay *relay = relay_of(core, head->author);
	if (relay && head->incarnation == known->incarnation && head->counter == known->counter)
		relay_hear(relay, peer->link);
}

/* The row that says that others may know more of the own author; it outlives a crash. */
static struct row_key behind_key(void)
{
	return key_name("behind");
}

void gossip_behind(struct core *core, struct txn *txn)
{
	struct row_key key = behind_key();
	core->behind_since_ms = core->now_ms;
	core->ledger.own_behind = true;
	txn_put(txn, TABLE_META, row_key_bytes(&key), bytes_of("", 0));
}

static void behind_over(struct core *core, struct txn *txn)
{
	struct row_key key = behind_key();
	if (!core->behind_since_ms)
		return;
	core->behind_since_ms = 0;
	core->ledger.own_behind = false;
	txn_del(txn, TABLE_META, row_key_bytes(&key));
}

/* The latest own head was not known here: this store is an old copy. What it has taken on since is not lost. */
static void own_head_take(struct core *core, struct txn *txn, const struct author_state *before)
{
	if (core->behind_since_ms)
		return;
	gossip_behind(core, txn);
	if (before->incarnation > 0)
		txn_fail(txn, ledger_own_renumber(&core->ledger, txn, before->incarnation,
						  before->head_last_sequence));
}

static void head_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct head head;
	struct author_state before = {0};
	bool evidence = false;
	if (head_decode(&head, m->body) != ERR_OK) {
		core_peer_bad(core, peer, LINK_REASON_MALFORMED, "a head that is not well-formed");
		return;
	}
	ledger_state(&core->ledger, txn, head.author, &before);
	if (head.author == peer->author)
		peer->ahead_ms = head.time_ms > core->now_ms ? head.time_ms - core->now_ms : 0;
	enum err err = ledger_accept_head(&core->ledger, txn, m->body, &evidence);
	if (evidence && !before.disputed) { /* once is enough */
		struct note *note = core_note(core, NOTE_EVIDENCE);
		note->author = head.author;
		note->link = peer->link;
	}
	if (sender_fault(err))
		core_peer_bad(core, peer, LINK_REASON_MALFORMED, "a head that is not well-formed");
	if (err == ERR_EXISTS)
		head_known(core, peer, &head, &before);
	if (err != ERR_OK)
		return;
	if (head.author == core->author)
		own_head_take(core, txn, &before);
	orglog_ask(core, txn, peer, &head);
	struct news *news = news_of(core, head.author);
	if (news->from_link == 0)
		news->sequence_before =
			before.incarnation == head.incarnation ? before.sequence : 0;
	news->from_link = peer->link;
	news->pull = true;
}

static void records_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct bytes whole;
	bool deferred = false;
	while (message_next_bin(m, &whole)) {
		struct ledger_news news;
		enum err err = ledger_accept_record(&core->ledger, txn, whole, &news);
		deferred = deferred || err == ERR_AGAIN;
		if (sender_fault(err)) {
			core_peer_bad(core, peer, LINK_REASON_MALFORMED,
				      "a record that is not well-formed");
			return;
		}
	}
	if (deferred)
		core_note(core, NOTE_DEFERRED)->link = peer->link;
	reconcile_records(core, txn, peer);
}

void gossip_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	if (m->type == MESSAGE_HEAD)
		head_take(core, txn, peer, m);
	else if (m->type == MESSAGE_RECORDS)
		records_take(core, txn, peer, m);
}

/* Asks a peer for what it has of one author beyond what is here. */
static void states_ask(struct core *core, struct txn *txn, struct peer *peer, uint32_t author)
{
	struct author_state state;
	struct message_state entry = {.author = author};
	if (ledger_state(&core->ledger, txn, author, &state) == ERR_OK)
		sync_state(&entry, &state);
	struct message_list list = message_list_begin(MESSAGE_STATES);
	message_list_state(&list, &entry);
	core_send_list(core, peer, &list);
}

/* PROTOCOL: "The author announces a new head to all members linked: HEAD followed by RECORDS when these have at most
   4096 bytes, else HEAD alone." */
static void announce(struct core *core, struct txn *txn, const struct news *news)
{
	struct author_state state;
	struct bytes head, whole;
	if (ledger_state(&core->ledger, txn, news->author, &state) != ERR_OK ||
	    !ledger_head(txn, news->author, state.incarnation, &head))
		return;
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	struct row_key prefix = key_author_incarnation(news->author, state.incarnation);
	struct row_key at = key_record(news->author, state.incarnation, news->sequence_before);
	struct walk walk =
		walk_begin_at(txn, TABLE_RECORD, row_key_bytes(&prefix), row_key_bytes(&at), false);
	size_t inline_max = core->options.limits->announce_inline_bytes;
	while (list.items.len <= inline_max && walk_next(&walk))
		message_list_bin(&list, walk.value);
	struct buf records, out;
	bool fits = list.items.len <= inline_max && list.count > 0;
	buf_init(&records, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &records);
	whole = buf_bytes(&records);
	for (size_t i = 0; i < core->peer_count; i++) {
		struct peer *peer = core->peers[i];
		if (!peer->up || !peer->sync.met)
			continue;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_head(&out, head);
		sync_send(core, peer, &out);
		if (!fits)
			continue;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		buf_add(&out, whole);
		sync_send(core, peer, &out);
	}
	buf_fini(&records);
}

/* A head came whose records are not all here: asks its sender for them, once per turn and author. */
static void pull(struct core *core, struct txn *txn, const struct news *news)
{
	struct author_state state;
	struct peer *peer = peers_find(core, news->from_link);
	if (!news->pull || !peer || !peer->up || peer->sync.phase != SYNC_IDLE)
		return;
	if (ledger_state(&core->ledger, txn, news->author, &state) != ERR_OK ||
	    ledger_completeness(&state, core->now_ms) != LEDGER_PARTIAL)
		return;
	states_ask(core, txn, peer, news->author);
}

/* ---- the own head ---- */

void gossip_open(struct core *core, struct txn *txn)
{
	struct author_state own;
	if (core->author && core->charter.member_count > 1 &&
	    ledger_state(&core->ledger, txn, core->author, &own) == ERR_OK && own.counter > 0)
		core->quiet_until_ms = core->now_ms + GOSSIP_QUIET_MS;
	struct row_key key = behind_key();
	if (core->author && txn_has(txn, TABLE_META, row_key_bytes(&key)))
		gossip_behind(core, txn);
}

static bool is_ahead(const struct core *core, const struct author_state *state)
{
	return state->head_time_ms >
	       core->now_ms + (int64_t)core->options.limits->clock_ahead_ms_max;
}

/*
 * When the heads of most others are from the future too, it is the own clock that is wrong, as after a start without a battery. A clock that was seen
 * to be set is believed.
 */
static bool clock_is_behind(struct core *core, struct txn *txn)
{
	struct author_state state;
	uint32_t author = 0;
	size_t ahead = 0, others = 0;
	if (core->clock_set)
		return false;
	while (ledger_state_next(&core->ledger, txn, &author, &state)) {
		if (author == core->author || state.counter == 0)
			continue;
		others++;
		ahead += is_ahead(core, &state);
	}
	return 2 * ahead > others;
}

/*
 * Whether the own heads can not go on as they were, and another incarnation has to begin: after an old copy of the store
 * was restored, once what was lost has come back from others; and when the clock was far ahead and has been set
 * right, as times of one incarnation never decrease and nobody would take a head of this one for as long.
 */
static bool incarnation_due(struct core *core, struct txn *txn, const struct author_state *own)
{
	if (core->behind_since_ms)
		return true;
	return is_ahead(core, own) && !clock_is_behind(core, txn);
}

/* Whether it is too early for a head: others may know more of the own author than this store. */
static bool head_waits(const struct core *core, const struct author_state *own)
{
	if (core->now_ms < core->quiet_until_ms)
		return true;
	return core->behind_since_ms && !id_eq(&own->set, &own->head_set) &&
	       core->now_ms < core->behind_since_ms + GOSSIP_BEHIND_MS;
}

/* When records have changed, the head there is gets old, or another incarnation is due. */
static void own_head(struct core *core, struct txn *txn)
{
	struct author_state own;
	if (!core->author || ledger_state(&core->ledger, txn, core->author, &own) != ERR_OK)
		return;
	core->clock_set = core->clock_set || core->now_ms < core->clock_ms;
	core->clock_ms = core->now_ms;
	core->own_head_ms = own.head_time_ms;
	core->head_due = !id_eq(&own.set, &own.head_set);
	if (head_waits(core, &own))
		return;
	bool renew =
		core->now_ms >= own.head_time_ms + (int64_t)core->options.limits->head_renew_ms;
	bool anew = incarnation_due(core, txn, &own);
	if (!core->head_due && !renew && !anew && !core->log_news && own.counter > 0)
		return;
	struct news *news = news_of(core, core->author);
	news->from_link = 0;
	news->sequence_before = anew ? 0 : own.head_last_sequence;
	news->pull = false;
	txn_fail(txn, anew ? ledger_incarnation_new(&core->ledger, txn)
			   : ledger_head_make(&core->ledger, txn, NULL));
	behind_over(core, txn);
	core->head_due = core->log_news = false;
	core->own_head_ms = core->now_ms;
}

static int64_t own_head_wake(const struct core *core)
{
	if (!core->author)
		return INT64_MAX;
	if (core->behind_since_ms)
		return core->behind_since_ms + GOSSIP_BEHIND_MS;
	int64_t renew = core->own_head_ms + (int64_t)core->options.limits->head_renew_ms;
	if (core->head_due || renew < core->quiet_until_ms)
		return core->quiet_until_ms;
	return renew;
}

int64_t gossip_wake(const struct core *core)
{
	int64_t wake = own_head_wake(core);
	for (size_t i = 0; i < core->relay_count; i++) {
		int64_t due_ms = core->relays[i].due_ms;
		due_ms += due_ms > core->now_ms ? 0 : GOSSIP_PARTIAL_MS;
		wake = due_ms < wake ? due_ms : wake;
	}
	return wake;
}

void gossip_settle(struct core *core, struct txn *txn)
{
	core_settle(core, txn);
	own_head(core, txn);
	for (size_t i = 0; i < core->news_count; i++) {
		const struct news *news = &core->news[i];
		if (news->from_link == 0) {
			announce(core, txn, news);
		} else {
			relay_add(core, news);
			pull(core, txn, news);
		}
	}
	core->news_count = 0;
	relays_settle(core, txn);
}
