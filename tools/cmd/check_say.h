/*
 * check_say - what `check` found, for people in German or English, and as JSON.
 */
#ifndef ALLMENDE_CHECK_SAY_H
#define ALLMENDE_CHECK_SAY_H

#include "proto/dcat/rules.h"
#include "tools/kit/screening.h"

struct check_result {
	const char *dataset; /* NULL: files alone */
	uint64_t version;    /* of the published one that was taken as a base; 0: none */
	struct rules rules;
	const struct screening *screening; /* NULL: no file was looked into */
};

void check_result_say(const struct check_result *result, bool german);
json_t *check_json(const struct check_result *result, bool german);
/* Whether a light is red, or what was found in the files stops a publication. */
bool check_is_red(const struct check_result *result);

#endif
