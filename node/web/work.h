/*
 * work - what web keeps of a call besides what its route sees. Private to this room.
 */
#ifndef ALLMENDE_WORK_H
#define ALLMENDE_WORK_H

#include <stdatomic.h>

#include "node/web/web.h"
#include "node/web/cache.h"
#include "node/web/web_call.h"

struct tokens;

struct web_work {
	struct http_asked *asked;
	struct http_reply *reply;
	struct asker *asker;
	atomic_uint *streams; /* that are being packed */
	bool answered;
	struct cache *cache;
	bool keeps; /* the answer, under this key */
	struct digest keep_key;

	char **kept; /* decoded texts */
	size_t kept_count, kept_cap;
	struct http_field *args; /* decoded */
	size_t arg_count;

	/* before the answer */
	char etag[40]; /* without quotes; "": none */
	bool has_modified, has_cache, immutable;
	int64_t modified_ms;
	unsigned cache_s;
	bool vary_accept, vary_language;
};

/* Decodes path and arguments; false: it is answered with 400. */
bool work_open(struct web_call *call, const struct route_found *found);
void work_fini(struct web_call *call);
/* Who asks; false: it showed what does not count, and is answered. */
bool visitor_find(struct web_call *call, struct tokens *tokens);
/* 401: whoever asks shall show something. */
void visitor_ask(struct web_call *call, const char *why);

/* How well a media type, language or coding fits a header like Accept: 0 to 1000; without the
   header 1000. */
unsigned accept_weight(const char *header, const char *name);

/* After the body is in work->reply: adds status and headers, takes a part, compresses, or says that
   nothing has changed. */
void work_finish(struct web_call *call, unsigned status, const char *type);

#endif
