/*
 * flip_proxy PORT-FILE TARGET-FILE SEED FLIPS - a line that is not to be trusted.
 *
 * Listens on a free port of 127.0.0.1, writes its number into PORT-FILE, and relays every
 * connection to the port whose number stands in TARGET-FILE at that moment. Of the bytes that come
 * from the target it flips one bit per connection, at a place between 64 bytes and 2 MiB, on the
 * first FLIPS connections that reach theirs; then it relays faithfully. Prints a line for each bit.
 * Ends on SIGTERM.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAIR_COUNT_MAX 32
#define PLACE_MIN      64
#define PLACE_MAX      (2 << 20)

struct pair {
	int client, target; /* 0: the slot is free */
	uint64_t from_target;
	uint64_t flip_at;
	bool flipped;
};

struct proxy {
	struct pair pairs[PAIR_COUNT_MAX];
	int listener;
	const char *target_file;
	uint64_t random;
	unsigned flips_left;
};

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "flip_proxy: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_in loopback(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return at;
}

static uint16_t listen_anywhere(int *fd)
{
	struct sockaddr_in at = loopback(0);
	socklen_t len = sizeof(at);

	*fd = socket(AF_INET, SOCK_STREAM, 0);
	if (*fd < 0 || bind(*fd, (struct sockaddr *)&at, len) < 0 || listen(*fd, 16) < 0 ||
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

static int target_connect(const char *path)
{
	FILE *file = fopen(path, "r");
	char text[16] = "";
	struct sockaddr_in at;
	int fd;

	if (!file)
		return -1;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	at = loopback((uint16_t)strtoul(text, NULL, 10));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static uint64_t draw(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

static void pair_begin(struct proxy *proxy)
{
	int client = accept(proxy->listener, NULL, NULL);
	int target = client < 0 ? -1 : target_connect(proxy->target_file);
	struct pair *pair = proxy->pairs;

	while (pair < proxy->pairs + PAIR_COUNT_MAX && pair->client)
		pair++;
	if (target < 0 || pair == proxy->pairs + PAIR_COUNT_MAX) {
		if (target >= 0)
			close(target);
		if (client >= 0)
			close(client);
		return;
	}
	*pair = (struct pair){.client = client, .target = target};
	pair->flip_at = PLACE_MIN + draw(&proxy->random) % (PLACE_MAX - PLACE_MIN);
}

static void pair_end(struct pair *pair)
{
	close(pair->client);
	close(pair->target);
	*pair = (struct pair){0};
}

static void pair_alter(struct proxy *proxy, struct pair *pair, uint8_t *bytes, size_t len)
{
	uint64_t at = pair->flip_at - pair->from_target;

	if (pair->flipped || proxy->flips_left == 0 || pair->flip_at < pair->from_target ||
	    at >= len)
		return;
	bytes[at] ^= (uint8_t)(1 << draw(&proxy->random) % 8);
	pair->flipped = true;
	proxy->flips_left--;
	printf("flipped a bit of byte %llu\n", (unsigned long long)pair->flip_at);
	fflush(stdout);
}

static bool send_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		bytes += sent;
		len -= (size_t)sent;
	}
	return true;
}

/* Moves what is there in one direction; false at the end of the connection. */
static bool pair_move(struct proxy *proxy, struct pair *pair, bool from_target)
{
	uint8_t bytes[16384];
	ssize_t len = recv(from_target ? pair->target : pair->client, bytes, sizeof(bytes), 0);

	if (len <= 0)
		return false;
	if (from_target) {
		pair_alter(proxy, pair, bytes, (size_t)len);
		pair->from_target += (uint64_t)len;
	}
	return send_all(from_target ? pair->client : pair->target, bytes, (size_t)len);
}

static void turn(struct proxy *proxy)
{
	struct pollfd fds[2 * PAIR_COUNT_MAX + 1];

	for (size_t i = 0; i < PAIR_COUNT_MAX; i++) {
		const struct pair *pair = &proxy->pairs[i];

		fds[2 * i] =
			(struct pollfd){.fd = pair->client ? pair->client : -1, .events = POLLIN};
		fds[2 * i + 1] =
			(struct pollfd){.fd = pair->client ? pair->target : -1, .events = POLLIN};
	}
	fds[2 * PAIR_COUNT_MAX] = (struct pollfd){.fd = proxy->listener, .events = POLLIN};
	if (poll(fds, 2 * PAIR_COUNT_MAX + 1, -1) < 0)
		die("poll");
	for (size_t i = 0; i < PAIR_COUNT_MAX; i++) {
		struct pair *pair = &proxy->pairs[i];

		if ((fds[2 * i].revents && !pair_move(proxy, pair, false)) ||
		    (fds[2 * i + 1].revents && !pair_move(proxy, pair, true)))
			pair_end(pair);
	}
	if (fds[2 * PAIR_COUNT_MAX].revents)
		pair_begin(proxy);
}

int main(int argc, char **argv)
{
	struct proxy proxy = {0};

	if (argc != 5) {
		fprintf(stderr, "usage: flip_proxy PORT-FILE TARGET-FILE SEED FLIPS\n");
		return 2;
	}
	proxy.target_file = argv[2];
	proxy.random = (strtoull(argv[3], NULL, 10) + 1) * UINT64_C(0x9e3779b97f4a7c15);
	proxy.flips_left = (unsigned)strtoul(argv[4], NULL, 10);
	port_publish(argv[1], listen_anywhere(&proxy.listener));
	while (true)
		turn(&proxy);
}
