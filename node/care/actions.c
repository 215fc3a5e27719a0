#include "node/care/actions.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/check.h"

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

void actions_worst_first(struct actions *list)
{
	for (size_t i = 1; i < list->count; i++) {
		struct action moved = list->items[i];
		size_t at = i;

		for (; at > 0 && list->items[at - 1].severity < moved.severity; at--)
			list->items[at] = list->items[at - 1];
		list->items[at] = moved;
	}
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
