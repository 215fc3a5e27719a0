/* What HTTP makes of an answer: conditions, ranges, codings, headers. */
#include "test/node/web/web_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "crypto/check.h"

static struct web_bench bench;

static int open_bench(void **state)
{
	bench_init(&bench);
	snprintf(bench.config.http_proxies, sizeof(bench.config.http_proxies), "127.0.0.1");
	bench_open(&bench);
	return 0;
}

static int close_bench(void **state)
{
	bench_close(&bench);
	return 0;
}

static void assert_plain(struct bytes body, uint64_t first, uint64_t len)
{
	assert_int_equal(body.len, len);
	for (uint64_t at = 0; at < len; at++)
		assert_int_equal(body.ptr[at], plain_byte(first + at));
}

static void whole_bodies(void **state)
{
	struct answer answer;

	bench_get(&bench, &answer, "/bytes", NULL);
	assert_int_equal(answer.status, 200);
	assert_plain(buf_bytes(&answer.body), 0, 5000);
	assert_string_equal(answer_header(&answer, "Content-Type"), "text/plain; charset=utf-8");
	assert_string_equal(answer_header(&answer, "X-Content-Type-Options"), "nosniff");
	assert_string_equal(answer_header(&answer, "Access-Control-Allow-Origin"), "*");
	assert_string_equal(answer_header(&answer, "Accept-Ranges"), "bytes");
	assert_string_equal(answer_header(&answer, "Cache-Control"), "public, max-age=60");
	assert_string_equal(answer_header(&answer, "Last-Modified"),
			    "Tue, 14 Nov 2023 22:13:20 GMT");
	assert_non_null(strstr(answer_header(&answer, "Vary"), "Authorization"));
	answer_fini(&answer);
	bench_get(&bench, &answer, "/stream", NULL);
	assert_plain(buf_bytes(&answer.body), 0, PLAIN_LEN);
	answer_fini(&answer);
	bench_get(&bench, &answer, "/file", NULL);
	assert_plain(buf_bytes(&answer.body), 0, PLAIN_LEN);
	/* what others published does not run as a page of ours */
	assert_non_null(strstr(answer_header(&answer, "Content-Security-Policy"), "sandbox"));
	assert_string_equal(answer_header(&answer, "Content-Disposition"),
			    "attachment; filename*=UTF-8''Pl%C3%A4tze%20%222%22.csv");
	answer_fini(&answer);
	bench_get(&bench, &answer, "/open", NULL); /* in chunks */
	assert_string_equal(answer_header(&answer, "Transfer-Encoding"), "chunked");
	assert_true(answer.body.len > PLAIN_LEN);
	answer_fini(&answer);
}

/* The length is announced, and the connection ends before: nobody takes it for whole. */
static void broken_streams(void **state)
{
	struct answer answer;

	bench_get(&bench, &answer, "/broken", NULL);
	assert_string_equal(answer_header(&answer, "Content-Length"), "300000");
	assert_true(answer.body.len < PLAIN_LEN);
	answer_fini(&answer);
}

static void heads(void **state)
{
	static const char *const targets[] = {"/bytes", "/stream", "/file"};

	for (size_t i = 0; i < 3; i++) {
		struct answer answer;
		char text[200];

		snprintf(text, sizeof(text),
			 "HEAD %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n", targets[i],
			 i ? "Accept-Encoding: gzip\r\n" : "");
		bench_send(&bench, &answer, bytes_str(text));
		assert_int_equal(answer.status, 200);
		assert_int_equal(answer.body.len, 0);
		assert_string_equal(answer_header(&answer, "Content-Length"),
				    i ? "300000" : "5000");
		answer_fini(&answer);
	}
}

