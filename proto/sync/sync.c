#include "proto/sync/sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "proto/sync/evidence.h"
#include "proto/sync/logs.h"
#include "proto/sync/salvage.h"
#include "proto/sync/start.h"
#include "proto/sync/stream.h"
#include "proto/wire/protocol.h"
#include "proto/wire/wire_out.h"

enum {
	SYNC_UNTAKEN_MAX = 256 * 1024,
	SYNC_PHASE_MS_MAX = 120 * 1000,   /* without progress */
	SYNC_AGAIN_MS = 1000,             /* when contents moved during a comparison */
	SYNC_HELLO_MS = 250,              /* one HELLO in this time, */
	SYNC_HELLO_PACE = 16,             /* this many sooner, */
	SYNC_HELLO_BURST = 64,            /* and this many of a peer, which may come in a bunch */
};

static void phase_set(struct hub *hub, struct peer_sync *sync, enum sync_phase phase)
{
	sync->phase = phase;
	sync->phase_since_ms = hub->mono_ms;
}

/* Without sequences: who came later never saw those of what was deleted. */
static void state_add(struct hash *hash, const struct author_state *state)
{
	hash_add_be64(hash, (uint64_t)state->author << 32 | state->incarnation);
	hash_add(hash, id_bytes(&state->set));
}

static void content_digest(struct hub *hub, struct txn *txn, struct digest *out)
{
	struct sync *sync = hub->sync;
	struct author_state state;
	struct hash hash;
	uint32_t author = 0;
	ledger_settle(&hub->ledger, txn);
	*out = sync->content;
	if (sync->content_until_ms > hub->judge_ms && sync->content_keys == hub->keys_epoch &&
	    sync->content_settled == hub->ledger.settled_count)
		return;
	hash_init(&hash, "am1.content", NULL, ID_LEN);
	int64_t until_ms = INT64_MAX;
	for (; ledger_state_next(&hub->ledger, txn, &author, &state); state_add(&hash, &state))
		until_ms = state.kept_until_ms < until_ms ? state.kept_until_ms : until_ms;
	hash_done(&hash, out->b, ID_LEN);
	sync->content = *out;
	sync->content_until_ms = until_ms;
	sync->content_settled = hub->ledger.settled_count;
	sync->content_keys = hub->keys_epoch;
}

/* Counts a HELLO against the pace; false when it is too early for one more. */
static bool hello_pace(int64_t *paced_ms, int64_t now_ms, unsigned burst)
{
	int64_t begin = *paced_ms > now_ms ? *paced_ms : now_ms;
	if (begin - now_ms > (int64_t)burst * SYNC_HELLO_MS)
		return false;
	*paced_ms = begin + SYNC_HELLO_MS;
	return true;
}

/*
 * Without all logs the signatures of some members could not be checked: as good as not there yet.
 */
static uint32_t charter_shown(struct hub *hub, struct txn *txn)
{
	uint32_t number = hub->charter.number;
	return number > 0 && !logs_orglogs_here(hub, txn) ? number - 1 : number;
}

static void hello_send(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	struct buf out;
	content_digest(hub, txn, &sync->content_sent);
	sync->charter_sent = charter_shown(hub, txn);
	peer->own_said = hub_own_place(hub, txn);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_hello(&out, hub->options.software, sync->charter_sent,
		      hub->options.identity->store_incarnation, &sync->content_sent,
		      hub->options.dial_only ? NULL : hub->options.addresses);
	hub_send(hub, peer, &out);
}

/* Begins an exchange with this peer about so much later, if none is due sooner. */
static void hello_again(struct hub *hub, struct peer_sync *sync, int64_t ms)
{
	int64_t next_ms = hub->mono_ms + hub_jitter(hub, ms);
	if (next_ms < sync->next_hello_ms)
		sync->next_hello_ms = next_ms;
}

