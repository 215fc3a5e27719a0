/*
 * guest - one session with a member, by somebody who is nobody there yet: the charter of the
 * federation and the logs of its organisations, which are told to everybody who knows the
 * federation's id.
 *
 * It blocks, and gives up by itself: GUEST_WAIT_MS for each answer. What comes is not checked here;
 * whoever takes it into a store does that.
 */
#ifndef ALLMENDE_GUEST_H
#define ALLMENDE_GUEST_H

#include "crypto/id.h"
#include "proto/hub/message.h"
#include "tools/kit/tool.h"

enum { GUEST_WAIT_MS = 20 * 1000 };

struct guest;

/* address: HOST:PORT. Prints its own complaint; *out is released with guest_close(). */
int guest_open(struct guest **out, const char *address, const struct fed_id *fed);
void guest_close(struct guest *guest);
/* The transport key of the node that answers, proven. */
const struct dh_pk *guest_peer_key(const struct guest *guest);
/*
 * Entries from number `first` on, as many as fit into one answer: message_next_bin() and
 * message_next_entry() read them, and none are the end. Valid until the next call. Prints its own
 * complaint.
 */
int guest_charter(struct guest *guest, uint32_t first, struct message *answer);
int guest_orglog(struct guest *guest, const struct org_id *org, uint32_t first,
		 struct message *answer);

#endif
