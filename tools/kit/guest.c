#include "tools/kit/guest.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/limits.h"
#include "crypto/wrap.h"
#include "proto/charter/orglog.h"
#include "proto/link/link.h"
#include "proto/wire/protocol.h"
#include "tools/kit/clock.h"

enum { OUTPUT_LEN = 256 * 1024 };

struct guest {
	char *address;
	int fd;
	struct limits limits;
	struct random random;
	struct key transport; /* of this session alone */
	struct link link;
	struct buf out;
	struct buf answer; /* the message waited for, as it came */
	bool up, closed;
	enum link_reason reason;
	int64_t end_ms;
};

/* An organisation that nobody knows, of this session alone. */
static void certificate_make(struct guest *guest, struct buf *out)
{
	struct orglog none, next = {.node_count = 1};
	struct orglog_node node = {.state = ORGLOG_NODE_ACTIVE};
	struct key root, sign;
	struct sign_pk root_pk;
	struct buf entry;

	random_fill(&guest->random, root.b, KEY_LEN);
	random_fill(&guest->random, sign.b, KEY_LEN);
	random_fill(&guest->random, guest->transport.b, KEY_LEN);
	sign_pk_of(&root_pk, &root);
	sign_pk_of(&node.sign, &sign);
	dh_pk_of(&node.transport, &guest->transport);
	orglog_possession(&node.possession, &sign, &root_pk, &node.sign, &node.transport);
	next.nodes = &node;
	next.time_ms = clock_wall_ms();
	next.recovery = next.wrap = node.transport;
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_init(&none);
	orglog_make(&entry, &none, &next, &root);
	check(!orglog_apply(&none, buf_bytes(&entry)));
	certificate_put(out, &(struct certificate){.version = PROTOCOL_VERSION,
						   .org = none.id,
						   .entry = buf_bytes(&entry)});
	orglog_fini(&none);
	buf_fini(&entry);
	key_wipe(&root);
	key_wipe(&sign);
}

/* The first address of the name that takes a connection; -1: none does, and why is set. */
static int guest_dial(const char *address, const char **why)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	const char *colon = strrchr(address, ':');
	char host[LIMIT_ADDRESS_LEN_MAX + 1];
	const bool bracket = address[0] == '[';
	int fd = -1;

	snprintf(host, sizeof(host), "%.*s", (int)(colon - address - 2 * bracket),
		 address + bracket);
	int code = getaddrinfo(host, colon + 1, &hints, &found);
	*why = code ? gai_strerror(code) : "";
	for (struct addrinfo *at = found; at && fd < 0; at = at->ai_next) {
		struct timeval wait = {.tv_sec = GUEST_WAIT_MS / 1000};
		fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
		if (fd >= 0)
			setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
		if (fd < 0 || connect(fd, at->ai_addr, at->ai_addrlen) == 0)
			continue;
		*why = errno == EINPROGRESS ? "it does not answer" : strerror(errno);
		close(fd);
		fd = -1;
	}
	if (found)
		freeaddrinfo(found);
	return fd;
}

static int guest_complain(const struct guest *guest)
{
	if (guest->closed && guest->reason == LINK_REASON_FEDERATION)
		return tool_fail(
			TOOL_FAILED,
			"%s belongs to another federation: ask that member for the id that "
			"`allmende federation` shows there",
			guest->address);
	if (guest->closed)
		return tool_fail(TOOL_FAILED,
				 "%s has ended the session: %s; try again, or another member",
				 guest->address, link_reason_text(guest->reason));
	return tool_fail(TOOL_FAILED, "%s gives no answer: try again, or another member",
			 guest->address);
}

static void guest_say(struct guest *guest, struct buf *message)
{
	check(!message->err);
	if (link_send(&guest->link, LINK_CHANNEL_SYNC, buf_bytes(message)))
		guest->closed = true;
	buf_fini(message);
}

static void message_heard(struct guest *guest, struct bytes bytes, enum message_type wanted)
{
	struct message m;

	if (guest->answer.len > 0 || message_decode(&m, bytes) || m.type != wanted)
		return;
	buf_add(&guest->answer, bytes);
}

static void events(struct guest *guest, enum message_type wanted)
{
	struct link_event event;

	while (!guest->closed && link_next(&guest->link, &event)) {
		switch (event.type) {
		case LINK_EVENT_CERT:
			link_admit(&guest->link, true, LINK_REASON_DONE);
			break;
		case LINK_EVENT_UP:
			guest->up = true;
			break;
		case LINK_EVENT_MESSAGE: {
			const size_t len = event.message.len;
			const uint8_t channel = event.channel;
			message_heard(guest, event.message, wanted);
			link_consumed(&guest->link, channel, len);
			break;
		}
		case LINK_EVENT_CLOSED:
			guest->closed = true;
			guest->reason = event.reason;
			break;
		}
	}
}