void sync_hello(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	sync->next_hello_ms = INT64_MAX;
	if (!peer->met)
		hello_again(hub, sync, hub->options.limits->anti_entropy_ms);
	if (sync->hello_waits || sync->phase != SYNC_IDLE)
		return;
	sync->hello_waits = true;
	sync->phase_since_ms = hub->mono_ms;
	hello_send(hub, txn, peer);
}

void sync_hello_all(struct hub *hub, struct txn *txn)
{
	hub->hello_due = false;
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		struct peer_sync *sync = peer->sync;
		if (!peer->up)
			continue;
		if (hello_pace(&sync->hello_paced_ms, hub->mono_ms, SYNC_HELLO_PACE))
			sync_hello(hub, txn, peer);
		else if (sync->next_hello_ms > hub->mono_ms + SYNC_HELLO_MS)
			sync->next_hello_ms = hub->mono_ms + SYNC_HELLO_MS;
	}
}

void sync_up(struct hub *hub, struct txn *txn, struct peer *peer)
{
	/* PROTOCOL: "The dialler sends HELLO." */
	peer->sync->next_hello_ms = INT64_MAX;
	if (peer->dial)
		sync_hello(hub, txn, peer);
	else
		hello_again(hub, peer->sync, hub->options.limits->anti_entropy_ms);
}

/* ---- groups ---- */

static const char *author_group(const struct hub *hub, uint32_t author)
{
	const struct charter_member *member = hub_author_member(hub, author);
	return member ? member->group : "";
}

struct group_sum { /* beside struct sync_group */
	struct hash hash;
	int64_t oldest_valid_until_ms;
};

