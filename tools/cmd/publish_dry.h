/*
 * publish_dry - publish --dry-run: what would go out, to whom, and what is new in it.
 */
#ifndef ALLMENDE_PUBLISH_DRY_H
#define ALLMENDE_PUBLISH_DRY_H

#include <jansson.h>

#include "tools/kit/client.h"
#include "tools/kit/files.h"

/* body: of POST /uploads, as `publish` would say it. */
int publish_dry(const struct tool *tool, struct client *client, const struct files *files,
		json_t *body);

#endif
