/*
 * sync - comparing two nodes' records and streaming what is missing (docs/PROTOCOL.md, section 9: Session).
 *
 * Phases of one comparison, the same on both sides: IDLE -> (HELLO exchanged, contents differ) GROUPS ->
 * (both GROUPS here) STATES -> (the end of the peer's STATES here) STREAM -> (SYNC_END sent and received) IDLE. Wants from a STATES
 * message outside a comparison are streamed too, in any phase.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "proto/core_state.h"
#include "proto/wire_out.h"

enum {
	SYNC_UNTAKEN_MAX = 2 * 1024 * 1024,
	SYNC_RECORDS_LEN_MAX = 256 * 1024, /* of one RECORDS message */
	SYNC_STATES_PER_MESSAGE = 8192,
	SYNC_PHASE_MS_MAX = 120 * 1000,
	SYNC_WANT_COUNT_MAX = 1 << 20,
};

void sync_fini(struct sync *sync)
{
	free(sync->groups);
	buf_fini(&sync->differing);
	buf_fini(&sync->states_named);
	free(sync->wants);
	free(sync->buckets);
	*sync = (struct sync){0};
}

static void phase_set(struct core *core, struct sync *sync, enum sync_phase phase)
{
	sync->phase = phase;
	sync->phase_since_ms = core->now_ms;
}

/* The state of an author as it enters digests. */
static void state_add(struct hash *hash, const struct author_state *state)
{
	uint8_t b[16];
	be32_put(b, state->author);
	be32_put(b + 4, state->incarnation);
	be64_put(b + 8, state->sequence);
	hash_add(hash, bytes_of(b, sizeof(b)));
	hash_add(hash, id_bytes(&state->set));
}

static void content_digest(struct core *core, struct txn *txn, struct digest *out)
{
	struct hash hash;
	struct author_state state;
	uint32_t author = 0;
	ledger_settle(&core->ledger, txn);
	hash_init(&hash, "am1.content", NULL, ID_LEN);
	while (ledger_state_next(&core->ledger, txn, &author, &state))
		state_add(&hash, &state);
	hash_done(&hash, out->b, ID_LEN);
}

static void hello_send(struct core *core, struct txn *txn, struct peer *peer)
{
	struct sync *sync = &peer->sync;
	struct buf out;
	content_digest(core, txn, &sync->content_sent);
	/* Without all logs the signatures of some members could not be checked: so much as not there yet. */
	sync->charter_sent = core->charter.number;
	if (sync->charter_sent > 0 && !membership_orglogs_here(core, txn))
		sync->charter_sent--;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_hello(&out, core->options.software, sync->charter_sent,
		      core->options.identity->store_incarnation, &sync->content_sent,
		      core->options.dial_only ? NULL : core->options.addresses);
	core_send(core, peer, &out);
}

void sync_hello(struct core *core, struct txn *txn, struct peer *peer)
{
	struct sync *sync = &peer->sync;
	sync->next_hello_ms =
		core->now_ms + core_jitter(core, core->options.limits->anti_entropy_ms);
	if (sync->hello_waits || sync->phase != SYNC_IDLE)
		return;
	sync->hello_waits = true;
	sync->phase_since_ms = core->now_ms;
	hello_send(core, txn, peer);
}

void sync_hello_all(struct core *core, struct txn *txn)
{
	for (size_t i = 0; i < core->peer_count; i++) {
		if (core->peers[i]->up)
			sync_hello(core, txn, core->peers[i]);
	}
}

void sync_up(struct core *core, struct txn *txn, struct peer *peer)
{
	buf_init(&peer->sync.differing,
		 MESSAGE_GROUP_COUNT_MAX * 2 * (size_t)(MESSAGE_GROUP_LEN_MAX + 1));
	/* PROTOCOL: "The dialler sends HELLO." */
	if (peer->dial)
		sync_hello(core, txn, peer);
	else
		peer->sync.next_hello_ms =
			core->now_ms + core_jitter(core, core->options.limits->anti_entropy_ms);
}

/* ---- groups ---- */

static const char *author_group(const struct core *core, uint32_t author)
{
	const struct charter_member *member = core_author_member(core, author);
	return member ? member->group : "";
}

