/*
 * query - a command that asks one thing and shows the answer, as JSON or for people.
 */
#ifndef ALLMENDE_QUERY_H
#define ALLMENDE_QUERY_H

#include <jansson.h>

#include "tools/tool.h"

int query_show(const struct tool *tool, const char *target,
	       void (*show)(const struct tool *tool, const json_t *answer));

#endif
