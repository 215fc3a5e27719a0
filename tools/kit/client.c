#include "tools/kit/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/check.h"
#include "store/dir.h"
#include "tools/kit/text.h"

#define ANSWER_LEN_MAX    ((size_t)1 << 30) /* JSON of one answer */
#define SOON_SECONDS      120L
#define BRIEF_SECONDS     10L
#define CONNECT_SECONDS   10L
#define START_MS          75000 /* a minute for others to answer, and some more */
#define BUSY_MS           30000
#define GRACE_MS          2000 /* for a daemon that was started just before us */
#define LATER_WAIT_MS     250
#define GRACE_WAIT_MS     50
#define CURL_BUFFER_BYTES (512L * 1024)
#define CLIENT_WHY_LEN    1024

struct client {
	CURL *curl;
	int dir_fd;
	char *dir;
	char *dir_words;
	char *socket; /* /proc/self/fd/N/control.sock: short, however long DIR is */
	sigset_t signals_before;
	bool tidying;
	enum client_patience patience;
	char *url;
	struct buf answer;
	char why[CLIENT_WHY_LEN];
	int exit;
	bool met;  /* the daemon has answered before */
	bool told; /* that it is waited for */
	bool lost; /* nobody has answered the last request to its end */
	/* of the request in flight */
	unsigned later_ms; /* what refused it passes by itself, perhaps within this time; else 0 */
	bool asks, sent;   /* it changes nothing; some of its body has gone out */
	ssize_t (*read)(void *arg, void *to, size_t len);
	bool (*write)(void *arg, struct bytes piece);
	void *arg;
};

__attribute__((format(printf, 3, 4))) static int client_refuse(struct client *client, int code,
							       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(client->why, sizeof(client->why), format, args);
	va_end(args);
	client->exit = code;
	return code;
}

const char *client_why(const struct client *client)
{
	return client->why;
}

bool client_lost(const struct client *client)
{
	return client->lost;
}

int client_complain(const struct client *client)
{
	return tool_fail(client->exit, "%s", client->why);
}

static sigset_t signals_stopping(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

/* A signal asks us to stop. */
static bool interrupted(void)
{
	sigset_t pending;

	if (sigpending(&pending))
		return false;
	return sigismember(&pending, SIGINT) > 0 || sigismember(&pending, SIGTERM) > 0 ||
	       sigismember(&pending, SIGHUP) > 0;
}

void client_tidy(struct client *client)
{
	client->tidying = true;
}

void client_patience(struct client *client, enum client_patience patience)
{
	client->patience = patience;
}

/* Why there is nobody to talk to: no directory, no node in it, or no daemon. */
static int complain_dir(const struct tool *tool)
{
	char *store = dir_file(tool->dir, "data.mdb");
	int code = TOOL_DONE;
	struct stat st;

	if (stat(tool->dir, &st))
		code = tool_fail(
			TOOL_FAILED,
			errno == ENOENT
				? "there is no directory %s: make a node with `allmende%s init`"
				: "cannot look into %s: run this as the user of the node "
				  "(`allmende%s status`)",
			tool->dir, tool->dir_words);
	else if (!S_ISDIR(st.st_mode))
		code = tool_fail(TOOL_FAILED,
				 "%s is not a directory: give the node's data directory "
				 "with -d DIR",
				 tool->dir);
	else if (dir_state(tool->dir) == DIR_UNFINISHED)
		code = tool_fail(TOOL_FAILED,
				 "%s holds no node: `allmende init` or `allmende restore` was cut "
				 "short there; run it again",
				 tool->dir);
	else if (access(store, F_OK) && errno == ENOENT)
		code = tool_fail(TOOL_FAILED, "%s holds no node: make one with `allmende%s init`",
				 tool->dir, tool->dir_words);
	free(store);
	return code;
}

int client_open(struct client **out, const struct tool *tool)
{
	sigset_t stopping = signals_stopping();
	int code = complain_dir(tool);
	int fd = code ? -1 : open(tool->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*out = NULL;
	if (code)
		return code;
	if (fd < 0)
		return tool_fail(TOOL_FAILED, "cannot open %s: %s", tool->dir, strerror(errno));
	struct client *client = mem_new(1, sizeof(*client));
	client->curl = curl_easy_init();
	client->dir_fd = fd;
	client->dir = mem_str(tool->dir);
	client->dir_words = mem_str(tool->dir_words);
	if (!client->curl || asprintf(&client->socket, "/proc/self/fd/%d/control.sock", fd) < 0)
		mem_gone(1, 0);
	buf_init(&client->answer, ANSWER_LEN_MAX);
	sigprocmask(SIG_BLOCK, &stopping, &client->signals_before);
	*out = client;
	return TOOL_DONE;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->curl);
	close(client->dir_fd);
	buf_fini(&client->answer);
	free(client->dir);
	free(client->dir_words);
	free(client->socket);
	free(client->url);
	sigprocmask(SIG_SETMASK, &client->signals_before, NULL);
	free(client);
}

/* -- requests ------------------------------------------------------------------------------- */

static int client_on_progress(void *arg, curl_off_t dl_all, curl_off_t dl, curl_off_t ul_all,
			      curl_off_t ul)
{
	const struct client *client = arg;

	(void)dl_all, (void)dl, (void)ul_all, (void)ul;
	return !client->tidying && interrupted();
}

static size_t client_on_write(char *data, size_t size, size_t count, void *arg)
{
	struct client *client = arg;
	long status = 0;

	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (client->write && status == 200)
		return client->write(client->arg, bytes_of(data, size * count)) ? size * count : 0;
	buf_add(&client->answer, bytes_of(data, size * count));
	return client->answer.err ? 0 : size * count;
}

static size_t client_on_read(char *to, size_t size, size_t count, void *arg)
{
	struct client *client = arg;
	ssize_t len = client->read(client->arg, to, size * count);

	client->sent = true;

	return len < 0 ? CURL_READFUNC_ABORT : (size_t)len;
}

static long seconds_max(const struct client *client)
{
	return client->patience == CLIENT_BRIEFLY ? BRIEF_SECONDS : SOON_SECONDS;
}

static void prepare(struct client *client, const char *method, const char *target)
{
	CURL *curl = client->curl;

	free(client->url);
	if (asprintf(&client->url, "http://localhost%s", target) < 0)
		mem_gone(1, 0);
	buf_reset(&client->answer);
	client->read = NULL;
	client->write = NULL;
	client->asks = strcmp(method, "GET") == 0;
	client->sent = false;
	client->why[0] = '\0';
	curl_easy_reset(curl); /* keeps the connection */
	curl_easy_setopt(curl, CURLOPT_URL, client->url);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, client_on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, client_on_write);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, CURL_BUFFER_BYTES);
	curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, CURL_BUFFER_BYTES);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	if (client->patience != CLIENT_WHATEVER)
		curl_easy_setopt(curl, CURLOPT_TIMEOUT, seconds_max(client));
}

