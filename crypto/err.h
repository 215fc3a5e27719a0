/*
 * err - the one list of error codes.
 *
 * Zero is success. The codes are listed by who has to act: a peer's fault ends its session, our
 * limit is an ordinary answer, a fault of our disk stops the turn, a fault of the operator becomes
 * a sentence, and the rest is nobody's fault. Codes of foreign libraries are translated in the one
 * file that includes the library.
 */
#ifndef ALLMENDE_ERR_H
#define ALLMENDE_ERR_H

/* X(NAME, text): the text completes the sentence "... failed: <text>". */
#define ERR_LIST(X)                                                                                \
	X(OK, "done")                                                                              \
	/* the peer (or whoever made the bytes) has to act */                                      \
	X(MALFORMED, "malformed input")                                                            \
	X(PROTOCOL, "protocol violated")                                                           \
	X(DENIED, "denied")                                                                        \
	X(VERSION, "unknown version")                                                              \
	/* our limits */                                                                           \
	X(FULL, "a limit is reached")                                                              \
	X(BUSY, "busy")                                                                            \
	X(NOMEM, "out of memory")                                                                  \
	/* our disk */                                                                             \
	X(IO, "input/output error")                                                                \
	X(CORRUPT, "stored data is damaged")                                                       \
	X(NOSPACE, "no space left on the disk")                                                    \
	/* the operator */                                                                         \
	X(CONFIG, "configuration is wrong")                                                        \
	/* nobody */                                                                               \
	X(AGAIN, "not yet")                                                                        \
	X(ABSENT, "not found")                                                                     \
	X(EXISTS, "exists already")

enum err {
#define X(NAME, text) ERR_##NAME,
	ERR_LIST(X)
#undef X
};

/* Never NULL. */
const char *err_text(enum err err);

/* Room for one sentence to a person, with its terminating zero: what was wrong, what to do next. */
#define WHY_LEN 512

#endif