struct group_sum {
	const char *group;
	struct hash hash;
	uint64_t oldest_valid_until_ms;
};

static struct group_sum *group_find(struct group_sum **sums, size_t *count, const char *group,
				    const struct peer *peer)
{
	size_t at = 0;
	while (at < *count && strcmp((*sums)[at].group, group) < 0)
		at++;
	if (at < *count && strcmp((*sums)[at].group, group) == 0)
		return &(*sums)[at];
	struct group_sum *grown = mem_new(*count + 1, sizeof(**sums));
	if (at > 0)
		memcpy(grown, *sums, at * sizeof(**sums));
	if (*count > at)
		memcpy(grown + at + 1, *sums + at, (*count - at) * sizeof(**sums));
	free(*sums);
	*sums = grown;
	(*count)++;
	grown[at].group = group;
	grown[at].oldest_valid_until_ms = INT64_MAX;
	struct key key;
	memcpy(key.b, peer->session_key, sizeof(key.b));
	hash_init(&grown[at].hash, "am1.group", &key, ID_LEN);
	key_wipe(&key);
	return &grown[at];
}

static void groups_send(struct core *core, struct txn *txn, struct peer *peer)
{
	struct sync *sync = &peer->sync;
	struct group_sum *sums = NULL;
	size_t count = 0;
	struct author_state state;
	uint32_t author = 0;
	ledger_settle(&core->ledger, txn);
	while (ledger_state_next(&core->ledger, txn, &author, &state)) {
		struct group_sum *sum = group_find(&sums, &count, author_group(core, author), peer);
		state_add(&sum->hash, &state);
		if ((uint64_t)state.head_valid_until_ms < sum->oldest_valid_until_ms)
			sum->oldest_valid_until_ms = (uint64_t)state.head_valid_until_ms;
	}
	free(sync->groups);
	sync->groups = mem_new(count ? count : 1, sizeof(*sync->groups));
	sync->group_count = count;
	struct message_list list = message_list_begin(MESSAGE_GROUPS);
	for (size_t i = 0; i < count; i++) {
		uint8_t digest[ID_LEN];
		struct message_group *group = &sync->groups[i];
		hash_done(&sums[i].hash, digest, ID_LEN);
		memcpy(group->digest, digest, sizeof(group->digest));
		group->group = bytes_str(sums[i].group);
		group->oldest_valid_until_ms = sums[i].oldest_valid_until_ms;
		message_list_group(&list, group);
	}
	free(sums);
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &out);
	core_send(core, peer, &out);
	phase_set(core, sync, SYNC_GROUPS);
}

static void differing_add(struct sync *sync, struct bytes group)
{
	uint8_t *row = buf_space(&sync->differing, MESSAGE_GROUP_LEN_MAX + 1);
	if (!row)
		return;
	memset(row, 0, MESSAGE_GROUP_LEN_MAX + 1);
	if (group.len)
		memcpy(row, group.ptr, group.len);
}

static bool differing_has(const struct sync *sync, const char *group)
{
	for (size_t at = 0; at < sync->differing.len; at += MESSAGE_GROUP_LEN_MAX + 1) {
		if (strcmp((const char *)sync->differing.ptr + at, group) == 0)
			return true;
	}
	return false;
}

/* ---- states ---- */

void sync_state(struct message_state *out, const struct author_state *state)
{
	out->author = state->author;
	out->incarnation = state->incarnation;
	out->sequence = state->sequence;
	out->counter = state->counter;
	memcpy(out->digest, state->set.b, sizeof(out->digest));
}

static void states_send(struct core *core, struct txn *txn, struct peer *peer)
{
	struct author_state state;
	uint32_t author = 0;
	struct message_list list = message_list_begin(MESSAGE_STATES);
	while (ledger_state_next(&core->ledger, txn, &author, &state)) {
		if (!differing_has(&peer->sync, author_group(core, author)))
			continue;
		struct message_state entry;
		sync_state(&entry, &state);
		message_list_state(&list, &entry);
		if (list.count == SYNC_STATES_PER_MESSAGE) {
			core_send_list(core, peer, &list);
			list = message_list_begin(MESSAGE_STATES);
		}
	}
	if (list.count > 0) {
		core_send_list(core, peer, &list);
		list = message_list_begin(MESSAGE_STATES);
	}
	/* PROTOCOL: "The end of STATES is marked by a STATES message without entries." */
	core_send_list(core, peer, &list);
}

