#include "proto/catalog/api_token.h"

#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/secret.h"
#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"
#include "store/db.h"

#define ROW_PREFIX "api-token/"

#define ROW_MAX      (LIMIT_PATH_LEN_MAX + LIMIT_NAME_LEN_MAX + 128)
#define TIME_MAX     INT64_MAX
#define SECRET_BYTES 32

static struct row_key api_token_key(const char *id)
{
	char name[sizeof(ROW_PREFIX) + API_TOKEN_ID_LEN];

	snprintf(name, sizeof(name), "%s%s", ROW_PREFIX, id);
	return key_name(name);
}

static void api_token_hash(struct api_token *out, const char *text)
{
	char hex[ID_HEX_LEN + 1];

	hash_once(out->hash.b, "api token", bytes_str(text));
	hex_put(hex, id_bytes(&out->hash));
	snprintf(out->id, sizeof(out->id), "%.*s", API_TOKEN_ID_LEN, hex);
}

static void api_token_put(struct txn *txn, const struct api_token *token)
{
	struct row_key key = api_token_key(token->id);
	struct buf row;

	buf_init(&row, ROW_MAX);
	out_array(&row, 9);
	out_uint(&row, 1);
	out_fixed(&row, token->hash.b, sizeof(token->hash.b));
	out_text(&row, bytes_str(token->prefix));
	out_uint(&row, token->verb);
	out_text(&row, bytes_str(token->name));
	out_uint(&row, (uint64_t)token->created_ms);
	out_uint(&row, (uint64_t)token->until_ms);
	out_uint(&row, token->use_count);
	out_uint(&row, (uint64_t)token->used_ms);
	txn_put_row(txn, TABLE_META, &key, &row);
}

static enum err api_token_get(struct bytes row, struct api_token *out)
{
	struct wire_in w = wire_in(row);
	char hex[ID_HEX_LEN + 1];

	*out = (struct api_token){.verb = API_LIST};
	wire_array(&w, 9, 9);
	wire_exact(&w, 1);
	wire_fixed(&w, out->hash.b, sizeof(out->hash.b));
	wire_text_copy(&w, out->prefix, 0, LIMIT_PATH_LEN_MAX);
	out->verb = (enum api_verb)wire_uint(&w, API_READ);
	wire_text_copy(&w, out->name, 0, LIMIT_NAME_LEN_MAX);
	out->created_ms = (int64_t)wire_uint(&w, TIME_MAX);
	out->until_ms = (int64_t)wire_uint(&w, TIME_MAX);
	out->use_count = wire_uint(&w, UINT64_MAX);
	out->used_ms = (int64_t)wire_uint(&w, TIME_MAX);
	hex_put(hex, id_bytes(&out->hash));
	snprintf(out->id, sizeof(out->id), "%.*s", API_TOKEN_ID_LEN, hex);
	return w.err;
}

static size_t api_token_count(struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_META, bytes_str(ROW_PREFIX));
	size_t count = 0;

	while (walk_next(&walk))
		count++;
	return count;
}

enum err api_token_add(struct txn *txn, struct random *random, struct api_token *token, char *text,
		       char *why)
{
	uint8_t secret[SECRET_BYTES];
	struct buf out;

	if (api_token_count(txn) >= API_TOKEN_COUNT_MAX) {
		snprintf(why, WHY_LEN,
			 "there are %d API tokens: remove one that nobody needs with `allmende "
			 "token remove ID`",
			 API_TOKEN_COUNT_MAX);
		return ERR_FULL;
	}
	random_fill(random, secret, sizeof(secret));
	buf_init(&out, API_TOKEN_TEXT_MAX);
	buf_add(&out, bytes_str(API_TOKEN_BEGIN));
	base64_put(&out, bytes_obj(&secret));
	buf_add_u8(&out, 0);
	memcpy(text, out.ptr, out.len);
	buf_fini_wipe(&out);
	secret_wipe(secret, sizeof(secret));
	api_token_hash(token, text);
	api_token_put(txn, token);
	return ERR_OK;
}

enum err api_token_remove(struct txn *txn, const char *id)
{
	struct row_key key = api_token_key(id);

	return txn_del(txn, TABLE_META, row_key_bytes(&key)) ? ERR_OK : ERR_ABSENT;
}

enum err api_token_find(struct txn *txn, const char *text, int64_t now_ms, struct api_token *out)
{
	struct api_token asked;
	struct row_key key;
	struct bytes row;

	if (strlen(text) >= API_TOKEN_TEXT_MAX ||
	    strncmp(text, API_TOKEN_BEGIN, strlen(API_TOKEN_BEGIN)))
		return ERR_ABSENT;
	api_token_hash(&asked, text);
	key = api_token_key(asked.id);
	/* what the time of the look-up tells is a part of the hash, which is no help */
	if (!txn_get(txn, TABLE_META, row_key_bytes(&key), &row) || api_token_get(row, out) ||
	    !key_eq((const struct key *)&out->hash, (const struct key *)&asked.hash))
		return ERR_ABSENT;
	return out->until_ms && now_ms >= out->until_ms ? ERR_ABSENT : ERR_OK;
}

void api_token_each(struct txn *txn, void (*each)(void *arg, const struct api_token *token),
		    void *arg)
{
	struct walk walk = walk_begin(txn, TABLE_META, bytes_str(ROW_PREFIX));
	struct api_token token;

	while (walk_next(&walk))
		if (!api_token_get(walk.value, &token))
			each(arg, &token);
}

void api_token_used(struct txn *txn, const char *id, uint64_t count, int64_t used_ms)
{
	struct row_key key = api_token_key(id);
	struct api_token token;
	struct bytes row;

	if (!txn_get(txn, TABLE_META, row_key_bytes(&key), &row) || api_token_get(row, &token))
		return;
	token.use_count += count;
	token.used_ms = used_ms > token.used_ms ? used_ms : token.used_ms;
	api_token_put(txn, &token);
}
