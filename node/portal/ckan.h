/*
 * ckan - the read side of CKAN's Action API, as its clients use it: /api/3/action/NAME, by GET or
 * with a JSON object by POST. Private to the files that are called ckan_...
 *
 * An answer is {"help", "success", "result"}, an error {"help", "success", "error"} with the status
 * that CKAN has for it; none is 200 without a result, as harvesters would delete what they have. A
 * parameter that is not known or not understood is an error.
 *
 * Packages are datasets, organisations are members, groups are themes, resources are files. Who
 * shows a token also gets what it may see; such packages are "private".
 */
#ifndef ALLMENDE_CKAN_H
#define ALLMENDE_CKAN_H

#include <jansson.h>

#include "node/index/index.h"
#include "node/web/web_call.h"

#define CKAN_ROWS          10   /* of a page, when nothing is said */
#define CKAN_ROWS_MAX      1000 /* more are not given; the answer says so */
#define CKAN_NAME_LEN_MAX  100
#define CKAN_FACET_MAX     1000
#define CKAN_FACET_DEFAULT 50
#define CKAN_NAMES_MAX     100000   /* of a list of names */
#define CKAN_RESOURCES_MAX 1000     /* of one package; index_files() has the others */
#define CKAN_VERSION       "2.10.0" /* whose answers these are, for clients that ask */

struct ckan {
	struct web_call *call;
	const char *action;
	json_t *in; /* arguments: texts, or what JSON has */
};

struct ckan_action {
	const char *name;
	void (*serve)(struct ckan *ckan);
	const char *params; /* blanks between */
	const char *about;
};
/* Ends with one without a name. */
extern const struct ckan_action ckan_package_actions[], ckan_search_actions[], ckan_list_actions[];

/* Arguments. False or NULL: it is not there, or, with ckan->call answered, wrong. */
const char *ckan_text(struct ckan *ckan, const char *name);
/* *out stays as it is when it is not there. */
bool ckan_uint(struct ckan *ckan, const char *name, uint64_t max, uint64_t *out);
bool ckan_bool(struct ckan *ckan, const char *name, bool *out);
/* A text that must be there. */
const char *ckan_need(struct ckan *ckan, const char *name);
/* One name, names with commas or blanks between, a list in JSON, or such a list as a text; a new
   list. NULL: it is wrong, and answered. */
json_t *ckan_list(struct ckan *ckan, const char *name);

/* Answers; result is taken. */
void ckan_done(struct ckan *ckan, json_t *result);
void ckan_refuse(struct ckan *ckan, unsigned status, json_t *error);
void ckan_absent(struct ckan *ckan);
void ckan_invalid(struct ckan *ckan, const char *field, const char *what); /* 409 */
void ckan_bad_query(struct ckan *ckan, const char *what);                  /* 400 */
/* Of the index: ERR_ABSENT, ERR_CONFIG (why), ERR_AGAIN, ERR_BUSY and what else it says. */
void ckan_failed(struct ckan *ckan, enum err err, const char *why);

/* What JSON is made of. */
json_t *ckan_str(struct bytes text);
json_t *ckan_time(int64_t ms);                         /* "2026-05-01T07:00:00.123000", in UTC */
json_t *ckan_url(struct ckan *ckan, const char *path); /* encoded as a URL has it */
/* An id in the form of a UUID that follows from a name, for life. */
void ckan_uuid(char out[INDEX_UUID_LEN + 1], const char *kind, const char *name);
/* A package's name: its path with two dashes for each slash, or, where that would be none, what is
   left of it and the beginning of its uuid. */
void ckan_name(char out[CKAN_NAME_LEN_MAX + 1], const char *path, const char *uuid);
/* The path of such a name, unless it ends in the beginning of a uuid. */
void ckan_path(char out[LIMIT_PATH_LEN_MAX + 1], struct bytes name);

/* A package, with its resources, which are read by index_files(). */
json_t *ckan_package(struct ckan *ckan, const struct index_item *item);
json_t *ckan_organisation(const struct index_item *item);
/* NULL: the theme is none. */
json_t *ckan_group(struct ckan *ckan, struct bytes theme);
void ckan_group_name(char out[32], const char *code); /* in small letters */
json_t *ckan_tag(struct bytes keyword);

#endif
