#include "test/node/node_test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/random.h"
#include "node/base/clock.h"
#include "proto/content/parts.h"

static char *dir;
static struct node_process node;

static int start(void **state)
{
	dir = node_dir_init("meissen", NULL);
	node = node_start(dir, NULL);
	node_expect(&node, 201, "POST", "/federation", "{\"name\": \"Sachsen\"}");
	return 0;
}

static int stop(void **state)
{
	node_stop(&node);
	node_dir_fini(dir);
	return 0;
}

static void expect_error(long status, const char *code, const char *says, const char *method,
			 const char *target, const char *json)
{
	const char *answer = node_expect(&node, status, method, target, json);
	char text[1000];

	node_field(text, sizeof(text), answer, "error");
	assert_string_equal(text, code);
	node_field(text, sizeof(text), answer, "message");
	if (!strstr(answer, says))
		fail_msg("%s %s: %s does not say %s", method, target, answer, says);
}

/* What no client of ours sends. */
static void malformed_requests(void **state)
{
	struct buf large, answer;

	expect_error(404, "absent", "there is no /nowhere here", "GET", "/nowhere", NULL);
	expect_error(404, "absent", "there is no", "GET", "/%2e%2e/status", NULL);
	expect_error(400, "usage", "does not take this method", "DELETE", "/status", NULL);
	expect_error(400, "usage", "does not take this method", "PATCH", "/status", NULL);
	expect_error(400, "usage", "\\\"path\\\" is missing", "GET", "/dataset", NULL);
	expect_error(400, "usage", "not percent-encoded", "GET", "/dataset?path=a%zz", NULL);
	expect_error(400, "usage", "not percent-encoded", "GET", "/dataset?path=a%00b", NULL);
	expect_error(400, "usage", "is not a number", "GET", "/dataset?path=a/b&version=x", NULL);
	expect_error(400, "usage", "is not a number", "GET", "/dataset?path=a/b&version=-1", NULL);
	expect_error(400, "usage", "is no dataset", "GET", "/dataset?path=A%20B", NULL);
	expect_error(400, "usage", "is no dataset", "GET", "/dataset?path=%ff%fe", NULL);
	expect_error(404, "absent", "no dataset a/b", "GET", "/dataset?path=a/b", NULL);
	expect_error(404, "absent", "no dataset a/b", "GET", "/file?path=a/b&name=x", NULL);
	expect_error(400, "usage", "not a pattern", "GET", "/datasets?pattern=**/x", NULL);

	expect_error(400, "usage", "not JSON", "POST", "/peers", "{\"address\":");
	expect_error(400, "usage", "not JSON", "POST", "/peers",
		     "{\"address\": \"a:1\", \"address\": \"b:1\"}");
	expect_error(400, "usage", "not a JSON object", "POST", "/peers", "[]");
	expect_error(400, "usage", "\\\"address\\\" is missing", "POST", "/peers", "{}");
	expect_error(400, "usage", "\\\"address\\\" is missing", "POST", "/peers",
		     "{\"address\": null}");
	expect_error(400, "usage", "is not a text", "POST", "/peers", "{\"address\": 7}");
	expect_error(400, "usage", "fields that this request does not know", "POST", "/peers",
		     "{\"address\": \"a:1\", \"port\": 7}");
	expect_error(400, "usage", "\\\"keywords\\\": this is not a text", "POST", "/uploads",
		     "{\"dataset\": \"meissen/x\", \"keywords\": [1]}");
	expect_error(400, "usage", "the nearest are ENVI", "POST", "/uploads",
		     "{\"dataset\": \"meissen/x\", \"themes\": [\"ENVY\"]}");
	expect_error(400, "usage", "\\\"tier\\\" is not", "POST", "/uploads",
		     "{\"dataset\": \"meissen/x\", \"tier\": \"public\"}");
	expect_error(400, "usage", "from 0 on", "POST", "/uploads",
		     "{\"dataset\": \"meissen/x\", \"keep\": -1}");

	buf_init(&large, 1u << 20);
	buf_init(&answer, 65536);
	buf_add(&large, bytes_str("{\"address\": \""));
	memset(buf_space(&large, 300000), 'a', 300000);
	buf_add(&large, bytes_str("\"}"));
	assert_int_equal(node_ask(&node, "POST", "/peers", buf_bytes(&large), &answer), 413);
	assert_non_null(strstr((const char *)answer.ptr, "too_large"));
	buf_fini(&large);
	buf_fini(&answer);
	node_expect(&node, 200, "GET", "/status", NULL);
}

