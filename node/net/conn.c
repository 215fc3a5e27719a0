#include "node/net/conn.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/base/clock.h"

/* One event on its way to the core; of a message, with what is to be counted when it is back. */
struct conn_item {
	struct turn_item turn;
	uv_work_t work;
	struct net *net;
	uint64_t link;
	bool message;
	uint8_t channel; /* of a message */
};

uint64_t conn_now(const struct conn *conn)
{
	return uv_now(conn->net->options.loop);
}

static void item_done(struct turn_item *turn)
{
	struct conn_item *item = turn->owner;
	struct conn *conn = net_conn(item->net, item->link);

	if (conn && item->message) {
		conn->item_count--;
		conn->waiting_bytes[item->channel] -= item->turn.weight;
		if (!item->turn.bulk)
			conn->owed[LINK_CHANNEL_SYNC] += item->turn.bytes.len;
	}
	buf_fini(&item->turn.bytes);
	free(item);
}

static struct conn_item *item_new(struct conn *conn, enum event_type type)
{
	struct conn_item *item = mem_new(1, sizeof(*item));

	item->turn.event = (struct event){.type = type, .link = conn->id, .dial = conn->dial};
	item->turn.done = item_done;
	item->turn.owner = item;
	item->turn.weight = sizeof(*item);
	item->net = conn->net;
	item->link = conn->id;
	buf_init(&item->turn.bytes, LIMIT_MESSAGE_LEN_MAX);
	return item;
}

static void conn_push(struct conn *conn, enum event_type type, enum link_reason reason)
{
	struct conn_item *item = item_new(conn, type);

	item->turn.event.reason = reason;
	turn_push(conn->net->options.turn, &item->turn);
}

static void push_cert(struct conn *conn, const struct link_event *event)
{
	struct conn_item *item = item_new(conn, EVENT_LINK_CERT);

	buf_add(&item->turn.bytes, event->message);
	item->turn.event.bytes = buf_bytes(&item->turn.bytes);
	item->turn.event.key = event->key;
	/* it was decoded before: what fails is the copy */
	if (certificate_get(&item->turn.event.certificate, item->turn.event.bytes)) {
		link_admit(&conn->link, false, LINK_REASON_NOMEM);
		item_done(&item->turn);
		return;
	}
	conn->known = true;
	turn_push(conn->net->options.turn, &item->turn);
}

static void push_up(struct conn *conn)
{
	struct conn_item *item = item_new(conn, EVENT_LINK_UP);

	conn->up = true;
	item->turn.event.key = *link_peer_key(&conn->link);
	memcpy(item->turn.event.handshake_hash, link_handshake_hash(&conn->link),
	       sizeof(item->turn.event.handshake_hash));
	turn_push(conn->net->options.turn, &item->turn);
}

static void check_chunk(uv_work_t *work)
{
	struct conn_item *item = work->data;

	core_chunk_event(&item->turn.event, item->link, buf_bytes(&item->turn.bytes));
}

static void chunk_checked(uv_work_t *work, int status)
{
	struct conn_item *item = work->data;
	struct net *net = item->net;
	struct conn *conn = net_conn(net, item->link);

	net->checking_bytes -= item->turn.weight;
	if (status == 0 && conn) {
		turn_push(net->options.turn, &item->turn);
		conn_pump(conn);
	} else {
		item_done(&item->turn);
	}
	net_job_done(net);
}

static void take_message(struct conn *conn, const struct link_event *event)
{
	struct net *net = conn->net;
	struct conn_item *item = item_new(conn, EVENT_MESSAGE);

	item->message = true;
	item->channel = event->channel;
	net->counts.messages_received++;
	conn->item_count++;
	conn->waiting_bytes[item->channel] += item->turn.weight;
	buf_add(&item->turn.bytes, event->message);
	if (item->turn.bytes.err) {
		item_done(&item->turn);
		conn_kill(conn, LINK_REASON_NOMEM);
		return;
	}
	item->turn.weight += event->message.len;
	conn->waiting_bytes[item->channel] += event->message.len;
	item->turn.event.bytes = buf_bytes(&item->turn.bytes);
	if (event->channel == LINK_CHANNEL_SYNC) {
		turn_push(net->options.turn, &item->turn);
		return;
	}
	/* Chunks were asked for, and their number is bounded: the next ones may be on their way. */
	conn->owed[LINK_CHANNEL_BULK] += event->message.len;
	net->counts.chunks_received++;
	item->turn.bulk = true;
	item->work.data = item;
	net->checking_bytes += item->turn.weight;
	net->job_count++;
	check(uv_queue_work(net->options.loop, &item->work, check_chunk, chunk_checked) == 0);
}

