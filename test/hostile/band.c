#include "test/hostile/band.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/check.h"

enum {
	QUEUE_LEN = 256 * 1024, /* below it an attack is asked for more */
	TAKEN_LEN = 512 * 1024,
	ORGLOG_ANSWER_LEN = 512 * 1024,
};

uint64_t band_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void band_victim(struct band *band, const char *address)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *found;
	char host[LIMIT_ADDRESS_LEN_MAX + 1];
	const char *colon = strrchr(address, ':');

	if (!colon || (size_t)(colon - address) >= sizeof(host))
		foe_die("the victim is HOST:PORT", ERR_MALFORMED);
	snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
	if (getaddrinfo(host, colon + 1, &hints, &found))
		foe_die(address, ERR_ABSENT);
	memcpy(&band->to, found->ai_addr, found->ai_addrlen);
	band->to_len = found->ai_addrlen;
	freeaddrinfo(found);
}

/* ---- opening and closing ---- */

static void tie_link(struct band *band, struct tie *tie)
{
	buf_reset(&tie->certificate);
	if (tie->stranger)
		buf_add(&tie->certificate, buf_bytes(&tie->stranger->certificate));
	else
		foe_certificate(band->foe, tie->node, &tie->certificate);
	struct link_options options = {.dialler = true,
				       .fed = band->foe->charter.fed,
				       .static_sk = tie->stranger
							    ? &tie->stranger->transport
							    : &band->foe->transport[tie->node],
				       .certificate = buf_bytes(&tie->certificate),
				       .limits = &band->foe->limits,
				       .random = &band->foe->random};
	link_init(&tie->link, &options, band_now_ms());
}