/* What is left out, and what is wrong: each is an answer, and the daemon lives. */
static void requests_about_grants(void **state)
{
	(void)state;
	expect_error(400, "usage", "\\\"prefix\\\" is missing", "POST", "/grants", "{}");
	expect_error(400, "usage", "cannot be granted", "POST", "/grants",
		     "{\"prefix\": \"meissen/x\", \"to\": \"riesa\", \"rights\": \"own\"}");
	expect_error(400, "usage", "cannot be kept", "POST", "/grants",
		     "{\"prefix\": \"meissen/x\", \"to\": \"riesa\", \"rights\": \"read\", "
		     "\"keep\": \"some\"}");
	expect_error(400, "usage", "widest tier", "POST", "/grants",
		     "{\"prefix\": \"meissen/x\", \"to\": \"riesa\", \"rights\": \"read\", "
		     "\"widest\": \"hidden\"}");
	expect_error(404, "absent", "riesa", "POST", "/grants",
		     "{\"prefix\": \"meissen/x\", \"to\": \"riesa\", \"rights\": \"read\"}");
	expect_error(400, "usage", "cannot be granted", "POST", "/grants/renew",
		     "{\"id\": \"g-AAAAAAAA\", \"rights\": \"own\"}");
	expect_error(404, "absent", "g-AAAAAAAA", "POST", "/grants/renew",
		     "{\"id\": \"g-AAAAAAAA\"}");
	expect_error(400, "usage", "say which grant ends", "POST", "/revocations", "{}");
	expect_error(400, "usage", "say which grant ends", "POST", "/revocations",
		     "{\"grant\": \"g-AAAAAAAA\", \"from\": \"riesa\"}");
	expect_error(400, "usage", "cannot be kept", "POST", "/revocations",
		     "{\"from\": \"riesa\", \"keep\": \"some\"}");
	expect_error(404, "absent", "g-AAAAAAAA", "POST", "/revocations",
		     "{\"grant\": \"g-AAAAAAAA\"}");
	expect_error(404, "absent", "riesa", "POST", "/revocations", "{\"from\": \"riesa\"}");
	expect_error(404, "absent", "riesa", "POST", "/revocations/lift", "{\"from\": \"riesa\"}");
	expect_error(404, "absent", "g-AAAAAAAA", "GET", "/grant/export?id=g-AAAAAAAA", NULL);
	expect_error(400, "usage", "\\\"challenge\\\" is missing", "POST", "/grant/prove",
		     "{\"id\": \"g-AAAAAAAA\"}");
	expect_error(404, "absent", "g-AAAAAAAA", "POST", "/grant/prove",
		     "{\"id\": \"g-AAAAAAAA\", \"challenge\": \"0123456789abcdef\"}");
}

static void status_says_what_to_do(void **state)
{
	const char *answer = node_expect(&node, 200, "GET", "/status", NULL);

	assert_non_null(strstr(answer, "the keys lie in clear"));
	assert_null(strstr(answer, "federation create")); /* done in start() */
	assert_non_null(strstr(answer, "\"state\":\"member\""));
}

/* A file of such a size, pseudo-random. */
static struct buf contents(size_t len, uint64_t seed)
{
	struct random random = random_seeded(seed);
	struct buf buf;

