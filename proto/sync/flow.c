#include "proto/sync/flow.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/siphash.h"

enum { FLOW_TAKEN_STEP = 64 * 1024 }; /* bytes that are confirmed together */

void flow_open(struct peer *peer)
{
	peer->sync = mem_new(1, sizeof(*peer->sync));
	peer->sync->next_hello_ms = INT64_MAX;
}

void flow_close(struct peer *peer)
{
	free(peer->sync->wants);
	free(peer->sync->reconcile.waits);
	for (size_t i = 0; i < REPAIR_COUNT_MAX; i++) {
		buf_fini(&peer->sync->reconcile.repairs[i].missing);
		buf_fini(&peer->sync->reconcile.repairs[i].named);
	}
	free(peer->sync);
	peer->sync = NULL;
}

void flow_send(struct hub *hub, struct peer *peer, struct buf *message)
{
	peer->sync->untaken_bytes += message->len;
	hub_send(hub, peer, message);
}

void flow_send_list(struct hub *hub, struct peer *peer, struct message_list *list)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(list, &out);
	flow_send(hub, peer, &out);
}

void flow_progress(struct hub *hub, struct peer *peer)
{
	peer->sync->phase_since_ms = hub->mono_ms;
}

void flow_taken(struct hub *hub, struct peer *peer, size_t len, bool now)
{
	struct peer_sync *sync = peer->sync;
	sync->taken_bytes += len;
	sync->phase_since_ms = hub->mono_ms; /* slow, but moving */
	if (sync->taken_bytes == 0 || (!now && sync->taken_bytes < FLOW_TAKEN_STEP))
		return;
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_taken(&out, sync->taken_bytes);
	hub_send(hub, peer, &out);
	sync->taken_bytes = 0;
}

/*
 * PROTOCOL: "`short` are the lowest 32 bits of the SipHash of the set digest under the key of
 * SKETCH" - so who signs two sets can not choose them alike in that.
 */
static uint32_t set_short(const struct peer *peer, const struct digest *set)
{
	return (uint32_t)siphash(peer->session_key, id_bytes(set));
}

void flow_state(const struct peer *peer, struct message_state *out,
		const struct author_state *state)
{
	out->author = state->author;
	out->incarnation = state->incarnation;
	out->sequence = state->sequence;
	out->counter = state->counter;
	out->set = state->incarnation > 0 ? set_short(peer, &state->set) : 0;
}

/* Who has taken the highest sequence may lack what comes before: only the set tells. */
void flow_own_shown(struct peer *peer, const struct author_state *mine,
		    const struct message_state *theirs)
{
	peer->own_heard = (struct own_place){theirs->incarnation, theirs->sequence};
	if (mine->incarnation == theirs->incarnation && set_short(peer, &mine->set) == theirs->set)
		peer->own_same = (struct own_place){mine->incarnation, mine->sequence};
}

void flow_page(struct setdigest_page *page, struct message *m)
{
	page->place = m->place;
	page->depth = (unsigned)(m->body.len / SETDIGEST_STEP_LEN);
	if (page->depth > 0)
		memcpy(page->path, m->body.ptr, m->body.len);
	while (message_next_leaf(m, &page->leaves[page->count]))
		page->count++;
}
