#include "proto/sync/gossip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/audit/seen.h"
#include "proto/sync/evidence.h"
#include "proto/sync/log_fork.h"
#include "proto/sync/logs.h"
#include "proto/sync/reconcile.h"
#include "proto/sync/salvage.h"
#include "proto/sync/start.h"

enum {
	GOSSIP_RELAY_MS = 200,    /* a head of another author is told on in this time, */
	GOSSIP_PARTIAL_MS = 2000, /* and in so much more when its records are not here yet */
	GOSSIP_BACK_MS = 1000,    /* have all own records come back? */
};

struct relay { /* another author's head that is to be told on in a moment */
	uint32_t author;
	int64_t due_ms;
	uint64_t *heard; /* links by which it has come, each once */
	size_t heard_count, heard_cap;
};

struct announcement { /* a head accepted in this turn */
	uint32_t author;
	uint64_t from_link;       /* 0: own */
	uint64_t sequence_before; /* records above it are new */
	bool pull;                /* its records may not all have come along */
};

/* Faults that the sender of the bytes is answerable for, not only their author. */
static bool sender_fault(enum err err)
{
	return err == ERR_MALFORMED || err == ERR_FULL;
}

static struct announcement *announcement_of(struct hub *hub, uint32_t author)
{
	struct gossip *gossip = hub->gossip;
	for (size_t i = 0; i < hub->gossip->announcement_count; i++) {
		if (hub->gossip->announcements[i].author == author)
			return &hub->gossip->announcements[i];
	}
	gossip->announcements = mem_room(gossip->announcements, gossip->announcement_count,
					 &gossip->announcement_cap, sizeof(*gossip->announcements));
	gossip->announcements[gossip->announcement_count] = (struct announcement){.author = author};
	return &gossip->announcements[gossip->announcement_count++];
}

/* The author's log has grown beyond what is known here. */
static void orglog_ask(struct hub *hub, struct txn *txn, struct peer *peer, const struct head *head)
{
	const struct charter_member *member = hub_author_member(hub, head->author);
	if (!member)
		return;
	uint32_t known = orglog_number(txn, &member->org);
	if (known == head->orglog_number && head->author == peer->author)
		log_fork_compare(hub, txn, peer, member);
	if (known >= head->orglog_number)
		return;
	logs_orglog_ask(hub, peer, &member->org, known + 1);
}

/* ---- heads of others ---- */

/* Where the author's relay is, or would be. */
static size_t relay_place(const struct hub *hub, uint32_t author)
{
	size_t low = 0, high = hub->gossip->relay_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (hub->gossip->relays[middle].author < author)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct relay *relay_of(struct hub *hub, uint32_t author)
{
	size_t at = relay_place(hub, author);
	return at < hub->gossip->relay_count && hub->gossip->relays[at].author == author
		       ? &hub->gossip->relays[at]
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
	relay->heard = mem_room(relay->heard, relay->heard_count, &relay->heard_cap,
				sizeof(relay->heard[0]));
	relay->heard[relay->heard_count++] = link;
}

/*
 * PROTOCOL: "Other nodes tell it on, by HEAD alone, within 200 ms and after a time taken by lot
 * (while its records are not here, up to 2 s later), to all members linked but those it has come
 * from." So between two nodes it mostly goes one way, once.
 */
static void relay_add(struct hub *hub, const struct announcement *news)
{
	struct relay *relay = relay_of(hub, news->author);
	if (!relay) {
		hub->gossip->relays = mem_room(hub->gossip->relays, hub->gossip->relay_count,
					       &hub->gossip->relay_cap, sizeof(*relay));
		relay = &hub->gossip->relays[relay_place(hub, news->author)];
		memmove(relay + 1, relay,
			(size_t)(hub->gossip->relays + hub->gossip->relay_count - relay) *
				sizeof(*relay));
		hub->gossip->relay_count++;
		*relay = (struct relay){.author = news->author};
		relay->due_ms =
			hub->mono_ms + (int64_t)random_below(hub->options.random, GOSSIP_RELAY_MS);
	}
	/* Those who told of the head before do not know of this one. */
	relay->heard_count = 0;
	relay_hear(relay, news->from_link);
}

static void relay_tell(struct hub *hub, struct txn *txn, const struct relay *relay)
{
	struct author_state state;
	struct bytes head;
	struct buf out;
	if (ledger_state(&hub->ledger, txn, relay->author, &state) ||
	    !ledger_head(txn, relay->author, state.incarnation, &head))
		return;
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (!peer->up || !peer->met || peer->author == relay->author ||
		    relay_heard(relay, peer->link))
			continue;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_head(&out, head);
		flow_send(hub, peer, &out);
	}
}