static void want_add(struct sync *sync, uint32_t author, uint32_t incarnation, uint64_t sequence)
{
	if (sync->want_at == sync->want_count) {
		sync->want_at = 0;
		sync->want_count = 0;
	}
	if (sync->want_count >= SYNC_WANT_COUNT_MAX)
		return; /* the next comparison finds the rest */
	if (sync->want_count == sync->want_cap) {
		sync->want_cap = sync->want_cap ? 2 * sync->want_cap : 16;
		sync->wants = mem_grow(sync->wants, sync->want_cap, sizeof(*sync->wants));
	}
	sync->wants[sync->want_count++] = (struct sync_want){
		.author = author, .incarnation = incarnation, .sequence = sequence};
}

/* What the peer lacks of an author, given its state (zero: it has nothing). */
static void want_of(struct sync *sync, const struct author_state *mine,
		    const struct message_state *theirs)
{
	bool newer = mine->incarnation > theirs->incarnation;
	bool same = mine->incarnation == theirs->incarnation;
	if (newer)
		want_add(sync, mine->author, mine->incarnation, 0);
	else if (same && (mine->sequence > theirs->sequence || mine->counter > theirs->counter))
		want_add(sync, mine->author, mine->incarnation, theirs->sequence);
}

/* Authors of differing groups that the peer did not name: it has nothing of them. */
static void wants_unnamed(struct core *core, struct txn *txn, struct peer *peer)
{
	struct sync *sync = &peer->sync;
	struct author_state state;
	uint32_t author = 0;
	size_t named_count = sync->states_named.len / 4;
	while (ledger_state_next(&core->ledger, txn, &author, &state)) {
		bool named = false;
		if (!differing_has(sync, author_group(core, author)))
			continue;
		for (size_t i = 0; i < named_count && !named; i++)
			named = be32_get(sync->states_named.ptr + 4 * i) == author;
		if (!named)
			want_add(sync, author, state.incarnation, 0);
	}
}

/* ---- streaming ---- */

static void totals_send(struct core *core, struct txn *txn, struct peer *peer)
{
	struct sync *sync = &peer->sync;
	uint64_t records = 0;
	for (size_t i = sync->want_at; i < sync->want_count; i++) {
		struct author_state state;
		if (ledger_state(&core->ledger, txn, sync->wants[i].author, &state) == ERR_OK)
			records += state.live_count;
	}
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_totals(&out, sync->want_count - sync->want_at, records, 0);
	core_send(core, peer, &out);
}

static void stream_send(struct core *core, struct peer *peer, struct buf *out)
{
	peer->sync.untaken_bytes += out->len;
	core_send(core, peer, out);
}

/* One step of the current want. True when it is finished. */
static bool stream_step(struct core *core, struct txn *txn, struct peer *peer,
			struct sync_want *want)
{
	struct bytes head;
	struct buf out;
	if (!want->head_sent) {
		want->head_sent = true;
		if (ledger_head(txn, want->author, want->incarnation, &head)) {
			buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
			message_head(&out, head);
			stream_send(core, peer, &out);
		}
	}
	struct row_key prefix = key_author_incarnation(want->author, want->incarnation);
	struct row_key at = key_record(want->author, want->incarnation, want->sequence);
	struct walk walk =
		walk_begin_at(txn, TABLE_RECORD, row_key_bytes(&prefix), row_key_bytes(&at), false);
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	bool done = true;
	while (walk_next(&walk)) {
		message_list_bin(&list, walk.value);
		want->sequence = be64_get(walk.key.ptr + 8);
		if (list.items.len >= SYNC_RECORDS_LEN_MAX) {
			done = false;
			break;
		}
	}
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	bool any = list.count > 0;
	message_list_end(&list, &out);
	if (any)
		stream_send(core, peer, &out);
	else
		buf_fini(&out);
	return done;
}

