#include "proto/link/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/link/frame.h"

struct outbox_message {
	struct outbox_message *next;
	struct buf framed; /* room for a header, then the message */
	size_t len;
	size_t at;       /* data bytes that have left */
	size_t peek_len; /* data bytes of the fragment last looked at */
};

void outbox_init(struct outbox *outbox, uint8_t channel, uint64_t credit)
{
	*outbox = (struct outbox){.channel = channel, .credit = credit};
	outbox->end = &outbox->first;
}

static void drop_first(struct outbox *outbox)
{
	struct outbox_message *message = outbox->first;
	outbox->first = message->next;
	if (!outbox->first)
		outbox->end = &outbox->first;
	outbox->byte_count -= outbox_cost(message->len);
	buf_fini(&message->framed);
	free(message);
}

void outbox_clear(struct outbox *outbox)
{
	while (outbox->first)
		drop_first(outbox);
}

void outbox_fini(struct outbox *outbox)
{
	outbox_clear(outbox);
}

size_t outbox_cost(size_t message_len)
{
	return sizeof(struct outbox_message) + FRAME_HEADER_LEN + message_len;
}

void outbox_take(struct outbox *outbox, struct buf *framed)
{
	struct outbox_message *message = mem_new(1, sizeof(*message));
	check(!framed->err && framed->len >= FRAME_HEADER_LEN);
	*message = (struct outbox_message){.framed = *framed};
	message->len = framed->len - FRAME_HEADER_LEN;
	buf_init(framed, framed->max);
	*outbox->end = message;
	outbox->end = &message->next;
	outbox->byte_count += outbox_cost(message->len);
}

enum err outbox_put(struct outbox *outbox, struct bytes message)
{
	struct buf framed;
	buf_init(&framed, FRAME_HEADER_LEN + message.len);
	uint8_t *room = buf_space(&framed, FRAME_HEADER_LEN + message.len);
	if (!room)
		return framed.err;
	if (message.len > 0)
		memcpy(room + FRAME_HEADER_LEN, message.ptr, message.len);
	outbox_take(outbox, &framed);
	return ERR_OK;
}

bool outbox_ready(const struct outbox *outbox)
{
	return outbox->first && (outbox->credit > 0 || outbox->first->len == 0);
}

struct bytes outbox_peek(struct outbox *outbox)
{
	check(outbox_ready(outbox));
	struct outbox_message *message = outbox->first;
	size_t len = message->len - message->at;
	if (len > FRAME_DATA_LEN_MAX)
		len = FRAME_DATA_LEN_MAX;
	if (len > outbox->credit)
		len = (size_t)outbox->credit;
	message->peek_len = len;
	/* the header overwrites what has left already, so no fragment is copied */
	uint8_t *header = message->framed.ptr + message->at;
	header[0] = outbox->channel;
	header[1] = message->at + len == message->len ? FRAME_FLAG_LAST : 0;
	return bytes_of(header, FRAME_HEADER_LEN + len);
}

void outbox_sent(struct outbox *outbox)
{
	struct outbox_message *message = outbox->first;
	message->at += message->peek_len;
	outbox->credit -= message->peek_len;
	if (message->at == message->len)
		drop_first(outbox);
}

void outbox_add_credit(struct outbox *outbox, uint32_t bytes)
{
	outbox->credit += bytes; /* 64 bits: no peer lives to see them wrap */
}