/* Where the group is, or would be. */
static size_t group_place(const struct peer_sync *sync, const char *name)
{
	size_t low = 0, high = sync->group_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(sync->groups[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool group_is(const struct peer_sync *sync, size_t at, const char *name)
{
	return at < sync->group_count && strcmp(sync->groups[at].name, name) == 0;
}

static struct group_sum *group_find(struct peer_sync *sync, struct group_sum **sums,
				    const char *name, const struct peer *peer)
{
	size_t at = group_place(sync, name), after = sync->group_count - at;
	if (group_is(sync, at, name))
		return &(*sums)[at];
	*sums = mem_grow(*sums, sync->group_count + 1, sizeof(**sums));
	sync->groups =
		mem_room(sync->groups, sync->group_count, &sync->group_cap, sizeof(*sync->groups));
	memmove(sync->groups + at + 1, sync->groups + at, after * sizeof(*sync->groups));
	memmove(*sums + at + 1, *sums + at, after * sizeof(**sums));
	sync->group_count++;
	sync->groups[at] = (struct sync_group){.differs = false};
	snprintf(sync->groups[at].name, sizeof(sync->groups[at].name), "%s", name);
	(*sums)[at].oldest_valid_until_ms = INT64_MAX;
	struct key key;
	memcpy(key.b, peer->session_key, sizeof(key.b));
	hash_init(&(*sums)[at].hash, "am1.group", &key, ID_LEN);
	key_wipe(&key);
	return &(*sums)[at];
}

static void groups_send(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	struct group_sum *sums = NULL;
	struct author_state state;
	uint32_t author = 0;
	ledger_settle(&hub->ledger, txn);
	sync->own_grouped = hub_own_place(hub, txn);
	sync->group_count = 0;
	while (ledger_state_next(&hub->ledger, txn, &author, &state)) {
		struct group_sum *sum = group_find(sync, &sums, author_group(hub, author), peer);
		state_add(&sum->hash, &state);
		if (state.head_valid_until_ms < sum->oldest_valid_until_ms)
			sum->oldest_valid_until_ms = state.head_valid_until_ms;
	}
	struct message_list list = message_list_begin(MESSAGE_GROUPS);
	for (size_t i = 0; i < sync->group_count; i++) {
		uint8_t digest[ID_LEN];
		struct sync_group *group = &sync->groups[i];
		hash_done(&sums[i].hash, digest, ID_LEN);
		memcpy(group->digest, digest, sizeof(group->digest));
		struct message_group said = {.group = bytes_str(group->name),
					     .oldest_valid_until_ms =
						     (uint64_t)sums[i].oldest_valid_until_ms};
		memcpy(said.digest, digest, sizeof(said.digest));
		message_list_group(&list, &said);
	}
	free(sums);
	hub_send_list(hub, peer, &list);
	phase_set(hub, sync, SYNC_GROUPS);
}

/* Whether what is here of this author is to be compared. */
static bool author_differs(const struct hub *hub, const struct peer_sync *sync, uint32_t author)
{
	const char *name = author_group(hub, author);
	size_t at = group_place(sync, name);
	return group_is(sync, at, name) && sync->groups[at].differs;
}

/* ---- states ---- */

/*
 * STATES of authors of differing groups, or of all, in as many messages as it takes; returns what
 * is left for one more.
 */
static struct message_list states_list(struct hub *hub, struct txn *txn, struct peer *peer,
				       bool all)
{
	struct author_state state;
	uint32_t author = 0;
	struct message_list list = message_list_begin(MESSAGE_STATES);
	while (ledger_state_next(&hub->ledger, txn, &author, &state)) {
		if (!all && !author_differs(hub, peer->sync, author))
			continue;
		struct message_state entry;
		flow_state(&entry, &state);
		message_list_state(&list, &entry);
		if (list.count == MESSAGE_LIST_COUNT_MAX) {
			hub_send_list(hub, peer, &list);
			list = message_list_begin(MESSAGE_STATES);
		}
	}
	return list;
}

static void states_send(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct message_list list = states_list(hub, txn, peer, false);
	if (list.count > 0) {
		hub_send_list(hub, peer, &list);
		list = message_list_begin(MESSAGE_STATES);
	}
	/* PROTOCOL: "The end of STATES is marked by a STATES message without entries." */
	hub_send_list(hub, peer, &list);
}

void sync_states_tell(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct message_list list = states_list(hub, txn, peer, true);
	hub_send_list(hub, peer, &list);
}

/* Makes room for one more, where the list is consumed already if there is enough. */
static void wants_grow(struct peer_sync *sync)
{
	if (sync->want_at > sync->want_count / 2) {
		sync->want_count -= sync->want_at;
		memmove(sync->wants, sync->wants + sync->want_at,
			sync->want_count * sizeof(*sync->wants));
		sync->want_at = 0;
	}
	sync->wants =
		mem_room(sync->wants, sync->want_count, &sync->want_cap, sizeof(*sync->wants));
}

/* They stand by rising author; an author that waits already is only sent from further back. */
static void want_add(struct peer_sync *sync, uint32_t author, uint32_t incarnation,
		     uint64_t sequence)
{
	struct sync_want want = {
		.author = author, .incarnation = incarnation, .sequence = sequence};
	wants_grow(sync);
	size_t at = sync->want_count;
	while (at > sync->want_at && sync->wants[at - 1].author > author)
		at--;
	struct sync_want *before = at > sync->want_at ? &sync->wants[at - 1] : NULL;
	if (before && before->author == author) {
		if (before->incarnation == incarnation && before->sequence < sequence)
			want.sequence = before->sequence;
		*before = want;
		return;
	}
	memmove(sync->wants + at + 1, sync->wants + at,
		(sync->want_count - at) * sizeof(*sync->wants));
	sync->wants[at] = want;
	sync->want_count++;
}

/* What the peer lacks of an author, given its state (zero: it has nothing). */
static void want_of(struct peer_sync *sync, const struct author_state *mine,
		    const struct message_state *theirs)
{
	bool newer = mine->incarnation > theirs->incarnation;
	bool same = mine->incarnation == theirs->incarnation;
	/* Two heads of one number would else be noticed only with the next one. */
	bool other = mine->counter == theirs->counter &&
		     memcmp(mine->set.b, theirs->digest, sizeof(theirs->digest)) != 0;
	if (newer)
		want_add(sync, mine->author, mine->incarnation, 0);
	else if (same &&
		 (mine->sequence > theirs->sequence || mine->counter > theirs->counter || other))
		want_add(sync, mine->author, mine->incarnation, theirs->sequence);
}

/* Authors of differing groups between two that the peer named: it has nothing of them. */
static void wants_unnamed(struct hub *hub, struct txn *txn, struct peer *peer, uint32_t after,
			  uint32_t before)
{
	struct author_state state;
	uint32_t author = after;
	while (ledger_state_next(&hub->ledger, txn, &author, &state) && author < before) {
		if (author_differs(hub, peer->sync, author))
			want_add(peer->sync, author, state.incarnation, 0);
	}
}

/* ---- streaming ---- */

static void totals_send(struct hub *hub, struct txn *txn, struct peer *peer)
{
	const struct peer_sync *sync = peer->sync;
	uint64_t records = 0;
	for (size_t i = sync->want_at; i < sync->want_count; i++) {
		struct author_state state;
		if (!ledger_state(&hub->ledger, txn, sync->wants[i].author, &state))
			records += state.live_count;
	}
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_totals(&out, sync->want_count - sync->want_at, records, 0);
	hub_send(hub, peer, &out);
}

/* Both sides have the same, or have told each other all that differed. */
static void compared(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	peer->synced = peer->compared_news = hub->peer_news = true;
	hub_note(hub, NOTE_SYNCED)->link = peer->link;
	/* Something may have come meanwhile that both sides believe the other has. */
	struct digest now;
	content_digest(hub, txn, &now);
	if (!id_eq(&now, &sync->content_sent) || sync->charter_sent != charter_shown(hub, txn))
		hello_again(hub, sync, SYNC_AGAIN_MS);
}

static void phase_end(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	if (sync->phase != SYNC_STREAM || !sync->end_sent || !sync->end_here)
		return;
	phase_set(hub, sync, SYNC_IDLE);
	compared(hub, txn, peer);
}

static void stream(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	/* PROTOCOL: "at most 256 KiB of HEAD and RECORDS messages on the way" */
	while (peer->up && sync->want_at < sync->want_count &&
	       sync->untaken_bytes < SYNC_UNTAKEN_MAX) {
		if (stream_step(hub, txn, peer, &sync->wants[sync->want_at]))
			sync->want_at++;
	}
	if (sync->want_at < sync->want_count || !sync->stream_end_due)
		return;
	struct buf out;
	sync->stream_end_due = false;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_sync_end(&out);
	hub_send(hub, peer, &out);
	if (sync->phase == SYNC_STREAM) {
		sync->end_sent = true;
		phase_end(hub, txn, peer);
	}
}

static void stream_begin(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	wants_unnamed(hub, txn, peer, sync->states_author, UINT32_MAX);
	phase_set(hub, sync, SYNC_STREAM);
	totals_send(hub, txn, peer);
	sync->stream_end_due = true;
	stream(hub, txn, peer);
}

/* ---- messages of a comparison ---- */

/*
 * PROTOCOL: "a peer that shows the same charter number is asked for that entry, once for each
 * number."
 */
static void charter_compare(struct hub *hub, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	if (sync->charter_here != hub->charter.number ||
	    sync->charter_compared == sync->charter_here)
		return;
	sync->charter_compared = sync->charter_here;
	logs_charter_ask(hub, peer, sync->charter_here);
}

static void compare_begin(struct hub *hub, struct txn *txn, struct peer *peer)
{
	const struct limits *limits = hub->options.limits;
	struct peer_sync *sync = peer->sync;
	if (hub_joining(hub) && !hub_follows(hub))
		return; /* nothing of a federation is kept before it has said yes */
	if (logs_forks(hub, txn, peer))
		return; /* a new exchange follows */
	if (sync->charter_here > hub->charter.number) {
		logs_charter_ask(hub, peer, hub->charter.number + 1);
		return;
	}
	charter_compare(hub, peer);
	if (logs_stranger(hub, peer) && !sync->charter_asked) {
		hub_close_link(hub, peer, LINK_REASON_NOT_MEMBER);
		return;
	}
	if (!logs_orglogs_ask(hub, txn, peer))
		return; /* a new exchange follows when they are here */
	/*
	 * PROTOCOL: "A comparison begins with an exchange in which both charter numbers are equal
	 * and both sides are members; after the first such exchange, and not before, either side
	 * may send any message." What has come since this side's HELLO does not count, as the peer
	 * can not know of it. Otherwise one of the sides fetches the charter and begins again.
	 */
	if (sync->charter_here != sync->charter_sent || peer->class != PEER_MEMBER) {
		/* Something may have come meanwhile from elsewhere; else it is the peer's turn. */
		bool moved = sync->charter_sent != charter_shown(hub, txn);
		hello_again(hub, sync, moved ? SYNC_AGAIN_MS : limits->anti_entropy_ms);
		return;
	}
	if (!peer->met)
		evidence_tell(hub, txn, peer);
	hub->source_epoch += !peer->met; /* it may be asked for chunks now */
	start_met(hub, txn, peer);
	if (id_eq(&sync->content_sent, &sync->content_here)) {
		peer->own_heard = peer->own_same = peer->own_said;
		compared(hub, txn, peer);
		return;
	}
	sync->states_author = 0;
	sync->end_sent = sync->end_here = false;
	groups_send(hub, txn, peer);
}

void sync_hello_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct peer_sync *sync = peer->sync;
	if (m->version != PROTOCOL_VERSION) {
		hub_close_link(hub, peer, LINK_REASON_VERSION);
		return;
	}
	sync->charter_here = m->number;
	sync->content_here = m->digest;
	snprintf(peer->software, sizeof(peer->software), "%.*s", (int)m->text.len,
		 (const char *)m->text.ptr);
	phase_set(hub, sync, SYNC_IDLE);
	/*
	 * PROTOCOL: "A HELLO is answered by a HELLO, unless the receiver waits for the answer to
	 * its own; so each exchange gives each side one sent and one received, and either side may
	 * begin another later."
	 */
	if (sync->hello_waits) {
		sync->hello_waits = false;
	} else if (hello_pace(&sync->hello_allowed_ms, hub->mono_ms, SYNC_HELLO_BURST)) {
		hello_send(hub, txn, peer);
	} else {
		hub_peer_bad(hub, peer, LINK_REASON_BUSY, "HELLO again and again");
		return;
	}
	compare_begin(hub, txn, peer);
}

/* Marks groups that the peer does not have: those before its next one. */
static size_t groups_pass(struct peer_sync *sync, size_t at, const struct message_group *theirs)
{
	while (at < sync->group_count &&
	       (!theirs || bytes_cmp(bytes_str(sync->groups[at].name), theirs->group) < 0))
		sync->groups[at++].differs = true;
	return at;
}

void sync_groups_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct peer_sync *sync = peer->sync;
	struct message_group theirs, before = {.group = {NULL, 0}};
	size_t at = 0;
	bool first = true;
	if (sync->phase == SYNC_IDLE)
		return; /* of a comparison that a new HELLO has ended */
	if (sync->phase != SYNC_GROUPS) {
		hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL, "GROUPS again");
		return;
	}
	while (message_next_group(m, &theirs)) {
		if (!first && bytes_cmp(before.group, theirs.group) >= 0) {
			hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL, "GROUPS in disorder");
			return;
		}
		first = false;
		before = theirs;
		at = groups_pass(sync, at, &theirs);
		if (at == sync->group_count ||
		    !bytes_eq(bytes_str(sync->groups[at].name), theirs.group))
			continue; /* nothing of it is here, so there is nothing to tell */
		sync->groups[at].differs =
			memcmp(sync->groups[at].digest, theirs.digest, sizeof(theirs.digest)) != 0;
		at++;
	}
	groups_pass(sync, at, NULL);
	if (!author_differs(hub, sync, hub->author))
		peer->own_same = sync->own_grouped;
	phase_set(hub, sync, SYNC_STATES);
	states_send(hub, txn, peer);
}

