#include "test/node/node_test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/base/clock.h"

static char *dir;
static struct node_process node;
static int port;

static int start_with(const char *config, bool federation)
{
	char listen[300];

	dir = node_dir_init("meissen", NULL);
	node_file_write(dir, "config", config);
	node = node_start(dir, NULL);
	if (federation)
		node_expect(&node, 201, "POST", "/federation", "{\"name\": \"Sachsen\"}");
	node_field(listen, sizeof(listen), node_expect(&node, 200, "GET", "/status", NULL),
		   "listen");
	port = atoi(strrchr(listen, ':') + 1);
	return 0;
}

static int start(void **state)
{
	return start_with("listen = 127.0.0.1:0\nhandshake-time = 700ms\nhandshakes = 16\n", true);
}

/* Handshakes that take their time. */
static int start_patient(void **state)
{
	return start_with("listen = 127.0.0.1:0\nhandshake-time = 30s\nhandshakes = 16\n", true);
}

static int start_alone(void **state)
{
	return start_with("listen = 127.0.0.1:0\n", false);
}

static int stop(void **state)
{
	node_stop(&node);
	node_dir_fini(dir);
	return 0;
}

/* From 127.0.0.n; all of them are this machine. */
static int dial_from(unsigned n)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr = {htonl(INADDR_LOOPBACK + n - 1)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	address.sin_port = htons((uint16_t)port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int dial(void)
{
	return dial_from(1);
}

/* What comes until the other side closes, within ten seconds. */
static size_t read_all(int fd, uint8_t *to, size_t size)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	size_t len = 0;

	for (;;) {
		ssize_t part;

		assert_int_equal(poll(&wait, 1, 10000), 1);
		part = read(fd, to + len, size - len);
		if (part <= 0)
			return len;
		len += (size_t)part;
	}
}

static void expect_refusal(const void *bytes, size_t len, uint8_t reason)
{
	uint8_t answer[100];
	int fd = dial();

	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	assert_int_equal(read_all(fd, answer, sizeof(answer)), 3);
	assert_int_equal(answer[0], 0);
	assert_int_equal(answer[1], 0);
	assert_int_equal(answer[2], reason);
	close(fd);
}

static void other_languages(void **state)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char tls[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

	expect_refusal(http, sizeof(http) - 1, 5);
	assert_true(node_log_waits(&node, "the other side does not speak the Allmende protocol"));
	assert_true(node_log_has(&node, "warn connection refused: 127.0.0.1:"));
	expect_refusal(tls, sizeof(tls) - 1, 5);
}

static void another_federation(void **state)
{
	static const char prelude[] = "allmende\x01\x02otherfed\x00\x20"
				      "abcdefghijklmnopqrstuvwxyz012345";

	expect_refusal(prelude, sizeof(prelude) - 1, 2);
	assert_true(node_log_waits(&node, "another federation"));
}

static void another_version(void **state)
{
	static const char prelude[] = "allmende\x02\x63\x64otherfed";

	expect_refusal(prelude, sizeof(prelude) - 1, 1);
	assert_true(node_log_waits(&node, "no common protocol version"));
}

/* How many of these were let go. */
static size_t gone(const int *fds, size_t count)
{
	size_t closed = 0;

	node_expect(&node, 200, "GET", "/status", NULL); /* it has come to know them */
	for (size_t i = 0; i < count; i++) {
		struct pollfd wait = {.fd = fds[i], .events = POLLIN};

		closed += poll(&wait, 1, 0) == 1;
	}
	return closed;
}

static void dial_all(int *fds, size_t count, unsigned from)
{
	for (size_t i = 0; i < count; i++)
		fds[i] = dial_from(from);
}

/* And lets the node notice. */
static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	usleep(50000);
	node_expect(&node, 200, "GET", "/status", NULL);
}

/* Who says nothing is let go in time; of a crowd no more stay than there is room for. */
static void silent_crowd(void **state)
{
	int64_t began_ms = clock_now_ms();
	uint8_t answer[100];
	int fds[40];

	dial_all(fds, 40, 1);
	assert_int_equal(gone(fds, 40), 24);
	assert_true(node_log_waits(&node, "too many handshakes at once"));
	for (size_t i = 0; i < 40; i++)
		read_all(fds[i], answer, sizeof(answer));
	close_all(fds, 40);
	assert_true(clock_now_ms() - began_ms >= 600);
	assert_true(clock_now_ms() - began_ms < 8000);
	/* and then there is room again */
	other_languages(state);
}

/* Many towns behind one address find room, when others need none. */
static void towns_behind_one_address(void **state)
{
	int fds[16];

	dial_all(fds, 16, 2);
	assert_int_equal(gone(fds, 16), 0);
	close_all(fds, 16);
}

/* A crowd at one address pushes out itself, and nobody else. */
static void crowd_at_one_address(void **state)
{
	int towns[6], crowd[200], late;

	dial_all(towns, 6, 3);
	dial_all(crowd, 200, 4);
	late = dial_from(5);
	assert_int_equal(gone(towns, 6), 0);
	assert_int_equal(gone(&late, 1), 0);
	assert_true(gone(crowd, 200) >= 200 - 9);
	close_all(towns, 6);
	close_all(crowd, 200);
	close(late);
	expect_refusal("GET / HTTP/1.1\r\n\r\n", 18, 5);
}

/* Until the answer holds the text; fails after ten seconds. */
static void peers_say(const char *text)
{
	const char *answer = "";

	for (int i = 0; i < 200; i++) {
		answer = node_expect(&node, 200, "GET", "/peers", NULL);
		if (strstr(answer, text))
			return;
		usleep(50000);
	}
	fail_msg("%s does not hold %s", answer, text);
}

/* Whoever adds a peer learns why it is not reached. */
static void not_reached(void **state)
{
	node_expect(&node, 400, "POST", "/peers", "{\"address\": \"here\"}");
	node_expect(&node, 201, "POST", "/peers", "{\"address\": \"127.0.0.1:1\"}");
	peers_say("\"why\":\"connection refused\",\"manual\":true");
	node_expect(&node, 201, "POST", "/peers", "{\"address\": \"0.0.0.0:1\"}");
	peers_say("this address is nobody's");
	node_expect(&node, 201, "POST", "/peers", "{\"address\": \"[ff02::1]:1\"}");
	peers_say("\"address\":\"[ff02::1]:1\"");
	node_expect(&node, 201, "POST", "/peers", "{\"address\": \"nowhere.invalid:1\"}");
	peers_say("\"address\":\"nowhere.invalid:1\"");
	/* it goes on although an address is dialled, and a name is looked up, again and again */
	node_expect(&node, 200, "GET", "/status", NULL);
}

static void no_federation(void **state)
{
	static const char prelude[] = "allmende\x01\x02otherfed";

	expect_refusal(prelude, sizeof(prelude) - 1, 2);
	assert_true(node_log_waits(&node, "belongs to no federation yet"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_languages), cmocka_unit_test(another_federation),
		cmocka_unit_test(another_version), cmocka_unit_test(silent_crowd),
		cmocka_unit_test(not_reached),
	};
	const struct CMUnitTest crowds[] = {
		cmocka_unit_test(towns_behind_one_address),
		cmocka_unit_test(crowd_at_one_address),
	};
	const struct CMUnitTest alone[] = {
		cmocka_unit_test(no_federation),
	};
	int failed = cmocka_run_group_tests_name("member", tests, start, stop);

	failed += cmocka_run_group_tests_name("crowds", crowds, start_patient, stop);
	return failed + cmocka_run_group_tests_name("alone", alone, start_alone, stop);
}