/* What a person should know: who was refused and why, not who just went away. */
static void log_end(const struct conn *conn, enum link_reason reason, bool by_peer)
{
	bool quiet = reason == LINK_REASON_DONE || reason == LINK_REASON_LOST ||
		     reason == LINK_REASON_REPLACED || reason == LINK_REASON_TOO_OLD ||
		     reason == LINK_REASON_BUSY || reason == LINK_REASON_SILENCE;
	enum log_kind kind = conn->up ? LOG_SESSION : !conn->dial ? LOG_REFUSED : LOG_DIAL_FAILED;

	if (conn->dial && !conn->up && !quiet && reason != LINK_REASON_TIMEOUT)
		kind = LOG_SESSION;
	if (quiet && kind != LOG_DIAL_FAILED)
		return;
	log_peer(conn->net->options.log, clock_now_ms(), kind, conn->address, "%s%s",
		 by_peer ? "by the other side: " : "", link_reason_text(reason));
}

static void forget(struct conn *conn, enum link_reason reason)
{
	if (conn->known)
		conn_push(conn, EVENT_LINK_DOWN, reason);
	conn->known = false;
	conn->up = false;
}

static void on_event(struct conn *conn, const struct link_event *event)
{
	switch (event->type) {
	case LINK_EVENT_CERT:
		push_cert(conn, event); /* whether there is a place for it says the core */
		return;
	case LINK_EVENT_UP:
		push_up(conn);
		return;
	case LINK_EVENT_MESSAGE:
		take_message(conn, event);
		return;
	case LINK_EVENT_CLOSED:
		log_end(conn, event->reason, event->by_peer);
		forget(conn, event->reason);
		conn->state = CONN_DRAINING;
		return;
	}
}

/*
 * What waits is bounded for each connection and for all together; but one message of each may
 * always wait, so that nobody has to for the sake of others who send much.
 */
static bool may_take(const struct conn *conn)
{
	if (conn->item_count == 0)
		return true;
	return conn->item_count < CONN_ITEM_MAX &&
	       conn->waiting_bytes[LINK_CHANNEL_SYNC] < CONN_WAITING_MAX &&
	       conn->waiting_bytes[LINK_CHANNEL_BULK] < CONN_BULK_MAX && net_room(conn->net);
}

static void take_events(struct conn *conn)
{
	struct link_event event;

	while (conn->state == CONN_OPEN && may_take(conn) && link_next(&conn->link, &event))
		on_event(conn, &event);
}

static void conn_handle_closed(uv_handle_t *handle)
{
	struct conn *conn = handle->data;

	if (--conn->handles == 0 && !conn->resolving)
		net_conn_gone(conn);
}

static void conn_close_handles(struct conn *conn)
{
	if (conn->state == CONN_CLOSING)
		return;
	conn->state = CONN_CLOSING;
	if (conn->resolving)
		uv_cancel((uv_req_t *)&conn->resolve);
	uv_close((uv_handle_t *)&conn->timer, conn_handle_closed);
	if (conn->handles == 2 && !uv_is_closing((uv_handle_t *)&conn->tcp))
		uv_close((uv_handle_t *)&conn->tcp, conn_handle_closed);
}

void conn_kill(struct conn *conn, enum link_reason reason)
{
	if (conn->state == CONN_CLOSING)
		return;
	forget(conn, reason);
	conn_close_handles(conn);
}

static void shutdown_done(uv_shutdown_t *shutdown, int status)
{
	/* the peer's end of the connection, or the timer, closes it */
}

static void written(uv_write_t *write, int status)
{
	struct conn *conn = write->data;

	conn->writing = false;
	if (conn->state != CONN_OPEN && conn->state != CONN_DRAINING)
		return;
	if (status < 0 && conn->state == CONN_DRAINING) {
		conn_close_handles(conn);
		return;
	}
	if (status < 0)
		link_lost(&conn->link);
	conn_pump(conn);
}

static void write_some(struct conn *conn)
{
	uv_buf_t out;

	if (conn->writing)
		return;
	buf_reset(&conn->out);
	if (link_has_output(&conn->link))
		link_output(&conn->link, &conn->out, CONN_WRITE_LEN);
	if (conn->out.len == 0) {
		buf_fini(&conn->out); /* an idle connection holds no memory */
		return;
	}
	out = uv_buf_init((char *)conn->out.ptr, (unsigned)conn->out.len);
	conn->net->counts.bytes_sent += conn->out.len;
	conn->write.data = conn;
	conn->writing = uv_write(&conn->write, (uv_stream_t *)&conn->tcp, &out, 1, written) == 0;
	if (!conn->writing)
		link_lost(&conn->link);
}