static void conditions(void **state)
{
	struct answer answer;
	char tag[100], header[200];

	bench_get(&bench, &answer, "/bytes", NULL);
	snprintf(tag, sizeof(tag), "%s", answer_header(&answer, "ETag"));
	assert_int_equal(tag[0], '"');
	answer_fini(&answer);

	struct {
		const char *format, *value;
		unsigned status;
	} cases[] = {
		{"If-None-Match: %s\r\n", tag, 304},
		{"If-None-Match: \"x\", W/%s\r\n", tag, 304},
		{"If-None-Match: %s\r\n", "*", 304},
		{"If-None-Match: %s\r\n", "\"other\"", 200},
		/* the tag counts, not the date */
		{"If-None-Match: \"x\"\r\nIf-Modified-Since: %s\r\n",
		 "Tue, 14 Nov 2023 22:13:20 GMT", 200},
		{"If-Modified-Since: %s\r\n", "Tue, 14 Nov 2023 22:13:20 GMT", 304},
		{"If-Modified-Since: %s\r\n", "Tue, 14 Nov 2023 22:13:19 GMT", 200},
		{"If-Modified-Since: %s\r\n", "yesterday", 200},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(header, sizeof(header), cases[i].format, cases[i].value);
		bench_get(&bench, &answer, "/bytes", header);
		assert_int_equal(answer.status, cases[i].status);
		assert_int_equal(answer.body.len, cases[i].status == 304 ? 0 : 5000);
		assert_string_equal(answer_header(&answer, "ETag"), tag);
		answer_fini(&answer);
	}
}

static void ranges(void **state)
{
	static const struct {
		const char *range;
		unsigned status;
		uint64_t first, len;
	} cases[] = {
		{"bytes=0-0", 206, 0, 1},
		{"bytes=10-19", 206, 10, 10},
		{"bytes=4990-", 206, 4990, 0},
		{"bytes=4990-999999", 206, 4990, 0},
		{"bytes=-10", 206, 0, 10},
		{"bytes=-999999", 206, 0, 0},
		{"bytes=999999-", 416, 0, 0},
		{"bytes=-0", 416, 0, 0},
		/* what is no range, or several: the whole */
		{"bytes=0-1,3-4", 200, 0, 0},
		{"bytes=9-3", 200, 0, 0},
		{"bytes=-", 200, 0, 0},
		{"bytes=a-b", 200, 0, 0},
		{"bytes=1-2x", 200, 0, 0},
		{"lines=1-2", 200, 0, 0},
	};
	static const char *const targets[] = {"/bytes", "/stream", "/file"};

	for (size_t t = 0; t < 3; t++) {
		uint64_t all = t ? PLAIN_LEN : 5000;

		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct answer answer;
			char header[100];
			bool last = cases[i].range[6] == '-';
			uint64_t len = cases[i].len, first = cases[i].first;

			snprintf(header, sizeof(header), "Range: %s\r\nAccept-Encoding: gzip\r\n",
				 cases[i].range);
			bench_get(&bench, &answer, targets[t], header);
			if (cases[i].status == 416 && t && !strcmp(cases[i].range, "bytes=999999-"))
				assert_string_equal(answer_header(&answer, "Content-Range"),
						    "bytes */300000");
			assert_int_equal(answer.status, cases[i].status);
			if (cases[i].status == 206) {
				if (!len)
					len = last ? all : all - first;
				if (!strcmp(cases[i].range, "bytes=4990-999999") && t)
					len = all - first;
				if (last)
					first = all - len;
				assert_plain(buf_bytes(&answer.body), first, len);
			}
			answer_fini(&answer);
		}
	}
}

static void ranges_of_what_has_changed(void **state)
{
	struct answer answer;
	char tag[100], header[200];

	bench_get(&bench, &answer, "/bytes", NULL);
	snprintf(tag, sizeof(tag), "%s", answer_header(&answer, "ETag"));
	answer_fini(&answer);
	snprintf(header, sizeof(header), "Range: bytes=1-2\r\nIf-Range: %s\r\n", tag);
	bench_get(&bench, &answer, "/bytes", header);
	assert_int_equal(answer.status, 206);
	answer_fini(&answer);
	bench_get(&bench, &answer, "/bytes", "Range: bytes=1-2\r\nIf-Range: \"old\"\r\n");
	assert_int_equal(answer.status, 200);
	answer_fini(&answer);
	bench_get(&bench, &answer, "/bytes",
		  "Range: bytes=1-2\r\nIf-Range: Tue, 14 Nov 2023 22:13:20 GMT\r\n");
	assert_int_equal(answer.status, 206);
	answer_fini(&answer);
	bench_get(&bench, &answer, "/bytes",
		  "Range: bytes=1-2\r\nIf-Range: Tue, 14 Nov 2023 22:13:21 GMT\r\n");
	assert_int_equal(answer.status, 200);
	answer_fini(&answer);
}

