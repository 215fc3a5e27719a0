/*
 * server - HTTP/1.1 for everybody on a TCP port, on threads of its own.
 *
 * A request is handed to its owner when it is here whole, on one of these threads; the owner
 * answers from any thread, once, and its connection waits meanwhile. TLS belongs to a reverse
 * proxy.
 *
 * Nobody keeps others out. One address (IPv6: one /64) holds half of the connections at most,
 * unless it is that of a proxy. When an eighth is left, the one goes that has kept its place
 * longest without asking, or has been taking its answer for longer than some seconds. Who does not
 * send its request in time, or takes its answer too slowly, is cut off. A header is at most
 * SERVER_HEADER_LEN_MAX bytes, a body limits->http_body_len_max.
 */
#ifndef ALLMENDE_SERVER_H
#define ALLMENDE_SERVER_H

#include <uv.h>

#include "crypto/limits.h"
#include "node/http/message.h"

#define SERVER_HEADER_LEN_MAX (24u * 1024) /* with what the library needs itself */

struct server;

/* One request; the server's, until the answer has gone out or the client is gone. */
struct exchange {
	struct http_asked asked;
	struct http_reply reply; /* to be filled by who answers */
	bool too_large;          /* its body: it is not here */
	void *owner;             /* what the owner likes; it is done with it when it answers */

	/* server.c */
	struct server *server;
	void *connection;
	bool handed;
};

struct server_options { /* all borrowed */
	uv_loop_t *loop;
	const struct limits *limits;
	const char *address; /* HOST:PORT, port 0: any free one */
	const char *proxies; /* numeric addresses, with a blank between; "": none */
};

/* One sentence in why (WHY_LEN): ERR_IO; ERR_CONFIG: the address cannot be used. */
enum err server_open(struct server **out, const struct server_options *options, char *why);
/* HOST:PORT as bound. */
const char *server_address(const struct server *server);
/* Any thread: exchange->reply goes out; the exchange is the server's again. */
void server_answer(struct exchange *exchange);
/* Until then every request is answered with 503; by server_refuse() again. begin(arg, exchange): on
   a thread of the server; answers now or later, and does not block. */
void server_admit(struct server *server, void (*begin)(void *arg, struct exchange *exchange),
		  void *arg);
void server_refuse(struct server *server);
/* Requests that are with their owner. */
size_t server_waiting(struct server *server);
/* Nobody answers any more and none waits: ends the threads and cuts off who still reads. The memory
   goes in the last close callback. */
void server_close(struct server *server);

#endif