/* Who hears of a head asks for its records: they had better be here by then. */
static bool relay_waits(struct hub *hub, struct txn *txn, const struct relay *relay)
{
	struct author_state state;
	if (relay->due_ms > hub->mono_ms)
		return true;
	return hub->mono_ms < relay->due_ms + GOSSIP_PARTIAL_MS &&
	       !ledger_state(&hub->ledger, txn, relay->author, &state) && ledger_partial(&state) &&
	       !state.held;
}

static void relays_settle(struct hub *hub, struct txn *txn)
{
	size_t left = 0;
	for (size_t i = 0; i < hub->gossip->relay_count; i++) {
		struct relay *relay = &hub->gossip->relays[i];
		if (relay_waits(hub, txn, relay)) {
			hub->gossip->relays[left++] = *relay;
			continue;
		}
		/* Whoever makes heads pays for telling them. */
		hub_charge(hub, txn, METER_OWN);
		relay_tell(hub, txn, relay);
		hub_charge(hub, txn, author_member(relay->author));
		free(relay->heard);
	}
	hub->gossip->relay_count = left;
}

void gossip_close(struct hub *hub)
{
	for (size_t i = 0; i < hub->gossip->relay_count; i++)
		free(hub->gossip->relays[i].heard);
	free(hub->gossip->relays);
	free(hub->gossip->announcements);
}

/* ---- what comes ---- */

/* The latest head came again: this peer need not be told of it. */
static void head_known(struct hub *hub, const struct peer *peer, const struct head *head,
		       const struct author_state *known)
{
	struct relay *relay = relay_of(hub, head->author);
	if (relay && head->incarnation == known->incarnation && head->counter == known->counter)
		relay_hear(relay, peer->link);
}

static bool doubted(const struct hub *hub, const struct peer *peer, uint32_t member)
{
	const struct peer_sync *sync = peer->sync;
	bool found = false;
	for (unsigned i = 0; i < FLOW_DOUBT_COUNT && sync->doubted_keys == hub->keys_epoch; i++)
		found = found || sync->doubted[i] == member;
	return found;
}

/*
 * A wrong signature. Who passes one on has not looked, or believes another log of the author's
 * organisation than we do: whichever it is, no more of that one's is taken from this peer, so that
 * who has split its log can not make honest nodes tire of each other.
 */
static void forged(struct hub *hub, struct peer *peer, uint32_t author)
{
	struct peer_sync *sync = peer->sync;
	const uint32_t member = author_member(author);
	if (member != hub_payer(peer)) {
		if (sync->doubted_keys != hub->keys_epoch)
			memset(sync->doubted, 0, sizeof(sync->doubted));
		sync->doubted_keys = hub->keys_epoch;
		sync->doubted[sync->doubted_at++ % FLOW_DOUBT_COUNT] = member;
	}
	hub_junk(hub, peer, member == hub_payer(peer) ? JUNK_FORGED : JUNK_PASSED);
}

/*
 * Whether something of this author is looked at. What is good is paid by its author's
 * organisation, as who passes it on does not know what it costs us; while that is in debt it is
 * left, as if it had not come yet, and asked for again.
 */
static bool author_may(struct hub *hub, struct peer *peer, uint32_t author)
{
	const uint32_t member = author_member(author);
	if (!hub_author_member(hub, author)) /* not known here: that costs nothing */
		return true;
	if (member != author_member(hub->author) &&
	    !meter_may(&hub->meter, member, hub->mono_ms, NULL))
		return false;
	return !doubted(hub, peer, member);
}

/*
 * What its own heads say of its clock, and so of ours. One that is newer than one that came over
 * the same link was made meanwhile, and came at once.
 */
static void clock_look(struct hub *hub, struct peer *peer, int64_t head_ms)
{
	const int64_t late_ms = hub->wall_ms > head_ms ? hub->wall_ms - head_ms : 0;

	peer->ahead_ms = head_ms > hub->wall_ms ? head_ms - hub->wall_ms : 0;
	if (peer->head_ms && head_ms > peer->head_ms &&
	    (!peer->late_known || late_ms < peer->late_ms)) {
		peer->late_known = true;
		peer->late_ms = late_ms;
	}
	if (head_ms > peer->head_ms)
		peer->head_ms = head_ms;
}

