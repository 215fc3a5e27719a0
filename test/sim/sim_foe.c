/* Possessed nodes: the link machine is real, everything above it is the test. */
#include "test/sim/sim_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"

void sim_possess(struct sim_node *node, const struct fed_id *fed)
{
	struct sim_foe *foe = mem_new(1, sizeof(*foe));
	for (size_t i = 0; i < SIM_MESSAGE_MAX; i++)
		buf_init(&foe->last[i], LIMIT_MESSAGE_LEN_MAX);
	foe->fed = fed ? *fed : node->hub->charter.fed;
	foe->member = author_member(node->hub->author);
	foe->org = node->identity.org;
	wires_abandon(node);
	inbox_clear(node);
	effects_reset(&node->effects);
	core_close(node->core);
	node->core = NULL;
	node->hub = NULL;
	node->foe = foe;
}

void foe_free(struct sim_node *node)
{
	for (size_t i = 0; node->foe && i < SIM_MESSAGE_MAX; i++)
		buf_fini(&node->foe->last[i]);
	free(node->foe);
	node->foe = NULL;
}

static void foe_message(struct sim_node *node, struct bytes bytes)
{
	struct sim_foe *foe = node->foe;
	struct message m;
	/* What a core says is always well-formed. */
	assert_int_equal(message_decode(&m, bytes), ERR_OK);
	foe->got[m.type]++;
	foe->got_bytes += bytes.len;
	buf_reset(&foe->last[m.type]);
	buf_add(&foe->last[m.type], bytes);
	if (foe->answer) {
		/* The answer may make the link machine move its memory. */
		struct buf copy;
		buf_init(&copy, LIMIT_MESSAGE_LEN_MAX);
		buf_add(&copy, bytes);
		assert_int_equal(message_decode(&m, buf_bytes(&copy)), ERR_OK);
		foe->answer(node, &m, foe->arg);
		buf_fini(&copy);
	}
}

void foe_event(struct sim_node *node, struct sim_end *end, const struct link_event *event)
{
	struct sim_foe *foe = node->foe;
	if (foe->listens && event->type == LINK_EVENT_CERT)
		foe->link_id = end->link_id;
	bool latest = end->link_id == foe->link_id;
	if (event->type == LINK_EVENT_CERT) {
		link_admit(&end->link, true, LINK_REASON_DONE);
	} else if (event->type == LINK_EVENT_UP) {
		foe->up = foe->up || latest;
	} else if (event->type == LINK_EVENT_MESSAGE) {
		size_t len = event->message.len;
		uint8_t channel = event->channel;
		foe_message(node, event->message);
		link_consumed(&end->link, channel, len);
	} else if (latest) {
		foe->up = false;
		foe->closed = true;
		foe->reason = event->reason;
	}
}

static bool foe_settled(struct sim *sim, void *arg)
{
	const struct sim_node *foe = arg;
	return foe->foe->up || foe->foe->closed;
}

bool sim_foe_dial(struct sim_node *foe, struct sim_node *victim)
{
	struct sim_item item = {.kind = SIM_CONNECT};
	wires_abandon(foe);
	foe->foe->up = foe->foe->closed = false;
	foe->foe->link_id = foe->link_last + 1;
	if (!wire_connect(foe, victim, &item))
		return false;
	node_pump(foe);
	sim_run(foe->sim, 10000, foe_settled, foe);
	return foe->foe->up;
}

bool sim_say_on(struct sim_node *foe, uint8_t channel, struct buf *message)
{
	struct sim_end *end = end_of_link(foe, foe->foe->link_id);
	bool said =
		end && foe->foe->up && link_send(&end->link, channel, buf_bytes(message)) == ERR_OK;
	assert_int_equal(message->err, ERR_OK);
	buf_fini(message);
	node_pump(foe);
	return said;
}

bool sim_say(struct sim_node *foe, struct buf *message)
{
	return sim_say_on(foe, LINK_CHANNEL_SYNC, message);
}
