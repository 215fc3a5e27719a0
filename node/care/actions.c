#include "node/care/actions.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"

/* In the order in which they are shown within one severity. */
static const struct {
	const char *name;
	void (*collect)(struct actions *list);
} topics[] = {
	{"membership", actions_membership}, {"charter", actions_charter},
	{"requests", actions_requests},     {"votes", actions_votes},
	{"leaving", actions_leavers},       {"space", actions_space},
	{"damage", actions_damage},         {"clock", actions_clock},
	{"links", actions_links},           {"members", actions_members},
	{"copies", actions_copies},         {"keys", actions_keys},
	{"deliver", actions_deliver},       {"withdrawal", actions_withdrawal},
	{"grants", actions_grants},
};

const char *action_severity_name(enum action_severity severity)
{
	static const char *const names[] = {
		[ACTION_INFO] = "info", [ACTION_WARN] = "warning", [ACTION_CRITICAL] = "critical"};

	return names[severity];
}

void actions_add(struct actions *list, enum action_severity severity, const char *command,
		 const char *format, ...)
{
	struct action *action;
	va_list args;

	if (list->topic_count++ >= ACTION_PER_TOPIC_MAX || list->count >= ACTION_COUNT_MAX) {
		list->left_out++;
		return;
	}
	list->items = mem_room(list->items, list->count, &list->cap, sizeof(*list->items));
	action = &list->items[list->count++];
	*action = (struct action){.severity = severity, .topic = list->topic};
	snprintf(action->command, sizeof(action->command), "%s", command);
	va_start(args, format);
	vsnprintf(action->text, sizeof(action->text), format, args);
	va_end(args);
}

/* Stable: within a severity they stay as they were added. */
static void worst_first(struct actions *list)
{
	for (size_t i = 1; i < list->count; i++) {
		struct action moved = list->items[i];
		size_t at = i;

		for (; at > 0 && list->items[at - 1].severity < moved.severity; at--)
			list->items[at] = list->items[at - 1];
		list->items[at] = moved;
	}
}

void actions_collect(struct actions *out, const struct node_view *node,
		     const struct overview *overview, struct core *core, struct txn *txn,
		     int64_t now_ms)
{
	*out = (struct actions){
		.node = node, .overview = overview, .core = core, .txn = txn, .now_ms = now_ms};
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
		out->topic = topics[i].name;
		out->topic_count = 0;
		topics[i].collect(out);
	}
	worst_first(out);
}

void actions_fini(struct actions *list)
{
	free(list->items);
	list->items = NULL;
	list->count = list->cap = 0;
}

uint64_t actions_count(const struct actions *list, enum action_severity severity)
{
	uint64_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->items[i].severity == severity;
	return count;
}
