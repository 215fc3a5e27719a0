#include "test/sim/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/wire/envelope.h"

static enum err run(struct hub *hub, struct txn *txn, struct decision *d,
		    struct voting_outcome *out, struct buf *vote)
{
	const struct voting_heard heard = {.words = d->words, .unheard = !d->words};
	size_t count = 0;
	while (count < 4 && d->slugs[count])
		count++;
	switch (d->verb) {
	case DECIDE_APPROVE:
		return request_approve(hub, txn, d->slug, d->words, out, d->why);
	case DECIDE_REFUSE:
		return request_refuse(hub, txn, d->slug, d->why);
	case DECIDE_REMOVE:
		return voting_remove(hub, txn, d->slug, !d->looks, out, d->why);
	case DECIDE_RELAY:
		return voting_relay(hub, txn, d->slug, !d->looks, out, d->why);
	case DECIDE_STEWARDS:
		return voting_stewards(hub, txn, d->slugs, count, d->threshold, !d->looks, out,
				       d->why);
	case DECIDE_SETTLE:
		return voting_settlement(hub, txn, d->slug, d->slugs, count, d->threshold,
					 !d->looks, out, d->why);
	case DECIDE_VOTE:
		return voting_vote(hub, txn, d->slug, &heard, !d->looks, out, vote, d->why);
	case DECIDE_TEXT:
		return voting_text(hub, txn, d->slug, &heard, !d->looks, out, vote, d->why);
	case DECIDE_LEAVE:
		return voting_leave(hub, txn, d->slug, d->why);
	}
	return ERR_CONFIG;
}

static void text_keep(char *out, size_t size, const struct buf *text)
{
	assert_int_equal(text->err, ERR_OK);
	assert_true(text->len < size);
	snprintf(out, size, "%.*s", (int)text->len, (const char *)text->ptr);
}

static void call_decide(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct decision *d = arg;
	struct voting_outcome out;
	struct buf vote;
	voting_outcome_init(&out);
	buf_init(&vote, ENVELOPE_LEN_MAX);
	d->why[0] = 0;
	d->err = run(hub, txn, d, &out, &vote);
	hex_put(d->hex, id_bytes(&out.id));
	d->number = out.number;
	d->voted = out.voted;
	d->accepted = out.accepted;
	text_keep(d->said, sizeof(d->said), &out.words);
	text_keep(d->vote, sizeof(d->vote), &vote);
	/* Whoever is refused is told why. */
	assert_true(d->err == ERR_OK || d->why[0] || txn_err(txn));
	buf_fini(&vote);
	voting_outcome_fini(&out);
}

enum err decide(struct sim_node *node, struct decision *decision)
{
	if (!sim_call(node, call_decide, decision))
		decision->err = ERR_IO;
	return decision->err;
}

static bool has_words(struct sim *sim, void *arg)
{
	return sim_status(arg).words[0] != 0;
}

void decide_words(struct sim_node *joiner, char out[WORDS_TEXT_LEN])
{
	assert_true(sim_run(joiner->sim, 120000, has_words, joiner));
	sim_run(joiner->sim, 1000, NULL, NULL);
	const struct membership_status status = sim_status(joiner);
	memcpy(out, status.words, sizeof(status.words));
}

struct text_call {
	const char *id;
	struct buf *out;
	enum err err;
};

static void call_text(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct text_call *call = arg;
	char why[WHY_LEN];
	call->err = voting_proposal_text(hub, txn, call->id, call->out, why);
}

void decide_text(struct sim_node *node, const char *id, struct buf *out)
{
	struct text_call call = {.id = id, .out = out};
	assert_true(sim_call(node, call_text, &call));
	assert_int_equal(call.err, ERR_OK);
	buf_add_u8(out, 0);
}

struct list_call {
	size_t index;
	struct voting_proposal *out;
	char *said;
	bool found;
};

static void call_proposal(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct list_call *call = arg;
	struct buf words;
	buf_init(&words, VOTING_WORDS_LEN_MAX);
	call->found = voting_proposal(hub, txn, call->index, call->out, &words);
	if (call->said)
		text_keep(call->said, 4096, &words);
	buf_fini(&words);
}

bool decide_proposal(struct sim_node *node, size_t index, struct voting_proposal *out, char *said)
{
	struct list_call call = {.index = index, .out = out, .said = said};
	return sim_call(node, call_proposal, &call) && call.found;
}

static void call_split(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	*(bool *)arg = voting_is_split(hub, txn);
}

bool decide_split(struct sim_node *node)
{
	bool split = false;
	return sim_call(node, call_split, &split) && split;
}