static void tie_open(struct band *band, struct tie *tie)
{
	tie->fd = socket(tie->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (tie->fd < 0)
		foe_die("no more sockets", ERR_IO);
	if (connect(tie->fd, (struct sockaddr *)&tie->to, tie->to_len) && errno != EINPROGRESS) {
		close(tie->fd);
		tie->fd = -1;
		tie->again_ms = band_now_ms() + band->again_ms;
		return;
	}
	band->opened++;
	tie->up = tie->ready = tie->connected = tie->deaf = false;
	tie->owed = 0;
	tie->step = 0;
	buf_reset(&tie->out);
	if (!tie->raw)
		tie_link(band, tie);
}

static void tie_close(struct band *band, struct tie *tie, enum link_reason reason)
{
	if (tie->fd < 0)
		return;
	close(tie->fd);
	tie->fd = -1;
	band->closed[reason]++;
	if (tie->up || (tie->raw && tie->connected))
		band->up_now--;
	if (!tie->raw)
		link_fini(&tie->link);
	tie->up = tie->ready = tie->connected = false;
	tie->again_ms = band_now_ms() + band->again_ms;
}

static struct tie *tie_new(struct band *band)
{
	struct tie *tie = mem_new(1, sizeof(*tie));

	check(band->tie_count < BAND_TIE_MAX);
	band->ties[band->tie_count++] = tie;
	tie->to = band->to;
	tie->to_len = band->to_len;
	buf_init(&tie->certificate, LIMIT_ORGLOG_ENTRY_LEN_MAX + 1024);
	buf_init(&tie->out, 1024 * 1024);
	return tie;
}

struct tie *band_tie(struct band *band, unsigned node, const struct stranger *stranger)
{
	struct tie *tie = tie_new(band);

	tie->node = node;
	tie->stranger = stranger;
	tie_open(band, tie);
	return tie;
}

void band_alone(struct band *band)
{
	band_tie(band, 0, NULL);
}

struct tie *band_tie_raw(struct band *band)
{
	struct tie *tie = tie_new(band);

	tie->raw = true;
	tie_open(band, tie);
	return tie;
}

void band_close(struct band *band)
{
	for (size_t i = 0; i < band->tie_count; i++) {
		struct tie *tie = band->ties[i];
		tie_close(band, tie, LINK_REASON_DONE);
		buf_fini(&tie->certificate);
		buf_fini(&tie->out);
		free(tie);
	}
	band->tie_count = 0;
}

/* ---- saying ---- */

struct buf band_message(void)
{
	struct buf out;

	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	return out;
}

bool band_say(struct band *band, struct tie *tie, struct buf *message)
{
	struct message m;
	enum err err = message->err;

	if (!err)
		err = message_decode(&m, buf_bytes(message));
	if (err)
		foe_die("a message of its own is not well-formed", err);
	err = link_send(&tie->link, LINK_CHANNEL_SYNC, buf_bytes(message));
	if (!err) {
		band->sent[m.type]++;
		band->sent_bytes += message->len;
	}
	buf_fini(message);
	return !err;
}

bool band_say_list(struct band *band, struct tie *tie, struct message_list *list)
{
	struct buf out = band_message();

	message_list_end(list, &out);
	return band_say(band, tie, &out);
}

static void say_hello(struct band *band, struct tie *tie)
{
	struct digest content = foe_any(band->foe);
	struct buf out = band_message();

	message_hello(&out, "allmende/0.1", tie->stranger ? 0 : band->foe->charter.number, &content,
		      NULL);
	band_say(band, tie, &out);
}

/* It has nothing, and lacks nothing. */
static void say_nothing(struct band *band, struct tie *tie)
{
	struct message_list none = message_list_begin(MESSAGE_STATES);
	struct buf out = band_message();

	message_sketch(&out, bytes_of(NULL, 0)); /* all that it has follows */
	band_say(band, tie, &out);
	out = band_message();
	band_say_list(band, tie, &none);
	message_sync_end(&out);
	band_say(band, tie, &out);
}

/* ---- hearing ---- */

/* A head that names a later log entry makes the other side ask for the log. */
static void say_log(struct band *band, struct tie *tie)
{
	struct foe *foe = band->foe;
	struct digest set = foe->set;
	struct buf head, out = band_message();

	buf_init(&head, LIMIT_HEAD_LEN_MAX);
	foe_head(foe, 0, &set, foe->live_count, foe->live_bytes, &head);
	message_head(&out, buf_bytes(&head));
	buf_fini(&head);
	band_say(band, tie, &out);
}

static void answer_hello(struct band *band, struct tie *tie)
{
	if (tie->ready)
		say_hello(band, tie);
	if (!tie->stranger)
		say_nothing(band, tie);
	if (!tie->ready && !tie->stranger && tie->node == 0 && foe_log_grown(band->foe))
		say_log(band, tie);
	tie->ready = !tie->stranger;
}

static void answer_orglog_get(struct band *band, struct tie *tie, struct message *m)
{
	struct message_list list = message_list_begin(MESSAGE_ORGLOG);
	const struct foe *foe = band->foe;
	struct org_id org;
	uint32_t number;

	while (message_next_org(m, &org, &number))
		for (; id_eq(&org, &foe->identity.org) && number > 0 &&
		       number <= foe->entry_count && list.items.len < ORGLOG_ANSWER_LEN;
		     number++)
			message_list_entry(&list, &org, buf_bytes(&foe->entries[number - 1]));
	band_say_list(band, tie, &list);
}

static void confirm(struct band *band, struct tie *tie)
{
	struct buf out = band_message();

	message_taken(&out, tie->owed);
	tie->owed = 0;
	band_say(band, tie, &out);
}

static void heard(struct band *band, struct tie *tie, struct bytes bytes)
{
	struct message m;

	if (message_decode(&m, bytes))
		return;
	band->got[m.type]++;
	band->got_bytes += bytes.len;
	if (m.type == MESSAGE_HEAD || m.type == MESSAGE_RECORDS)
		tie->owed += bytes.len;
	if (band->attack->message && band->attack->message(band, tie, &m))
		return;
	if (m.type == MESSAGE_HELLO)
		answer_hello(band, tie);
	else if (m.type == MESSAGE_ORGLOG_GET)
		answer_orglog_get(band, tie, &m);
	if (tie->owed >= TAKEN_LEN || (m.type == MESSAGE_SYNC_END && tie->owed > 0))
		confirm(band, tie);
}

static void take_events(struct band *band, struct tie *tie)
{
	struct link_event event;

	while (tie->fd >= 0 && link_next(&tie->link, &event)) {
		if (event.type == LINK_EVENT_CERT) {
			link_admit(&tie->link, true, LINK_REASON_DONE);
		} else if (event.type == LINK_EVENT_UP) {
			tie->up = true;
			band->came_up++;
			if (++band->up_now > band->up_most)
				band->up_most = band->up_now;
			say_hello(band, tie);
		} else if (event.type == LINK_EVENT_MESSAGE) {
			size_t len = event.message.len;
			uint8_t channel = event.channel;
			struct buf copy = band_message();
			buf_add(&copy, event.message);
			heard(band, tie, buf_bytes(&copy));
			buf_fini(&copy);
			link_consumed(&tie->link, channel, len);
		} else {
			tie_close(band, tie, event.reason);
		}
	}
}

/* ---- the sockets ---- */

static void tie_read(struct band *band, struct tie *tie)
{
	static uint8_t bytes[65536];
	size_t room = tie->raw ? sizeof(bytes) : link_room(&tie->link);
	ssize_t got;

	if (room == 0)
		return;
	got = read(tie->fd, bytes, room < sizeof(bytes) ? room : sizeof(bytes));
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (tie->raw) {
		if (got <= 0)
			tie_close(band, tie, LINK_REASON_LOST);
		return;
	}
	if (got <= 0)
		link_lost(&tie->link);
	else
		link_recv(&tie->link, bytes_of(bytes, (size_t)got), band_now_ms());
	take_events(band, tie);
}

static void tie_write(struct band *band, struct tie *tie)
{
	ssize_t put;

	if (!tie->connected) {
		tie->connected = true;
		if (tie->raw && ++band->up_now > band->up_most)
			band->up_most = band->up_now;
	}
	if (tie->raw)
		return;
	if (tie->out.len == 0)
		link_output(&tie->link, &tie->out, QUEUE_LEN);
	if (tie->out.len == 0)
		return;
	put = send(tie->fd, tie->out.ptr, tie->out.len, MSG_NOSIGNAL);
	if (put > 0)
		buf_drop(&tie->out, (size_t)put);
	else if (errno != EAGAIN && errno != EINTR)
		link_lost(&tie->link);
	take_events(band, tie);
}

static void tie_fill(struct band *band, struct tie *tie)
{
	bool (*fill)(struct band *, struct tie *) = NULL;

	if (tie->ready && band_now_ms() >= band->fill_from_ms)
		fill = band->attack->fill;
	else if (tie->up && tie->stranger)
		fill = band->attack->guest_fill;
	for (int i = 0; fill && i < 16 && tie->fd >= 0; i++)
		if (link_queued(&tie->link) >= QUEUE_LEN || !fill(band, tie))
			return;
}

static void tie_tick(struct band *band, struct tie *tie)
{
	if (tie->fd < 0 && !tie->over && band_now_ms() >= tie->again_ms)
		tie_open(band, tie);
	if (tie->fd < 0 || tie->raw)
		return;
	link_tick(&tie->link, band_now_ms());
	take_events(band, tie);
	if (tie->fd >= 0)
		tie_fill(band, tie);
}

static void round_of(struct band *band)
{
	struct pollfd fds[BAND_TIE_MAX];
	size_t count = band->tie_count;

	for (size_t i = 0; i < count; i++) {
		struct tie *tie = band->ties[i];
		bool says = tie->fd >= 0 && (!tie->connected || tie->out.len > 0 ||
					     (!tie->raw && link_has_output(&tie->link)));
		fds[i].fd = tie->fd;
		fds[i].events = (short)((tie->deaf ? 0 : POLLIN) | (says ? POLLOUT : 0));
		fds[i].revents = 0;
	}
	poll(fds, count, 20);
	for (size_t i = 0; i < count; i++) {
		struct tie *tie = band->ties[i];
		if (tie->fd >= 0 && fds[i].revents & POLLOUT)
			tie_write(band, tie);
		if (tie->fd >= 0 && fds[i].revents & (POLLIN | POLLERR | POLLHUP))
			tie_read(band, tie);
		tie_tick(band, tie);
	}
}

void band_run(struct band *band)
{
	while (band_now_ms() < band->end_ms && !band->done)
		round_of(band);
}
