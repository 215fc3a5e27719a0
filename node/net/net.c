#include "node/net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/base/clock.h"
#include "node/base/config.h"
#include "node/net/conn.h"

#define LISTEN_BACKLOG 128

void net_open(struct net **out, const struct net_options *options)
{
	struct net *net = mem_new(1, sizeof(*net));

	net->options = *options;
	net->read_buf = mem_new(1, CONN_READ_LEN);
	buf_init(&net->certificate, LIMIT_ORGLOG_ENTRY_LEN_MAX + 1024);
	*out = net;
}

struct conn *net_conn(struct net *net, uint64_t id)
{
	for (size_t i = 0; i < net->conn_count; i++)
		if (net->conns[i]->id == id && net->conns[i]->state != CONN_CLOSING)
			return net->conns[i];
	return NULL;
}

struct conn *net_conn_new(struct net *net)
{
	struct conn *conn = mem_new(1, sizeof(*conn));

	net->conns = mem_room(net->conns, net->conn_count, &net->conn_cap, sizeof(struct conn *));
	net->conns[net->conn_count++] = conn;
	conn->net = net;
	conn->id = ++net->link_last;
	conn->timer.data = conn;
	check(uv_timer_init(net->options.loop, &conn->timer) == 0);
	conn->handles = 1;
	return conn;
}

static void close_if_empty(struct net *net)
{
	if (net->closing && net->conn_count == 0 && net->job_count == 0 && !net->listening &&
	    net->closed) {
		void (*closed)(void *arg) = net->closed;

		net->closed = NULL;
		closed(net->closed_arg);
	}
}

void net_conn_gone(struct conn *conn)
{
	struct net *net = conn->net;

	for (size_t i = 0; i < net->conn_count; i++) {
		if (net->conns[i] == conn) {
			net->conns[i] = net->conns[--net->conn_count];
			break;
		}
	}
	if (conn->found)
		uv_freeaddrinfo(conn->found);
	if (conn->has_link)
		link_fini(&conn->link);
	buf_fini(&conn->out);
	free(conn->wants);
	free(conn);
	close_if_empty(net);
}

void net_job_done(struct net *net)
{
	net->job_count--;
	close_if_empty(net);
}

bool net_room(const struct net *net)
{
	return turn_room(net->options.turn) && net->checking_bytes < NET_CHECKING_MAX;
}

static void address_text(char *out, size_t size, const struct sockaddr_storage *from)
{
	char ip[64] = "";

	if (from->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;

		uv_ip6_name(in6, ip, sizeof(ip));
		snprintf(out, size, "[%s]:%u", ip, ntohs(in6->sin6_port));
	} else if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in4 = (const struct sockaddr_in *)from;

		uv_ip4_name(in4, ip, sizeof(ip));
		snprintf(out, size, "%s:%u", ip, ntohs(in4->sin_port));
	}
}

/* Without a federation there is no handshake. */
static void refuse_arrival(struct conn *conn)
{
	/* PROTOCOL: "A side that refuses before or in the handshake sends `be16 0 ‖ reason(1)` and
	   closes" */
	uint8_t bytes[3] = {0, 0, 2};
	uv_buf_t out = uv_buf_init((char *)bytes, sizeof(bytes));

	log_peer(conn->net->options.log, clock_now_ms(), LOG_REFUSED, conn->address,
		 "this node belongs to no federation yet");
	uv_try_write((uv_stream_t *)&conn->tcp, &out, 1);
	conn->state = CONN_DRAINING;
	conn_pump(conn);
}

