/* Requests that nobody should send, each answered with the right status and one sentence, and the
   next one as if nothing had been. */
#include "test/node/web/web_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/check.h"

static struct web_bench bench;

static int open_bench(void **state)
{
	bench_init(&bench);
	bench_open(&bench);
	return 0;
}

static int close_bench(void **state)
{
	bench_close(&bench);
	return 0;
}

/* Of the queue one address has a share: who has filled it is told to come again. */
static void assert_well(void)
{
	struct answer answer;
	unsigned status = 503;

	for (unsigned tries = 0; status == 503 && tries < 100; tries++) {
		bench_get(&bench, &answer, "/args?q=x", NULL);
		status = answer.status;
		if (status == 503) {
			assert_string_equal(answer_header(&answer, "Retry-After"), "2");
			usleep(20000);
		}
		answer_fini(&answer);
	}
	assert_int_equal(status, 200);
}

/* Sanitizers keep what was freed. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEMORY_KIB_MAX (512 * 1024)
#endif
#endif
#ifndef MEMORY_KIB_MAX
#define MEMORY_KIB_MAX (128 * 1024)
#endif

#define HOST "Host: a\r\nConnection: close\r\n"

static const struct {
	unsigned status;
	const char *says; /* in the body; NULL: whatever */
	const char *text;
} bad[] = {
	/* where it leads */
	{400, "\\\"..\\\"", "GET /d/meissen/../admin HTTP/1.1\r\n" HOST "\r\n"},
	{400, "\\\"..\\\"", "GET /d/meissen/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" HOST "\r\n"},
	{400, "\\\"..\\\"", "GET /d/meissen/..%2f..%2fetc%2fpasswd HTTP/1.1\r\n" HOST "\r\n"},
	{400, "empty", "GET /d/meissen//x HTTP/1.1\r\n" HOST "\r\n"},
	{400, "\\\".\\\"", "GET /d/meissen/./x HTTP/1.1\r\n" HOST "\r\n"},
	{404, "nothing here", "GET /../../etc/passwd HTTP/1.1\r\n" HOST "\r\n"},
	{404, "nothing here", "GET // HTTP/1.1\r\n" HOST "\r\n"},
	{404, "nothing here", "GET /admin HTTP/1.1\r\n" HOST "\r\n"},
	{404, "nothing here", "GET * HTTP/1.1\r\n" HOST "\r\n"},
	{404, "nothing here", "GET http://other.example/args HTTP/1.1\r\n" HOST "\r\n"},
	/* how it is written */
	{400, "UTF-8", "GET /d/meissen/%ff HTTP/1.1\r\n" HOST "\r\n"},
	{400, "UTF-8", "GET /d/meissen/\xff\xfe HTTP/1.1\r\n" HOST "\r\n"},
	{400, "UTF-8", "GET /d/meissen/%c0%af HTTP/1.1\r\n" HOST "\r\n"},
	{400, "UTF-8", "GET /d/meissen/%ed%a0%80 HTTP/1.1\r\n" HOST "\r\n"},
	{400, "UTF-8", "GET /d/meissen/a%00b HTTP/1.1\r\n" HOST "\r\n"},
	{400, "UTF-8", "GET /d/meissen/a%0d%0aSet-Cookie:x HTTP/1.1\r\n" HOST "\r\n"},
	{400, "UTF-8", "GET /d/meissen/%zz HTTP/1.1\r\n" HOST "\r\n"},
	{400, "UTF-8", "GET /d/meissen/% HTTP/1.1\r\n" HOST "\r\n"},
	{400, "UTF-8", "GET /args?q=%ff HTTP/1.1\r\n" HOST "\r\n"},
	{400, "UTF-8", "GET /args?q=%0 HTTP/1.1\r\n" HOST "\r\n"},
	{400, "UTF-8", "GET /args?q=a%00 HTTP/1.1\r\n" HOST "\r\n"},
	{400, "UTF-8", "GET /args?%ff=1 HTTP/1.1\r\n" HOST "\r\n"},
	/* what it asks for */
	{400, "given twice", "GET /args?q=1&q=2 HTTP/1.1\r\n" HOST "\r\n"},
	{400, "no parameter", "GET /args?rows=1 HTTP/1.1\r\n" HOST "\r\n"},
	{400, "is not a number", "GET /args?limit=1e3 HTTP/1.1\r\n" HOST "\r\n"},
	{400, "is not a number", "GET /args?limit=%201 HTTP/1.1\r\n" HOST "\r\n"},
	/* methods */
	{405, "does not take POST", "POST /args HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"},
	{405, "does not take PUT", "PUT /args HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"},
	{405, "does not take DELETE", "DELETE /args HTTP/1.1\r\n" HOST "\r\n"},
	{405, "this method", "TRACE /args HTTP/1.1\r\n" HOST "\r\n"},
	{405, "this method", "CONNECT /args HTTP/1.1\r\n" HOST "\r\n"},
	{405, "this method", "get /args HTTP/1.1\r\n" HOST "\r\n"},
	{405, "does not take GET", "GET /post HTTP/1.1\r\n" HOST "\r\n"},
	/* bodies */
	{400, "not JSON", "POST /post HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n{\"a"},
	{400, "not JSON", "POST /post HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"},
	{400, "not JSON",
	 "POST /post HTTP/1.1\r\n" HOST "Content-Length: 15\r\n\r\n{\"a\":1, \"a\":2} "},
	{400, "not JSON",
	 "POST /post HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\n{\"a\":\"\xff\"}"},
	{400, "not a JSON object", "POST /post HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n[]"},
	{400, "more than 16 levels",
	 "POST /post HTTP/1.1\r\n" HOST "Content-Length: 40\r\n\r\n"
	 "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["},
	{413, "larger", "POST /post HTTP/1.1\r\n" HOST "Content-Length: 10001\r\n\r\n"},
	{413, "too large",
	 "POST /post HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999999\r\n\r\n"},
	{400, NULL, "POST /post HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n"},
	{400, NULL, "POST /post HTTP/1.1\r\n" HOST "Content-Length: 2x\r\n\r\n{}"},
	{400, NULL,
	 "POST /post HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n"},
	{400, NULL,
	 "POST /post HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\n{}zz\r\n0\r\n\r\n"},
	{413, NULL,
	 "POST /post HTTP/1.1\r\n" HOST
	 "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}"},
	/* one message for two that stand behind each other */
	{400, NULL,
	 "POST /post HTTP/1.1\r\n" HOST
	 "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n"},
	{400, NULL,
	 "POST /post HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} "},
	/* the form of the message */
	{400, NULL, "GET /args HTTP/1.1\r\nConnection: close\r\n\r\n"}, /* no Host */
	{400, NULL, "GET /args\r\n\r\n"},
	{400, NULL, "GET /args HTTP/1.1\r\n" HOST "no colon\r\n\r\n"},
	{505, NULL, "GET /args HTTP/9.9\r\n" HOST "\r\n"},
	{0, NULL, "\x16\x03\x01\x02\x01\x01\xfc\x03\x03\r\n\r\n"}, /* TLS */
};