void gossip_head_hear(struct hub *hub, struct txn *txn, struct peer *peer, struct bytes whole)
{
	struct head head;
	struct author_state before = {0};
	bool evidence = false;
	enum err err = head_decode(&head, whole);
	if (sender_fault(err))
		hub_peer_bad(hub, peer, LINK_REASON_MALFORMED, "a head that is not well-formed");
	if (err == ERR_VERSION)
		hub_junk(hub, peer, JUNK_UNKNOWN);
	if (err)
		return;
	if (!author_may(hub, peer, head.author))
		return;
	hub_charge(hub, txn, hub_payer(peer));
	const uint64_t forged_before = hub->ledger.forged_count;
	ledger_state(&hub->ledger, txn, head.author, &before);
	if (head.author == peer->author)
		clock_look(hub, peer, head.time_ms);
	err = ledger_accept_head(&hub->ledger, txn, whole, &evidence);
	if (evidence)
		evidence_new(hub, txn, head.author, peer->link);
	if (sender_fault(err))
		hub_peer_bad(hub, peer, LINK_REASON_MALFORMED, "a head that is not well-formed");
	if (err == ERR_EXISTS)
		head_known(hub, peer, &head, &before);
	if (hub->ledger.forged_count != forged_before)
		forged(hub, peer, head.author);
	if (head.author == hub->author && (!err || err == ERR_PROTOCOL))
		start_own_head(hub, txn, &before, err);
	if (head.author == hub->author && (err == ERR_EXISTS || err == ERR_PROTOCOL))
		salvage_look(hub, txn, peer, &head);
	if (err)
		return;
	hub_charge(hub, txn, author_member(head.author));
	orglog_ask(hub, txn, peer, &head);
	struct announcement *news = announcement_of(hub, head.author);
	if (news->from_link == 0)
		news->sequence_before =
			before.incarnation == head.incarnation ? before.sequence : 0;
	news->from_link = peer->link;
	news->pull = true;
}

void gossip_head_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	gossip_head_hear(hub, txn, peer, m->body);
	flow_taken(hub, peer, m->len, false);
}

/*
 * Whether a version with a wrong signature may be here at the peer because the head of its author,
 * who has signed both, vouches for it. That is no fault of the peer's, and a repair will tell.
 */
static bool head_may_name(struct hub *hub, struct txn *txn, const struct peer *peer,
			  const struct record *record)
{
	struct author_state state;
	return author_member(record->author) != hub_payer(peer) && record->kind == RECORD_VERSION &&
	       !ledger_state(&hub->ledger, txn, record->author, &state) && state.counter > 0 &&
	       record->incarnation == state.incarnation &&
	       record->sequence <= state.head_last_sequence;
}

/* ERR_CORRUPT: its signature is wrong, but the head of its author may prove it. */
static enum err record_hear(struct hub *hub, struct txn *txn, struct peer *peer,
			    const struct ledger_item *item)
{
	const uint32_t author = item->record.author;
	struct ledger_news news;
	if (salvage_record(hub, txn, peer, item->record.whole))
		return ERR_OK;
	if (!author_may(hub, peer, author) || !reconcile_may(hub, txn, peer, item))
		return ERR_BUSY;
	const uint64_t forged_before = hub->ledger.forged_count;
	hub_charge(hub, txn, hub_payer(peer));
	enum err err = ledger_accept_item(&hub->ledger, txn, item, &news);
	if (!err && news.stored)
		hub_charge(hub, txn, author_member(author));
	if (hub->ledger.forged_count == forged_before)
		return err;
	if (head_may_name(hub, txn, peer, &item->record))
		return ERR_CORRUPT;
	forged(hub, peer, author);
	return err;
}

/* The answer of a peer that was asked; one that was not says no more than HEAD does. */
void gossip_own_head_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct head head;
	peer->sync->own_head_ms = hub->mono_ms;
	if (!m->has_body)
		return;
	if (!head_decode(&head, m->body) && head.author != hub->author)
		hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL, "OWN_HEAD of somebody else");
	else
		gossip_head_hear(hub, txn, peer, m->body);
}

/* Those that can be read; returns how many. */
static size_t items_read(struct hub *hub, struct peer *peer, struct message *m,
			 struct ledger_item *items)
{
	struct bytes whole;
	size_t count = 0;
	while (peer->up && message_next_bin(m, &whole)) {
		enum err err = ledger_item_read(&items[count], whole);
		if (!err)
			count++;
		else if (err == ERR_VERSION)
			hub_junk(hub, peer, JUNK_UNKNOWN);
		else
			hub_peer_bad(hub, peer, LINK_REASON_MALFORMED,
				     "a record that is not well-formed");
	}
	return count;
}