/* docs/API.md, the table of codes. */
static int exit_of(const char *code)
{
	static const struct {
		const char *code;
		int exit;
	} exits[] = {
		{"usage", TOOL_USAGE},       {"denied", TOOL_DENIED},   {"absent", TOOL_ABSENT},
		{"not_here", TOOL_NOT_HERE}, {"waiting", TOOL_WAITING},
	};

	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
		if (strcmp(code, exits[i].code) == 0)
			return exits[i].exit;
	return TOOL_FAILED;
}

/* A status of 400 and above: the daemon's own sentence. */
static int take_refusal(struct client *client, long status)
{
	json_t *json = json_loadb((const char *)client->answer.ptr, client->answer.len, 0, NULL);
	const char *code = json_string_value(json_object_get(json, "error"));
	const char *text = json_string_value(json_object_get(json, "message"));

	if (code && strcmp(code, "starting") == 0)
		client->later_ms = START_MS;
	else if (code && strcmp(code, "busy") == 0)
		client->later_ms = BUSY_MS;
	if (code && text) {
		char *sentence = text_commands(text, client->dir_words);

		client_refuse(client, exit_of(code), "%s", sentence);
		free(sentence);
	} else {
		client_refuse(client, TOOL_FAILED,
			      "the daemon on %s answered %ld without a reason; see its log",
			      client->dir, status);
	}
	json_decref(json);
	return client->exit;
}

static int take_connect_fault(struct client *client)
{
	if (faccessat(client->dir_fd, "control.sock", R_OK | W_OK, 0) && errno == EACCES)
		return client_refuse(
			client, TOOL_FAILED,
			"%s/control.sock belongs to another user: run this as the user of "
			"the node",
			client->dir);
	client->lost = true;
	/* Started a moment ago, or stopped and about to be started again: that is waited for. */
	if (dir_is_held(client->dir)) {
		client->later_ms = START_MS;
		return client_refuse(
			client, TOOL_FAILED,
			"the daemon on %s is starting, or stopping; it does not answer "
			"yet, see its log",
			client->dir);
	}
	client->later_ms = client->met ? START_MS : GRACE_MS;
	return client_refuse(client, TOOL_FAILED,
			     "no daemon answers on %s: start it with `allmended --detach%s`",
			     client->dir, client->dir_words);
}

static int take_fault(struct client *client, CURLcode fault)
{
	if (fault == CURLE_COULDNT_CONNECT)
		return take_connect_fault(client);
	if (!client->tidying && interrupted())
		return client_refuse(client, TOOL_FAILED, "interrupted");
	if (fault == CURLE_OPERATION_TIMEDOUT)
		return client_refuse(
			client, TOOL_FAILED,
			"the daemon on %s has not answered for %ld seconds; see its log",
			client->dir, seconds_max(client));
	if (client->answer.err)
		return client_refuse(client, TOOL_FAILED,
				     "the daemon's answer is larger than %zu bytes; ask for less",
				     ANSWER_LEN_MAX);
	if (client->asks && !client->write)
		client->later_ms = client->met ? START_MS : GRACE_MS;
	client->lost = true;
	return client_refuse(client, TOOL_FAILED,
			     "the daemon on %s broke off (%s); see its log, and try again",
			     client->dir, curl_easy_strerror(fault));
}

