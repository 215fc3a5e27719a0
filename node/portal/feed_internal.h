/*
 * feed_internal - what the files of the feed share: feed.c (thread, state), feed_build.c (pages),
 * feed_serve.c (answers).
 */
#ifndef ALLMENDE_FEED_INTERNAL_H
#define ALLMENDE_FEED_INTERNAL_H

#include <uv.h>

#include "node/portal/dcat.h"
#include "node/portal/feed.h"
#include "node/portal/feed_guard.h"

struct feed_row { /* a dataset of the feed */
	uint8_t uuid[GUARD_UUID_LEN];
	uint64_t number;
	int64_t modified_ms;
	uint64_t mark, file_count;
	bool held;
};

struct feed_page {
	uint64_t digest; /* of all that it is made of: part of the names of its files */
	int64_t modified_ms;
};

/* What is handed out: made by the thread, then only looked at. */
struct feed_set {
	unsigned users;        /* under the lock */
	struct feed_row *rows; /* by rising uuid */
	size_t count;
	struct feed_page *pages;
	uint64_t parts; /* a power of two */
	int64_t modified_ms;
};

struct feed_site { /* whose node it is: struct dcat_site points into it */
	char base[FEED_BASE_LEN];
	char name[LIMIT_NAME_LEN_MAX + 1];
	char slug[CHARTER_SLUG_LEN_MAX + 1], home[CHARTER_SLUG_LEN_MAX + 1], ags[9];
	const char *contributor; /* a constant; NULL: none */
	struct dcat_site dcat;
};

struct feed {
	const struct node_view *node;
	struct feed_news *news;
	struct asker *asker;
	char *folder;            /* DIR/derived/feed */
	char *state_path;        /* DIR/feed.state */
	const char *contributor; /* dcat_site: by the setting when the node was started */
	uv_thread_t thread;
	bool started;

	/* the thread's own */
	struct index_reader *reader;
	struct feed_guard guard;
	uint64_t generation;  /* that was built, or refused */
	int64_t next_mono_ms; /* no build before */
	unsigned looks;
	struct feed_site site;

	uv_mutex_t lock; /* of all below */
	uv_cond_t wake;
	bool stopping, ended, confirmed;
	struct feed_set *set; /* NULL: nothing to hand out */
	struct feed_site shown;
	struct feed_status status;
};

/* Also tells care. */
void feed_say(struct feed *feed, enum feed_state state, const char *reason);

/* feed_build.c: on the thread, with the site as it is. ERR_AGAIN: something came between;
   ERR_ABSENT: refused, or empty: the status says; else the disk. On success something else is
   handed out. */
enum err feed_build(struct feed *feed, bool confirmed);
/* The site as it is now. False: the node stops. */
bool feed_site_take(struct feed *feed, struct feed_site *out);
void feed_site_point(struct feed_site *site); /* after it was copied */
/* DIR/derived/feed/NAME of a page; to be freed. */
char *feed_page_path(const struct feed *feed, uint64_t parts, uint64_t number, uint64_t digest,
		     enum rdf_syntax syntax);
/* One dataset into up to RDF_SYNTAX_COUNT documents (NULL: none). ERR_ABSENT: it is not there. */
enum err feed_put(struct index_reader *reader, const struct visitor *visitor, const char *uuid,
		  const struct dcat_site *site, bool in_catalog,
		  struct rdf *const rdf[RDF_SYNTAX_COUNT]);

struct feed_set *feed_set_take(struct feed *feed); /* NULL: there is none */
void feed_set_give(struct feed *feed, struct feed_set *set);
void feed_set_free(struct feed_set *set);

#endif
