#include "node/http/http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/check.h"
#include "node/http/mhd.h"
#include "node/http/percent.h"
#include "store/dir.h"

#define POOL_BYTES     (256u * 1024) /* per connection */
#define BLOCK_BYTES    (128u * 1024) /* of a streamed answer */
#define IDLE_SECONDS   600
#define RUNS_MAX       64 /* of MHD_run() before the loop gets its turn */
#define CLOSE_RUNS_MAX 16
#define SPARE_PART     8    /* of the connections is kept for who comes */
#define STREAM_PART    4    /* of them at most send a file */
#define QUEUE_MAX      1024 /* who connects while all is busy */
#define SOCKET_NAME    "control.sock"

/* A connection, for as long as it is open. */
struct http_connection {
	struct http_connection *next, **back; /* the newest first */
	int fd;
	uint64_t since_ms; /* of its last request's end, or of its beginning */
	struct http_request *request;
	bool shut; /* by us; libmicrohttpd has not noticed yet */
};

struct http {
	struct http_options options;
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned handles;
	struct http_request *requests;
	size_t request_count, stream_count;
	struct http_connection *connections;
	unsigned connection_count, connection_max;
	bool refusing, closing;
	bool run_again; /* a connection was shut: who stands in line comes in with another run */
};

static void http_run(struct http *http);

static void http_timer_fired(uv_timer_t *timer)
{
	http_run(timer->data);
}

static void http_run(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG wait_ms = 0;

	for (unsigned i = 0; i < RUNS_MAX && !http->closing; i++) {
		http->run_again = false;
		MHD_run(http->daemon);
		if (http->run_again)
			continue;
		if (MHD_get_timeout(http->daemon, &wait_ms) != MHD_YES) {
			uv_timer_stop(&http->timer);
			return;
		}
		if (wait_ms > 0)
			break;
	}
	if (!http->closing)
		uv_timer_start(&http->timer, http_timer_fired, http->run_again ? 0 : wait_ms, 0);
}

static void poll_ready(uv_poll_t *poll, int status, int events)
{
	http_run(poll->data);
}

/* libmicrohttpd looks at resumed connections when it runs next; never from within one of its
   callbacks. */
static void run_soon(struct http *http)
{
	if (!http->closing)
		uv_timer_start(&http->timer, http_timer_fired, 0, 0);
}

static void suspend(struct http_request *request)
{
	request->suspended = true;
	MHD_suspend_connection(request->connection);
}

void http_wake(struct http_request *request)
{
	if (!request->suspended)
		return;
	request->suspended = false;
	MHD_resume_connection(request->connection);
	run_soon(request->http);
}

void http_answer_as(struct http_request *request, unsigned status, const char *type,
		    struct buf *body)
{
	check(!request->answered);
	request->answered = true;
	request->status = status;
	snprintf(request->type, sizeof(request->type), "%s", type);
	request->answer = *body;
	buf_init(body, body->max);
	http_wake(request);
}

void http_answer(struct http_request *request, unsigned status, struct buf *body)
{
	http_answer_as(request, status, "application/json", body);
}

void http_answer_stream(struct http_request *request, uint64_t len, struct bytes media_type)
{
	check(!request->answered && request->read);
	request->answered = true;
	request->status = MHD_HTTP_OK;
	request->is_stream = true;
	request->http->stream_count++;
	request->stream_len = len;
	snprintf(request->type, sizeof(request->type), "%.*s",
		 media_type.len ? (int)media_type.len : 24,
		 media_type.len ? (const char *)media_type.ptr : "application/octet-stream");
	http_wake(request);
}

void http_asked_take(struct http_request *request, struct http_asked *asked)
{
	*asked = (struct http_asked){.admin = true};
	mhd_asked(asked, request->connection, request->method, request->path);
	asked->body = request->body;
	buf_init(&request->body, 0);
}

void http_answer_with(struct http_request *request, struct http_reply *reply)
{
	check(!request->answered);
	request->answered = true;
	request->status = reply->status;
	request->reply = mem_new(1, sizeof(*request->reply));
	*request->reply = *reply;
	http_reply_init(reply);
	request->is_stream = request->reply->kind != HTTP_BODY_BYTES;
	if (request->is_stream) {
		request->http->stream_count++;
		request->stream_len = request->reply->len;
	}
	http_wake(request);
}

static ssize_t stream_read(void *arg, uint64_t pos, char *to, size_t len)
{
	struct http_request *request = arg;
	ssize_t got = request->http->closing ? -1 : request->read(request, to, len);

	if (got == HTTP_STREAM_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (got < 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (got == 0)
		suspend(request);
	return got;
}

static enum MHD_Result queue(struct http_request *request)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	if (request->is_stream) {
		response = MHD_create_response_from_callback(request->stream_len, BLOCK_BYTES,
							     stream_read, request, NULL);
		if (response && request->reply)
			mhd_headers(response, request->reply);
	} else if (request->reply) {
		response = mhd_response(request->reply);
	} else {
		response = MHD_create_response_from_buffer(request->answer.len, request->answer.ptr,
							   MHD_RESPMEM_MUST_FREE);
		if (response)
			buf_init(&request->answer, 0); /* libmicrohttpd frees it */
	}
	if (!response)
		return MHD_NO;
	request->queued = true;
	if (!request->reply && MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
						       request->type) != MHD_YES)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
					"application/octet-stream");
	result = MHD_queue_response(request->connection, request->status, response);
	MHD_destroy_response(response);
	return result;
}

