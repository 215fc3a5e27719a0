/*
 * cache - answers that were given to everybody, kept for the next who asks the same.
 *
 * Only of visitors without a token, and only what follows from the request and from one number that
 * changes whenever the answer could (index_generation()): the number is part of what is asked, so
 * an answer that is out of date is found by nobody, and goes when room is needed. Any thread.
 */
#ifndef ALLMENDE_WEB_CACHE_H
#define ALLMENDE_WEB_CACHE_H

#include "crypto/id.h"
#include "node/http/message.h"

#define CACHE_BYTES_MAX  (16u * 1024 * 1024)
#define CACHE_ANSWER_MAX (1024u * 1024) /* a larger one is not kept */
#define CACHE_COUNT_MAX  512

struct cache;

struct cache *cache_open(void);
void cache_close(struct cache *cache);
/* Copies it into the reply, which is empty; false: there is none. */
bool cache_get(struct cache *cache, const struct digest *key, struct http_reply *reply);
/* Copies the reply; the one that was asked for least lately makes room. */
void cache_put(struct cache *cache, const struct digest *key, const struct http_reply *reply);

#endif
