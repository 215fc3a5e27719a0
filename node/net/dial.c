#include "node/net/conn.h"

#include <stdio.h>
#include <string.h>

#include "node/base/clock.h"
#include "node/base/config.h"

struct miss *dial_miss(struct net *net, const char *address)
{
	for (size_t i = 0; i < MISS_COUNT_MAX && *address; i++)
		if (!strcmp(net->misses[i].address, address))
			return &net->misses[i];
	return NULL;
}

static void miss_set(struct net *net, const char *address, const char *why)
{
	struct miss *miss = dial_miss(net, address);

	if (!miss) {
		miss = &net->misses[net->miss_next];
		net->miss_next = (net->miss_next + 1) % MISS_COUNT_MAX;
	}
	snprintf(miss->address, sizeof(miss->address), "%s", address);
	snprintf(miss->why, sizeof(miss->why), "%s", why);
}

static void dial_fail(struct conn *conn, const char *what)
{
	miss_set(conn->net, conn->address, what);
	log_peer(conn->net->options.log, clock_now_ms(), LOG_DIAL_FAILED, conn->address, "%s",
		 what);
	conn_kill(conn, LINK_REASON_LOST);
}

static void connect_next(struct conn *conn);

static void tcp_closed(uv_handle_t *handle)
{
	struct conn *conn = handle->data;

	conn->handles--;
	if (conn->state == CONN_CLOSING) {
		if (conn->handles == 0 && !conn->resolving)
			net_conn_gone(conn);
		return;
	}
	connect_next(conn);
}

static void connected(uv_connect_t *connect, int status)
{
	struct conn *conn = connect->data;
	struct miss *miss;

	if (conn->state != CONN_CONNECTING || uv_is_closing((uv_handle_t *)&conn->tcp))
		return;
	if (status < 0) {
		if (conn->next_found)
			uv_close((uv_handle_t *)&conn->tcp, tcp_closed);
		else
			dial_fail(conn, uv_strerror(status));
		return;
	}
	uv_freeaddrinfo(conn->found);
	conn->found = NULL;
	miss = dial_miss(conn->net, conn->address);
	if (miss)
		miss->address[0] = 0;
	if (!conn->net->linkable) {
		dial_fail(conn, "no federation any more");
		return;
	}
	conn_open(conn);
}

static void timed_out(uv_timer_t *timer)
{
	dial_timeout(timer->data);
}

static void connect_next(struct conn *conn)
{
	struct addrinfo *to = conn->next_found;

	conn->next_found = to->ai_next;
	conn->state = CONN_CONNECTING;
	conn->connect.data = conn;
	conn->tcp.data = conn;
	if (uv_tcp_init(conn->net->options.loop, &conn->tcp)) {
		dial_fail(conn, "no socket");
		return;
	}
	conn->handles++;
	uv_timer_start(&conn->timer, timed_out, conn->net->options.limits->handshake_ms_max, 0);
	if (uv_tcp_connect(&conn->connect, &conn->tcp, to->ai_addr, connected)) {
		if (conn->next_found)
			uv_close((uv_handle_t *)&conn->tcp, tcp_closed);
		else
			dial_fail(conn, "the address cannot be dialled");
	}
}

void dial_timeout(struct conn *conn)
{
	if (conn->state == CONN_CONNECTING && uv_is_closing((uv_handle_t *)&conn->tcp))
		return;
	if (conn->state == CONN_CONNECTING && conn->next_found)
		uv_close((uv_handle_t *)&conn->tcp, tcp_closed); /* the next address of the name */
	else
		dial_fail(conn, "no answer");
}

static void resolved(uv_getaddrinfo_t *resolve, int status, struct addrinfo *found)
{
	struct conn *conn = resolve->data;

	conn->resolving = false;
	conn->found = conn->next_found = found;
	if (conn->state == CONN_CLOSING) {
		if (conn->handles == 0)
			net_conn_gone(conn);
		return;
	}
	if (status < 0 || !found)
		dial_fail(conn, status < 0 ? uv_strerror(status) : "the name has no address");
	else
		connect_next(conn);
}

void dial_begin(struct net *net, const struct effect *effect)
{
	struct conn *conn = net_conn_new(net);
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	char host[LIMIT_ADDRESS_LEN_MAX + 1], service[8];
	uint16_t port;

	conn->dial = effect->dial;
	conn->known = true;
	conn->has_expected = effect->has_expected;
	conn->expected = effect->expected;
	conn->state = CONN_RESOLVING;
	snprintf(conn->address, sizeof(conn->address), "%s", effect->address);
	log_peer(net->options.log, clock_now_ms(), LOG_DIAL, conn->address, "%s", "");
	if (address_split(effect->address, host, &port) || port == 0) {
		dial_fail(conn, "this is not HOST:PORT");
		return;
	}
	snprintf(service, sizeof(service), "%u", port);
	conn->resolve.data = conn;
	conn->resolving = uv_getaddrinfo(net->options.loop, &conn->resolve, resolved, host, service,
					 &hints) == 0;
	if (!conn->resolving)
		dial_fail(conn, "the name cannot be looked up");
}