/* Takes the chunks of a chunked body together. */
static void join_chunks(struct buf *body)
{
	struct buf out;
	const char *at = (const char *)body->ptr;

	buf_init(&out, 1 << 24);
	for (;;) {
		char *end;
		size_t len = strtoul(at, &end, 16);

		if (!len)
			break;
		buf_add(&out, bytes_of(end + 2, len));
		at = end + 2 + len + 2;
	}
	buf_fini(body);
	*body = out;
}

static void assert_unpacked(struct answer *answer, const char *coding, uint64_t len)
{
	uint8_t *plain = mem_new(len + 1, 1);
	size_t got = 0;

	assert_string_equal(answer_header(answer, "Content-Encoding"), coding);
	if (*answer_header(answer, "Transfer-Encoding"))
		join_chunks(&answer->body);
	assert_true(answer->body.len < len / 2);
	if (!strcmp(coding, "gzip")) {
		z_stream stream = {.next_in = answer->body.ptr,
				   .avail_in = (uInt)answer->body.len,
				   .next_out = plain,
				   .avail_out = (uInt)len + 1};

		assert_int_equal(inflateInit2(&stream, 31), Z_OK);
		assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
		got = stream.total_out;
		inflateEnd(&stream);
	} else {
		ZSTD_DCtx *context = ZSTD_createDCtx();

		got = ZSTD_decompressDCtx(context, plain, len + 1, answer->body.ptr,
					  answer->body.len);
		ZSTD_freeDCtx(context);
	}
	assert_plain(bytes_of(plain, got), 0, len);
	free(plain);
}

static void codings(void **state)
{
	static const struct {
		const char *accept, *coding;
	} cases[] = {
		{"gzip", "gzip"},
		{"gzip, deflate, br, zstd", "zstd"},
		{"gzip, zstd;q=0.5", "gzip"},
		{"zstd;q=0, gzip;q=0.1", "gzip"},
		{"gzip;q=0.1, identity", ""}, /* as it is, it is liked better */
		{"gzip;q=0.1, identity;q=0", "gzip"},
		{"*", "zstd"},
		{"identity", ""},
		{"br", ""},
		{"gzip;q=0", ""},
	};
	static const char *const targets[] = {"/bytes", "/stream", "/file", "/open"};

	for (size_t t = 0; t < 4; t++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct answer answer;
			char header[100];

			snprintf(header, sizeof(header), "Accept-Encoding: %s\r\n",
				 cases[i].accept);
			bench_get(&bench, &answer, targets[t], header);
			assert_int_equal(answer.status, 200);
			assert_non_null(strstr(answer_header(&answer, "Vary"), "Accept-Encoding"));
			if (*cases[i].coding)
				assert_unpacked(&answer, cases[i].coding, t ? PLAIN_LEN : 5000);
			else
				assert_string_equal(answer_header(&answer, "Content-Encoding"), "");
			answer_fini(&answer);
		}
	}
	struct answer answer;

	/* too short to be worth it */
	bench_get(&bench, &answer, "/args", "Accept-Encoding: gzip\r\n");
	assert_string_equal(answer_header(&answer, "Content-Encoding"), "");
	answer_fini(&answer);
	/* another representation has another tag, and is known by it */
	char tag[100], again[200];

	bench_get(&bench, &answer, "/bytes", "Accept-Encoding: gzip\r\n");
	snprintf(tag, sizeof(tag), "%s", answer_header(&answer, "ETag"));
	assert_non_null(strstr(tag, "-gzip\""));
	answer_fini(&answer);
	snprintf(again, sizeof(again), "Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n", tag);
	bench_get(&bench, &answer, "/bytes", again);
	assert_int_equal(answer.status, 304);
	answer_fini(&answer);
}