void sync_states_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct peer_sync *sync = peer->sync;
	struct message_state theirs;
	bool comparing = sync->phase == SYNC_STATES;
	uint32_t last = comparing ? sync->states_author : 0;
	if (comparing && m->count == 0) {
		stream_begin(hub, txn, peer);
		return;
	}
	while (message_next_state(m, &theirs)) {
		struct author_state mine;
		/* PROTOCOL: "Authors in STATES stand in rising order, over all messages of one
		   exchange." */
		if (theirs.author <= last) {
			hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL, "STATES in disorder");
			return;
		}
		if (comparing)
			wants_unnamed(hub, txn, peer, last, theirs.author);
		if (!ledger_state(&hub->ledger, txn, theirs.author, &mine))
			want_of(sync, &mine, &theirs);
		if (theirs.author == hub->author)
			flow_own_shown(peer, &mine, &theirs);
		last = theirs.author;
	}
	if (comparing) {
		sync->states_author = last;
	} else {
		sync->stream_end_due = true;
		stream(hub, txn, peer);
	}
}

void sync_end_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct peer_sync *sync = peer->sync;
	flow_taken(hub, peer, 0, true);
	sync->reconcile.due = true;
	if (sync->phase == SYNC_STREAM) {
		sync->end_here = true;
		phase_end(hub, txn, peer);
	}
}