static void output(struct guest *guest)
{
	if (guest->out.len == 0)
		link_output(&guest->link, &guest->out, OUTPUT_LEN / 2);
	while (guest->out.len > 0) {
		ssize_t put = send(guest->fd, guest->out.ptr, guest->out.len, MSG_NOSIGNAL);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			link_lost(&guest->link);
			return;
		}
		buf_drop(&guest->out, (size_t)put);
	}
}

static void input(struct guest *guest)
{
	uint8_t bytes[16 * 1024];
	const size_t room = link_room(&guest->link);
	struct pollfd fd = {.fd = guest->fd, .events = room ? POLLIN : 0};

	if (poll(&fd, 1, 50) <= 0 || room == 0)
		return;
	ssize_t got = read(guest->fd, bytes, room < sizeof(bytes) ? room : sizeof(bytes));
	if (got < 0 && errno == EINTR)
		return;
	if (got <= 0)
		link_lost(&guest->link);
	else
		link_recv(&guest->link, bytes_of(bytes, (size_t)got), (uint64_t)clock_steady_ms());
}

/* Until the session is up (wanted 0), or such a message is here. */
static int await(struct guest *guest, enum message_type wanted, struct message *out)
{
	const int64_t end_ms = clock_steady_ms() + GUEST_WAIT_MS;

	buf_reset(&guest->answer);
	while (!guest->closed && clock_steady_ms() < end_ms) {
		output(guest);
		events(guest, wanted);
		if (wanted ? guest->answer.len > 0 : guest->up)
			return wanted && message_decode(out, buf_bytes(&guest->answer))
				       ? guest_complain(guest)
				       : TOOL_DONE;
		if (!link_has_output(&guest->link))
			input(guest);
		link_tick(&guest->link, (uint64_t)clock_steady_ms());
		events(guest, wanted);
	}
	return guest_complain(guest);
}

int guest_open(struct guest **out, const char *address, const struct fed_id *fed)
{
	const char *why = "";
	const int fd = guest_dial(address, &why);
	struct buf certificate;

	if (fd < 0)
		return tool_fail(
			TOOL_FAILED,
			"cannot reach %s: %s; name another member, or ask that one whether "
			"its node runs",
			address, why);
	struct guest *guest = mem_new(1, sizeof(*guest));
	guest->address = bytes_text(bytes_str(address));
	guest->fd = fd;
	guest->limits = limits_default();
	guest->random = random_system();
	buf_init(&guest->out, 2 * OUTPUT_LEN);
	buf_init(&guest->answer, LIMIT_MESSAGE_LEN_MAX);
	buf_init(&certificate, LIMIT_ORGLOG_ENTRY_LEN_MAX + 1024);
	certificate_make(guest, &certificate);
	link_init(&guest->link,
		  &(struct link_options){.dialler = true,
					 .fed = *fed,
					 .static_sk = &guest->transport,
					 .certificate = buf_bytes(&certificate),
					 .limits = &guest->limits,
					 .random = &guest->random},
		  (uint64_t)clock_steady_ms());
	buf_fini(&certificate);
	int code = await(guest, 0, NULL);
	if (!code) {
		struct digest nothing = {{0}};
		struct buf hello;
		buf_init(&hello, LIMIT_MESSAGE_LEN_MAX);
		message_hello(&hello, "allmende/recover", 0, &nothing, NULL);
		guest_say(guest, &hello);
		*out = guest;
	} else {
		guest_close(guest);
	}
	return code;
}

void guest_close(struct guest *guest)
{
	if (!guest)
		return;
	link_fini(&guest->link);
	close(guest->fd);
	buf_fini(&guest->out);
	buf_fini(&guest->answer);
	key_wipe(&guest->transport);
	free(guest->address);
	free(guest);
}

const struct dh_pk *guest_peer_key(const struct guest *guest)
{
	return link_peer_key(&guest->link);
}

int guest_charter(struct guest *guest, uint32_t first, struct message *answer)
{
	struct buf ask;

	buf_init(&ask, LIMIT_MESSAGE_LEN_MAX);
	message_charter_get(&ask, first);
	guest_say(guest, &ask);
	return await(guest, MESSAGE_CHARTER, answer);
}

int guest_orglog(struct guest *guest, const struct org_id *org, uint32_t first,
		 struct message *answer)
{
	struct message_list list = message_list_begin(MESSAGE_ORGLOG_GET);
	struct buf ask;

	buf_init(&ask, LIMIT_MESSAGE_LEN_MAX);
	message_list_org(&list, org, first);
	message_list_end(&list, &ask);
	guest_say(guest, &ask);
	return await(guest, MESSAGE_ORGLOG, answer);
}
