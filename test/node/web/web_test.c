#include "test/node/web/web_test.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/check.h"
#include "node/web/web_call.h"
#include "test/store/store_test.h"

uint8_t plain_byte(uint64_t at)
{
	return (uint8_t)('a' + at % 23 + (at / 1000) % 3);
}

/* Routes */

static int made_count;

static void bytes_serve(struct web_call *call)
{
	struct buf text;

	web_etag(call, bytes_str("seven"));
	web_modified(call, INT64_C(1700000000000));
	web_cache(call, 60, false);
	buf_init(&text, 100000);
	for (unsigned i = 0; i < 5000; i++)
		buf_add_u8(&text, plain_byte(i));
	web_text(call, 200, "text/plain; charset=utf-8", &text);
}

static ssize_t plain_read(void *arg, uint64_t at, void *to, size_t len)
{
	uint64_t left = at < PLAIN_LEN ? PLAIN_LEN - at : 0;

	len = len < left ? len : (size_t)left;
	len = len < 10007 ? len : 10007;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)to)[i] = plain_byte(at + i);
	return (ssize_t)len;
}

static ssize_t broken_read(void *arg, uint64_t at, void *to, size_t len)
{
	return at > PLAIN_LEN / 2 ? -1 : plain_read(arg, at, to, len);
}

static void stream_serve(struct web_call *call)
{
	web_etag(call, bytes_str("stream"));
	web_stream(call, PLAIN_LEN, "text/csv", plain_read, NULL, NULL);
}

static void open_serve(struct web_call *call)
{
	web_stream(call, UINT64_MAX, "text/csv", plain_read, NULL, NULL);
}

static void broken_serve(struct web_call *call)
{
	web_stream(call, PLAIN_LEN, "text/csv", broken_read, NULL, NULL);
}

static void file_serve(struct web_call *call)
{
	int fd = memfd_create("plain", MFD_CLOEXEC);
	uint8_t *bytes = mem_new(PLAIN_LEN, 1);

	for (uint64_t at = 0; at < PLAIN_LEN; at++)
		bytes[at] = plain_byte(at);
	check(write(fd, bytes, PLAIN_LEN) == PLAIN_LEN);
	free(bytes);
	web_attachment(call, "Plätze \"2\".csv");
	web_file(call, fd, PLAIN_LEN, "text/html");
}

static void args_serve(struct web_call *call)
{
	uint64_t limit = 10;
	const char *q = web_arg(call, "q");

	if (web_arg_uint(call, "limit", 1, 100, &limit))
		web_json(call, 200,
			 json_pack("{s:s, s:I}", "q", q ? q : "", "limit", (json_int_t)limit));
}

static void parts_serve(struct web_call *call)
{
	web_json(call, 200, json_pack("{s:s, s:s}", "part", call->parts[0], "rest", call->rest));
}

static void post_serve(struct web_call *call)
{
	json_t *body = web_body(call);

	if (body)
		web_json(call, 200, body);
}

static void page_serve(struct web_call *call)
{
	static const char *const types[] = {"application/json", "text/html"};
	struct buf text;
	size_t which;

	if (!web_accepts(call, types, 2, &which)) {
		web_fail(call, 406, "usage", "only JSON and HTML are had here");
		return;
	}
	buf_init(&text, 1000);
	web_url(call, &text, web_german(call) ? "/de" : "/en");
	web_link(call, "/x", "alternate", "text/turtle");
	web_text(call, 200, types[which], &text);
}

static void visitor_serve(struct web_call *call)
{
	const struct visitor *visitor = &call->visitor;
	struct buf text;

	buf_init(&text, 2000);
	buf_add(&text, bytes_str(visitor->kind == VISITOR_ANYONE ? "anyone"
				 : visitor->verb == TOKEN_READ   ? "token read "
								 : "token list "));
	buf_add(&text, bytes_str(visitor->prefix));
	web_text(call, 200, "text/plain", &text);
}

/* Counts how often it was made. */
static void counted_serve(struct web_call *call)
{
	uint64_t generation = 1;

	web_arg_uint(call, "generation", 0, 9, &generation);
	web_etag(call, bytes_obj(&generation));
	if (!web_kept(call, generation))
		web_json(call, 200, json_pack("{s:I}", "made", (json_int_t)++made_count));
}

static void moved_serve(struct web_call *call)
{
	web_redirect(call, 308, "/page");
}

