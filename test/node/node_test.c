#include "test/node/node_test.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "node/base/clock.h"
#include "proto/charter/identity.h"
#include "store/dir.h"
#include "store/keyfile_format.h"

#define ARGUMENT_MAX 16
#define READY_MS     20000
#define STOP_MS      10000

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Directories */

static void fill(const char *dir, const char *slug, const char *passphrase)
{
	struct identity_options options = {.name = "Stadt Meißen",
					   .slug = slug,
					   .ags = "14627140",
					   .operator= "self",
					   .now_ms = clock_now_ms()};
	struct passphrase_cost cost = {.opslimit = 1, .memlimit = KEYFILE_MEMLIMIT_MIN};
	struct random random = random_system();
	struct db_options db_options = {0};
	struct keyring *keyring;
	struct txn *txn;
	struct db *db;

	assert_int_equal(keyring_create_cost(&keyring, dir, bytes_str(passphrase ? passphrase : ""),
					     &random, &cost),
			 ERR_OK);
	assert_int_equal(db_open(&db, dir, &db_options), ERR_OK);
	txn = txn_begin(db, true);
	assert_int_equal(identity_create(keyring, txn, &random, &options), ERR_OK);
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	keyring_close(keyring);
}

char *node_dir_init(const char *slug, const char *passphrase)
{
	const char *base = getenv("TMPDIR"), *what;
	char *above = dir_file(base ? base : "/tmp", "allmende-node-XXXXXX"), *dir;
	char why[WHY_LEN];

	assert_int_equal(selftest_run(&what), ERR_OK);
	assert_non_null(mkdtemp(above));
	dir = dir_file(above, "node");
	free(above);
	assert_int_equal(dir_create(dir, why), ERR_OK);
	fill(dir, slug, passphrase);
	node_file_write(dir, "config", "listen = 127.0.0.1:0\n");
	return dir;
}

static int unlink_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	return remove(path);
}

