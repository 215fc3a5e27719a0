#include "node/net/conn.h"

#include <stdio.h>
#include <string.h>

#include "node/base/clock.h"
#include "node/base/config.h"

/* Addresses of one name that are tried: its owner may name very many. */
#define TRY_MAX 4

/* Nobody in particular, or everybody: 0.0.0.0, ::, multicast and broadcast. */
static bool is_nobody4(const uint8_t b[4])
{
	return b[0] == 0 || b[0] >= 224;
}

static bool is_nobody6(const uint8_t b[16])
{
	static const uint8_t zero[16], mapped[12] = {[10] = 0xff, [11] = 0xff};

	return b[0] == 0xff || !memcmp(b, zero, 16) ||
	       (!memcmp(b, mapped, 12) && is_nobody4(b + 12));
}

static bool is_somebody(const struct addrinfo *found)
{
	if (found->ai_family == AF_INET) {
		const struct sockaddr_in *in4 = (const struct sockaddr_in *)found->ai_addr;

		return !is_nobody4((const uint8_t *)&in4->sin_addr);
	}
	if (found->ai_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)found->ai_addr;

		return !is_nobody6((const uint8_t *)&in6->sin6_addr);
	}
	return false;
}

/* The first of these that may be dialled. */
static struct addrinfo *somebody_of(struct addrinfo *found)
{
	while (found && !is_somebody(found))
		found = found->ai_next;
	return found;
}

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

	conn->next_found = ++conn->tries < TRY_MAX ? somebody_of(to->ai_next) : NULL;
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
	conn->found = found;
	conn->next_found = status < 0 ? NULL : somebody_of(found);
	if (conn->state == CONN_CLOSING) {
		if (conn->handles == 0)
			net_conn_gone(conn);
		return;
	}
	if (!conn->next_found)
		dial_fail(conn, status < 0 ? uv_strerror(status)
				: found    ? "this address is nobody's: nothing is dialled there"
					   : "the name has no address");
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
