#include "test/node/node_test.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/dir.h"

static void check_run(int code, const char *says, int got, const struct buf *out)
{
	const char *text = (const char *)out->ptr;

	if (got != code || !strstr(text, says) || strncmp(text, "allmended: ", 11) ||
	    strchr(text, '\n') != text + strlen(text) - 1)
		fail_msg("ended with %d instead of %d, saying \"%s\" instead of one line with "
			 "\"%s\"",
			 got, code, text, says);
}

#define RUN(code, says, dir, ...)                                                                  \
	do {                                                                                       \
		struct buf out_;                                                                   \
		int got_ = node_run(&out_, dir, __VA_ARGS__);                                      \
		check_run(code, says, got_, &out_);                                                \
		buf_fini(&out_);                                                                   \
	} while (0)

static void starts_answers_stops(void **state)
{
	char *dir = node_dir_init("meissen", NULL);
	struct node_process node = node_start(dir, NULL);
	char *socket = dir_file(dir, "control.sock");
	char listen[300], text[100];
	struct stat st;
	const char *answer;

	assert_int_equal(stat(socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	answer = node_expect(&node, 200, "GET", "/status", NULL);
	node_field(text, sizeof(text), answer, "slug");
	assert_string_equal(text, "meissen");
	node_field(text, sizeof(text), answer, "storage_key");
	assert_string_equal(text, "clear");
	node_field(listen, sizeof(listen), answer, "listen");
	assert_int_equal(strncmp(listen, "127.0.0.1:", 10), 0);
	assert_true(atoi(listen + 10) > 0);
	node_field(text, sizeof(text), answer, "pid");
	assert_int_equal(atoi(text), node.pid);

	/* the directory is taken, and the port */
	RUN(1, "process", dir, NULL);
	char *other = node_dir_init("riesa", NULL);
	RUN(2, "is in use by another program", other, "--listen", listen, NULL);
	node_dir_fini(other);

	node_stop(&node);
	assert_int_equal(stat(socket, &st), -1);
	assert_true(node_log_has(&node, "stopping"));
	free(socket);
	node_dir_fini(dir);
}

/* A crash leaves a socket and a lock file behind; neither is in the way. */
static void starts_after_a_crash(void **state)
{
	char *dir = node_dir_init("meissen", NULL);
	struct node_process node = node_start(dir, NULL);

	node_kill(&node);
	node = node_start(dir, NULL);
	node_expect(&node, 200, "GET", "/status", NULL);
	node_stop(&node);
	node_dir_fini(dir);
}

/* Longer than the 107 bytes of a socket's path. */
static void deep_directory(void **state)
{
	char *dir = node_dir_init("meissen", NULL), *base = dir_file(dir, "..");
	char above[800], deep[1200], socket[1300];
	char *real = realpath(base, NULL);
	struct node_process node;

	snprintf(above, sizeof(above), "%.500s/%0150d", real, 0);
	snprintf(deep, sizeof(deep), "%s/node", above);
	snprintf(socket, sizeof(socket), "%s/control.sock", deep);
	assert_int_equal(mkdir(above, 0700), 0);
	assert_int_equal(rename(dir, deep), 0);
	node = node_start(deep, "--quiet", NULL);
	assert_int_equal(access(socket, F_OK), 0);
	node_stop(&node);
	assert_int_equal(rename(deep, dir), 0);
	free(real);
	free(base);
	node_dir_fini(dir);
}

static void words_and_settings(void **state)
{
	char *dir = node_dir_init("meissen", NULL);
	struct buf out;

	RUN(2, "there is no option --frobnicate", dir, "--frobnicate", NULL);
	RUN(2, "there is no option -x", dir, "-x", NULL);
	RUN(2, "--listen needs a value", dir, "--listen", NULL);
	RUN(2, "extra: no arguments are taken", dir, "extra", NULL);
	RUN(2, "--listen: listen is \"here\"", dir, "--listen", "here", NULL);
	RUN(2, "is not an address of this machine", dir, "--listen", "192.0.2.1:0", NULL);
	assert_int_equal(node_run(&out, dir, "--help", NULL), 0);
	buf_fini(&out);
	assert_int_equal(node_run(&out, dir, "--version", NULL), 0);
	buf_fini(&out);

	node_file_write(dir, "config", "listen = 127.0.0.1:0\n\npeers = 0\n");
	RUN(2, "config, line 3: peers is \"0\"; allowed is 1 to 1024", dir, NULL);
	node_dir_fini(dir);
}

static void directories(void **state)
{
	char *dir = node_dir_init("meissen", NULL);
	char other[400];

	snprintf(other, sizeof(other), "%s/../nowhere", dir);
	RUN(4, "init", other, NULL);
	assert_int_equal(mkdir(other, 0700), 0);
	RUN(4, "init", other, NULL);
	node_dir_fini(dir);
}

static void passphrases(void **state)
{
	char *dir = node_dir_init("meissen", "korrekt pferd");
	char good[400], bad[400], none[400];
	struct node_process node;
	char text[40];

	snprintf(good, sizeof(good), "%s/../good", dir);
	snprintf(bad, sizeof(bad), "%s/../bad", dir);
	snprintf(none, sizeof(none), "%s/../none", dir);
	node_file_write(dir, "../good", "korrekt pferd\n");
	node_file_write(dir, "../bad", "korrekt pfert\n");
	node_file_write(dir, "../passphrase", "korrekt pferd\n");
	RUN(2, "--passphrase-file", dir, NULL);
	RUN(3, "is not that of", dir, "--passphrase-file", bad, NULL);
	RUN(2, "there is no passphrase file", dir, "--passphrase-file", none, NULL);
	node = node_start(dir, "--passphrase-file", good, NULL);
	node_field(text, sizeof(text), node_expect(&node, 200, "GET", "/status", NULL),
		   "storage_key");
	assert_string_equal(text, "passphrase");
	node_stop(&node);

	/* as systemd gives it */
	snprintf(good, sizeof(good), "%s/..", dir);
	setenv("CREDENTIALS_DIRECTORY", good, 1);
	node = node_start(dir, NULL);
	unsetenv("CREDENTIALS_DIRECTORY");
	node_stop(&node);
	node_dir_fini(dir);
}

static void dial_only(void **state)
{
	char *dir = node_dir_init("meissen", NULL);
	struct node_process node;
	char text[40];

	node_file_write(dir, "config", "dial-only = yes\n");
	node = node_start(dir, NULL);
	node_field(text, sizeof(text), node_expect(&node, 200, "GET", "/status", NULL), "listen");
	assert_string_equal(text, "");
	node_stop(&node);
	node_dir_fini(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_answers_stops),
		cmocka_unit_test(starts_after_a_crash),
		cmocka_unit_test(deep_directory),
		cmocka_unit_test(words_and_settings),
		cmocka_unit_test(directories),
		cmocka_unit_test(passphrases),
		cmocka_unit_test(dial_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