static void read_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct conn *conn = handle->data;
	size_t room = conn->state == CONN_OPEN ? link_room(&conn->link) : CONN_READ_LEN;

	*buf = uv_buf_init(conn->net->read_buf,
			   room < CONN_READ_LEN ? (unsigned)room : CONN_READ_LEN);
}

static void read_done(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct conn *conn = stream->data;

	if (conn->state == CONN_DRAINING && len < 0) {
		conn_close_handles(conn);
		return;
	}
	if (conn->state != CONN_OPEN || len == 0 || len == UV_ENOBUFS)
		return;
	if (len < 0) {
		link_lost(&conn->link);
	} else {
		conn->net->counts.bytes_received += (size_t)len;
		link_recv(&conn->link, bytes_of(buf->base, (size_t)len), conn_now(conn));
	}
	conn_pump(conn);
}

static void read_as_room(struct conn *conn)
{
	bool want = conn->state == CONN_DRAINING || (link_room(&conn->link) > 0 && may_take(conn));

	if (want && !conn->reading)
		conn->reading =
			uv_read_start((uv_stream_t *)&conn->tcp, read_alloc, read_done) == 0;
	else if (!want && conn->reading) {
		uv_read_stop((uv_stream_t *)&conn->tcp);
		conn->reading = false;
	}
}

static void conn_timer_fired(uv_timer_t *timer)
{
	struct conn *conn = timer->data;

	switch (conn->state) {
	case CONN_RESOLVING:
	case CONN_CONNECTING:
		dial_timeout(conn);
		return;
	case CONN_OPEN:
		link_tick(&conn->link, conn_now(conn));
		conn_pump(conn);
		return;
	case CONN_DRAINING:
		conn_close_handles(conn);
		return;
	case CONN_CLOSING:
		return;
	}
}

static void set_timer(struct conn *conn)
{
	uint64_t now = conn_now(conn), wake = link_wake(&conn->link);

	if (wake == UINT64_MAX)
		uv_timer_stop(&conn->timer);
	else
		uv_timer_start(&conn->timer, conn_timer_fired, wake > now ? wake - now : 0, 0);
}

/* The link is closed and its farewell is with the socket: wait until the peer has read it. */
static void drain(struct conn *conn)
{
	if (conn->writing)
		return;
	read_as_room(conn);
	uv_timer_start(&conn->timer, conn_timer_fired, CONN_DRAIN_MS, 0);
	if (!conn->reading ||
	    uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->tcp, shutdown_done))
		conn_close_handles(conn);
}

/* Credit for messages goes back when the core has taken them, see item_done(). */
static void pay(struct conn *conn)
{
	for (uint8_t channel = 0; channel < LINK_CHANNEL_COUNT; channel++) {
		if (conn->owed[channel])
			link_consumed(&conn->link, channel, conn->owed[channel]);
		conn->owed[channel] = 0;
	}
}

void conn_pump(struct conn *conn)
{
	if (conn->state == CONN_OPEN) {
		pay(conn);
		take_events(conn);
	}
	if (conn->state == CONN_OPEN) {
		chunks_out_pump(conn);
		write_some(conn);
		take_events(conn); /* CLOSED comes when the farewell was pulled */
	}
	if (conn->state == CONN_OPEN) {
		read_as_room(conn);
		set_timer(conn);
	} else if (conn->state == CONN_DRAINING) {
		drain(conn);
	}
}

void conn_open(struct conn *conn)
{
	const struct net_options *options = &conn->net->options;
	struct link_options link = {
		.dialler = conn->dial != 0,
		.fed = conn->net->fed,
		.static_sk = options->transport,
		.certificate = buf_bytes(&conn->net->certificate),
		.has_expected = conn->has_expected,
		.expected = conn->expected,
		.limits = options->limits,
		.random = options->random,
	};

	uv_tcp_nodelay(&conn->tcp, 1);
	buf_init(&conn->out, CONN_WRITE_LEN + 4 * LIMIT_FRAME_LEN_MAX);
	link_init(&conn->link, &link, conn_now(conn));
	conn->has_link = true;
	conn->state = CONN_OPEN;
	conn_pump(conn);
}