static void records_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct ledger_item *items = mem_new(m->count + 1, sizeof(*items));
	const size_t count = items_read(hub, peer, m, items);
	bool deferred = false;
	if (m->has_body)
		ledger_vouch(&hub->ledger, txn, m->body, items, count);
	uint32_t left = 0; /* of one message one wrong signature is looked at */
	for (size_t i = 0; peer->up && i < count; i++) {
		reconcile_vouch(hub, txn, peer, &items[i]);
		if (!items[i].vouched && items[i].record.author == left)
			continue;
		enum err err = record_hear(hub, txn, peer, &items[i]);
		deferred = deferred || err == ERR_AGAIN;
		if (err == ERR_CORRUPT)
			left = items[i].record.author;
	}
	const uint32_t author = count > 0 ? items[count - 1].record.author : 0;
	free(items);
	if (deferred)
		hub_note(hub, NOTE_DEFERRED)->link = peer->link;
	reconcile_records(hub, txn, peer, author);
	if (author == hub->author)
		salvage_records(hub, txn, peer);
}

void gossip_records_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	records_take(hub, txn, peer, m);
	flow_taken(hub, peer, m->len, false);
}

/* Asks a peer for what it has of one author beyond what is here. */
static void states_ask(struct hub *hub, struct txn *txn, struct peer *peer, uint32_t author)
{
	struct author_state state;
	struct message_state entry = {.author = author};
	if (!ledger_state(&hub->ledger, txn, author, &state))
		flow_state(peer, &entry, &state);
	struct message_list list = message_list_begin(MESSAGE_STATES);
	message_list_state(&list, &entry);
	hub_send_list(hub, peer, &list);
}

/*
 * PROTOCOL: "The author announces a new head to all members linked: HEAD followed by RECORDS when
 * these have at most 4096 bytes, else HEAD alone."
 */
static void announce(struct hub *hub, struct txn *txn, const struct announcement *news)
{
	struct author_state state;
	struct bytes head, whole;
	if (ledger_state(&hub->ledger, txn, news->author, &state) ||
	    !ledger_head(txn, news->author, state.incarnation, &head))
		return;
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	struct row_key prefix = key_author_incarnation(news->author, state.incarnation);
	struct row_key at = key_record(news->author, state.incarnation, news->sequence_before);
	struct walk walk =
		walk_begin_at(txn, TABLE_RECORD, row_key_bytes(&prefix), row_key_bytes(&at), false);
	size_t inline_max = hub->options.limits->announce_inline_bytes;
	while (list.items.len <= inline_max && walk_next(&walk))
		message_list_bin(&list, walk.value);
	struct buf records, out;
	bool fits = list.items.len <= inline_max && list.count > 0;
	buf_init(&records, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &records);
	whole = buf_bytes(&records);
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (!peer->up || !peer->met)
			continue;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_head(&out, head);
		flow_send(hub, peer, &out);
		if (!fits)
			continue;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		buf_add(&out, whole);
		flow_send(hub, peer, &out);
	}
	buf_fini(&records);
}

/*
 * A head came whose records are not all here: asks its sender for them, once per turn and author.
 */
static void pull(struct hub *hub, struct txn *txn, const struct announcement *news)
{
	struct author_state state;
	struct peer *peer = peers_find(hub, news->from_link);
	if (!news->pull || !peer || !peer->up || peer->sync->phase != SYNC_IDLE)
		return;
	if (ledger_state(&hub->ledger, txn, news->author, &state) || !ledger_partial(&state))
		return;
	states_ask(hub, txn, peer, news->author);
}

/* ---- the own head ---- */

void gossip_log_grown(struct hub *hub)
{
	hub->gossip->log_news = true;
}

bool gossip_head_due(const struct hub *hub)
{
	return hub->gossip->head_due;
}

/* The process may have ended between a new entry of the own log and the head that tells of it. */
static bool log_untold(struct hub *hub, struct txn *txn, const struct author_state *own)
{
	struct head head;
	struct bytes whole;
	return ledger_head(txn, hub->author, own->incarnation, &whole) &&
	       !head_decode(&head, whole) &&
	       head.orglog_number < orglog_number(txn, &hub->options.identity->org);
}

void gossip_open(struct hub *hub, struct txn *txn)
{
	struct author_state own;
	if (hub->author && !ledger_state(&hub->ledger, txn, hub->author, &own)) {
		hub->gossip->log_news = log_untold(hub, txn, &own);
	}
}

static bool is_ahead(const struct hub *hub, const struct author_state *state)
{
	return state->head_time_ms >
	       hub->wall_ms + (int64_t)hub->options.limits->clock_ahead_ms_max;
}