	buf_init(&buf, len ? len : 1);
	if (len)
		random_fill(&random, buf_space(&buf, len), len);
	return buf;
}

static void begin(char *id, size_t size, const char *json)
{
	node_field(id, size, node_expect(&node, 201, "POST", "/uploads", json), "upload");
}

static void put(long status, const char *id, const char *name, struct bytes bytes)
{
	char target[300];
	struct buf answer;
	long got;

	snprintf(target, sizeof(target),
		 "/uploads/%.30s/files/%.100s?modified_ms=1795201200000&type=text/csv", id, name);
	buf_init(&answer, 65536);
	got = node_ask(&node, "PUT", target, bytes.ptr ? bytes : bytes_of("", 0), &answer);
	if (got != status)
		fail_msg("PUT %s: status %ld instead of %ld: %s", target, got, status,
			 (const char *)answer.ptr);
	buf_fini(&answer);
}

static void expect_body(long status, const char *says, const char *target, struct bytes body)
{
	struct buf answer;
	long got;

	buf_init(&answer, 65536);
	got = node_ask(&node, "POST", target, body, &answer);
	if (got != status || !strstr((const char *)answer.ptr, says))
		fail_msg("POST %s: %ld %s does not say %s", target, got, (const char *)answer.ptr,
			 says);
	buf_fini(&answer);
}

static void check_file(const char *path, const char *name, struct bytes expected)
{
	char target[300];
	struct buf answer;

	snprintf(target, sizeof(target), "/file?path=%.100s&name=%.100s", path, name);
	buf_init(&answer, expected.len + 65536);
	assert_int_equal(node_ask(&node, "GET", target, bytes_of(NULL, 0), &answer), 200);
	assert_true(bytes_eq(buf_bytes(&answer), expected));
	buf_fini(&answer);
}

/* Sizes around every block and buffer on the way in and out. */
static void what_goes_in_comes_out(void **state)
{
	static const size_t sizes[] = {0,      1,       16384,   65536,   262144,
				       262145, 1048575, 1048576, 1048577, 24u * 1024 * 1024 + 7};
	char id[32], target[100], name[64];
	const char *answer;

	begin(id, sizeof(id), "{\"dataset\": \"meissen/rund/reise\", \"tier\": \"open\"}");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct buf file = contents(sizes[i], i);

		snprintf(name, sizeof(name), "ordner%%2F%zu.csv", i);
		put(200, id, name, buf_bytes(&file));
		buf_fini(&file);
	}
	snprintf(target, sizeof(target), "/uploads/%s/commit", id);
	answer = node_expect(&node, 200, "POST", target, NULL);
	assert_non_null(strstr(answer, "\"version\":1"));
	assert_non_null(strstr(answer, "\"readers\":\"everyone\""));
	assert_non_null(strstr(answer, "\"held_by\":[\"meissen\"]"));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct buf file = contents(sizes[i], i);

		snprintf(name, sizeof(name), "ordner%%2F%zu.csv", i);
		check_file("meissen/rund/reise", name, buf_bytes(&file));
		buf_fini(&file);
	}
	answer = node_expect(&node, 200, "GET", "/manifest?path=meissen/rund/reise", NULL);
	assert_non_null(strstr(
		answer, "\"name\":\"ordner/9.csv\",\"type\":\"text/csv\",\"bytes\":25165831"));
	assert_non_null(strstr(answer, "\"modified_ms\":1795201200000"));
	expect_error(404, "absent", "no file", "GET", "/file?path=meissen/rund/reise&name=9.csv",
		     NULL);
	expect_error(404, "absent", "no such upload", "POST", target, NULL);
	assert_non_null(strstr(node_expect(&node, 200, "POST", "/verify", NULL), "\"clean\":true"));
}

