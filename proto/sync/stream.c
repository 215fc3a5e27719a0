#include "proto/sync/stream.h"

#include <stdlib.h>

#include "crypto/check.h"
#include "proto/sync/salvage.h"

enum {
	STREAM_LEN_MAX = 64 * 1024,       /* of one RECORDS message, and a record or a list more */
	STREAM_LIST_LEN_MAX = 256 * 1024, /* of a list in it */
	STREAM_RECORD_LEN = 4096,         /* records are longer on the average: not list by list */
	STREAM_HARDLY = 4,                /* a part of the sequences */
};

static void head_send(struct hub *hub, struct txn *txn, struct peer *peer,
		      const struct sync_want *want)
{
	struct bytes head;
	struct buf out;
	if (!ledger_head(txn, want->author, want->incarnation, &head))
		return;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_head(&out, head);
	flow_send(hub, peer, &out);
}

static void records_send(struct hub *hub, struct peer *peer, struct message_list *list)
{
	if (list->count > 0)
		flow_send_list(hub, peer, list);
	else
		buf_fini(&list->items);
}

/* In order of sequence. */
static bool records_step(struct hub *hub, struct txn *txn, struct peer *peer,
			 struct sync_want *want)
{
	struct row_key prefix = key_author_incarnation(want->author, want->incarnation);
	struct row_key at = key_record(want->author, want->incarnation, want->sequence);
	struct walk walk =
		walk_begin_at(txn, TABLE_RECORD, row_key_bytes(&prefix), row_key_bytes(&at), false);
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	bool done = true;
	while (walk_next(&walk)) {
		message_list_bin(&list, walk.value);
		want->sequence = be64_get(walk.key.ptr + 8);
		if (list.items.len >= STREAM_LEN_MAX || list.count == MESSAGE_RECORD_COUNT_MAX) {
			done = false;
			break;
		}
	}
	records_send(hub, peer, &list);
	return done;
}

/* ---- list by list ---- */

struct lists {
	struct message_list message;
	struct buf path; /* of the first list, */
	uint64_t parent; /* and the node above it */
};

static uint64_t parent_of(const struct setdigest_page *page)
{
	return page->depth > 0 ? setdigest_first(page->place, page->depth - 1) : 0;
}

/* Whether a list goes into the same message: those below one node have one path. */
static bool list_joins(const struct lists *lists, const struct setdigest_page *page)
{
	return lists->message.count == 0 ||
	       (page->depth * SETDIGEST_STEP_LEN == lists->path.len &&
		parent_of(page) == lists->parent &&
		lists->message.count + page->count <= MESSAGE_RECORD_COUNT_MAX);
}

/* False: it is too long. */
static bool stream_list_add(struct txn *txn, const struct sync_want *want, struct lists *lists,
			    const struct setdigest_page *page)
{
	struct message_list *message = &lists->message;
	const size_t before = message->items.len;
	struct bytes whole;
	if (message->count == 0) {
		buf_reset(&lists->path);
		buf_add(&lists->path, bytes_of(page->path, page->depth * SETDIGEST_STEP_LEN));
		lists->parent = parent_of(page);
	}
	for (size_t i = 0; i < page->count; i++)
		if (ledger_record(txn, want->author, want->incarnation, page->leaves[i].sequence,
				  &whole))
			message_list_bin(message, whole);
	return message->items.len - before <= STREAM_LIST_LEN_MAX;
}

/* Adds the lists from want->place on that fit into one message; true when these are the last. */
static bool lists_add(struct txn *txn, struct sync_want *want, struct lists *lists)
{
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	bool done = false;
	while (!done && lists->message.items.len < STREAM_LEN_MAX) {
		want->lists =
			setdigest_page(txn, want->author, want->incarnation, want->place, page);
		if (!want->lists || !list_joins(lists, page))
			break;
		want->lists = stream_list_add(txn, want, lists, page);
		if (!want->lists)
			break;
		const uint64_t last = setdigest_page_last(page);
		done = last == UINT64_MAX;
		want->place = last + 1;
	}
	free(page);
	return done;
}

static bool set_is_whole(const struct author_state *state)
{
	return state->counter > 0 && !ledger_partial(state);
}

/* The set may have moved on meanwhile: then the head goes again before what it proves. */
static bool lists_step(struct hub *hub, struct txn *txn, struct peer *peer, struct sync_want *want)
{
	struct lists lists = {.message = message_list_begin(MESSAGE_RECORDS)};
	struct author_state state;
	if (ledger_state(&hub->ledger, txn, want->author, &state) ||
	    state.incarnation != want->incarnation)
		return true;
	if (set_is_whole(&state) && state.counter != want->counter) {
		want->counter = state.counter;
		head_send(hub, txn, peer, want);
	}
	buf_init(&lists.path, SETDIGEST_DEPTH_MAX * SETDIGEST_STEP_LEN);
	const bool done = lists_add(txn, want, &lists);
	lists.message.has_path = set_is_whole(&state);
	lists.message.path = buf_bytes(&lists.path);
	/* A list that can not be told: all goes in order of sequence. */
	if (want->lists)
		records_send(hub, peer, &lists.message);
	else
		buf_fini(&lists.message.items);
	buf_fini(&lists.path);
	return done;
}

/*
 * The peer has hardly anything of it: what it gets twice costs less than signatures. Of long
 * records a signature is the least.
 */
static bool lists_are_due(struct hub *hub, struct txn *txn, const struct sync_want *want)
{
	struct author_state state;
	return !ledger_state(&hub->ledger, txn, want->author, &state) &&
	       state.incarnation == want->incarnation && set_is_whole(&state) &&
	       want->sequence <= state.sequence / STREAM_HARDLY &&
	       state.live_bytes <= state.live_count * STREAM_RECORD_LEN;
}

bool stream_step(struct hub *hub, struct txn *txn, struct peer *peer, struct sync_want *want)
{
	if (want->author == hub->author && salvage_holds(hub))
		return true;
	if (!want->begun) {
		want->begun = true;
		want->lists = lists_are_due(hub, txn, want);
		if (!want->lists)
			head_send(hub, txn, peer, want);
	}
	return want->lists ? lists_step(hub, txn, peer, want) : records_step(hub, txn, peer, want);
}
