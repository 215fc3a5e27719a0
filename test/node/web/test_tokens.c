/* Who asks with a token, and how it is shown. */
#include "test/node/web/web_test.h"

#include <stdio.h>
#include <string.h>

#include "node/base/clock.h"
#include "node/web/tokens.h"
#include "store/db.h"

static struct web_bench bench;
static char token[API_TOKEN_TEXT_MAX], list[API_TOKEN_TEXT_MAX], ended[API_TOKEN_TEXT_MAX];
static struct api_token made;

static void add(const char *prefix, enum api_verb verb, int64_t until_ms, char *text)
{
	struct random random = random_system();
	struct txn *txn = txn_begin(bench.db, true);
	char why[WHY_LEN];

	made = (struct api_token){.verb = verb, .until_ms = until_ms};
	snprintf(made.prefix, sizeof(made.prefix), "%s", prefix);
	assert_int_equal(api_token_add(txn, &random, &made, text, why), ERR_OK);
	assert_int_equal(txn_commit(txn), ERR_OK);
}

static int open_bench(void **state)
{
	bench_init(&bench);
	/* so that addresses can be given */
	snprintf(bench.config.http_proxies, sizeof(bench.config.http_proxies), "127.0.0.1");
	bench_open(&bench);
	add("meissen", API_LIST, 0, list);
	add("meissen", API_READ, clock_now_ms() - 1, ended);
	add("meissen/kita", API_READ, clock_now_ms() + 3600000, token);
	return 0;
}

static int close_bench(void **state)
{
	bench_close(&bench);
	return 0;
}

/* Stands in for the core thread. */
static unsigned written;
void __wrap_turn_call(struct turn *turn, struct turn_item *item, bool query, turn_run *run,
		      void (*done)(struct turn_item *item), void *owner);
void __wrap_turn_call(struct turn *turn, struct turn_item *item, bool query, turn_run *run,
		      void (*done)(struct turn_item *item), void *owner)
{
	struct txn *txn = txn_begin(bench.db, !query);

	*item = (struct turn_item){.owner = owner};
	run(NULL, txn, clock_now_ms(), owner);
	item->err = txn_commit(txn);
	written++;
	done(item);
}

/* /who answers with kind, verb and prefix. */
static void expect(unsigned status, const char *says, const char *headers)
{
	struct answer answer;

	bench_get(&bench, &answer, "/who", headers);
	if (answer.status != status || !strstr((char *)answer.body.ptr, says))
		fail_msg("%s: %u %s", headers, answer.status, answer.body.ptr);
	if (status == 401)
		assert_non_null(strstr(answer_header(&answer, "WWW-Authenticate"), "Bearer"));
	answer_fini(&answer);
}

static const char *with(const char *format, const char *text)
{
	static char header[400];

	snprintf(header, sizeof(header), format, text);
	return header;
}

static void how_it_is_shown(void **state)
{
	expect(200, "anyone", NULL);
	expect(200, "token read meissen/kita", with("Authorization: Bearer %s\r\n", token));
	expect(200, "token read meissen/kita", with("Authorization: bearer  %s\r\n", token));
	expect(200, "token list meissen", with("Authorization: Bearer %s\r\n", list));
	/* CKAN's clients */
	expect(200, "token read meissen/kita", with("Authorization: %s\r\n", token));
	expect(200, "token read meissen/kita", with("X-CKAN-API-Key: %s\r\n", token));
	/* what does not count is not taken for nothing */
	expect(401, "does not count", with("Authorization: Bearer %s\r\n", ended));
	expect(401, "does not count", with("Authorization: Bearer %sx\r\n", token));
	expect(401, "does not count", "Authorization: Bearer \r\n");
	expect(401, "does not count", "Authorization: Digest x\r\n");
}

static void as_a_password(void **state)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char plain[200], coded[300];
	size_t at = 0, len;

	snprintf(plain, sizeof(plain), "qgis:%s", token);
	len = strlen(plain);
	for (size_t i = 0; i < len; i += 3) {
		uint32_t three = (uint32_t)(uint8_t)plain[i] << 16 |
				 (uint32_t)(i + 1 < len ? (uint8_t)plain[i + 1] : 0) << 8 |
				 (i + 2 < len ? (uint8_t)plain[i + 2] : 0);

		coded[at++] = alphabet[three >> 18];
		coded[at++] = alphabet[three >> 12 & 63];
		coded[at++] = i + 1 < len ? alphabet[three >> 6 & 63] : '=';
		coded[at++] = i + 2 < len ? alphabet[three & 63] : '=';
	}
	coded[at] = 0;
	expect(200, "token read meissen/kita", with("Authorization: Basic %s\r\n", coded));
	/* the password of a proxy that stands before */
	expect(200, "anyone", "Authorization: Basic YTpi\r\n");
	expect(200, "anyone", "Authorization: Basic ????\r\n");
}

static void out_at_once(void **state)
{
	char text[API_TOKEN_TEXT_MAX];
	struct txn *txn;

	add("riesa", API_READ, 0, text);
	expect(200, "token read riesa", with("Authorization: Bearer %s\r\n", text));
	txn = txn_begin(bench.db, true);
	assert_int_equal(api_token_remove(txn, made.id), ERR_OK);
	assert_int_equal(txn_commit(txn), ERR_OK);
	expect(401, "does not count", with("Authorization: Bearer %s\r\n", text));
}

static void guessing(void **state)
{
	char header[300];

	for (unsigned i = 0; i < TOKENS_WRONG_MAX; i++)
		expect(401, "does not count",
		       "X-Forwarded-For: 192.0.2.1\r\nAuthorization: Bearer amt_wrong\r\n");
	snprintf(header, sizeof(header),
		 "X-Forwarded-For: 192.0.2.1\r\nAuthorization: Bearer %s\r\n", token);
	expect(429, "192.0.2.1", header);
	/* nobody else is shut out, nor who shows nothing */
	expect(200, "anyone", "X-Forwarded-For: 192.0.2.1\r\n");
	snprintf(header, sizeof(header),
		 "X-Forwarded-For: 192.0.2.1, 192.0.2.2\r\nAuthorization: Bearer %s\r\n", token);
	expect(200, "token", header);
}

/* The last test: what was counted is written down when the node stops. */
static void uses(void **state)
{
	struct api_token found;
	struct txn *txn;

	assert_int_equal(written, 0);
	web_stop(bench.web);
	assert_int_equal(written, 1);
	txn = txn_begin(bench.db, false);
	assert_int_equal(api_token_find(txn, list, clock_now_ms(), &found), ERR_OK);
	assert_int_equal(found.use_count, 1);
	assert_true(found.used_ms > 0);
	assert_int_equal(api_token_find(txn, token, clock_now_ms(), &found), ERR_OK);
	assert_true(found.use_count > 3);
	txn_abort(txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(how_it_is_shown),
		cmocka_unit_test(as_a_password),
		cmocka_unit_test(out_at_once),
		cmocka_unit_test(guessing),
		cmocka_unit_test(uses),
	};

	return cmocka_run_group_tests(tests, open_bench, close_bench);
}