static void each_has_its_answer(void **state)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct answer answer;

		bench_send(&bench, &answer, bytes_str(bad[i].text));
		if (answer.status != bad[i].status ||
		    (bad[i].says && !strstr((char *)answer.body.ptr, bad[i].says))) {
			print_message("%s: %u %s\n", bad[i].text, answer.status, answer.body.ptr);
			wrong++;
		}
		answer_fini(&answer);
		assert_well();
	}
	assert_int_equal(wrong, 0);
}

/* A line of so many letters between two texts. */
static void send_long(struct answer *answer, const char *before, size_t len, const char *after)
{
	struct buf text;

	buf_init(&text, 1 << 24);
	buf_add(&text, bytes_str(before));
	memset(buf_space(&text, len), 'a', len);
	buf_add(&text, bytes_str(after));
	bench_send(&bench, answer, buf_bytes(&text));
	buf_fini(&text);
}

static void giants(void **state)
{
	static const struct {
		const char *before;
		size_t len;
		const char *after;
		unsigned status;
	} cases[] = {
		{"GET /args?q=", 8000, " HTTP/1.1\r\n" HOST "\r\n", 200},
		{"GET /args?q=", 100000, " HTTP/1.1\r\n" HOST "\r\n", 414},
		{"GET /args HTTP/1.1\r\n" HOST "X: ", 8000, "\r\n\r\n", 200},
		{"GET /args HTTP/1.1\r\n" HOST "X: ", 100000, "\r\n\r\n", 431},
		{"GET /args HTTP/1.1\r\n" HOST "X: ", 10000000, "\r\n\r\n", 431},
		{"POST /post HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n30d40\r\n",
		 200000, "\r\n0\r\n\r\n", 413},
		{"POST /post HTTP/1.1\r\n" HOST "Content-Length: 200000\r\n\r\n", 200000, "", 413},
		{"POST /post HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: "
		 "200000\r\n\r\n",
		 0, "", 413},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answer answer;

		send_long(&answer, cases[i].before, cases[i].len, cases[i].after);
		/* who is refused in the middle of its sentence may find the line dead instead */
		if (answer.status != cases[i].status &&
		    !(answer.status == 0 && cases[i].len > 99999))
			fail_msg("%s: %u", cases[i].before, answer.status);
		answer_fini(&answer);
		assert_well();
	}
}

