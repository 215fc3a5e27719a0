/*
 * dataset_rdf - /d/PATH.ttl, .rdf, .xml, .jsonld: one dataset as the catalogue describes it.
 */
#include <stdio.h>
#include <string.h>

#include "node/portal/dataset.h"
#include "node/portal/feed_internal.h"

#define PAGE_LEN_MAX ((size_t)48 << 20)

static void item_serve(struct web_call *call, const struct index_item *item, enum rdf_syntax syntax)
{
	struct rdf *rdf[RDF_SYNTAX_COUNT] = {NULL};
	struct feed_site site = {.base = ""};
	struct buf out, base;

	buf_init(&out, PAGE_LEN_MAX);
	buf_init(&base, sizeof(site.base) - 1);
	web_url(call, &base, "");
	snprintf(site.base, sizeof(site.base), "%.*s", (int)base.len, (const char *)base.ptr);
	buf_fini(&base);
	feed_site_point(&site);
	rdf[syntax] = rdf_open(syntax, &out);
	enum err err = feed_put(call->index, &call->visitor, item->uuid, &site.dcat, false, rdf);
	enum err fault = rdf_close(rdf[syntax]);
	if (err == ERR_ABSENT)
		web_absent(call);
	else if (err || fault)
		web_fail(call, 500, "internal", "it cannot be written: %s",
			 err_text(err ? err : fault));
	else
		web_text(call, 200, rdf_media_type(syntax), &out);
	buf_fini(&out);
}

/* By Accept, when the address has no ending: what else there is comes first. */
static bool rdf_is_asked(struct web_call *call, enum rdf_syntax *syntax)
{
	static const char *const types[] = {"application/json", "text/html", "text/turtle",
					    "application/rdf+xml", "application/ld+json"};
	enum { OTHERS = 2 };
	size_t which;

	web_accepts(call, types, OTHERS + RDF_SYNTAX_COUNT, &which);
	if (which < OTHERS)
		return false;
	*syntax = (enum rdf_syntax)(which - OTHERS);
	return true;
}

/* A path of a dataset may end in ".rdf" itself, and then that is it. */
bool dataset_rdf_serve(struct web_call *call, const struct dataset_address *at)
{
	const char *dot = strrchr(at->path, '.');
	char path[LIMIT_PATH_LEN_MAX + 1];
	enum rdf_syntax syntax;
	struct index_item item;

	if (at->number)
		return false;
	const bool ending = dot && rdf_by_extension(dot + 1, &syntax);
	if (!ending && !rdf_is_asked(call, &syntax))
		return false;
	enum err err = index_get(call->index, &call->visitor, at->path, &item);
	if (!err) { /* it is called so, with the ending */
		bool asked = !ending || rdf_is_asked(call, &syntax);
		if (asked)
			item_serve(call, &item, syntax);
		index_item_fini(&item);
		return asked;
	}
	if (!ending)
		return false;
	snprintf(path, sizeof(path), "%.*s", (int)(dot - at->path), at->path);
	err = index_get(call->index, &call->visitor, path, &item);
	if (!err)
		item_serve(call, &item, syntax);
	else if (err == ERR_ABSENT)
		web_absent(call);
	else
		web_busy_later(call, 10, "the index is being made");
	index_item_fini(&item);
	return true;
}