/* A manifest comes in pages: no answer is longer because a publisher has more files. */
static void many_files_come_in_pages(void **state)
{
	char id[32], target[100], name[64];
	const char *answer;

	begin(id, sizeof(id), "{\"dataset\": \"meissen/viele\"}");
	for (int i = 0; i <= 256; i++) {
		snprintf(name, sizeof(name), "%04d", i);
		put(200, id, name, bytes_str("x"));
	}
	snprintf(target, sizeof(target), "/uploads/%s/commit", id);
	node_expect(&node, 200, "POST", target, NULL);
	answer = node_expect(&node, 200, "GET", "/manifest?path=meissen/viele", NULL);
	assert_non_null(strstr(answer, "\"file_count\":257,\"bytes\":257,\"stored_bytes\":"));
	assert_non_null(strstr(answer, "\"next\":256,\"files\":[{\"name\":\"0000\""));
	assert_non_null(strstr(answer, "\"name\":\"0255\""));
	assert_null(strstr(answer, "\"name\":\"0256\""));
	answer = node_expect(&node, 200, "GET", "/manifest?path=meissen/viele&from=256", NULL);
	assert_non_null(strstr(answer, "\"next\":null,\"files\":[{\"name\":\"0256\""));
	answer = node_expect(&node, 200, "GET", "/manifest?path=meissen/viele&from=5000", NULL);
	assert_non_null(strstr(answer, "\"next\":null,\"files\":[]"));
	expect_error(400, "usage", "from", "GET", "/manifest?path=meissen/viele&from=-1", NULL);
}

/* Many files in one body, and what is not one. */
static void many_files_in_one_request(void **state)
{
	const size_t big = 3u << 20, len_at = PARTS_LENGTH_LEN;
	struct buf file = contents(big, 3), body;
	char id[32], target[100], name[64];

	buf_init(&body, 8u << 20);
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "ordner-%d/%d.csv", i % 7, i);
		parts_put_head(&body, bytes_str(name), bytes_str("text/csv"), 1795201200000);
		buf_add_be32(&body, (uint32_t)strlen(name));
		buf_add(&body, bytes_str(name));
		buf_add_be32(&body, 0);
	}
	parts_put_head(&body, bytes_str("gross"), bytes_of(NULL, 0), 0);
	buf_add_be32(&body, (uint32_t)big);
	buf_add(&body, buf_bytes(&file));
	buf_add_be32(&body, 0);

	begin(id, sizeof(id), "{\"dataset\": \"meissen/haufen\"}");
	snprintf(target, sizeof(target), "/uploads/%.30s/files", id);
	expect_body(200, "\"bytes\":3178618,\"files\":2001", target, buf_bytes(&body));
	put(200, id, "einzeln", bytes_str("x"));
	snprintf(target, sizeof(target), "/uploads/%.30s/commit", id);
	node_expect(&node, 200, "POST", target, NULL);
	check_file("meissen/haufen", "gross", buf_bytes(&file));
	check_file("meissen/haufen", "einzeln", bytes_str("x"));
	check_file("meissen/haufen", "ordner-3%2F1998.csv", bytes_str("ordner-3/1998.csv"));

	begin(id, sizeof(id), "{\"dataset\": \"meissen/haufen\"}");
	snprintf(target, sizeof(target), "/uploads/%.30s/files", id);
	expect_body(400, "behind file gross, the 2001th,", target,
		    bytes_of(body.ptr, body.len - len_at));
	expect_body(404, "no such upload", target, buf_bytes(&body));

	begin(id, sizeof(id), "{\"dataset\": \"meissen/haufen\"}");
	snprintf(target, sizeof(target), "/uploads/%.30s/files", id);
	buf_reset(&body);
	parts_put_head(&body, bytes_str("../x"), bytes_of(NULL, 0), 0);
	expect_body(400, "../x: the name of a file is", target, buf_bytes(&body));
	buf_fini(&body);
	buf_fini(&file);
}

