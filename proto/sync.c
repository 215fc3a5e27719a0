/*
 * sync - comparing two nodes' records, streaming what is missing, announcing what is new
 * (docs/PROTOCOL.md, section 9: Session, Reconciliation, Gossip).
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
	SYNC_TAKEN_STEP = 512 * 1024,
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

static void state_message(struct message_state *out, const struct author_state *state)
{
	out->author = state->author;
	out->incarnation = state->incarnation;
	out->sequence = state->sequence;
	out->counter = state->counter;
	memcpy(out->digest, state->set.b, sizeof(out->digest));
}

static void list_send(struct core *core, const struct peer *peer, struct message_list *list)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(list, &out);
	core_send(core, peer, &out);
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
		state_message(&entry, &state);
		message_list_state(&list, &entry);
		if (list.count == SYNC_STATES_PER_MESSAGE) {
			list_send(core, peer, &list);
			list = message_list_begin(MESSAGE_STATES);
		}
	}
	if (list.count > 0) {
		list_send(core, peer, &list);
		list = message_list_begin(MESSAGE_STATES);
	}
	/* PROTOCOL: "The end of STATES is marked by a STATES message without entries." */
	list_send(core, peer, &list);
}

/* Asks a peer for what it has of one author beyond what is here. */
static void states_ask(struct core *core, struct txn *txn, struct peer *peer, uint32_t author)
{
	struct author_state state;
	struct message_state entry = {.author = author};
	if (ledger_state(&core->ledger, txn, author, &state) == ERR_OK)
		state_message(&entry, &state);
	struct message_list list = message_list_begin(MESSAGE_STATES);
	message_list_state(&list, &entry);
	list_send(core, peer, &list);
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

/* ---- heads and records ---- */

static void taken_count(struct core *core, struct peer *peer, size_t len, bool now)
{
	struct sync *sync = &peer->sync;
	sync->taken_bytes += len;
	if (sync->taken_bytes == 0 || (!now && sync->taken_bytes < SYNC_TAKEN_STEP))
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
	struct message_list list = message_list_begin(MESSAGE_ORGLOG_GET);
	message_list_org(&list, &member->org, known + 1);
	list_send(core, peer, &list);
}

static void head_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct head head;
	struct author_state before = {0};
	bool evidence = false;
	if (head_decode(&head, m->body) != ERR_OK) {
		core_close_link(core, peer, LINK_REASON_MALFORMED);
		return;
	}
	ledger_state(&core->ledger, txn, head.author, &before);
	enum err err = ledger_accept_head(&core->ledger, txn, m->body, &evidence);
	taken_count(core, peer, m->body.len + 5, false);
	if (evidence) {
		struct note *note = core_note(core, NOTE_EVIDENCE);
		note->author = head.author;
		note->link = peer->link;
	}
	if (sender_fault(err))
		core_close_link(core, peer, LINK_REASON_MALFORMED);
	if (err != ERR_OK)
		return;
	orglog_ask(core, txn, peer, &head);
	struct news *news = news_of(core, head.author);
	if (news->from_link == 0)
		news->sequence_before =
			before.incarnation == head.incarnation ? before.sequence : 0;
	news->from_link = peer->link;
	/* A head that does not follow the one known: its records alone would leave a gap. */
	bool gap = before.incarnation != head.incarnation || before.counter + 1 != head.counter;
	news->pull = gap || head.last_sequence > before.sequence;
}

static void records_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct bytes whole;
	while (message_next_bin(m, &whole)) {
		struct ledger_news news;
		enum err err = ledger_accept_record(&core->ledger, txn, whole, &news);
		taken_count(core, peer, whole.len + 5, false);
		if (err == ERR_OK)
			core_record_news(core, txn, &news);
		else if (err == ERR_AGAIN)
			core_note(core, NOTE_DEFERRED)->link = peer->link;
		if (sender_fault(err)) {
			core_close_link(core, peer, LINK_REASON_MALFORMED);
			return;
		}
	}
}

/* ---- reconciliation ---- */

