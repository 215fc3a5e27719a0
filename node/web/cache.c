#include "node/web/cache.h"

#include <stdlib.h>
#include <uv.h>

#include "crypto/check.h"

struct cached {
	struct digest key;
	unsigned status;
	struct buf headers, bytes;
	uint64_t used; /* rises with each that is asked for */
};

struct cache {
	uv_mutex_t lock;
	struct cached answers[CACHE_COUNT_MAX];
	size_t count, bytes;
	uint64_t clock;
};

struct cache *cache_open(void)
{
	struct cache *cache = mem_new(1, sizeof(*cache));

	check(uv_mutex_init(&cache->lock) == 0);
	return cache;
}

static void cache_drop(struct cache *cache, size_t at)
{
	struct cached *answer = &cache->answers[at];

	cache->bytes -= answer->headers.len + answer->bytes.len;
	buf_fini(&answer->headers);
	buf_fini(&answer->bytes);
	*answer = cache->answers[--cache->count];
}

void cache_close(struct cache *cache)
{
	while (cache->count)
		cache_drop(cache, 0);
	uv_mutex_destroy(&cache->lock);
	free(cache);
}

static struct cached *cache_find(struct cache *cache, const struct digest *key)
{
	for (size_t i = 0; i < cache->count; i++)
		if (id_eq(&cache->answers[i].key, key))
			return &cache->answers[i];
	return NULL;
}

bool cache_get(struct cache *cache, const struct digest *key, struct http_reply *reply)
{
	struct cached *answer;
	bool found;

	uv_mutex_lock(&cache->lock);
	answer = cache_find(cache, key);
	found = answer != NULL;
	if (found) {
		answer->used = ++cache->clock;
		reply->status = answer->status;
		reply->kind = HTTP_BODY_BYTES;
		buf_reset(&reply->headers); /* those are among the kept ones */
		buf_add(&reply->headers, buf_bytes(&answer->headers));
		buf_add(&reply->bytes, buf_bytes(&answer->bytes));
	}
	uv_mutex_unlock(&cache->lock);
	return found;
}

static void make_room_for(struct cache *cache, size_t len)
{
	while (cache->count == CACHE_COUNT_MAX || cache->bytes + len > CACHE_BYTES_MAX) {
		size_t oldest = 0;

		for (size_t i = 1; i < cache->count; i++)
			if (cache->answers[i].used < cache->answers[oldest].used)
				oldest = i;
		cache_drop(cache, oldest);
	}
}

void cache_put(struct cache *cache, const struct digest *key, const struct http_reply *reply)
{
	size_t len = reply->headers.len + reply->bytes.len;
	struct cached *answer;

	if (len > CACHE_ANSWER_MAX)
		return;
	uv_mutex_lock(&cache->lock);
	if (!cache_find(cache, key)) {
		make_room_for(cache, len);
		answer = &cache->answers[cache->count++];
		answer->key = *key;
		answer->status = reply->status;
		answer->used = ++cache->clock;
		buf_init(&answer->headers, reply->headers.len);
		buf_init(&answer->bytes, reply->bytes.len);
		buf_add(&answer->headers, buf_bytes(&reply->headers));
		buf_add(&answer->bytes, buf_bytes(&reply->bytes));
		cache->bytes += len;
	}
	uv_mutex_unlock(&cache->lock);
}