static void arrived(uv_stream_t *listener, int status)
{
	struct net *net = listener->data;
	struct sockaddr_storage from = {0};
	int from_len = sizeof(from);
	struct conn *conn, *victim;

	if (status < 0 || net->closing)
		return;
	conn = net_conn_new(net);
	conn->tcp.data = conn;
	if (uv_tcp_init(net->options.loop, &conn->tcp)) {
		conn_kill(conn, LINK_REASON_LOST);
		return;
	}
	conn->handles++;
	if (uv_accept(listener, (uv_stream_t *)&conn->tcp)) {
		conn_kill(conn, LINK_REASON_LOST);
		return;
	}
	uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&from, &from_len);
	address_text(conn->address, sizeof(conn->address), &from);
	half_source(&conn->source, &from);
	victim = half_victim(net, conn);
	if (victim) {
		log_peer(net->options.log, clock_now_ms(), LOG_REFUSED, victim->address,
			 "too many handshakes at once");
		conn_kill(victim, LINK_REASON_BUSY);
	}
	if (net->linkable)
		conn_open(conn);
	else
		refuse_arrival(conn);
}

static enum err listen_failed(struct net *net, int code, const char *address, char *why)
{
	if (code == UV_EADDRINUSE)
		snprintf(why, WHY_LEN,
			 "%s is in use by another program; choose another address with "
			 "\"listen = HOST:PORT\" in the config or --listen, or stop that program",
			 address);
	else if (code == UV_EADDRNOTAVAIL)
		snprintf(why, WHY_LEN,
			 "%s is not an address of this machine; set \"listen\" to one that is, or "
			 "to 0.0.0.0:PORT for all",
			 address);
	else if (code == UV_EACCES)
		snprintf(why, WHY_LEN,
			 "%s must not be used by this user; choose a port from 1024 on", address);
	else
		snprintf(why, WHY_LEN, "cannot listen on %s: %s", address, uv_strerror(code));
	uv_close((uv_handle_t *)&net->listener, NULL);
	return code == UV_EADDRINUSE || code == UV_EADDRNOTAVAIL || code == UV_EACCES ? ERR_CONFIG
										      : ERR_IO;
}

enum err net_listen(struct net *net, const char *address, char *why)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	char host[LIMIT_ADDRESS_LEN_MAX + 1], service[8];
	struct sockaddr_storage bound = {0};
	int bound_len = sizeof(bound), code;
	uv_getaddrinfo_t resolve;
	uint16_t port;

	if (address_split(address, host, &port)) {
		snprintf(why, WHY_LEN, "%s is not HOST:PORT", address);
		return ERR_CONFIG;
	}
	snprintf(service, sizeof(service), "%u", port);
	code = uv_getaddrinfo(net->options.loop, &resolve, NULL, host, service, &hints);
	if (code) {
		snprintf(why, WHY_LEN, "cannot listen on %s: %s", address, uv_strerror(code));
		return ERR_CONFIG;
	}
	code = uv_tcp_init(net->options.loop, &net->listener);
	check(code == 0);
	net->listener.data = net;
	code = uv_tcp_bind(&net->listener, resolve.addrinfo->ai_addr, 0);
	uv_freeaddrinfo(resolve.addrinfo);
	if (!code)
		code = uv_listen((uv_stream_t *)&net->listener, LISTEN_BACKLOG, arrived);
	if (code)
		return listen_failed(net, code, address, why);
	net->listening = true;
	uv_tcp_getsockname(&net->listener, (struct sockaddr *)&bound, &bound_len);
	address_text(net->address, sizeof(net->address), &bound);
	return ERR_OK;
}

void net_attach(struct net *net, struct turn *turn)
{
	net->options.turn = turn;
}

const char *net_address(const struct net *net)
{
	return net->address;
}

const char *net_peer_address(struct net *net, uint64_t link)
{
	struct conn *conn = net_conn(net, link);

	return conn ? conn->address : NULL;
}

struct net_counts net_counts(const struct net *net)
{
	return net->counts;
}

const char *net_dial_why(struct net *net, const char *address)
{
	struct miss *miss = dial_miss(net, address);

	return miss ? miss->why : NULL;
}

void net_identify(struct net *net, bool linkable, struct bytes certificate,
		  const struct fed_id *fed)
{
	buf_reset(&net->certificate);
	buf_add(&net->certificate, certificate);
	net->linkable = linkable && !net->certificate.err;
	net->fed = *fed;
}

