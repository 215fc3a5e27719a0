/*
 * envelope - bytes that travel as one line of text, by mail or on paper: "allmende2" and a letter
 * that says what it is, a hyphen, base64url of the bytes and of a check (docs/PROTOCOL.md, section
 * 1.2). Who mistypes is told so.
 */
#ifndef ALLMENDE_ENVELOPE_H
#define ALLMENDE_ENVELOPE_H

#include "crypto/bytes.h"

enum envelope {
	ENVELOPE_PROPOSAL = 'p',
	ENVELOPE_VOTE = 'v',
	ENVELOPE_GRANT = 'g',
	ENVELOPE_NODE_OFFER = 'o',
	ENVELOPE_NODE_REQUEST = 'n',
	ENVELOPE_NODE_ANSWER = 'a',
	ENVELOPE_SHOWING = 'h',
};
#define ENVELOPE_LEN_MAX 98304 /* of a text */

/* Appends the text, without line end. Faults stay in out. */
void envelope_put(struct buf *out, enum envelope kind, struct bytes body);
/* Whether a text says of itself that it is of this kind, whole or not. */
bool envelope_is(enum envelope kind, struct bytes text);
/*
 * Appends the body. What mail has put into the text is ignored, see envelope_unwrap().
 * ERR_MALFORMED: no such text; ERR_VERSION: one of another version of the protocol;
 * ERR_DENIED: one, but truncated or mistyped; ERR_FULL: too long.
 */
enum err envelope_get(struct buf *out, enum envelope kind, struct bytes text);

/* Whether a text begins as one of another version does: "allmende", a number, then rest. */
bool envelope_is_foreign(struct bytes text, const char *rest);

/*
 * Appends a text without what it has got on its way: blanks and line ends, as mail programs break
 * lines; marks of quotation before each line and around the whole; whatever else is none of its
 * letters. What is left out by mistake is found by the check.
 */
void envelope_unwrap(struct buf *out, struct bytes text);

#endif