static void which_page_and_language(void **state)
{
	static const struct {
		const char *headers, *type, *body;
		unsigned status;
	} cases[] = {
		{NULL, "application/json", "http://a.example/de", 200},
		{"Accept: */*\r\nAccept-Language: en\r\n", "application/json",
		 "http://a.example/en", 200},
		{"Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\nAccept-Language: "
		 "fr,en;q=0.7,de;q=0.3\r\n",
		 "text/html", "http://a.example/en", 200},
		{"Accept: image/png\r\n", "application/json", NULL, 406},
		/* 127.0.0.1 is the proxy here */
		{"X-Forwarded-Proto: https\r\nX-Forwarded-Host: daten.example\r\n",
		 "application/json", "https://daten.example/de", 200},
		{"X-Forwarded-Host: bad\"host/x\r\n", "application/json", "http://a.example/de",
		 200},
		{"X-Forwarded-Host: one.example, two.example\r\n", "application/json",
		 "http://two.example/de", 200},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answer answer;

		bench_get(&bench, &answer, "/page", cases[i].headers);
		assert_int_equal(answer.status, cases[i].status);
		assert_string_equal(answer_header(&answer, "Content-Type"), cases[i].type);
		if (cases[i].body)
			assert_string_equal((char *)answer.body.ptr, cases[i].body);
		if (cases[i].status == 200)
			assert_string_equal(answer_header(&answer, "Link"),
					    "</x>; rel=\"alternate\"; type=\"text/turtle\"");
		answer_fini(&answer);
	}
	struct answer answer;

	bench_get(&bench, &answer, "/moved", NULL);
	assert_int_equal(answer.status, 308);
	assert_string_equal(answer_header(&answer, "Location"), "http://a.example/page");
	answer_fini(&answer);
}

/* Nobody who is no proxy makes this node give away other addresses; nor where base-url is set. */
static void addresses_that_are_given_away(void **state)
{
	struct web_bench other;
	struct answer answer;

	bench_init(&other);
	bench_open(&other);
	bench_get(&other, &answer, "/page", "X-Forwarded-Host: evil.example\r\n");
	assert_string_equal((char *)answer.body.ptr, "http://a.example/de");
	answer_fini(&answer);
	snprintf(other.config.base_url, sizeof(other.config.base_url),
		 "https://daten.meissen.example/x");
	bench_get(&other, &answer, "/page", NULL);
	assert_string_equal((char *)answer.body.ptr, "https://daten.meissen.example/x/de");
	answer_fini(&answer);
	bench_close(&other);
}

static void arguments_and_parts(void **state)
{
	static const struct {
		const char *target, *says;
		unsigned status;
	} cases[] = {
		{"/args", "{\"q\":\"\",\"limit\":10}", 200},
		{"/args?q=a+b%2Bc%20d&limit=7", "{\"q\":\"a b+c d\",\"limit\":7}", 200},
		{"/args?q=%C3%A4", "{\"q\":\"ä\"", 200},
		{"/args?q=a%0Ab", "{\"q\":\"a\\nb\"", 200},
		{"/args?limit=0", "from 1 to 100", 400},
		{"/args?limit=101", "from 1 to 100", 400},
		{"/args?limit=-1", "is not a number", 400},
		{"/args?limit=", "is not a number", 400},
		{"/args?limit=99999999999999999999999", "is not a number", 400},
		{"/args?q=1&q=1", "given twice", 400},
		{"/args?Q=1", "no parameter", 400},
		{"/loose?x=1&x=2&q=3", "{\"q\":\"3\"", 200},
		{"/loose?x=1&q=3&q=3", "given twice", 400},
		{"/d/meissen/kita/pl%C3%A4tze", "{\"part\":\"meissen\",\"rest\":\"kita/plätze\"}",
		 200},
		{"/d/meissen/a%2Fb", "\"rest\":\"a/b\"", 200},
		{"/d/meissen/", "\"rest\":\"\"", 200},
		{"/admin", "nothing here", 404},
		{"/token", "who has a token", 401},
		{"/nowhere", "nothing here", 404},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answer answer;

		bench_get(&bench, &answer, cases[i].target, NULL);
		if (answer.status != cases[i].status ||
		    !strstr((char *)answer.body.ptr, cases[i].says))
			fail_msg("%s: %u %s", cases[i].target, answer.status, answer.body.ptr);
		answer_fini(&answer);
	}
}