static void uploads_are_strict(void **state)
{
	char id[32], target[100], again[32];
	struct buf file = contents(1000, 1);

	expect_error(403, "denied", "nobody's namespace", "POST", "/uploads",
		     "{\"dataset\": \"riesa/x\"}");
	expect_error(404, "absent", "no such upload", "POST", "/uploads/77/commit", NULL);
	expect_error(404, "absent", "no such upload", "POST", "/uploads/x/commit", NULL);
	begin(id, sizeof(id), "{\"dataset\": \"meissen/streng\"}");
	snprintf(target, sizeof(target), "/uploads/%s/other", id);
	expect_error(404, "absent", "there is no", "POST", target, NULL);
	put(400, id, "ordner%2F..%2Fx", buf_bytes(&file));
	/* one fault, and it is gone */
	put(404, id, "x", buf_bytes(&file));

	begin(id, sizeof(id), "{\"dataset\": \"meissen/streng\"}");
	put(200, id, "x", buf_bytes(&file));
	put(200, id, "x", buf_bytes(&file));
	snprintf(target, sizeof(target), "/uploads/%s/commit", id);
	expect_error(400, "usage", "same name", "POST", target, NULL);

	begin(id, sizeof(id), "{\"dataset\": \"meissen/streng\"}");
	snprintf(target, sizeof(target), "/uploads/%.30s", id);
	node_expect(&node, 204, "DELETE", target, NULL);
	expect_error(404, "absent", "no such upload", "DELETE", target, NULL);

	/* two at once: the second to come finds another state than it began with */
	begin(id, sizeof(id), "{\"dataset\": \"meissen/streng\"}");
	begin(again, sizeof(again), "{\"dataset\": \"meissen/streng\"}");
	put(200, id, "x", buf_bytes(&file));
	put(200, again, "y", buf_bytes(&file));
	snprintf(target, sizeof(target), "/uploads/%s/commit", id);
	node_expect(&node, 200, "POST", target, NULL);
	snprintf(target, sizeof(target), "/uploads/%s/commit", again);
	expect_error(409, "conflict", "published meanwhile", "POST", target, NULL);
	assert_non_null(strstr(node_expect(&node, 200, "GET", "/status", NULL), "\"uploads\":0"));
	buf_fini(&file);
}

static void uploads_are_few(void **state)
{
	char ids[8][32], target[100];

	/* what is only asked for takes no place */
	for (size_t i = 0; i < 16; i++)
		node_expect(&node, 200, "POST", "/uploads",
			    "{\"dataset\": \"meissen/viele\", \"dry\": true}");
	expect_error(403, "denied", "nobody's namespace", "POST", "/uploads",
		     "{\"dataset\": \"niemand/viele\", \"dry\": true}");
	for (size_t i = 0; i < 8; i++)
		begin(ids[i], sizeof(ids[i]), "{\"dataset\": \"meissen/viele\"}");
	expect_error(503, "busy", "8 uploads are under way", "POST", "/uploads",
		     "{\"dataset\": \"meissen/viele\"}");
	for (size_t i = 0; i < 8; i++) {
		snprintf(target, sizeof(target), "/uploads/%.30s", ids[i]);
		node_expect(&node, 204, "DELETE", target, NULL);
	}
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		count++;
	}
	return count;
}

/* More datasets than one page of a list: all are there, once, in order. */
static void long_lists(void **state)
{
	struct buf answer;
	char json[100], id[32], target[100];
	const char *first, *second;

	for (size_t i = 0; i < 505; i++) {
		snprintf(json, sizeof(json), "{\"dataset\": \"meissen/lang/d%03zu\"}", i);
		begin(id, sizeof(id), json);
		put(200, id, "x", bytes_obj(&i));
		snprintf(target, sizeof(target), "/uploads/%s/commit", id);
		node_expect(&node, 200, "POST", target, NULL);
	}
	buf_init(&answer, 1u << 24);
	assert_int_equal(node_ask(&node, "GET", "/datasets?pattern=meissen/lang/**",
				  bytes_of(NULL, 0), &answer),
			 200);
	assert_int_equal(count_of((const char *)answer.ptr, "\"dataset\":\"meissen/lang/d"), 505);
	first = strstr((const char *)answer.ptr, "meissen/lang/d499");
	second = strstr((const char *)answer.ptr, "meissen/lang/d500");
	assert_true(first && second && first < second);
	assert_int_equal(count_of((const char *)answer.ptr, "meissen/lang/d500"), 1);
	assert_int_equal(count_of((const char *)answer.ptr, "}{"), 0);
	buf_fini(&answer);
	snprintf(target, sizeof(target), "\"known\":%d",
		 505 + 4); /* and rund/reise, viele, haufen, streng */
	assert_non_null(strstr(node_expect(&node, 200, "GET", "/status", NULL), target));
}

