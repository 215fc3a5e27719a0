/*
 * ckan_query - what q, fq and sort of CKAN's package_search mean: the part of Solr's language that
 * portals and harvesters use. Pure; for any text that a client sends.
 *
 *	kita plätze                      words (in q only); "in quotes" as well
 *	organization:a                   also groups, tags, res_format, license_id, name, id,
 *	                                 owner_org, title, notes, text
 *	organization:a OR organization:b, organization:(a OR b), (…), joined by a blank or AND
 *	-organization:a, NOT organization:a, +organization:a
 *	metadata_modified:[2026-05-01T07:00:00.123456Z TO *], {…} without the ends
 *	*:*                              everything
 *
 * What stands in no line of these is an error, never nothing found.
 */
#ifndef ALLMENDE_CKAN_QUERY_H
#define ALLMENDE_CKAN_QUERY_H

#include "node/index/index.h"

#define CKAN_QUERY_LEN_MAX 8192
#define CKAN_WORDS_LEN_MAX 1024
#define CKAN_PARENS_MAX    8

struct ckan_query {
	struct index_filter filters[INDEX_FILTER_COUNT_MAX];
	size_t filter_count;
	struct buf texts; /* what the values of filters are, each ended by a zero */
	size_t texts_room;
	char words[CKAN_WORDS_LEN_MAX + 1];
	int64_t modified_from_ms, modified_to_ms; /* 0: no bound */
	bool nothing; /* it asks for what there is none of: type:harvest */
};
void ckan_query_init(struct ckan_query *query);
void ckan_query_fini(struct ckan_query *query);

/* One more text, all of which must hold. words: it may have words (q). ERR_CONFIG: it is not
   understood; one sentence in why (WHY_LEN). */
enum err ckan_query_add(struct ckan_query *query, const char *text, bool words, char *why);
/* "metadata_modified desc". */
enum err ckan_sort_read(enum index_sort *out, const char *text, char *why);

#endif
