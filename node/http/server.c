#include "node/http/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/check.h"
#include "node/base/config.h"
#include "node/http/address.h"
#include "node/http/listen.h"
#include "node/http/mhd.h"

#define THREAD_COUNT      2
#define QUEUE_MAX         1024  /* who connects while all is busy */
#define IDLE_SECONDS      15    /* without a byte in either direction */
#define LOOK_MS           1000  /* how often who is slow is looked for */
#define HEADER_MS_MAX     20000 /* for a request's header, and between two requests */
#define BODY_MS_MAX       30000
#define READER_MS_MIN     5000  /* to take an answer while others wait for a place */
#define ANSWER_MS_MIN     60000 /* to take an answer, and besides */
#define ANSWER_BYTES_A_MS 16
#define SPARE_PART        8 /* of the connections is kept for who comes */
#define UNIT_PART         2 /* of them one address, or /64, may hold */

struct client {
	struct client *next, **back;
	int fd;
	char address[ADDRESS_TEXT_SIZE], unit[ADDRESS_UNIT_SIZE];
	bool is_proxy;
	enum { WAITS_HEADER, WAITS_BODY, WAITS_OWNER, WAITS_READER } state;
	uint64_t since_ms, until_ms; /* of the state; uv_hrtime() */
	bool shut;                   /* by us; libmicrohttpd has not noticed yet */
};

struct server {
	struct server_options options;
	struct MHD_Daemon *daemon;
	uv_timer_t timer;
	char address[LIMIT_ADDRESS_LEN_MAX + 1];
	uv_mutex_t lock; /* of what follows */
	struct client *clients;
	unsigned client_count;
	size_t waiting;
	bool admits;
	void (*begin)(void *arg, struct exchange *exchange);
	void *arg;
};

static uint64_t now_ms(void)
{
	return uv_hrtime() / 1000000;
}

/* Connections; all under the lock */

static void client_shut(struct client *connection)
{
	if (connection->shut)
		return;
	connection->shut = true;
	shutdown(connection->fd, SHUT_RDWR); /* its thread notices, and closes it */
}

static void client_enter(struct client *connection, int state, uint64_t ms_max)
{
	connection->state = state;
	connection->since_ms = now_ms();
	connection->until_ms = ms_max == UINT64_MAX ? UINT64_MAX : connection->since_ms + ms_max;
}

/* How long it has kept the place of somebody else; 0: its answer is being made, or taken. */
static uint64_t idle_ms(const struct client *client, uint64_t now)
{
	uint64_t since_ms = now - client->since_ms;

	if (client->shut || client->state == WAITS_OWNER)
		return 0;
	if (client->state == WAITS_READER)
		return since_ms > READER_MS_MIN ? since_ms - READER_MS_MIN : 0;
	return since_ms + 1;
}

/* Of all, or of one unit. NULL: all are in use. */
static struct client *client_idlest(const struct server *server, const char *unit,
				    const struct client *newest)
{
	struct client *idlest = NULL;
	uint64_t now = now_ms(), longest = 0;

	for (struct client *c = server->clients; c; c = c->next) {
		uint64_t idle = c == newest ? 0 : idle_ms(c, now);

		if (idle == 0 || idle < longest || (unit && strcmp(c->unit, unit)))
			continue;
		longest = idle; /* of equals, who came first */
		idlest = c;
	}
	return idlest;
}

/* Who keeps a connection that it does not use makes room for who comes: who has longest. */
static void client_make_room(struct server *server, const struct client *newest)
{
	unsigned max = server->options.limits->public_connection_count_max;
	struct client *idlest;

	if (server->client_count <= max - max / SPARE_PART)
		return;
	idlest = client_idlest(server, NULL, newest);
	if (idlest)
		client_shut(idlest);
}

static unsigned held_by(const struct server *server, const char *unit)
{
	unsigned count = 0;

	for (const struct client *c = server->clients; c; c = c->next)
		count += !c->shut && !strcmp(c->unit, unit);
	return count;
}

/* Who has more than its share makes room itself: what it does not use, or what it has just
   begun. */