/* A client on the bare socket, which sends and goes as it likes. */
static int raw_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control.sock", dir);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void client_leaves_in_the_middle(void **state)
{
	struct buf file = contents(3u << 20, 5);
	char id[32], head[300], target[100];
	size_t sent = 0;
	int fd = raw_connect();

	begin(id, sizeof(id), "{\"dataset\": \"meissen/abbruch\"}");
	snprintf(
		head, sizeof(head),
		"PUT /uploads/%s/files/x HTTP/1.1\r\nHost: node\r\nContent-Length: 9000000\r\n\r\n",
		id);
	assert_int_equal(write(fd, head, strlen(head)), (ssize_t)strlen(head));
	while (sent < file.len) {
		ssize_t part = write(fd, file.ptr + sent, file.len - sent);

		assert_true(part > 0);
		sent += (size_t)part;
	}
	close(fd);
	/* what was begun is dropped, and another can begin */
	snprintf(target, sizeof(target), "/uploads/%s/commit", id);
	for (int i = 0; i < 100; i++) {
		struct buf answer;
		long status;

		buf_init(&answer, 65536);
		status = node_ask(&node, "POST", target, bytes_of(NULL, 0), &answer);
		buf_fini(&answer);
		if (status == 404)
			break;
		assert_int_equal(status, 503);
		usleep(20000);
	}
	assert_non_null(strstr(node_expect(&node, 200, "GET", "/status", NULL), "\"uploads\":0"));
	begin(id, sizeof(id), "{\"dataset\": \"meissen/abbruch\"}");
	put(200, id, "x", buf_bytes(&file));
	snprintf(target, sizeof(target), "/uploads/%s/commit", id);
	node_expect(&node, 200, "POST", target, NULL);
	check_file("meissen/abbruch", "x", buf_bytes(&file));

	/* nor does a reader that leaves hurt */
	fd = raw_connect();
	snprintf(head, sizeof(head),
		 "GET /file?path=meissen/abbruch&name=x HTTP/1.1\r\nHost: node\r\n\r\n");
	assert_int_equal(write(fd, head, strlen(head)), (ssize_t)strlen(head));
	assert_int_equal(read(fd, head, 100), 100);
	close(fd);
	check_file("meissen/abbruch", "x", buf_bytes(&file));
	buf_fini(&file);
}

static void waiting_ends(void **state)
{
	int64_t began_ms = clock_now_ms();

	expect_error(409, "not_here", "is not here as asked", "GET",
		     "/wait?path=meissen/nie&wait_ms=300", NULL);
	assert_true(clock_now_ms() - began_ms >= 300);
	assert_true(clock_now_ms() - began_ms < 5000);
}

static void *publish_soon(void *arg)
{
	struct buf file = contents(1000, 9);
	char id[32], target[100];

	usleep(300000);
	begin(id, sizeof(id), "{\"dataset\": \"meissen/bald\"}");
	put(200, id, "x", buf_bytes(&file));
	snprintf(target, sizeof(target), "/uploads/%s/commit", id);
	node_expect(&node, 200, "POST", target, NULL);
	buf_fini(&file);
	return NULL;
}