/*
 * When the heads of most others are from the future too, it is the own clock that is wrong, as
 * after a start without a battery. A clock that was seen to be set is believed.
 */
static bool clock_is_behind(struct hub *hub, struct txn *txn)
{
	struct author_state state;
	uint32_t author = 0;
	size_t ahead = 0, others = 0;
	if (hub->gossip->clock_set)
		return false;
	while (ledger_active_next(&hub->ledger, txn, &author, &state)) {
		if (author == hub->author || state.counter == 0)
			continue;
		others++;
		ahead += is_ahead(hub, &state);
	}
	return 2 * ahead > others;
}

/*
 * Whether the own heads can not go on as they were, and another incarnation has to begin: after an
 * old copy of the store was restored, once what was lost has come back from others; and when the
 * clock was far ahead and has been set right, as times of one incarnation never decrease and nobody
 * would take a head of this one for as long.
 */
static bool incarnation_due(struct hub *hub, struct txn *txn, const struct author_state *own)
{
	return start_anew(hub, txn, own) || (is_ahead(hub, own) && !clock_is_behind(hub, txn));
}

/* When records have changed, the head there is gets old, or another incarnation is due. */
static void own_head(struct hub *hub, struct txn *txn)
{
	struct author_state own;
	if (!hub->author || ledger_state(&hub->ledger, txn, hub->author, &own))
		return;
	hub->gossip->clock_set = hub->gossip->clock_set || hub->wall_ms < hub->gossip->clock_ms;
	hub->gossip->clock_ms = hub->wall_ms;
	hub->gossip->own_head_ms = own.head_time_ms;
	hub->gossip->head_due = !id_eq(&own.set, &own.head_set);
	bool renew = hub->wall_ms >= own.head_time_ms + (int64_t)hub->options.limits->head_renew_ms;
	bool anew = incarnation_due(hub, txn, &own);
	/* A thief has taken the last incarnation: there is none that would go before it. */
	if (anew && own.incarnation == UINT32_MAX)
		hub_signing(hub, SIGNING_STOPPED);
	if (hub->signing != SIGNING_YES || salvage_under_way(hub))
		return;
	if (!hub->gossip->head_due && !renew && !anew && !hub->gossip->log_news && own.counter > 0)
		return;
	struct announcement *news = announcement_of(hub, hub->author);
	news->from_link = 0;
	news->sequence_before = anew ? 0 : own.head_last_sequence;
	news->pull = false;
	if (anew)
		audit_restored(hub, txn);
	txn_fail(txn, anew ? ledger_incarnation_new(&hub->ledger, txn)
			   : ledger_head_make(&hub->ledger, txn, NULL));
	salvage_signed(hub, txn);
	if (anew)
		start_renewed(hub, txn);
	hub->gossip->head_due = hub->gossip->log_news = false;
	hub->gossip->own_head_ms = hub->wall_ms;
}

static int64_t own_head_wake(const struct hub *hub)
{
	if (!hub->author || hub->signing == SIGNING_WAITS || hub->signing == SIGNING_STOPPED)
		return INT64_MAX;
	/* What comes back brings turns; the last look is due after them. */
	if (hub->ledger.own_behind)
		return hub->mono_ms + GOSSIP_BACK_MS;
	if (salvage_under_way(hub))
		return salvage_wake(hub);
	if (hub->gossip->head_due)
		return hub->mono_ms;
	return hub_mono_of(hub,
			   hub->gossip->own_head_ms + (int64_t)hub->options.limits->head_renew_ms);
}

int64_t gossip_wake(const struct hub *hub)
{
	int64_t wake = own_head_wake(hub);
	for (size_t i = 0; i < hub->gossip->relay_count; i++) {
		int64_t due_ms = hub->gossip->relays[i].due_ms;
		due_ms += due_ms > hub->mono_ms ? 0 : GOSSIP_PARTIAL_MS;
		wake = due_ms < wake ? due_ms : wake;
	}
	return wake;
}

void gossip_settle(struct hub *hub, struct txn *txn)
{
	ledger_settle(&hub->ledger, txn);
	own_head(hub, txn);
	start_said(hub);
	for (size_t i = 0; i < hub->gossip->announcement_count; i++) {
		const struct announcement *news = &hub->gossip->announcements[i];
		if (news->from_link == 0) {
			announce(hub, txn, news);
		} else {
			relay_add(hub, news);
			pull(hub, txn, news);
		}
	}
	hub->gossip->announcement_count = 0;
	relays_settle(hub, txn);
}