static const struct route test_routes[] = {
	{HTTP_GET, "/bytes", .who = WHO_ANYONE, .serve = bytes_serve},
	{HTTP_GET, "/stream", .who = WHO_ANYONE, .serve = stream_serve},
	{HTTP_GET, "/open", .who = WHO_ANYONE, .serve = open_serve},
	{HTTP_GET, "/broken", .who = WHO_ANYONE, .serve = broken_serve},
	{HTTP_GET, "/file", .who = WHO_ANYONE, .serve = file_serve},
	{HTTP_GET, "/args", .who = WHO_ANYONE, .serve = args_serve,
	 .params = PARAMS({"q", "string", ""}, {"limit", "integer", ""})},
	{HTTP_GET, "/loose", .who = WHO_ANYONE, .serve = args_serve,
	 .params = PARAMS({"q", "string", ""}, {"*", "string", ""})},
	{HTTP_GET, "/d/*/**", .who = WHO_ANYONE, .serve = parts_serve},
	{HTTP_POST, "/post", .who = WHO_ANYONE, .serve = post_serve},
	{HTTP_GET, "/page", .who = WHO_ANYONE, .serve = page_serve},
	{HTTP_GET, "/moved", .who = WHO_ANYONE, .serve = moved_serve},
	{HTTP_GET, "/token", .who = WHO_TOKEN, .serve = page_serve},
	{HTTP_GET, "/who", .who = WHO_ANYONE, .serve = visitor_serve},
	{HTTP_GET, "/counted", .who = WHO_ANYONE, .serve = counted_serve},
	{HTTP_GET, "/admin"},
	{.path = NULL},
};
static const struct route *const tables[] = {test_routes, NULL};

/* Life */

void bench_init(struct web_bench *bench)
{
	memset(bench, 0, sizeof(*bench));
	config_init(&bench->config);
	bench->config.limits.http_body_len_max = 10000;
}

void bench_open(struct web_bench *bench)
{
	struct server_options server = {.loop = &bench->loop,
					.limits = &bench->config.limits,
					.address = "127.0.0.1:0",
					.proxies = bench->config.http_proxies};
	struct web_options options = {
		.node = &bench->view, .tables = tables, .metrics = &bench->metrics};
	char why[WHY_LEN];

	bench->dir = test_dir_memory();
	bench->db = test_db(bench->dir);
	assert_int_equal(uv_loop_init(&bench->loop), 0);
	assert_int_equal(server_open(&bench->server, &server, why), ERR_OK);
	bench->port = (uint16_t)strtoul(strrchr(server_address(bench->server), ':') + 1, NULL, 10);
	bench->view.config = &bench->config;
	bench->view.http = server_address(bench->server);
	bench->view.loop = &bench->loop;
	bench->view.db = bench->db;
	options.server = bench->server;
	bench->web = web_open(&options);
	web_start(bench->web);
}

void bench_close(struct web_bench *bench)
{
	web_stop(bench->web);
	while (web_busy(bench->web))
		usleep(1000);
	web_close(bench->web);
	uv_run(&bench->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&bench->loop), 0);
	db_close(bench->db);
	test_dir_fini(bench->dir);
}

/* The client */

int bench_connect(const struct web_bench *bench)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(bench->port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = 30};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void bench_send(const struct web_bench *bench, struct answer *answer, struct bytes text)
{
	int fd = bench_connect(bench);
	struct buf all;
	ssize_t got;
	const uint8_t *end;

	while (text.len) {
		ssize_t sent = send(fd, text.ptr, text.len, MSG_NOSIGNAL);

		if (sent <= 0)
			break; /* it has heard enough */
		text = bytes_slice(text, (size_t)sent, text.len);
	}
	buf_init(&all, 1 << 24);
	do {
		uint8_t block[65536];

		got = recv(fd, block, sizeof(block), 0);
		if (got > 0)
			buf_add(&all, bytes_of(block, (size_t)got));
	} while (got > 0);
	close(fd);
	buf_init(&answer->head, 1 << 20);
	buf_init(&answer->body, 1 << 24);
	answer->status = 0;
	end = all.len ? memmem(all.ptr, all.len, "\r\n\r\n", 4) : NULL;
	if (end) {
		size_t len = (size_t)(end - all.ptr) + 4;

		buf_add(&answer->head, bytes_of(all.ptr, len));
		buf_add(&answer->body, bytes_of(all.ptr + len, all.len - len));
		answer->status = (unsigned)strtoul((char *)answer->head.ptr + 9, NULL, 10);
	}
	buf_add_u8(&answer->head, 0);
	buf_add_u8(&answer->body, 0);
	answer->body.len--;
	buf_fini(&all);
}

void bench_get(const struct web_bench *bench, struct answer *answer, const char *target,
	       const char *headers)
{
	char text[4096];

	snprintf(text, sizeof(text),
		 "GET %s HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n%s\r\n", target,
		 headers ? headers : "");
	bench_send(bench, answer, bytes_str(text));
}

void answer_fini(struct answer *answer)
{
	buf_fini(&answer->head);
	buf_fini(&answer->body);
}

const char *answer_header(const struct answer *answer, const char *name)
{
	static char value[1000];
	size_t len = strlen(name);

	for (const char *line = (const char *)answer->head.ptr; (line = strstr(line, "\r\n"));) {
		line += 2;
		if (strncasecmp(line, name, len) || line[len] != ':')
			continue;
		line += len + 1;
		line += strspn(line, " ");
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\r"), line);
		return value;
	}
	return "";
}