static void waiting_is_rewarded(void **state)
{
	int64_t began_ms = clock_now_ms();
	struct buf answer;
	pthread_t thread;

	buf_init(&answer, 65536);
	assert_int_equal(pthread_create(&thread, NULL, publish_soon, NULL), 0);
	assert_int_equal(node_ask(&node, "GET", "/wait?path=meissen/bald&wait_ms=20000",
				  bytes_of(NULL, 0), &answer),
			 200);
	assert_non_null(strstr((const char *)answer.ptr, "\"version\":1,\"held\":true"));
	assert_true(clock_now_ms() - began_ms < 10000);
	pthread_join(thread, NULL);
	buf_fini(&answer);
	expect_error(409, "not_here", "is not here", "GET",
		     "/wait?path=meissen/bald&after=1&wait_ms=0", NULL);
}

static void *wait_long(void *arg)
{
	struct buf *answer = arg;
	long status = node_ask(&node, "GET", "/wait?path=meissen/nie&wait_ms=30000",
			       bytes_of(NULL, 0), answer);

	return (void *)(intptr_t)status;
}

/* SIGTERM while one waits, one uploads and one reads slowly: it ends with 0 all the same. */
static void stops_with_requests_open(void **state)
{
	static const char get[] = "GET /file?path=meissen/rund/reise&name=ordner%2F9.csv "
				  "HTTP/1.1\r\nHost: node\r\n\r\n";
	int fd = raw_connect(), reader = raw_connect();
	char id[32], head[300];
	struct buf answer;
	pthread_t thread;
	void *status;

	buf_init(&answer, 65536);
	assert_int_equal(pthread_create(&thread, NULL, wait_long, &answer), 0);
	begin(id, sizeof(id), "{\"dataset\": \"meissen/ende\"}");
	snprintf(head, sizeof(head),
		 "PUT /uploads/%s/files/x HTTP/1.1\r\nHost: node\r\nContent-Length: "
		 "9000000\r\n\r\nx",
		 id);
	assert_int_equal(write(fd, head, strlen(head)), (ssize_t)strlen(head));
	assert_int_equal(write(reader, get, sizeof(get) - 1), (ssize_t)sizeof(get) - 1);
	assert_int_equal(read(reader, head, 100), 100);
	usleep(300000);
	node_stop(&node);
	pthread_join(thread, &status);
	assert_int_equal((intptr_t)status, 409);
	close(fd);
	close(reader);
	buf_fini(&answer);
	node = node_start(dir, NULL);
	assert_non_null(strstr(node_expect(&node, 200, "POST", "/verify", NULL), "\"clean\":true"));
}

/* kill -9 in the middle of an upload: what was published stays, what was not is gone. */
static void survives_a_kill(void **state)
{
	struct buf file = contents(2u << 20, 11);
	char id[32];

	begin(id, sizeof(id), "{\"dataset\": \"meissen/absturz\"}");
	put(200, id, "x", buf_bytes(&file));
	node_kill(&node);
	node = node_start(dir, NULL);
	expect_error(404, "absent", "no dataset", "GET", "/dataset?path=meissen/absturz", NULL);
	node_expect(&node, 200, "GET", "/dataset?path=meissen/bald", NULL);
	assert_non_null(strstr(node_expect(&node, 200, "POST", "/verify", NULL), "\"clean\":true"));
	buf_fini(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_requests),
		cmocka_unit_test(requests_about_grants),
		cmocka_unit_test(status_says_what_to_do),
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(many_files_come_in_pages),
		cmocka_unit_test(many_files_in_one_request),
		cmocka_unit_test(uploads_are_strict),
		cmocka_unit_test(uploads_are_few),
		cmocka_unit_test(long_lists),
		cmocka_unit_test(client_leaves_in_the_middle),
		cmocka_unit_test(waiting_ends),
		cmocka_unit_test(waiting_is_rewarded),
		cmocka_unit_test(stops_with_requests_open),
		cmocka_unit_test(survives_a_kill),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
