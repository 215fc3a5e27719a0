/*
 * joining - using an invitation: the request that is handed in, the words that come of it, the
 * answers (docs/PROTOCOL.md, sections 4.1 and 4.2).
 *
 * One invitation is in use at a time. Its request is made once and handed in again, byte for byte,
 * whenever its issuer is linked; the first b that the issuer draws stays. Both are on disk before
 * they leave.
 */
#ifndef ALLMENDE_JOINING_H
#define ALLMENDE_JOINING_H

#include "proto/charter/opening.h"
#include "proto/hub/hub.h"

struct joining {
	struct buf request; /* signed; empty: none is handed in */
	struct digest a, b;
	bool has_b;
	char words[WORDS_TEXT_LEN]; /* empty before b is known */
};

/*
 * Verb (EVENT_CALL): remembers the invitation and begins to join; the outcome is NOTE_JOINED or
 * NOTE_JOIN_FAILED, and in membership_status(). The name, slug and ags must be this organisation's.
 */
enum err joining_begin(struct hub *hub, struct txn *txn, int64_t now_ms, const char *text,
		       char *why);
/* The six words to read to the stewards; empty when there are none. */
void joining_words(const struct hub *hub, char out[WORDS_TEXT_LEN]);

/* ---- for the core ---- */

void joining_open(struct hub *hub, struct txn *txn);
void joining_close(struct hub *hub);
/* A peer is linked: the request, when it is the issuer. */
void joining_up(struct hub *hub, struct txn *txn, struct peer *peer);
/* JOIN_ANSWER */
void joining_answer_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
/*
 * With the invitation in use it will not work; hub.place_why says why. A new one may be used at
 * once.
 */
void joining_failed(struct hub *hub, struct txn *txn);
/* A comparison with a member has come to its end. */
void joining_compared(struct hub *hub, struct txn *txn);

#endif