static void phase_end(struct core *core, struct txn *txn, struct peer *peer)
{
	struct sync *sync = &peer->sync;
	if (sync->phase != SYNC_STREAM || !sync->end_sent || !sync->end_here)
		return;
	phase_set(core, sync, SYNC_IDLE);
	sync->ever_synced = true;
	core_note(core, NOTE_SYNCED)->link = peer->link;
	/* Something may have come meanwhile that both sides believe the other has. */
	struct digest now;
	content_digest(core, txn, &now);
	if (!id_eq(&now, &sync->content_sent) && sync->next_hello_ms > core->now_ms + 1000)
		sync->next_hello_ms = core->now_ms + core_jitter(core, 1000);
}

static void stream(struct core *core, struct txn *txn, struct peer *peer)
{
	struct sync *sync = &peer->sync;
	/* PROTOCOL: "A sender keeps at most 2 MiB of HEAD and RECORDS messages on the way that
	   TAKEN has not confirmed" */
	while (sync->want_at < sync->want_count && sync->untaken_bytes < SYNC_UNTAKEN_MAX) {
		if (stream_step(core, txn, peer, &sync->wants[sync->want_at]))
			sync->want_at++;
	}
	if (sync->want_at < sync->want_count || !sync->stream_end_due)
		return;
	struct buf out;
	sync->stream_end_due = false;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_sync_end(&out);
	core_send(core, peer, &out);
	if (sync->phase == SYNC_STREAM) {
		sync->end_sent = true;
		phase_end(core, txn, peer);
	}
}

static void stream_begin(struct core *core, struct txn *txn, struct peer *peer)
{
	struct sync *sync = &peer->sync;
	wants_unnamed(core, txn, peer);
	buf_fini(&sync->states_named);
	phase_set(core, sync, SYNC_STREAM);
	totals_send(core, txn, peer);
	sync->stream_end_due = true;
	stream(core, txn, peer);
}

/* ---- messages of a comparison ---- */

/* The peer is not in the charter although both sides have the same one. */
static bool stranger(struct core *core, struct peer *peer)
{
	return peer->class == PEER_GUEST && core->author && peer->sync.charter_here > 0 &&
	       peer->sync.charter_here == core->charter.number &&
	       !charter_by_org(&core->charter, &peer->org);
}

static void compare_begin(struct core *core, struct txn *txn, struct peer *peer)
{
	struct sync *sync = &peer->sync;
	if (core->membership.joining && !core->membership.admitted)
		return; /* nothing of a federation is kept before it has said yes */
	if (sync->charter_here > core->charter.number) {
		struct buf out;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_charter_get(&out, core->charter.number + 1);
		core_send(core, peer, &out);
		return;
	}
	if (stranger(core, peer)) {
		core_close_link(core, peer, LINK_REASON_NOT_MEMBER);
		return;
	}
	if (!membership_orglogs_ask(core, txn, peer))
		return; /* a new exchange follows when they are here */
	if (sync->charter_here != sync->charter_sent ||
	    sync->charter_sent != core->charter.number || peer->class != PEER_MEMBER)
		return; /* the peer fetches the charter and begins again */
	if (!sync->met) {
		sync->met = true;
		serve_up(core, txn, peer);
	}
	if (id_eq(&sync->content_sent, &sync->content_here)) {
		sync->ever_synced = true;
		core_note(core, NOTE_SYNCED)->link = peer->link;
		return;
	}
	buf_reset(&sync->differing);
	buf_fini(&sync->states_named);
	buf_init(&sync->states_named, 4 * 256 * (size_t)LIMIT_MEMBER_COUNT_MAX);
	sync->states_here = sync->end_sent = sync->end_here = false;
	groups_send(core, txn, peer);
}

static void hello_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct sync *sync = &peer->sync;
	if (m->version != 1) {
		core_close_link(core, peer, LINK_REASON_VERSION);
		return;
	}
	sync->charter_here = m->number;
	sync->content_here = m->digest;
	snprintf(peer->software, sizeof(peer->software), "%.*s", (int)m->text.len,
		 (const char *)m->text.ptr);
	/* PROTOCOL: "A HELLO is answered by a HELLO, unless the receiver waits for the answer to its own" */
	if (sync->phase != SYNC_IDLE) {
		core_close_link(core, peer, LINK_REASON_PROTOCOL);
		return;
	}
	if (sync->hello_waits)
		sync->hello_waits = false;
	else
		hello_send(core, txn, peer);
	compare_begin(core, txn, peer);
}