void node_dir_fini(char *dir)
{
	char *above = dir_file(dir, "..");
	char *real = realpath(above, NULL);

	assert_non_null(real);
	nftw(real, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
	free(real);
	free(above);
	free(dir);
}

void node_file_write(const char *dir, const char *name, const char *text)
{
	char *path = dir_file(dir, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	free(path);
}

/* Processes */

static pid_t spawn(const char *log, const char *dir, va_list more)
{
	const char *binary = getenv("ALLMENDED");
	const char *arguments[ARGUMENT_MAX] = {binary, "-d", dir};
	size_t count = 3;
	pid_t pid;

	assert_non_null(binary);
	while (count < ARGUMENT_MAX - 1 && (arguments[count] = va_arg(more, const char *)))
		count++;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL); /* it must not outlive a test that fails */
		dup2(fd, STDERR_FILENO);
		execv(binary, (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	return pid;
}

static void read_file(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "r");
	char block[4096];
	size_t len;

	while (file && (len = fread(block, 1, sizeof(block), file)) > 0)
		buf_add(out, bytes_of(block, len));
	if (file)
		fclose(file);
	buf_add_u8(out, 0);
	assert_int_equal(out->err, ERR_OK);
}

void node_log(const struct node_process *node, struct buf *out)
{
	read_file(node->log, out);
}

bool node_log_has(const struct node_process *node, const char *text)
{
	struct buf log;
	bool has;

	buf_init(&log, 1u << 24);
	node_log(node, &log);
	has = strstr((const char *)log.ptr, text) != NULL;
	buf_fini(&log);
	return has;
}

bool node_log_waits(const struct node_process *node, const char *text)
{
	for (int i = 0; i < 250; i++) {
		if (node_log_has(node, text))
			return true;
		pause_ms(20);
	}
	return false;
}

struct node_process node_start(char *dir, ...)
{
	struct node_process node = {.dir = dir};
	va_list more;

	snprintf(node.log, sizeof(node.log), "%s.log", dir);
	unlink(node.log); /* of the run before */
	va_start(more, dir);
	node.pid = spawn(node.log, dir, more);
	va_end(more);
	for (int waited = 0; waited < READY_MS; waited += 20) {
		if (node_log_has(&node, "ready: "))
			return node;
		if (waitpid(node.pid, NULL, WNOHANG) != 0)
			break;
		pause_ms(20);
	}
	fail_msg("the daemon did not become ready; see %s", node.log);
	return node;
}

void node_stop(struct node_process *node)
{
	int status = 0;

	assert_int_equal(kill(node->pid, SIGTERM), 0);
	for (int waited = 0; waited < STOP_MS; waited += 20) {
		if (waitpid(node->pid, &status, WNOHANG) == node->pid) {
			if (!WIFEXITED(status) || WEXITSTATUS(status)) {
				struct buf log;

				buf_init(&log, 1u << 24);
				node_log(node, &log);
				fail_msg("the daemon ended with status %x:\n%s", (unsigned)status,
					 (const char *)log.ptr);
			}
			return;
		}
		pause_ms(20);
	}
	kill(node->pid, SIGABRT);
	fail_msg("the daemon did not stop within %d ms", STOP_MS);
}

void node_kill(struct node_process *node)
{
	assert_int_equal(kill(node->pid, SIGKILL), 0);
	assert_int_equal(waitpid(node->pid, NULL, 0), node->pid);
}

int node_run(struct buf *out, const char *dir, ...)
{
	const char *base = getenv("TMPDIR");
	char log[512];
	va_list more;
	int status;
	pid_t pid;

	snprintf(log, sizeof(log), "%.400s/allmende-run-%d.log", base ? base : "/tmp",
		 (int)getpid());
	va_start(more, dir);
	pid = spawn(log, dir, more);
	va_end(more);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	buf_init(out, 1u << 20);
	read_file(log, out);
	unlink(log);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Requests */

static size_t take_answer(char *text, size_t size, size_t count, void *arg)
{
	buf_add(arg, bytes_of(text, size * count));
	return ((struct buf *)arg)->err ? 0 : size * count;
}

struct upload_source {
	struct bytes body;
	size_t at;
};

static size_t give_body(char *to, size_t size, size_t count, void *arg)
{
	struct upload_source *source = arg;
	struct bytes part = bytes_slice(source->body, source->at, size * count);

	memcpy(to, part.ptr, part.len);
	source->at += part.len;
	return part.len;
}

long node_ask(const struct node_process *node, const char *method, const char *target,
	      struct bytes body, struct buf *answer)
{
	struct upload_source source = {.body = body};
	char socket[600], url[4096];
	CURL *curl = curl_easy_init();
	long status = 0;

	assert_non_null(curl);
	snprintf(socket, sizeof(socket), "%s/control.sock", node->dir);
	snprintf(url, sizeof(url), "http://node%s", target);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	if (body.ptr) {
		curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
		curl_easy_setopt(curl, CURLOPT_READDATA, &source);
		curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)body.len);
	}
	if (curl_easy_perform(curl) == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	buf_add_u8(answer, 0);
	answer->len -= answer->err ? 0 : 1;
	return status;
}

const char *node_expect(const struct node_process *node, long status, const char *method,
			const char *target, const char *json)
{
	static char text[65536];
	struct buf answer;
	long got;

	buf_init(&answer, sizeof(text));
	got = node_ask(node, method, target, json ? bytes_str(json) : bytes_of(NULL, 0), &answer);
	snprintf(text, sizeof(text), "%s", answer.ptr ? (const char *)answer.ptr : "");
	buf_fini(&answer);
	if (got != status)
		fail_msg("%s %s: status %ld instead of %ld: %s", method, target, got, status, text);
	return text;
}

void node_field(char *out, size_t size, const char *json, const char *name)
{
	char pattern[64];
	const char *at;
	size_t len = 0;

	snprintf(pattern, sizeof(pattern), "\"%s\":", name);
	at = strstr(json, pattern);
	out[0] = 0;
	if (!at)
		return;
	at += strlen(pattern);
	if (*at == '"')
		len = strcspn(++at, "\"");
	else
		len = strcspn(at, ",}]");
	snprintf(out, size, "%.*s", (int)len, at);
}
