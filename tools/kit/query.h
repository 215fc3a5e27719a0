/*
 * query - a command that asks one thing and shows the answer, as JSON or for people.
 */
#ifndef ALLMENDE_QUERY_H
#define ALLMENDE_QUERY_H

#include <jansson.h>

#include "tools/kit/tool.h"

/* One GET. Complains by itself. *answer is to be released; NULL at first. */
int query_get(const struct tool *tool, const char *target, json_t **answer);
int query_show(const struct tool *tool, const char *target,
	       void (*show)(const struct tool *tool, const json_t *answer));
/* One POST; the body is taken. Complains by itself. *answer is to be released. */
int query_post(const struct tool *tool, const char *target, json_t *body, json_t **answer);

#endif
