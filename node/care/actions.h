/*
 * actions - the list of what the administrator has to do, the worst first, each with the command to
 * type.
 *
 * `allmende status` prints it, `allmende status --check` turns the worst into an exit code,
 * /metrics counts it by severity. What stands in it comes from the topics (topics.h).
 */
#ifndef ALLMENDE_ACTIONS_H
#define ALLMENDE_ACTIONS_H

#include "node/care/overview.h"

enum {
	ACTION_TEXT_LEN = 600,
	ACTION_COMMAND_LEN = 200,
	ACTION_PER_TOPIC_MAX = 10,
	ACTION_COUNT_MAX = 200,
};

/* What `status --check` makes of it. */
enum action_severity {
	ACTION_INFO,    /* OK: worth knowing, nothing is wrong */
	ACTION_WARN,    /* WARNING: will become a problem, or somebody waits */
	ACTION_CRITICAL /* CRITICAL: data or service is in danger now */
};

struct action {
	enum action_severity severity;
	const char *topic;          /* "disk": does not change, for scripts */
	char text[ACTION_TEXT_LEN]; /* one sentence without full stop; may hold a peer's words */
	char command[ACTION_COMMAND_LEN]; /* what to type; empty: nothing helps from here */
};

struct actions {
	/* for the topics */
	const struct node_view *node;
	const struct overview *overview;
	struct hub *hub;
	struct txn *txn;
	int64_t now_ms;

	/* the result: items[0..count), the worst first once collected */
	struct action *items;
	size_t count, cap;
	uint64_t left_out; /* more than are shown */

	const char *topic; /* of what is added now; topics.c */
	size_t topic_count;
};

/* Text is a format, cut at ACTION_TEXT_LEN. Of a topic only ACTION_PER_TOPIC_MAX are kept, the rest
   is counted. */
__attribute__((format(printf, 4, 5))) void actions_add(struct actions *list,
						       enum action_severity severity,
						       const char *command, const char *format,
						       ...);
/* Within a severity they stay as they were added. */
void actions_worst_first(struct actions *list);
void actions_fini(struct actions *list);
uint64_t actions_count(const struct actions *list, enum action_severity severity);
const char *action_severity_name(enum action_severity severity); /* "info", "warning", "critical" */

#endif