static void client_keep_share(struct server *server, struct client *newest)
{
	unsigned max = server->options.limits->public_connection_count_max / UNIT_PART;
	struct client *idlest;

	if (newest->is_proxy || held_by(server, newest->unit) <= max)
		return;
	idlest = client_idlest(server, newest->unit, newest);
	client_shut(idlest ? idlest : newest);
}

static bool is_proxy_listed(const char *list, struct bytes address)
{
	for (const char *at = list; *at; at += strcspn(at, " ")) {
		at += strspn(at, " ");
		if (bytes_eq(bytes_of(at, strcspn(at, " ")), address))
			return true;
	}
	return false;
}

static void client_came(struct server *server, struct MHD_Connection *mhd, void **slot)
{
	struct client *connection = mem_new(1, sizeof(*connection));

	connection->fd =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	address_put(connection->address,
		    MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
	address_unit(connection->unit, connection->address);
	connection->is_proxy =
		is_proxy_listed(server->options.proxies, bytes_str(connection->address));
	client_enter(connection, WAITS_HEADER, HEADER_MS_MAX);
	uv_mutex_lock(&server->lock);
	connection->next = server->clients;
	connection->back = &server->clients;
	if (connection->next)
		connection->next->back = &connection->next;
	server->clients = connection;
	server->client_count++;
	client_keep_share(server, connection);
	client_make_room(server, connection);
	uv_mutex_unlock(&server->lock);
	*slot = connection;
}

static void client_gone(struct server *server, void **slot)
{
	struct client *connection = *slot;

	if (!connection)
		return;
	*slot = NULL;
	uv_mutex_lock(&server->lock);
	*connection->back = connection->next;
	if (connection->next)
		connection->next->back = connection->back;
	server->client_count--;
	uv_mutex_unlock(&server->lock);
	free(connection);
}

static void client_changed(void *arg, struct MHD_Connection *mhd, void **slot,
			   enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		client_came(arg, mhd, slot);
	else
		client_gone(arg, slot);
}

static struct client *client_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void look_for_slow(uv_timer_t *timer)
{
	struct server *server = timer->data;
	uint64_t now = now_ms();

	uv_mutex_lock(&server->lock);
	for (struct client *c = server->clients; c; c = c->next)
		if (now >= c->until_ms)
			client_shut(c);
	client_make_room(server, NULL);
	uv_mutex_unlock(&server->lock);
}

static void client_state(struct server *server, struct MHD_Connection *mhd, int state,
			 uint64_t ms_max)
{
	struct client *connection = client_of(mhd);

	uv_mutex_lock(&server->lock);
	client_enter(connection, state, ms_max);
	client_make_room(server, connection);
	uv_mutex_unlock(&server->lock);
}

/* Requests */

static void exchange_refuse(struct exchange *exchange, unsigned status, const char *text)
{
	exchange->reply.status = status;
	http_reply_header(&exchange->reply, "Content-Type", "application/json");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		http_reply_header(&exchange->reply, "Retry-After", "10");
	buf_add(&exchange->reply.bytes, bytes_str(text));
}

static enum MHD_Result send_reply(struct exchange *exchange)
{
	struct http_reply *reply = &exchange->reply;
	uint64_t len = reply->kind == HTTP_BODY_BYTES ? reply->bytes.len : reply->len;
	unsigned status = reply->status;
	struct MHD_Response *response = mhd_response(reply);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	client_state(exchange->server, exchange->connection, WAITS_READER,
		     len == UINT64_MAX ? UINT64_MAX : ANSWER_MS_MIN + len / ANSWER_BYTES_A_MS);
	result = MHD_queue_response(exchange->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* Its body announces more than is taken: it is spared sending it. */
static bool is_announced_too_large(const struct server *server, struct MHD_Connection *mhd)
{
	const char *len = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Content-Length");

	return len && strtoull(len, NULL, 10) > server->options.limits->http_body_len_max;
}

struct header_counts {
	unsigned hosts, lengths;
};

static enum MHD_Result header_count(void *arg, enum MHD_ValueKind kind, const char *name,
				    const char *value)
{
	struct header_counts *counts = arg;

	counts->hosts += !strcasecmp(name, MHD_HTTP_HEADER_HOST);
	counts->lengths += !strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH);
	return MHD_YES;
}

/* RFC 9112, 3.2 and 6.3: one host, and one length, or who stands before this node and the node
   would not understand the same. */
static bool is_ambiguous(struct MHD_Connection *mhd, const char *version)
{
	struct header_counts counts = {0};

	MHD_get_connection_values(mhd, MHD_HEADER_KIND, header_count, &counts);
	return counts.hosts > 1 || counts.lengths > 1 ||
	       (!counts.hosts && strcmp(version, MHD_HTTP_VERSION_1_0));
}

static enum MHD_Result exchange_begin(struct server *server, struct MHD_Connection *mhd,
				      const char *method, const char *version, void **slot)
{
	struct exchange *exchange = mem_new(1, sizeof(*exchange));

	exchange->server = server;
	exchange->connection = mhd;
	exchange->asked.method = mhd_method(method);
	buf_init(&exchange->asked.body, server->options.limits->http_body_len_max);
	http_reply_init(&exchange->reply);
	*slot = exchange;
	client_state(server, mhd, WAITS_BODY, BODY_MS_MAX);
	if (is_ambiguous(mhd, version))
		exchange_refuse(exchange, MHD_HTTP_BAD_REQUEST,
				"{\"error\":\"usage\",\"message\":\"a request has one Host, and at "
				"most one Content-Length\"}\n");
	else if (is_announced_too_large(server, mhd))
		exchange_refuse(
			exchange, MHD_HTTP_CONTENT_TOO_LARGE,
			"{\"error\":\"too_large\",\"message\":\"the body is larger than this "
			"node takes; send less\"}\n");
	else
		return MHD_YES;
	return send_reply(exchange);
}

/* Who asks: the last that a proxy names and that is none itself. */
static void asker_find(struct server *server, const struct http_asked *asked,
		       const struct client *client, char *out)
{
	const char *list = http_asked_header(asked, "X-Forwarded-For");
	size_t end = list ? strlen(list) : 0, from;

	snprintf(out, ADDRESS_TEXT_SIZE, "%s", client->address);
	if (!client->is_proxy)
		return;
	for (; end > 0; end = from ? from - 1 : 0) {
		while (end > 0 && strchr(", \t", list[end - 1]))
			end--;
		for (from = end; from > 0 && !strchr(", \t", list[from - 1]);)
			from--;
		if (from == end || end - from >= ADDRESS_TEXT_SIZE)
			return;
		memcpy(out, list + from, end - from);
		out[end - from] = 0;
		if (!is_proxy_listed(server->options.proxies, bytes_str(out)))
			return;
	}
}

static void note_peer(struct server *server, struct http_asked *asked, const struct client *client)
{
	char address[ADDRESS_TEXT_SIZE];

	asker_find(server, asked, client, address);
	address_unit(asked->peer, address);
	asked->proxied = client->is_proxy;
}

static enum MHD_Result exchange_hand(struct exchange *exchange, const char *path)
{
	struct server *server = exchange->server;
	bool admits;

	mhd_asked(&exchange->asked, exchange->connection, exchange->asked.method, path);
	note_peer(server, &exchange->asked, client_of(exchange->connection));
	exchange->handed = true;
	client_state(server, exchange->connection, WAITS_OWNER, UINT64_MAX);
	uv_mutex_lock(&server->lock);
	admits = server->admits;
	server->waiting += admits;
	uv_mutex_unlock(&server->lock);
	if (!admits) {
		exchange_refuse(
			exchange, MHD_HTTP_SERVICE_UNAVAILABLE,
			"{\"error\":\"busy\",\"message\":\"the node is starting or stopping; try "
			"again soon\"}\n");
		return send_reply(exchange);
	}
	MHD_suspend_connection(exchange->connection);
	server->begin(server->arg, exchange);
	return MHD_YES;
}

static enum MHD_Result exchange_handle(void *arg, struct MHD_Connection *mhd, const char *path,
				       const char *method, const char *version,
				       const char *upload_data, size_t *upload_data_size,
				       void **slot)
{
	struct exchange *exchange = *slot;

	if (!exchange)
		return exchange_begin(arg, mhd, method, version, slot);
	if (*upload_data_size > 0) {
		struct buf *body = &exchange->asked.body;

		if (!exchange->too_large)
			buf_add(body, bytes_of(upload_data, *upload_data_size));
		if (body->err) {
			exchange->too_large = true;
			buf_fini(body);
			buf_init(body, 0);
		}
		*upload_data_size = 0;
		return MHD_YES;
	}
	return exchange->handed ? send_reply(exchange) : exchange_hand(exchange, path);
}

void server_answer(struct exchange *exchange)
{
	struct server *server = exchange->server;

	MHD_resume_connection(exchange->connection);
	uv_mutex_lock(&server->lock); /* last: server_close() may follow */
	server->waiting--;
	uv_mutex_unlock(&server->lock);
}

static void exchange_completed(void *arg, struct MHD_Connection *mhd, void **slot,
			       enum MHD_RequestTerminationCode why)
{
	struct exchange *exchange = *slot;

	if (!exchange)
		return;
	*slot = NULL;
	client_state(arg, mhd, WAITS_HEADER, HEADER_MS_MAX);
	http_asked_fini(&exchange->asked);
	http_reply_fini(&exchange->reply);
	free(exchange);
}

/* Life */

static struct MHD_Daemon *mhd_start_threads(struct server *server, int fd)
{
	return MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
			MHD_USE_ITC,
		0, NULL, NULL, exchange_handle, server, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREAD_COUNT,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_HEADER_LEN_MAX,
		MHD_OPTION_CONNECTION_LIMIT, server->options.limits->public_connection_count_max,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED,
		exchange_completed, server, MHD_OPTION_NOTIFY_CONNECTION, client_changed, server,
		MHD_OPTION_UNESCAPE_CALLBACK, mhd_keep_escapes, NULL, MHD_OPTION_END);
}

enum err server_open(struct server **out, const struct server_options *options, char *why)
{
	struct server *server = mem_new(1, sizeof(*server));
	int fd;
	enum err err;

	server->options = *options;
	err = listen_tcp(&fd, server->address, options->address, QUEUE_MAX, why);
	if (err) {
		free(server);
		return err;
	}
	check(uv_mutex_init(&server->lock) == 0);
	server->daemon = mhd_start_threads(server, fd);
	if (!server->daemon) {
		snprintf(why, WHY_LEN, "libmicrohttpd cannot be started with epoll and threads");
		close(fd);
		uv_mutex_destroy(&server->lock);
		free(server);
		return ERR_IO;
	}
	check(uv_timer_init(options->loop, &server->timer) == 0);
	server->timer.data = server;
	uv_timer_start(&server->timer, look_for_slow, LOOK_MS, LOOK_MS);
	*out = server;
	return ERR_OK;
}

const char *server_address(const struct server *server)
{
	return server->address;
}

void server_admit(struct server *server, void (*begin)(void *arg, struct exchange *exchange),
		  void *arg)
{
	uv_mutex_lock(&server->lock);
	server->begin = begin;
	server->arg = arg;
	server->admits = true;
	uv_mutex_unlock(&server->lock);
}

void server_refuse(struct server *server)
{
	uv_mutex_lock(&server->lock);
	server->admits = false;
	uv_mutex_unlock(&server->lock);
}

size_t server_waiting(struct server *server)
{
	size_t waiting;

	uv_mutex_lock(&server->lock);
	waiting = server->waiting;
	uv_mutex_unlock(&server->lock);
	return waiting;
}

static void server_timer_closed(uv_handle_t *exchange_handle)
{
	struct server *server = exchange_handle->data;

	uv_mutex_destroy(&server->lock);
	free(server);
}

void server_close(struct server *server)
{
	MHD_stop_daemon(server->daemon);
	uv_close((uv_handle_t *)&server->timer, server_timer_closed);
}
