#include "node/http/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/base/config.h"

/* The first address that the name has; -1 and errno. */
static int open_found(const struct addrinfo *found, int backlog)
{
	int one = 1, code;
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, backlog)) {
		code = errno;
		close(fd);
		errno = code;
		return -1;
	}
	return fd;
}

static void note_address(char *bound_text, int fd)
{
	struct sockaddr_storage bound = {0};
	socklen_t len = sizeof(bound);
	char host[64] = "", port[8] = "";

	*bound_text = 0;
	if (getsockname(fd, (struct sockaddr *)&bound, &len) ||
	    getnameinfo((struct sockaddr *)&bound, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	snprintf(bound_text, LIMIT_ADDRESS_LEN_MAX + 1,
		 bound.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

enum err listen_tcp(int *fd, char *bound, const char *address, int backlog, char *why)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	char host[LIMIT_ADDRESS_LEN_MAX + 1], service[8];
	struct addrinfo *found;
	uint16_t port;
	int code;

	if (address_split(address, host, &port)) {
		snprintf(why, WHY_LEN, "http: %s is not HOST:PORT", address);
		return ERR_CONFIG;
	}
	snprintf(service, sizeof(service), "%u", port);
	code = getaddrinfo(host, service, &hints, &found);
	if (code) {
		snprintf(why, WHY_LEN, "http: cannot find %s: %s", address, gai_strerror(code));
		return ERR_CONFIG;
	}
	*fd = open_found(found, backlog);
	freeaddrinfo(found);
	if (*fd < 0) {
		snprintf(why, WHY_LEN,
			 "http: cannot listen on %s: %s; choose another address with \"http = "
			 "HOST:PORT\" in the config or --http",
			 address, strerror(errno));
		return ERR_CONFIG;
	}
	note_address(bound, *fd);
	return ERR_OK;
}
