/*
 * outcome - what a proposal changes and what has become of it, for people (docs/API.md: OUTCOME).
 */
#ifndef ALLMENDE_OUTCOME_H
#define ALLMENDE_OUTCOME_H

#include <jansson.h>

#include "tools/kit/tool.h"

#define OUTCOME_ID_SHOWN 8 /* digits of an id that people type */

/* "says", or "would say" as long as the charter does not have it. */
const char *outcome_says(const json_t *answer);
/* A line for each change. */
void outcome_changes(const json_t *answer);
/* Whether it is done, or who has to agree. */
void outcome_print(const struct tool *tool, const json_t *answer);

#endif