static void answer_stopping(struct http_request *request)
{
	static const char text[] = "{\"error\": \"busy\", \"message\": \"the node is stopping; try "
				   "again when it is up\"}\n";
	struct buf body;

	buf_init(&body, sizeof(text));
	buf_add(&body, bytes_of(text, sizeof(text) - 1));
	http_answer(request, MHD_HTTP_SERVICE_UNAVAILABLE, &body);
	buf_fini(&body);
}

/* Who asks, as the system says. */
static void user_look(struct http_request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred user;
	socklen_t len = sizeof(user);

	if (info && !getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &user, &len))
		snprintf(request->user, sizeof(request->user), "uid %u", (unsigned)user.uid);
}

/*
 * Whether nothing is lost when it is closed: nobody asks, or the rest of what was begun does not
 * come, or is refused already. Uploads and who waits for an answer have bounds of their own.
 */
static bool connection_is_idle(const struct http_connection *connection)
{
	const struct http_request *request = connection->request;

	return !connection->shut &&
	       (!request || (!request->ended && (request->answered || !request->feed)));
}

/*
 * Who connects and says nothing, or keeps a connection that it does not use, makes room for who
 * comes: the one that has been idle longest. Looked at whenever one begins or becomes idle, as
 * nobody is let in any more once all are taken.
 */
static void make_room(struct http *http, const struct http_connection *newest)
{
	struct http_connection *oldest = NULL;

	if (http->connection_count <= http->connection_max - http->connection_max / SPARE_PART)
		return;
	for (struct http_connection *c = http->connections; c; c = c->next)
		if (c != newest && connection_is_idle(c) &&
		    (!oldest || c->since_ms <= oldest->since_ms)) /* of equals, who came first */
			oldest = c;
	if (!oldest)
		return;
	oldest->shut = true;
	shutdown(oldest->fd, SHUT_RDWR);
	http->run_again = true;
}

static void connection_open(struct http *http, struct MHD_Connection *mhd, void **slot)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_connection *connection = mem_new(1, sizeof(*connection));

	connection->fd = info->connect_fd;
	connection->since_ms = uv_now(http->options.loop);
	connection->next = http->connections;
	connection->back = &http->connections;
	if (connection->next)
		connection->next->back = &connection->next;
	http->connections = connection;
	http->connection_count++;
	*slot = connection;
	make_room(http, connection);
}

static void connection_close(struct http *http, void **slot)
{
	struct http_connection *connection = *slot;

	if (!connection)
		return;
	*slot = NULL;
	*connection->back = connection->next;
	if (connection->next)
		connection->next->back = connection->back;
	http->connection_count--;
	http->run_again = true;
	free(connection);
}

static void connection_changed(void *arg, struct MHD_Connection *mhd, void **slot,
			       enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		connection_open(arg, mhd, slot);
	else
		connection_close(arg, slot);
}

static struct http_connection *connection_of(const struct http_request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static struct http_request *request_new(struct http *http, struct MHD_Connection *connection,
					const char *method, const char *path)
{
	struct http_request *request = mem_new(1, sizeof(*request));

	request->http = http;
	request->connection = connection;
	request->method = mhd_method(method);
	request->path = path;
	buf_init(&request->body, http->options.limits->http_body_len_max);
	request->next = http->requests;
	request->back = &http->requests;
	if (request->next)
		request->next->back = &request->next;
	http->requests = request;
	http->request_count++;
	connection_of(request)->request = request;
	user_look(request);
	return request;
}

static size_t feed(struct http_request *request, struct bytes bytes)
{
	if (request->answered)
		return bytes.len; /* libmicrohttpd answers only when it has read the whole body */
	if (request->feed)
		return request->feed(request, bytes);
	buf_add(&request->body, bytes);
	return bytes.len;
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *upload_data,
			      size_t *upload_data_size, void **slot)
{
	struct http *http = arg;
	struct http_request *request = *slot;

	if (!request) {
		*slot = request = request_new(http, connection, method, path);
		if (http->refusing)
			answer_stopping(request);
		else
			http->options.begin(http->options.arg, request);
		/* whoever asks before it sends the body is spared it */
		if (request->answered && MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
								     MHD_HTTP_HEADER_EXPECT))
			return queue(request);
		return MHD_YES;
	}
	if (*upload_data_size > 0) {
		*upload_data_size -= feed(request, bytes_of(upload_data, *upload_data_size));
		/* libmicrohttpd would wait for the socket before it offers the rest again */
		if (*upload_data_size > 0)
			suspend(request);
		return MHD_YES;
	}
	if (!request->ended && !request->answered)
		request->end(request);
	request->ended = true;
	if (request->answered)
		return queue(request);
	suspend(request);
	return MHD_YES;
}

