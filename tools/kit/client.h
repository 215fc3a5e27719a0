/*
 * client - the daemon's control interface as seen by a command (docs/API.md).
 *
 * One connection to DIR/control.sock, kept open between requests. While a client is open, SIGINT,
 * SIGTERM and SIGHUP wait: a request in flight ends early, the command tidies up (half a
 * file, an upload nobody will finish), and client_close() lets the signal do its work.
 *
 * Calls return an exit code and remember the sentence that goes with it; client_complain()
 * prints it. So a command may also decide that a refusal is no failure.
 */
#ifndef ALLMENDE_CLIENT_H
#define ALLMENDE_CLIENT_H

#include <jansson.h>

#include "crypto/bytes.h"
#include "tools/kit/tool.h"

struct client;

/* How long an answer may take. */
enum client_patience {
	CLIENT_SOON,     /* ordinary queries: 2 minutes */
	CLIENT_WHATEVER, /* verify, commit: as long as the daemon lives */
	CLIENT_BRIEFLY,  /* status --check: 10 seconds, as monitoring asks often */
};

/* Does not connect yet. Prints its own complaint. */
int client_open(struct client **out, const struct tool *tool);
void client_close(struct client *client); /* NULL is allowed */
/* From now on requests are made although a signal waits: for tidying up. */
void client_tidy(struct client *client);
void client_patience(struct client *client, enum client_patience patience);

/* One request; target is path and query, encoded. body may be NULL. *out (may be NULL) is the
   answer, to be released with json_decref(); NULL when there is none. */
int client_call(struct client *client, const char *method, const char *target, const json_t *body,
		json_t **out);
#define CLIENT_SIZE_UNKNOWN UINT64_MAX
/* Sends size bytes that read delivers, or of all until it returns 0 (CLIENT_SIZE_UNKNOWN): it
   returns the number of bytes put into to, 0 at the end, -1 to give up. Every call of read is also
   the moment to show progress. */
int client_send(struct client *client, const char *method, const char *target, uint64_t size,
		ssize_t (*read)(void *arg, void *to, size_t len), void *arg);
/* GET; each piece of the body goes to write, which returns false to give up. *whole is false when
   the body ended before its announced length. */
int client_receive(struct client *client, const char *target,
		   bool (*write)(void *arg, struct bytes piece), void *arg, bool *whole);

/* Prints the sentence of the last failure and returns its exit code. */
int client_complain(const struct client *client);
/* Whether it was that the daemon was gone, or left in the middle: it may have done what was
   asked. */
bool client_lost(const struct client *client);
const char *client_why(const struct client *client); /* the sentence alone */

/* Targets: target_init(&t, "/dataset"); target_text(&t, "path", p); ... target_end(&t). */
void target_init(struct buf *target, const char *path);
void target_text(struct buf *target, const char *name, const char *value);
/* Left out when 0: the interface means "not given". */
void target_count(struct buf *target, const char *name, uint64_t value);
const char *target_end(struct buf *target);

#endif