static int perform_once(struct client *client, CURLcode *fault)
{
	CURLcode result = curl_easy_perform(client->curl);
	long status = 0;

	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	client->later_ms = 0;
	client->lost = false;
	client->met = client->met || status > 0;
	if (fault)
		*fault = result;
	/* A refusal may come while we still send; then sending fails, but the sentence is here. */
	if (status >= 400 && (result == CURLE_OK || client->answer.len > 0))
		return take_refusal(client, status);
	if (result != CURLE_OK)
		return take_fault(client, result);
	return TOOL_DONE;
}

/*
 * A daemon that starts, stops to be started again, or is busy is waited for: so a page of commands
 * can be pasted, and a nightly job outlives an upgrade. False: not worth it, or for too long.
 */
static bool wait_later(struct client *client, unsigned *waited_ms)
{
	const bool grace = client->later_ms == GRACE_MS;
	const unsigned nap_ms = grace ? GRACE_WAIT_MS : LATER_WAIT_MS;

	if (*waited_ms >= client->later_ms || client->sent || client->tidying || interrupted() ||
	    client->patience == CLIENT_BRIEFLY)
		return false;
	if (!grace && !client->told)
		tool_remark("waiting: %s", client->why);
	client->told = client->told || !grace;
	nanosleep(&(struct timespec){.tv_nsec = nap_ms * 1000000L}, NULL);
	*waited_ms += nap_ms;
	return true;
}

/* Runs what was prepared, again if need be. *fault (may be NULL) tells a transfer that ended early
   from others. */
static int perform(struct client *client, CURLcode *fault)
{
	unsigned waited_ms = 0;
	int code;

	while ((code = perform_once(client, fault)) && wait_later(client, &waited_ms))
		buf_reset(&client->answer);
	return code;
}

static int take_answer(struct client *client, json_t **out)
{
	json_t *json;

	if (client->answer.len == 0)
		return TOOL_DONE;
	json = json_loadb((const char *)client->answer.ptr, client->answer.len,
			  JSON_REJECT_DUPLICATES, NULL);
	if (!json)
		return client_refuse(client, TOOL_FAILED,
				     "what answers on %s/control.sock does not speak the control "
				     "interface; is it allmended?",
				     client->dir);
	*out = json;
	return TOOL_DONE;
}

int client_call(struct client *client, const char *method, const char *target, const json_t *body,
		json_t **out)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	struct curl_slist *headers = NULL;
	json_t *answer = NULL;
	int code;

	prepare(client, method, target);
	if (text) {
		headers = curl_slist_append(NULL, "Content-Type: application/json");
		headers = curl_slist_append(headers, "Expect:");
		curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, text);
	} else if (strcmp(method, "POST") == 0) {
		curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, "");
	}
	code = perform(client, NULL);
	if (!code)
		code = take_answer(client, &answer);
	if (out)
		*out = answer;
	else
		json_decref(answer);
	curl_slist_free_all(headers);
	free(text);
	return code;
}

int client_send(struct client *client, const char *method, const char *target, uint64_t size,
		ssize_t (*read)(void *arg, void *to, size_t len), void *arg)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	enum client_patience patience = client->patience;
	int code;

	client->patience = CLIENT_WHATEVER;
	prepare(client, method, target);
	client->read = read;
	client->arg = arg;
	curl_easy_setopt(client->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(client->curl, CURLOPT_INFILESIZE_LARGE,
			 size == CLIENT_SIZE_UNKNOWN ? (curl_off_t)-1 : (curl_off_t)size);
	curl_easy_setopt(client->curl, CURLOPT_READFUNCTION, client_on_read);
	curl_easy_setopt(client->curl, CURLOPT_READDATA, client);
	code = perform(client, NULL);
	client->patience = patience;
	curl_slist_free_all(headers);
	return code;
}

int client_receive(struct client *client, const char *target,
		   bool (*write)(void *arg, struct bytes piece), void *arg, bool *whole)
{
	enum client_patience patience = client->patience;
	CURLcode fault;
	int code;

	client->patience = CLIENT_WHATEVER;
	prepare(client, "GET", target);
	client->write = write;
	client->arg = arg;
	code = perform(client, &fault);
	*whole = fault != CURLE_PARTIAL_FILE;
	client->patience = patience;
	return code;
}

/* -- targets -------------------------------------------------------------------------------- */

void target_init(struct buf *target, const char *path)
{
	buf_init(target, (size_t)1 << 20);
	buf_add(target, bytes_str(path));
}

void target_text(struct buf *target, const char *name, const char *value)
{
	bool first = target->len == 0 || !memchr(target->ptr, '?', target->len);

	buf_add(target, bytes_str(first ? "?" : "&"));
	buf_add(target, bytes_str(name));
	buf_add(target, bytes_str("="));
	text_url(target, value);
}

void target_count(struct buf *target, const char *name, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, value);
	if (value)
		target_text(target, name, digits);
}

const char *target_end(struct buf *target)
{
	buf_add_u8(target, 0);
	check(!target->err);
	return (const char *)target->ptr;
}