static void reconcile(struct core *core, struct txn *txn, struct peer *peer)
{
	struct author_state state;
	uint32_t author = 0;
	struct buf out;
	while (ledger_state_next(&core->ledger, txn, &author, &state)) {
		if (author == core->author ||
		    ledger_completeness(&state, core->now_ms) != LEDGER_PARTIAL)
			continue;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_buckets_get(&out, author, state.incarnation, state.counter);
		core_send(core, peer, &out);
	}
}

/* What is here is exactly what the head of this counter says, so it can be shown to others. */
static bool complete_at(struct core *core, struct txn *txn, const struct message *m)
{
	struct author_state state;
	return ledger_state(&core->ledger, txn, m->author, &state) == ERR_OK &&
	       state.incarnation == m->incarnation && state.counter == m->counter &&
	       id_eq(&state.set, &state.head_set);
}

static void buckets_get(struct core *core, struct txn *txn, struct peer *peer,
			const struct message *m)
{
	if (!complete_at(core, txn, m))
		return;
	uint8_t *buckets = mem_new(1, SETDIGEST_BUCKETS_LEN);
	struct buf out;
	setdigest_buckets(txn, m->author, m->incarnation, buckets);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_buckets(&out, m->author, m->incarnation, m->counter, buckets);
	core_send(core, peer, &out);
	free(buckets);
}

static void buckets_take(struct core *core, struct txn *txn, struct peer *peer,
			 const struct message *m)
{
	struct sync *sync = &peer->sync;
	enum err err = ledger_buckets_check(&core->ledger, txn, m->author, m->incarnation,
					    m->counter, m->body.ptr);
	if (err != ERR_OK) {
		if (err == ERR_DENIED)
			core_close_link(core, peer, LINK_REASON_PROTOCOL);
		return;
	}
	uint8_t *mine = mem_new(1, SETDIGEST_BUCKETS_LEN);
	setdigest_buckets(txn, m->author, m->incarnation, mine);
	if (!sync->buckets)
		sync->buckets = mem_new(256, sizeof(*sync->buckets));
	memcpy(sync->buckets, m->body.ptr, SETDIGEST_BUCKETS_LEN);
	sync->reconcile_author = m->author;
	for (unsigned i = 0; i < 256; i++) {
		struct buf out;
		if (memcmp(mine + (size_t)i * ID_LEN, sync->buckets[i].b, ID_LEN) == 0)
			continue;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_leaves_get(&out, m->author, m->incarnation, m->counter, (uint8_t)i);
		core_send(core, peer, &out);
	}
	free(mine);
}

static void leaves_get(struct core *core, struct txn *txn, struct peer *peer,
		       const struct message *m)
{
	struct setdigest_leaves leaves;
	struct buf out;
	if (!complete_at(core, txn, m))
		return;
	setdigest_leaves(txn, m->author, m->incarnation, m->bucket, &leaves);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_leaves(&out, m->author, m->incarnation, m->counter, m->bucket, &leaves);
	core_send(core, peer, &out);
	setdigest_leaves_fini(&leaves);
}

static void leaves_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct sync *sync = &peer->sync;
	struct setdigest_leaves leaves = {0};
	struct buf missing, out;
	if (sync->reconcile_author != m->author || !sync->buckets)
		return; /* an answer to a question since forgotten */
	leaves.items = mem_new(m->count ? m->count : 1, sizeof(*leaves.items));
	while (message_next_leaf(m, &leaves.items[leaves.count]))
		leaves.count++;
	buf_init(&missing, 8 * (size_t)UINT16_MAX);
	enum err err =
		ledger_reconcile_bucket(&core->ledger, txn, m->author, m->incarnation, m->counter,
					m->bucket, &sync->buckets[m->bucket], &leaves, &missing);
	if (err == ERR_DENIED)
		core_close_link(core, peer, LINK_REASON_PROTOCOL);
	if (err == ERR_OK) {
		core->transfer.scan_due = true;
		if (missing.len > 0) {
			buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
			message_records_get(&out, m->author, m->incarnation, buf_bytes(&missing));
			core_send(core, peer, &out);
		}
	}
	buf_fini(&missing);
	setdigest_leaves_fini(&leaves);
}