void sync_taken_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct peer_sync *sync = peer->sync;
	sync->untaken_bytes -= m->bytes < sync->untaken_bytes ? m->bytes : sync->untaken_bytes;
	flow_progress(hub, peer); /* slow, but moving */
	stream(hub, txn, peer);
}

void sync_totals_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	/* For people who watch a first comparison; nothing depends on it. */
}

static bool is_busy(const struct peer_sync *sync)
{
	return sync->phase != SYNC_IDLE || sync->hello_waits;
}

struct peer *sync_peer_by_lot(struct hub *hub, bool members)
{
	struct peer *chosen = NULL;
	uint64_t count = 0;
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (peer->up && !is_busy(peer->sync) && (peer->met || !members) &&
		    random_below(hub->options.random, ++count) == 0)
			chosen = peer;
	}
	return chosen;
}

/*
 * PROTOCOL: "A node begins one about every minute with a peer taken by lot, whatever both believe
 * to know of each other"
 */
static void entropy_tick(struct hub *hub, struct txn *txn)
{
	int64_t period_ms = hub->options.limits->anti_entropy_ms;
	if (hub->mono_ms < hub->sync->entropy_next_ms)
		return;
	hub->sync->entropy_next_ms = hub->mono_ms + hub_jitter(hub, period_ms);
	struct peer *chosen = sync_peer_by_lot(hub, false);
	if (chosen)
		sync_hello(hub, txn, chosen);
}

void sync_tick(struct hub *hub, struct txn *txn)
{
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		struct peer_sync *sync = peer->sync;
		if (!peer->up)
			continue;
		if (is_busy(sync) && hub->mono_ms - sync->phase_since_ms > SYNC_PHASE_MS_MAX)
			hub_close_link(hub, peer, LINK_REASON_SILENCE);
		else if (!is_busy(sync) && hub->mono_ms >= sync->next_hello_ms)
			sync_hello(hub, txn, peer);
	}
	entropy_tick(hub, txn);
}

int64_t sync_wake(const struct hub *hub)
{
	int64_t wake = hub->peers.count > 0 ? hub->sync->entropy_next_ms : INT64_MAX;
	for (size_t i = 0; i < hub->peers.count; i++) {
		const struct peer_sync *sync = hub->peers.items[i]->sync;
		if (!hub->peers.items[i]->up)
			continue;
		int64_t next = is_busy(sync) ? sync->phase_since_ms + SYNC_PHASE_MS_MAX + 1
					     : sync->next_hello_ms;
		if (next < wake)
			wake = next;
	}
	return wake;
}
