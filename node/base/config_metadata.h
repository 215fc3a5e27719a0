/*
 * config_metadata - settings that say something of every dataset that this node publishes: who
 * publishes it, whom to ask, under which licence. Held to the same as what people say of one
 * (proto/dcat/metadata.h).
 */
#ifndef ALLMENDE_CONFIG_METADATA_H
#define ALLMENDE_CONFIG_METADATA_H

#include <jansson.h>

#include "node/base/config.h"

/* ERR_CONFIG with a sentence in why (WHY_LEN), which does not name the setting. */
enum err config_metadata_set(struct config *config, enum config_metadata which, const char *value,
			     char *why);
/* What it allows, for people. */
const char *config_metadata_allowed(enum config_metadata which);
/* All that is set, under the names of proto/dcat/metadata.h. Loop thread: settings change there. */
json_t *config_metadata_json(const struct config *config);

#endif
