/*
 * err - the one list of error codes.
 *
 * Zero is success. The codes are grouped by who has to act, because the handler decides by
 * group: a peer's fault ends its session, our limit is an ordinary answer, a fault of our disk
 * stops the turn, a fault of the operator becomes a sentence, and the rest is nobody's fault.
 * Codes of foreign libraries are translated in the one file that includes the library.
 */
#ifndef ALLMENDE_ERR_H
#define ALLMENDE_ERR_H

/* X(NAME, name, text): the text completes the sentence "... failed: <text>". */
#define ERR_LIST(X)                                                                                \
	X(OK, ok, "done")                                                                          \
	/* the peer (or whoever made the bytes) has to act */                                      \
	X(MALFORMED, malformed, "malformed input")                                                 \
	X(PROTOCOL, protocol, "protocol violated")                                                 \
	X(DENIED, denied, "denied")                                                                \
	X(VERSION, version, "unknown version")                                                     \
	/* our limits */                                                                           \
	X(FULL, full, "a limit is reached")                                                        \
	X(BUSY, busy, "busy")                                                                      \
	X(NOMEM, nomem, "out of memory")                                                           \
	/* our disk */                                                                             \
	X(IO, io, "input/output error")                                                            \
	X(CORRUPT, corrupt, "stored data is damaged")                                              \
	X(NOSPACE, nospace, "no space left on the disk")                                           \
	/* the operator */                                                                         \
	X(CONFIG, config, "configuration is wrong")                                                \
	/* nobody */                                                                               \
	X(AGAIN, again, "not yet")                                                                 \
	X(ABSENT, absent, "not found")                                                             \
	X(EXISTS, exists, "exists already")

enum err {
#define X(NAME, name, text) ERR_##NAME,
	ERR_LIST(X)
#undef X
};

enum err_group {
	ERR_GROUP_NONE,
	ERR_GROUP_PEER,
	ERR_GROUP_LIMIT,
	ERR_GROUP_DISK,
	ERR_GROUP_OPERATOR
};

/* Short lower-case name ("malformed") and text; never NULL. */
const char *err_name(enum err err);
const char *err_text(enum err err);
enum err_group err_group(enum err err);

#endif
