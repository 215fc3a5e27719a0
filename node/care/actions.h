/*
 * actions - what the administrator has to do, the worst first, each with the command to type.
 *
 * `allmende status` prints them, `allmende status --check` turns the worst into an exit code, /metrics counts them by
 * severity. They are collected inside a turn by one function per topic. To add a topic:
 *
 *	1. write a function in a file of its own, say node/actions_grants.c:
 *
 *		void actions_grants(struct actions *list)
 *		{
 *			... look with list->core, list->txn, list->now_ms ...
 *			actions_add(list, ACTION_WARN, "allmende renew g-2B9Q",
 *				    "grant %s to %s ends in %d days", id, name, days);
 *		}
 *
 *	2. declare it below, and give it a line in the table `topics` of actions.c.
 *
 * A function looks and adds; it changes nothing in the store, takes no more than milliseconds, and adds its worst
 * first: only ACTION_PER_TOPIC_MAX of a topic are shown, the rest is counted. It runs on the core thread: of
 * list->node it may read only what does not change while the node runs.
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
	struct core *core;
	struct txn *txn;
	int64_t now_ms;

	/* the result: items[0..count), the worst first once collected */
	struct action *items;
	size_t count, cap;
	uint64_t left_out; /* more than are shown */

	const char *topic; /* private */
	size_t topic_count;
};

/* Inside a turn. Ends with actions_fini(). */
void actions_collect(struct actions *out, const struct node_view *node,
		     const struct overview *overview, struct core *core, struct txn *txn,
		     int64_t now_ms);
void actions_fini(struct actions *list);
uint64_t actions_count(const struct actions *list, enum action_severity severity);
const char *action_severity_name(enum action_severity severity); /* "info", "warning", "critical" */

/* For the topics: text is a format, cut at ACTION_TEXT_LEN. */
__attribute__((format(printf, 4, 5))) void actions_add(struct actions *list,
						       enum action_severity severity,
						       const char *command, const char *format,
						       ...);

/* The topics, each in a file of its own or in actions_node.c. */
void actions_membership(struct actions *list);
void actions_charter(struct actions *list);
void actions_requests(struct actions *list);
void actions_votes(struct actions *list);
void actions_leavers(struct actions *list);
void actions_space(struct actions *list);
void actions_damage(struct actions *list);
void actions_members(struct actions *list);
void actions_links(struct actions *list);
void actions_clock(struct actions *list);
void actions_copies(struct actions *list);
void actions_keys(struct actions *list);
void actions_deliver(struct actions *list);
void actions_withdrawal(struct actions *list);
void actions_grants(struct actions *list);

#endif
