/*
 * slow_proxy PORT-FILE TARGET-FILE RATE-FILE - a line that is slow.
 *
 * Listens on a free port of 127.0.0.1, writes its number into PORT-FILE, and relays every
 * connection to the port whose number stands in TARGET-FILE at that moment, in each direction at
 * most as many bytes a second as stand in RATE-FILE at that moment (0: as fast as it goes). It
 * buffers little, so that who sends feels it. Prints, for each connection that has ended, how many
 * bytes went from the target to the client. Ends on SIGTERM, or when its parent has ended.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAIR_COUNT_MAX 64
#define FLOW_LEN       16384       /* bytes on their way through here, of one direction */
#define SOCKET_LEN     (64 * 1024) /* asked of the kernel for each socket */
#define FLOW_STEP      4096        /* a slow line moves no less at a time */
#define BURST_PER_S    50          /* what was not used is kept for a fiftieth of a second */

struct flow { /* one direction of a connection */
	int from, to;
	uint8_t bytes[FLOW_LEN];
	size_t at, len;
	uint64_t relayed;
	double may; /* bytes that may pass now */
	bool ended; /* nothing more comes, and all that came is through */
};

struct pair {
	bool used;
	double rate; /* bytes a second; 0: no bound */
	struct flow flows[2];
};

struct proxy {
	struct pair pairs[PAIR_COUNT_MAX];
	int listener;
	const char *target_file, *rate_file;
	double now_s;
};

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "slow_proxy: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double clock_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct sockaddr_in loopback(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return at;
}

static int socket_new(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), len = SOCKET_LEN, yes = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &len, sizeof(len)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &len, sizeof(len)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) < 0)
		die("socket");
	return fd;
}

static uint16_t listen_anywhere(int *fd)
{
	struct sockaddr_in at = loopback(0);
	socklen_t len = sizeof(at);

	*fd = socket_new(); /* what it accepts inherits its lengths */
	if (bind(*fd, (struct sockaddr *)&at, len) < 0 || listen(*fd, 16) < 0 ||
	    getsockname(*fd, (struct sockaddr *)&at, &len) < 0)
		die("listen");
	return ntohs(at.sin_port);
}

/* The file gets its name when it is complete, so that a reader never sees half a number. */
static void port_publish(const char *path, uint16_t port)
{
	char part[4096];
	FILE *file;

	snprintf(part, sizeof(part), "%s.part", path);
	file = fopen(part, "w");
	if (!file || fprintf(file, "%u\n", (unsigned)port) < 0 || fclose(file) != 0 ||
	    rename(part, path) != 0)
		die(path);
}

static unsigned long number_in(const char *path)
{
	FILE *file = fopen(path, "r");
	char text[32] = "";

	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	return strtoul(text, NULL, 10);
}

static void pair_begin(struct proxy *proxy)
{
	struct sockaddr_in at = loopback((uint16_t)number_in(proxy->target_file));
	int client = accept(proxy->listener, NULL, NULL), target = socket_new();
	struct pair *pair = proxy->pairs;

	while (pair < proxy->pairs + PAIR_COUNT_MAX && pair->used)
		pair++;
	if (client < 0 || pair == proxy->pairs + PAIR_COUNT_MAX ||
	    connect(target, (struct sockaddr *)&at, sizeof(at)) < 0) {
		close(target);
		if (client >= 0)
			close(client);
		return;
	}
	*pair = (struct pair){.used = true, .rate = (double)number_in(proxy->rate_file)};
	pair->flows[0].from = pair->flows[1].to = target;
	pair->flows[0].to = pair->flows[1].from = client;
}

static void pair_end(struct pair *pair)
{
	printf("%llu\n", (unsigned long long)pair->flows[0].relayed);
	fflush(stdout);
	close(pair->flows[0].from);
	close(pair->flows[0].to);
	pair->used = false;
}