static void completed(void *arg, struct MHD_Connection *connection, void **slot,
		      enum MHD_RequestTerminationCode why)
{
	struct http_request *request = *slot;

	if (!request)
		return;
	*slot = NULL;
	struct http_connection *its = connection_of(request);
	if (its) {
		its->request = NULL;
		its->since_ms = uv_now(request->http->options.loop);
		make_room(request->http, NULL);
	}
	request->http->stream_count -= request->is_stream;
	if (request->gone)
		request->gone(request);
	*request->back = request->next;
	if (request->next)
		request->next->back = request->back;
	request->http->request_count--;
	buf_fini(&request->body);
	buf_fini(&request->answer);
	if (request->reply)
		http_reply_fini(request->reply);
	free(request->reply);
	free(request);
}

struct query_argument {
	const char *name;
	const char *value;
};

static enum MHD_Result look_up(void *arg, enum MHD_ValueKind kind, const char *name,
			       const char *value)
{
	struct query_argument *lookup = arg;

	if (strcmp(name, lookup->name))
		return MHD_YES;
	lookup->value = value ? value : "";
	return MHD_NO;
}

enum err http_query(const struct http_request *request, const char *name, struct buf *out)
{
	struct query_argument lookup = {.name = name};

	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, look_up, &lookup);
	if (!lookup.value)
		return ERR_ABSENT;
	return percent_decode(out, bytes_str(lookup.value));
}

/*
 * Through a descriptor of the directory, as the path of a socket has at most 107 bytes. Mode 0600
 * from the beginning: the mode of an unbound socket is that of its name.
 */
static int socket_listen(const char *dir)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), code;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (dir_fd < 0 || fd < 0)
		goto fail;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" SOCKET_NAME,
		 dir_fd);
	if (unlinkat(dir_fd, SOCKET_NAME, 0) && errno != ENOENT)
		goto fail;
	if (fchmod(fd, 0600) || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, QUEUE_MAX))
		goto fail;
	close(dir_fd);
	return fd;
fail:
	code = errno;
	if (dir_fd >= 0)
		close(dir_fd);
	if (fd >= 0)
		close(fd);
	errno = code;
	return -1;
}

static struct MHD_Daemon *mhd_start(struct http *http, int fd)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, http,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)POOL_BYTES, MHD_OPTION_CONNECTION_LIMIT, http->connection_max,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED,
		completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, http,
		MHD_OPTION_UNESCAPE_CALLBACK, mhd_keep_escapes, NULL, MHD_OPTION_END);
}

enum err http_open(struct http **out, const struct http_options *options, char *why)
{
	struct http *http = mem_new(1, sizeof(*http));
	const union MHD_DaemonInfo *info;
	int fd = socket_listen(options->dir);

	http->options = *options;
	if (fd < 0) {
		snprintf(why, WHY_LEN, "cannot make %s/" SOCKET_NAME ": %s", options->dir,
			 strerror(errno));
		free(http);
		return ERR_IO;
	}
	http->connection_max = options->limits->http_connection_count_max;
	http->daemon = mhd_start(http, fd);
	info = http->daemon ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		snprintf(why, WHY_LEN, "libmicrohttpd cannot be started with epoll");
		if (http->daemon)
			MHD_stop_daemon(http->daemon);
		else
			close(fd);
		free(http);
		return ERR_IO;
	}
	check(uv_poll_init(options->loop, &http->poll, info->epoll_fd) == 0);
	check(uv_timer_init(options->loop, &http->timer) == 0);
	http->poll.data = http->timer.data = http;
	http->handles = 2;
	uv_poll_start(&http->poll, UV_READABLE, poll_ready);
	*out = http;
	return ERR_OK;
}

const char *http_library_version(void)
{
	return MHD_get_version();
}

void http_refuse(struct http *http)
{
	http->refusing = true;
}

bool http_can_stream(const struct http_request *request)
{
	const struct http *http = request->http;

	return http->stream_count < http->connection_max / STREAM_PART + 1;
}

size_t http_request_count(const struct http *http)
{
	return http->request_count;
}

static void http_handle_closed(uv_handle_t *handle)
{
	struct http *http = handle->data;

	if (--http->handles == 0)
		free(http);
}

void http_close(struct http *http)
{
	http->refusing = http->closing = true;
	for (struct http_request *request = http->requests; request; request = request->next) {
		if (!request->answered)
			answer_stopping(request);
		http_wake(request);
	}
	for (unsigned i = 0; i < CLOSE_RUNS_MAX && http->request_count > 0; i++)
		MHD_run(http->daemon);
	uv_poll_stop(&http->poll);
	MHD_run(http->daemon); /* whoever was suspended since is resumed before the end */
	MHD_stop_daemon(http->daemon);
	char *file = dir_file(http->options.dir, SOCKET_NAME);

	unlink(file);
	free(file);
	uv_close((uv_handle_t *)&http->poll, http_handle_closed);
	uv_close((uv_handle_t *)&http->timer, http_handle_closed);
}
