#include "node/web/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "store/db.h"

#define ADDRESS_COUNT 64 /* of those that showed wrong ones, remembered */

struct use {
	char id[API_TOKEN_ID_LEN + 1];
	uint64_t count;
	int64_t used_ms;
};

struct wrong {
	char peer[64];
	int64_t since_ms;
	unsigned count;
};

struct tokens {
	struct db *db;
	struct turn *turn;
	uv_timer_t timer;
	struct turn_item item;
	struct use writing[API_TOKEN_COUNT_MAX]; /* the core thread's, while busy */
	size_t writing_count;
	bool busy;
	uv_mutex_t lock; /* of what follows */
	struct use uses[API_TOKEN_COUNT_MAX];
	size_t use_count;
	struct wrong wrong[ADDRESS_COUNT];
};

/* Under the lock. NULL: it has shown none lately. */
static struct wrong *wrong_find(struct tokens *tokens, const char *peer, int64_t now_ms)
{
	for (size_t i = 0; i < ADDRESS_COUNT; i++) {
		struct wrong *wrong = &tokens->wrong[i];

		if (wrong->count && !strcmp(wrong->peer, peer) &&
		    now_ms - wrong->since_ms < TOKENS_WINDOW_MS && now_ms >= wrong->since_ms)
			return wrong;
	}
	return NULL;
}

static void wrong_note(struct tokens *tokens, const char *peer, int64_t now_ms)
{
	struct wrong *wrong = wrong_find(tokens, peer, now_ms), *oldest = &tokens->wrong[0];

	if (wrong) {
		wrong->count++;
		return;
	}
	for (size_t i = 1; i < ADDRESS_COUNT; i++)
		if (tokens->wrong[i].since_ms < oldest->since_ms)
			oldest = &tokens->wrong[i];
	snprintf(oldest->peer, sizeof(oldest->peer), "%s", peer);
	oldest->since_ms = now_ms;
	oldest->count = 1;
}

static void use_note(struct tokens *tokens, const char *id, int64_t now_ms)
{
	size_t i = 0;

	while (i < tokens->use_count && strcmp(tokens->uses[i].id, id))
		i++;
	if (i == API_TOKEN_COUNT_MAX)
		return; /* some were removed and made anew since; counted from the next minute on */
	if (i == tokens->use_count) {
		tokens->use_count++;
		snprintf(tokens->uses[i].id, sizeof(tokens->uses[i].id), "%s", id);
		tokens->uses[i].count = 0;
	}
	tokens->uses[i].count++;
	tokens->uses[i].used_ms = now_ms;
}

static bool is_shut_out(struct tokens *tokens, const char *peer, int64_t now_ms)
{
	const struct wrong *wrong;
	bool is;

	uv_mutex_lock(&tokens->lock);
	wrong = wrong_find(tokens, peer, now_ms);
	is = wrong && wrong->count >= TOKENS_WRONG_MAX;
	uv_mutex_unlock(&tokens->lock);
	return is;
}

enum err tokens_check(struct tokens *tokens, const char *text, const char *peer, int64_t now_ms,
		      struct visitor *out)
{
	struct api_token token;
	struct txn *txn;
	enum err err;

	if (is_shut_out(tokens, peer, now_ms))
		return ERR_BUSY;
	txn = txn_begin(tokens->db, false);
	err = api_token_find(txn, text, now_ms, &token);
	if (txn_err(txn))
		err = txn_err(txn);
	txn_abort(txn);
	uv_mutex_lock(&tokens->lock);
	if (!err)
		use_note(tokens, token.id, now_ms);
	else if (err == ERR_ABSENT)
		wrong_note(tokens, peer, now_ms);
	uv_mutex_unlock(&tokens->lock);
	if (err)
		return err == ERR_ABSENT ? ERR_DENIED : err;
	out->kind = VISITOR_TOKEN;
	out->verb = token.verb == API_READ ? TOKEN_READ : TOKEN_LIST;
	memcpy(out->prefix, token.prefix, sizeof(out->prefix));
	return ERR_OK;
}

/* Writing */

static void uses_write(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct tokens *tokens = arg;

	for (size_t i = 0; i < tokens->writing_count; i++)
		api_token_used(txn, tokens->writing[i].id, tokens->writing[i].count,
			       tokens->writing[i].used_ms);
}

static void uses_written(struct turn_item *item)
{
	struct tokens *tokens = item->owner;

	tokens->busy = false;
}

static void uses_push(struct tokens *tokens)
{
	if (tokens->busy)
		return;
	uv_mutex_lock(&tokens->lock);
	tokens->writing_count = tokens->use_count;
	memcpy(tokens->writing, tokens->uses, sizeof(tokens->uses));
	tokens->use_count = 0;
	uv_mutex_unlock(&tokens->lock);
	if (!tokens->writing_count)
		return;
	tokens->busy = true;
	tokens->item.weight = sizeof(*tokens);
	turn_call(tokens->turn, &tokens->item, false, uses_write, uses_written, tokens);
}

static void tokens_timer_fired(uv_timer_t *timer)
{
	uses_push(timer->data);
}

/* Life */

struct tokens *tokens_open(uv_loop_t *loop, struct db *db, struct turn *turn)
{
	struct tokens *tokens = mem_new(1, sizeof(*tokens));

	tokens->db = db;
	tokens->turn = turn;
	check(uv_mutex_init(&tokens->lock) == 0);
	check(uv_timer_init(loop, &tokens->timer) == 0);
	tokens->timer.data = tokens;
	uv_timer_start(&tokens->timer, tokens_timer_fired, TOKENS_WRITE_MS, TOKENS_WRITE_MS);
	return tokens;
}

void tokens_stop(struct tokens *tokens)
{
	uv_timer_stop(&tokens->timer);
	uses_push(tokens);
}

bool tokens_busy(const struct tokens *tokens)
{
	return tokens->busy;
}

static void tokens_closed(uv_handle_t *handle)
{
	struct tokens *tokens = handle->data;

	uv_mutex_destroy(&tokens->lock);
	free(tokens);
}

void tokens_close(struct tokens *tokens)
{
	uv_close((uv_handle_t *)&tokens->timer, tokens_closed);
}
