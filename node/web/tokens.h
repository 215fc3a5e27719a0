/*
 * tokens - who asks with an API token (proto/catalog/api_token.h): looked up in the store with each
 * request, so that one that has ended or was removed is out at once.
 *
 * How often each was used is counted here, and written down once a minute when anything has
 * changed, and at the end. Who shows wrong tokens, TOKENS_WRONG_MAX from one address within
 * TOKENS_WINDOW_MS, is not listened to until that time is over.
 */
#ifndef ALLMENDE_TOKENS_H
#define ALLMENDE_TOKENS_H

#include <uv.h>

#include "node/base/turn.h"
#include "node/base/visitor.h"
#include "proto/catalog/api_token.h"

#define TOKENS_WRONG_MAX 20
#define TOKENS_WINDOW_MS 60000
#define TOKENS_WRITE_MS  60000

struct tokens;

struct tokens *tokens_open(uv_loop_t *loop, struct db *db, struct turn *turn);
/* Any thread: the visitor whose token this is. ERR_DENIED: it does not count; ERR_BUSY: too many
   wrong ones came from this address; else the fault of the store. */
enum err tokens_check(struct tokens *tokens, const char *text, const char *peer, int64_t now_ms,
		      struct visitor *out);
/* Loop thread: no request is there any more; writes what was counted. */
void tokens_stop(struct tokens *tokens);
bool tokens_busy(const struct tokens *tokens);
/* The memory goes in the last close callback. */
void tokens_close(struct tokens *tokens);

#endif
