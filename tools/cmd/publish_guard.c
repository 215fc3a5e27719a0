#include "tools/cmd/publish_guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_LEN_MIN = 5, REASON_LEN_MAX = 150 /* more is cut in the log */ };

int publish_guard_option(const struct args *args)
{
	const char *reason = args_value(args, "personal-data-checked");
	size_t letters = 0;

	for (const char *at = reason; at && *at; at++)
		letters += *at != ' ' && *at != '\n' && *at != '\t';
	if (!reason || (letters >= REASON_LEN_MIN && strlen(reason) <= REASON_LEN_MAX))
		return TOOL_DONE;
	return tool_fail(
		TOOL_USAGE,
		"--personal-data-checked \"%s\" has to say in %d to %d bytes why it may go "
		"out, such as \"names of the council, as elected\"",
		reason, REASON_LEN_MIN, REASON_LEN_MAX);
}

void publish_guard_begin(struct publish_guard *guard, const struct tool *tool, const char *tier)
{
	publish_guard_fini(guard);
	screening_init(&guard->screening, tool->now_ms, false);
	snprintf(guard->tier, sizeof(guard->tier), "%s", tier);
	guard->many = !strcmp(tier, "open") || !strcmp(tier, "members");
	guard->confirmed = args_value(&tool->args, "personal-data-checked") != NULL;
	guard->open = true;
}

void publish_guard_fini(struct publish_guard *guard)
{
	if (guard->open)
		screening_fini(&guard->screening);
	*guard = (struct publish_guard){0};
}

void publish_guard_file(struct publish_guard *guard, const char *name)
{
	screening_begin(&guard->screening, name);
}

bool publish_guard_take(struct publish_guard *guard, struct bytes in)
{
	bool was_full = screening_full(&guard->screening);

	screening_feed(&guard->screening, in);
	if (was_full || !screening_full(&guard->screening))
		return true;
	return !guard->many || guard->confirmed || !screening_stops(&guard->screening);
}

static const char *tier_readers(const struct publish_guard *guard)
{
	return strcmp(guard->tier, "open") != 0 ? "all members" : "everybody";
}

static int stop(const struct publish_guard *guard)
{
	screening_say(&guard->screening);
	return tool_fail(
		TOOL_DENIED,
		"nothing was published, as this looks like data about persons, and tier %s "
		"is for %s: take it out, or publish to fewer with --tier granted; if it may go "
		"out, say why with --personal-data-checked REASON, which the audit log keeps",
		guard->tier, tier_readers(guard));
}

int publish_guard_file_end(struct publish_guard *guard)
{
	screening_end(&guard->screening);
	return guard->many && !guard->confirmed && guard->screening.stops ? stop(guard) : TOOL_DONE;
}

void publish_guard_remark(const struct publish_guard *guard)
{
	if (guard->confirmed || !guard->screening.count)
		return;
	screening_say(&guard->screening);
}

int publish_guard_dry(struct publish_guard *guard, const struct files *files)
{
	int code = TOOL_DONE;

	for (size_t i = 0; !code && i < files->count; i++)
		code = screening_file(&guard->screening, &files->entries[i]);
	return code;
}

int publish_guard_dry_end(const struct publish_guard *guard)
{
	if (!guard->many || guard->confirmed || !guard->screening.stops)
		return TOOL_DONE;
	return tool_fail(TOOL_DENIED,
			 "it would be refused: this looks like data about persons, and tier %s is "
			 "for %s; if it may go out, say why with --personal-data-checked REASON",
			 guard->tier, tier_readers(guard));
}
