/*
 * doctor: what a check says becomes a row of the result.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "tools/cmd/doctor.h"

static const struct {
	const char *name, *word; /* in JSON; for people */
} states[] = {
	[DOCTOR_OK] = {"ok", "ok"},
	[DOCTOR_TODO] = {"todo", "TODO"},
	[DOCTOR_UNKNOWN] = {"unknown", "?"},
};

void doctor_say(struct doctor *doctor, const char *check, enum doctor_state state,
		const char *command, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		mem_gone(1, 0);
	va_end(args);
	json_array_append_new(doctor->checks,
			      json_pack("{s:s, s:s, s:s+, s:s}", "check", check, "state",
					states[state].name, "text", text, "", "command", command));
	doctor->todo += state == DOCTOR_TODO;
	free(text);
}

const char *doctor_word(const char *state)
{
	size_t i = 0;

	while (i < DOCTOR_UNKNOWN && strcmp(state, states[i].name) != 0)
		i++;
	return states[i].word;
}