static void records_get(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	uint64_t sequence;
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	while (message_next_sequence(m, &sequence)) {
		struct bytes whole;
		if (!ledger_record(txn, m->author, m->incarnation, sequence, &whole))
			continue;
		message_list_bin(&list, whole);
		if (list.items.len < SYNC_RECORDS_LEN_MAX)
			continue;
		list_send(core, peer, &list);
		list = message_list_begin(MESSAGE_RECORDS);
	}
	list_send(core, peer, &list);
}

static void sync_end_take(struct core *core, struct txn *txn, struct peer *peer)
{
	struct sync *sync = &peer->sync;
	taken_count(core, peer, 0, true);
	ledger_settle(&core->ledger, txn);
	reconcile(core, txn, peer);
	if (sync->phase == SYNC_STREAM) {
		sync->end_here = true;
		phase_end(core, txn, peer);
	}
}

void sync_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	/* Messages of members only got here because core.c let them. */
	if (m->type == MESSAGE_HELLO)
		hello_take(core, txn, peer, m);
	else if (m->type == MESSAGE_GROUPS)
		groups_take(core, txn, peer, m);
	else if (m->type == MESSAGE_STATES)
		states_take(core, txn, peer, m);
	else if (m->type == MESSAGE_HEAD)
		head_take(core, txn, peer, m);
	else if (m->type == MESSAGE_RECORDS)
		records_take(core, txn, peer, m);
	else if (m->type == MESSAGE_BUCKETS_GET)
		buckets_get(core, txn, peer, m);
	else if (m->type == MESSAGE_BUCKETS)
		buckets_take(core, txn, peer, m);
	else if (m->type == MESSAGE_LEAVES_GET)
		leaves_get(core, txn, peer, m);
	else if (m->type == MESSAGE_LEAVES)
		leaves_take(core, txn, peer, m);
	else if (m->type == MESSAGE_RECORDS_GET)
		records_get(core, txn, peer, m);
	else if (m->type == MESSAGE_SYNC_END)
		sync_end_take(core, txn, peer);
	else if (m->type == MESSAGE_TAKEN) {
		struct sync *sync = &peer->sync;
		sync->untaken_bytes -=
			m->bytes < sync->untaken_bytes ? m->bytes : sync->untaken_bytes;
		stream(core, txn, peer);
	}
}

/* ---- gossip ---- */

static void announce(struct core *core, struct txn *txn, const struct news *news)
{
	struct author_state state;
	struct bytes head, whole;
	if (ledger_state(&core->ledger, txn, news->author, &state) != ERR_OK ||
	    !ledger_head(txn, news->author, state.incarnation, &head))
		return;
	/* PROTOCOL: "HEAD followed by RECORDS when these have at most 4096 bytes, else HEAD alone." */
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
		if (!peer->up || peer->class != PEER_MEMBER || peer->link == news->from_link ||
		    peer->author == news->author)
			continue;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_head(&out, head);
		core_send(core, peer, &out);
		if (!fits)
			continue;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		buf_add(&out, whole);
		core_send(core, peer, &out);
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

void sync_settle(struct core *core, struct txn *txn)
{
	const struct limits *limits = core->options.limits;
	ledger_settle(&core->ledger, txn);
	if (core->author) {
		struct author_state own = {0};
		bool known = ledger_state(&core->ledger, txn, core->author, &own) == ERR_OK;
		bool renew = known && own.counter > 0 &&
			     core->now_ms >= own.head_time_ms + (int64_t)limits->head_renew_ms;
		if (known && (core->head_due || renew || own.counter == 0)) {
			struct news *news = news_of(core, core->author);
			news->sequence_before = own.head_last_sequence;
			enum err err = ledger_head_make(&core->ledger, txn, NULL);
			if (err != ERR_OK)
				txn_fail(txn, err);
		}
		core->own_head_ms = known && own.counter ? own.head_time_ms : core->now_ms;
		core->head_due = false;
	}
	for (size_t i = 0; i < core->news_count; i++) {
		announce(core, txn, &core->news[i]);
		pull(core, txn, &core->news[i]);
	}
	core->news_count = 0;
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