/* Closes those with the longest queues until the sum is within its limit. */
static void bound_queues(struct net *net)
{
	for (;;) {
		struct conn *largest = NULL;
		size_t sum = 0, max = 0;

		for (size_t i = 0; i < net->conn_count; i++) {
			struct conn *conn = net->conns[i];
			size_t queued = conn->state == CONN_OPEN ? link_queued(&conn->link) : 0;

			sum += queued;
			if (queued > max) {
				max = queued;
				largest = conn;
			}
		}
		if (sum <= net->options.limits->all_queue_bytes_max || !largest)
			return;
		log_peer(net->options.log, clock_now_ms(), LOG_SESSION, largest->address,
			 "too much waits to be sent; closed");
		conn_kill(largest, LINK_REASON_BUSY);
	}
}

static void send_message(struct conn *conn, struct effect *effect)
{
	enum err err = link_send(&conn->link, effect->channel, buf_bytes(&effect->bytes));

	conn->net->counts.messages_sent += !err;
	if (err != ERR_FULL)
		return;
	log_peer(conn->net->options.log, clock_now_ms(), LOG_SESSION, conn->address,
		 "does not take what it is sent; closed");
	link_close(&conn->link, LINK_REASON_BUSY, conn_now(conn));
}

void net_effect(struct net *net, struct effect *effect)
{
	struct conn *conn = effect->type == EFFECT_DIAL ? NULL : net_conn(net, effect->link);

	if (effect->type == EFFECT_DIAL && !net->closing)
		dial_begin(net, effect);
	if (!conn || conn->state != CONN_OPEN)
		return;
	switch (effect->type) {
	case EFFECT_ADMIT:
		link_admit(&conn->link, effect->ok, effect->reason);
		break;
	case EFFECT_SEND:
		send_message(conn, effect);
		return; /* net_turned() pumps: many effects go to one peer */
	case EFFECT_SERVE:
		chunks_out_add(conn, effect);
		return;
	case EFFECT_RECALL:
		chunks_out_recall(conn, &effect->dataset);
		return;
	case EFFECT_CLOSE:
		link_close(&conn->link, effect->reason, conn_now(conn));
		break;
	case EFFECT_DIAL:
	case EFFECT_CERTIFICATE:
	case EFFECT_NOTE:
		return;
	}
	conn_pump(conn);
}

void net_turned(struct net *net)
{
	bound_queues(net);
	for (size_t i = 0; i < net->conn_count; i++)
		conn_pump(net->conns[i]);
}

void net_reset(struct net *net)
{
	for (size_t i = 0; i < net->conn_count; i++) {
		struct conn *conn = net->conns[i];

		conn->known = false; /* the new core has not heard of it */
		if (conn->state == CONN_OPEN) {
			link_close(&conn->link, LINK_REASON_BUSY, conn_now(conn));
			conn_pump(conn);
		} else if (conn->state != CONN_DRAINING) {
			conn_kill(conn, LINK_REASON_BUSY);
		}
	}
}

static void listener_closed(uv_handle_t *handle)
{
	struct net *net = handle->data;

	net->listening = false;
	close_if_empty(net);
}

void net_close(struct net *net, void (*closed)(void *arg), void *arg)
{
	net->closing = true;
	net->closed = closed;
	net->closed_arg = arg;
	if (net->listening)
		uv_close((uv_handle_t *)&net->listener, listener_closed);
	for (size_t i = 0; i < net->conn_count; i++) {
		struct conn *conn = net->conns[i];

		conn->known = false;
		if (conn->state == CONN_OPEN && conn->up) {
			link_close(&conn->link, LINK_REASON_DONE, conn_now(conn));
			conn_pump(conn);
		} else if (conn->state != CONN_DRAINING) {
			conn_kill(conn, LINK_REASON_DONE);
		}
	}
	close_if_empty(net);
}

void net_kill(struct net *net)
{
	for (size_t i = 0; i < net->conn_count; i++)
		conn_kill(net->conns[i], LINK_REASON_DONE);
}

void net_free(struct net *net)
{
	check(net->conn_count == 0 && net->job_count == 0);
	buf_fini(&net->certificate);
	free(net->conns);
	free(net->read_buf);
	free(net);
}