/* One after the other, so the count of those that were made is told by the answer. */
static void answers_that_are_kept(void **state)
{
	static const struct {
		const char *target, *headers, *says;
		unsigned status;
	} cases[] = {
		{"/counted", NULL, "{\"made\":1}", 200},
		{"/counted", NULL, "{\"made\":1}", 200},
		{"/counted", "X-Other: 1\r\n", "{\"made\":1}", 200},
		{"/counted?generation=2", NULL, "{\"made\":2}", 200},
		{"/counted?generation=2", NULL, "{\"made\":2}", 200},
		{"/counted?generation=2&generation=2", NULL, "{\"made\":3}", 200},
		{"/counted?generation=0", NULL, "{\"made\":4}", 200}, /* unknown: never kept */
		{"/counted?generation=0", NULL, "{\"made\":5}", 200},
		{"/counted", "Accept-Language: en\r\n", "{\"made\":6}", 200},
		{"/counted", "X-Forwarded-Host: b.example\r\n", "{\"made\":7}", 200},
		{"/counted", "If-None-Match: *\r\n", "", 304},
		{"/counted", "Range: bytes=2-5\r\n", "made", 206},
		{"/counted", NULL, "{\"made\":1}", 200},
	};
	struct answer answer;
	char tag[100];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_get(&bench, &answer, cases[i].target, cases[i].headers);
		if (answer.status != cases[i].status ||
		    strncmp((char *)answer.body.ptr, cases[i].says, strlen(cases[i].says)) != 0)
			fail_msg("%zu: %u %s", i, answer.status, answer.body.ptr);
		assert_string_equal(answer_header(&answer, "X-Content-Type-Options"), "nosniff");
		if (i == 0)
			snprintf(tag, sizeof(tag), "%s", answer_header(&answer, "ETag"));
		if (i == 1)
			assert_string_equal(answer_header(&answer, "ETag"), tag);
		answer_fini(&answer);
	}
}

static void what_other_sites_may_ask(void **state)
{
	struct answer answer;

	bench_send(&bench, &answer,
		   bytes_str("OPTIONS /post HTTP/1.1\r\nHost: a\r\nOrigin: https://x\r\n"
			     "Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n"));
	assert_int_equal(answer.status, 204);
	assert_non_null(strstr(answer_header(&answer, "Access-Control-Allow-Methods"), "POST"));
	assert_non_null(
		strstr(answer_header(&answer, "Access-Control-Allow-Headers"), "Authorization"));
	assert_string_equal(answer_header(&answer, "Access-Control-Allow-Origin"), "*");
	answer_fini(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_bodies),
		cmocka_unit_test(broken_streams),
		cmocka_unit_test(heads),
		cmocka_unit_test(conditions),
		cmocka_unit_test(ranges),
		cmocka_unit_test(ranges_of_what_has_changed),
		cmocka_unit_test(codings),
		cmocka_unit_test(which_page_and_language),
		cmocka_unit_test(addresses_that_are_given_away),
		cmocka_unit_test(arguments_and_parts),
		cmocka_unit_test(answers_that_are_kept),
		cmocka_unit_test(what_other_sites_may_ask),
	};

	return cmocka_run_group_tests(tests, open_bench, close_bench);
}