static void many_arguments_and_headers(void **state)
{
	struct buf text;
	struct answer answer;

	buf_init(&text, 1 << 20);
	buf_add(&text, bytes_str("GET /loose?"));
	for (unsigned i = 0; i <= WEB_ARGS_MAX; i++)
		buf_add(&text, bytes_str("x=1&"));
	buf_add(&text, bytes_str(" HTTP/1.1\r\n" HOST "\r\n"));
	bench_send(&bench, &answer, buf_bytes(&text));
	assert_int_equal(answer.status, 400);
	assert_non_null(strstr((char *)answer.body.ptr, "at most 256 arguments"));
	answer_fini(&answer);
	buf_reset(&text);
	buf_add(&text, bytes_str("GET /args HTTP/1.1\r\n" HOST));
	for (unsigned i = 0; i < 20000; i++)
		buf_add(&text, bytes_str("a: b\r\n"));
	buf_add(&text, bytes_str("\r\n"));
	bench_send(&bench, &answer, buf_bytes(&text));
	assert_true(answer.status == 431 || answer.status == 0);
	answer_fini(&answer);
	buf_fini(&text);
	assert_well();
}

static uint64_t resident_kib(void)
{
	unsigned long pages = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu %lu", &pages, &resident), 2);
	fclose(file);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* So many connections that say half a sentence, or ask and do not listen. */
static void assert_no_harm(size_t count, const char *text)
{
	int *fds = mem_new(count, sizeof(*fds));
	uint64_t before = resident_kib(), worst_ns = 0;

	for (size_t i = 0; i < count; i++) {
		int small = 2048;

		fds[i] = bench_connect(&bench);
		setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
		send(fds[i], text, strlen(text), MSG_NOSIGNAL);
		if (i % 100 == 99) {
			uint64_t begun = uv_hrtime();

			assert_well();
			if (uv_hrtime() - begun > worst_ns)
				worst_ns = uv_hrtime() - begun;
		}
	}
	print_message("%zu connections: the slowest answer meanwhile took %llu ms, %llu KiB more\n",
		      count, (unsigned long long)worst_ns / 1000000,
		      (unsigned long long)(resident_kib() - before));
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	free(fds);
	assert_well();
	assert_true(resident_kib() - before < MEMORY_KIB_MAX);
}

static void half_open(void **state)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	/* they take room in this process on both sides */
	if (files.rlim_cur < 14000)
		print_message("only %llu files may be open\n", (unsigned long long)files.rlim_cur);
	assert_no_harm(files.rlim_cur < 14000 ? 300 : 10000, "GET /args HTTP/1.1\r\nHost");
}

static void bodies_that_do_not_come(void **state)
{
	assert_no_harm(300, "POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{");
}

static void slow_readers(void **state)
{
	assert_no_harm(300, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_no_harm(300, "GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_no_harm(200, "GET /bytes HTTP/1.1\r\nHost: a\r\n\r\nGET /bytes HTTP/1.1\r\nHost: "
			    "a\r\n\r\n");
}

/* An answer that nobody waits for any more. */
static void gone_clients(void **state)
{
	for (unsigned i = 0; i < 200; i++) {
		int fd = bench_connect(&bench);
		const char *text = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";

		send(fd, text, strlen(text), MSG_NOSIGNAL);
		close(fd);
	}
	assert_well();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_answer),
		cmocka_unit_test(giants),
		cmocka_unit_test(many_arguments_and_headers),
		cmocka_unit_test(half_open),
		cmocka_unit_test(bodies_that_do_not_come),
		cmocka_unit_test(slow_readers),
		cmocka_unit_test(gone_clients),
	};

	return cmocka_run_group_tests(tests, open_bench, close_bench);
}
