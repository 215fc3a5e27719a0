/*
 * log - one line per event on a stream: time, level, what happened, where. For a person, or as JSON
 * for programs:
 *
 *	2026-11-20T19:00:00Z info peer connected: meissen 127.0.0.1:7001
 *	{"time":"2026-11-20T19:00:00Z","level":"info","event":"peer_up","text":"peer connected",
 *	 "member":"meissen","address":"127.0.0.1:7001"}		(one line)
 *
 * "event" does not change between versions; members that do not apply are left out: address,
 * member, dataset, version, detail (free words).
 *
 * Driven by the loop thread alone. Each kind of line has a budget (LOG_BURST lines in
 * LOG_WINDOW_MS); what is above it is counted, and the count is told with the next line after it.
 * Every line is cut and escaped as a whole, so that nothing a peer sent can forge a line or move a
 * cursor.
 */
#ifndef ALLMENDE_LOG_H
#define ALLMENDE_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "crypto/bytes.h"
#include "proto/core/core.h"

#define LOG_LINE_LEN_MAX 600
#define LOG_BURST        20
#define LOG_WINDOW_MS    10000

enum log_format { LOG_TEXT, LOG_JSON };
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* X(NAME, level, "text"): what the daemon itself has to say; the core's notes come before them. */
#define LOG_LIST(X)                                                                                \
	X(DIAL, DEBUG, "dialling")                                                                 \
	X(DIAL_FAILED, DEBUG, "not reached")                                                       \
	X(REFUSED, WARN, "connection refused")                                                     \
	X(SESSION, WARN, "session ended")                                                          \
	X(STORE, ERROR, "the store")                                                               \
	X(UPLOAD, WARN, "upload given up")                                                         \
	X(VERIFY, INFO, "verified")                                                                \
	X(DELIVERED, INFO, "written to its folder")                                                \
	X(DELIVER_FAILED, WARN, "not written to its folder")                                       \
	X(DELIVERED_STAYS, INFO, "withdrawn, but")                                                 \
	X(RESEALED, INFO, "published again, as its key does not count")                            \
	X(RESEAL_FAILED, WARN, "not published again, though its key does not count")               \
	X(DELIVERED_REMOVED, INFO, "withdrawn, and removed")                                       \
	X(READY, INFO, "ready") /* always shown */                                                 \
	X(CONFIG_RIGHT, INFO, "the settings are in order")                                         \
	X(CONFIG_WRONG, WARN, "the settings are wrong")                                            \
	X(INDEX, WARN, "the index was not written, and is tried again")                            \
	X(PASSPHRASE, WARN, "the passphrase")                                                      \
	X(STOP, INFO, "stopping")

enum log_kind {
#define X(name, level, text) LOG_NOTE_##name,
	NOTE_LIST(X)
#undef X
#define X(name, level, text) LOG_##name,
		LOG_LIST(X)
#undef X
			LOG_KIND_COUNT
};

struct log {
	FILE *stream; /* borrowed */
	enum log_level level;
	enum log_format format;
	struct log_budget {
		int64_t since_ms;
		uint32_t count; /* lines asked for in this window */
	} budgets[LOG_KIND_COUNT];
};

void log_init(struct log *log, FILE *stream, enum log_level level, enum log_format format);
/* ERR_MALFORMED unless "debug", "info", "warn" or "error". */
enum err log_level_parse(enum log_level *level, struct bytes text);
const char *log_level_name(enum log_level level);

__attribute__((format(printf, 4, 5))) void log_line(struct log *log, int64_t now_ms,
						    enum log_kind kind, const char *format, ...);
/* The same about another node. */
__attribute__((format(printf, 5, 6))) void log_peer(struct log *log, int64_t now_ms,
						    enum log_kind kind, const char *address,
						    const char *format, ...);
/* A note of the core, with its path as people see it, the peer's short name and address; NULL: not
   known. */
void log_note(struct log *log, int64_t now_ms, const struct note *note, const char *path,
	      const char *slug, const char *address);

/*
 * The text as it may be shown: control characters, bytes that are no UTF-8, and characters that
 * change the direction of writing become \xNN; a backslash becomes \\; what does not fit is
 * replaced by "...". out holds size bytes (at least 8) and is always terminated.
 */
void log_escape(char *out, size_t size, struct bytes text);

#endif