static void groups_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct sync *sync = &peer->sync;
	struct message_group theirs;
	size_t mine = 0;
	if (sync->phase != SYNC_GROUPS) {
		core_close_link(core, peer, LINK_REASON_PROTOCOL);
		return;
	}
	while (message_next_group(m, &theirs)) {
		while (mine < sync->group_count &&
		       bytes_cmp(sync->groups[mine].group, theirs.group) < 0)
			differing_add(sync, sync->groups[mine++].group);
		if (mine < sync->group_count && bytes_eq(sync->groups[mine].group, theirs.group)) {
			if (memcmp(sync->groups[mine].digest, theirs.digest, 8) != 0)
				differing_add(sync, theirs.group);
			mine++;
			continue;
		}
		differing_add(sync, theirs.group);
	}
	while (mine < sync->group_count)
		differing_add(sync, sync->groups[mine++].group);
	phase_set(core, sync, SYNC_STATES);
	states_send(core, txn, peer);
}

static void states_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct sync *sync = &peer->sync;
	struct message_state theirs;
	bool comparing = sync->phase == SYNC_STATES;
	if (comparing && m->count == 0) {
		sync->states_here = true;
		stream_begin(core, txn, peer);
		return;
	}
	while (message_next_state(m, &theirs)) {
		struct author_state mine;
		if (comparing)
			buf_add_be32(&sync->states_named, theirs.author);
		if (ledger_state(&core->ledger, txn, theirs.author, &mine) == ERR_OK)
			want_of(sync, &mine, &theirs);
	}
	if (!comparing) {
		sync->stream_end_due = true;
		stream(core, txn, peer);
	}
}

static void sync_end_take(struct core *core, struct txn *txn, struct peer *peer)
{
	struct sync *sync = &peer->sync;
	gossip_taken(core, peer, 0, true);
	ledger_settle(&core->ledger, txn);
	reconcile_begin(core, txn, peer);
	if (sync->phase == SYNC_STREAM) {
		sync->end_here = true;
		phase_end(core, txn, peer);
	}
}

void sync_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct sync *sync = &peer->sync;
	if (m->type == MESSAGE_HELLO)
		hello_take(core, txn, peer, m);
	else if (m->type == MESSAGE_GROUPS)
		groups_take(core, txn, peer, m);
	else if (m->type == MESSAGE_STATES)
		states_take(core, txn, peer, m);
	else if (m->type == MESSAGE_SYNC_END)
		sync_end_take(core, txn, peer);
	else if (m->type == MESSAGE_TAKEN) {
		sync->untaken_bytes -=
			m->bytes < sync->untaken_bytes ? m->bytes : sync->untaken_bytes;
		stream(core, txn, peer);
	}
	/* TOTALS is for people who watch a first comparison; nothing depends on it. */
}

void sync_tick(struct core *core, struct txn *txn)
{
	for (size_t i = 0; i < core->peer_count; i++) {
		struct peer *peer = core->peers[i];
		struct sync *sync = &peer->sync;
		if (!peer->up)
			continue;
		bool busy = sync->phase != SYNC_IDLE || sync->hello_waits;
		if (busy && core->now_ms - sync->phase_since_ms > SYNC_PHASE_MS_MAX) {
			core_close_link(core, peer, LINK_REASON_SILENCE);
			peer->up = false;
		} else if (!busy && core->now_ms >= sync->next_hello_ms) {
			sync_hello(core, txn, peer);
		}
	}
}

int64_t sync_wake(const struct core *core)
{
	int64_t wake = INT64_MAX;
	for (size_t i = 0; i < core->peer_count; i++) {
		const struct sync *sync = &core->peers[i]->sync;
		if (!core->peers[i]->up)
			continue;
		bool busy = sync->phase != SYNC_IDLE || sync->hello_waits;
		int64_t next =
			busy ? sync->phase_since_ms + SYNC_PHASE_MS_MAX + 1 : sync->next_hello_ms;
		if (next < wake)
			wake = next;
	}
	if (core->author) {
		int64_t renew = core->own_head_ms + (int64_t)core->options.limits->head_renew_ms;
		if (renew < wake)
			wake = renew;
	}
	return wake;
}
