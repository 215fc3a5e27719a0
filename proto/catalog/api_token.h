/*
 * api_token - what a program shows that is no member: a text that an administrator of this node has
 * made, which lets it list or read what lies at and below one path, until an end.
 *
 * The text is shown once and not kept: a row holds its hash, which is enough, as the text is 32
 * random bytes. Rows of META: "api-token/" and the first 8 bytes of the hash in hexadecimal digits,
 * which is the token's id as well. A node has at most API_TOKEN_COUNT_MAX; no other node hears of
 * them.
 */
#ifndef ALLMENDE_API_TOKEN_H
#define ALLMENDE_API_TOKEN_H

#include "crypto/id.h"
#include "crypto/limits.h"
#include "crypto/random.h"

struct txn;

#define API_TOKEN_COUNT_MAX 256
#define API_TOKEN_ID_LEN    16
#define API_TOKEN_TEXT_MAX  64
#define API_TOKEN_BEGIN     "amt_" /* so that who finds one knows what it is */

enum api_verb { API_LIST, API_READ };

struct api_token {
	char id[API_TOKEN_ID_LEN + 1];
	struct digest hash;
	char prefix[LIMIT_PATH_LEN_MAX + 1]; /* as kept: it begins with the slug of an admission */
	enum api_verb verb;
	char name[LIMIT_NAME_LEN_MAX + 1]; /* for people; may be empty */
	int64_t created_ms, until_ms;      /* until_ms 0: without end */
	uint64_t use_count;
	int64_t used_ms; /* the last time; 0: never */
};

/* Makes one with token's prefix, verb, name, created_ms and until_ms, fills in the rest, and writes
   its text (API_TOKEN_TEXT_MAX bytes), which is to be wiped. ERR_FULL with a sentence in why. */
enum err api_token_add(struct txn *txn, struct random *random, struct api_token *token, char *text,
		       char *why);
/* ERR_ABSENT. */
enum err api_token_remove(struct txn *txn, const char *id);
/* Whose text this is. ERR_ABSENT: nobody's, or of one that has ended or was removed. */
enum err api_token_find(struct txn *txn, const char *text, int64_t now_ms, struct api_token *out);
/* All, also those that have ended, in order of their ids. */
void api_token_each(struct txn *txn, void (*each)(void *arg, const struct api_token *token),
		    void *arg);
/* It was used so often more; nothing when it is gone. */
void api_token_used(struct txn *txn, const char *id, uint64_t count, int64_t used_ms);

#endif
