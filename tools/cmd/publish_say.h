/*
 * publish_say - what `publish` tells people: what is left out, what others make of the names, what
 * came of it.
 */
#ifndef ALLMENDE_PUBLISH_SAY_H
#define ALLMENDE_PUBLISH_SAY_H

#include <jansson.h>

#include "tools/kit/files.h"
#include "tools/kit/tool.h"

/* Remarks on what was collected: on standard error, before anything is sent. The first of each
   kind. */
void publish_warn(const struct tool *tool, const struct files *files);
/* The paths that were left out, for --json. */
json_t *publish_left_out(const struct files *files);
/* The daemon's answer to a commit. */
void publish_say(const struct tool *tool, const json_t *answer, const char *dataset);

#endif
