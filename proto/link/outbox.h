/*
 * outbox - messages of one channel that wait to be sent, and the peer's credit for them.
 *
 * First in, first out. A message leaves in fragments, each as long as frame and credit allow.
 * The owner bounds the sum over its outboxes by outbox_cost().
 */
#ifndef ALLMENDE_OUTBOX_H
#define ALLMENDE_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"

struct outbox_message;

struct outbox {
	uint8_t channel;
	struct outbox_message *first, **end;
	uint64_t credit;   /* data bytes that the peer takes */
	size_t byte_count; /* memory held */
};

void outbox_init(struct outbox *outbox, uint8_t channel, uint64_t credit);
void outbox_fini(struct outbox *outbox);
/* Forgets all messages, the one begun included. */
void outbox_clear(struct outbox *outbox);
/* Memory that a message of this length takes. */
size_t outbox_cost(size_t message_len);
/* Copies. ERR_NOMEM. */
enum err outbox_put(struct outbox *outbox, struct bytes message);
/* Takes a message that stands behind FRAME_HEADER_LEN bytes of room. */
void outbox_take(struct outbox *outbox, struct buf *framed);
/* A fragment may be sent now. */
bool outbox_ready(const struct outbox *outbox);
/* Header and data of the next fragment; outbox_ready() holds. Valid until outbox_sent(). */
struct bytes outbox_peek(struct outbox *outbox);
/* The fragment last looked at has left. */
void outbox_sent(struct outbox *outbox);
void outbox_add_credit(struct outbox *outbox, uint32_t bytes);

#endif