/* What the line lets through since the last look. */
static void flow_refill(struct flow *flow, double rate, double elapsed_s)
{
	double most = rate / BURST_PER_S > FLOW_STEP ? rate / BURST_PER_S : FLOW_STEP;

	flow->may = rate == 0 ? FLOW_LEN : flow->may + rate * elapsed_s;
	if (rate > 0 && flow->may > most)
		flow->may = most;
}

/* What the flow waits for; nothing: for time to pass, or it has ended. */
static struct pollfd flow_wants(const struct flow *flow)
{
	if (flow->ended)
		return (struct pollfd){.fd = -1};
	if (flow->len > 0)
		return (struct pollfd){.fd = flow->to, .events = POLLOUT};
	if (flow->may >= FLOW_STEP)
		return (struct pollfd){.fd = flow->from, .events = POLLIN};
	return (struct pollfd){.fd = -1};
}

/* False when the connection is broken. */
static bool flow_move(struct flow *flow)
{
	size_t most = flow->may < FLOW_LEN ? (size_t)flow->may : FLOW_LEN;
	ssize_t len;

	if (flow->len == 0) {
		len = recv(flow->from, flow->bytes, most, MSG_DONTWAIT);
		if (len < 0)
			return errno == EAGAIN;
		flow->ended = len == 0;
		if (flow->ended)
			return shutdown(flow->to, SHUT_WR) == 0;
		flow->at = 0;
		flow->len = (size_t)len;
		flow->may -= (double)len;
	}
	len = send(flow->to, flow->bytes + flow->at, flow->len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (len < 0)
		return errno == EAGAIN;
	flow->at += (size_t)len;
	flow->len -= (size_t)len;
	flow->relayed += (uint64_t)len;
	return true;
}

static void pair_move(struct pair *pair, const struct pollfd *fds)
{
	bool whole = true;

	for (size_t i = 0; i < 2 && whole; i++)
		if (fds[i].revents)
			whole = flow_move(&pair->flows[i]);
	if (!whole || (pair->flows[0].ended && pair->flows[1].ended))
		pair_end(pair);
}

static void turn(struct proxy *proxy)
{
	struct pollfd fds[2 * PAIR_COUNT_MAX + 1];
	double now_s = clock_s();
	int wait_ms = -1;

	for (size_t i = 0; i < 2 * PAIR_COUNT_MAX; i++) {
		struct pair *pair = &proxy->pairs[i / 2];
		struct flow *flow = &pair->flows[i % 2];

		fds[i] = (struct pollfd){.fd = -1};
		if (!pair->used)
			continue;
		flow_refill(flow, pair->rate, now_s - proxy->now_s);
		fds[i] = flow_wants(flow);
		if (fds[i].fd < 0 && !flow->ended)
			wait_ms = 2;
	}
	proxy->now_s = now_s;
	fds[2 * PAIR_COUNT_MAX] = (struct pollfd){.fd = proxy->listener, .events = POLLIN};
	if (poll(fds, 2 * PAIR_COUNT_MAX + 1, wait_ms) < 0)
		die("poll");
	for (size_t i = 0; i < PAIR_COUNT_MAX; i++)
		if (proxy->pairs[i].used)
			pair_move(&proxy->pairs[i], &fds[2 * i]);
	if (fds[2 * PAIR_COUNT_MAX].revents)
		pair_begin(proxy);
}

int main(int argc, char **argv)
{
	struct proxy *proxy = calloc(1, sizeof(*proxy)); /* 2 MiB, too much for some stacks */

	if (argc != 4) {
		fprintf(stderr, "usage: slow_proxy PORT-FILE TARGET-FILE RATE-FILE\n");
		return 2;
	}
	if (!proxy)
		die("memory");
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	proxy->target_file = argv[2];
	proxy->rate_file = argv[3];
	proxy->now_s = clock_s();
	port_publish(argv[1], listen_anywhere(&proxy->listener));
	while (true)
		turn(proxy);
}
