/*
 * http - an HTTP/1.1 server on the loop thread, on DIR/control.sock.
 *
 * Every request has an owner (api.h) that is asked once the header is here: it answers at once, or
 * lets the body be collected, or takes it as it comes. Answers may come later: the connection is
 * suspended meanwhile, as it is when an upload finds no room or a download has no data yet.
 *
 * Nobody keeps others out: when an eighth of the connections is left, the one that has been idle
 * longest is closed for who comes; a quarter at most sends streams; who waits, and uploads, are
 * bounded by the owner. So there is room for who asks something short.
 *
 * Stopping libmicrohttpd with a suspended connection aborts the process, so http_close() answers
 * and resumes all that is left first.
 */
#ifndef ALLMENDE_HTTP_H
#define ALLMENDE_HTTP_H

#include <sys/types.h>
#include <uv.h>

#include "crypto/bytes.h"
#include "crypto/limits.h"
#include "node/http/message.h"

struct http;

#define HTTP_STREAM_END (-2)

/* Owned by http.c; the owner sets what stands under "owner" in begin(). */
struct http_request {
	struct http_request *next, **back;
	struct http *http;
	void *connection;
	enum http_method method;
	const char *path; /* as sent: still percent-encoded; until the end of the request */
	char user[32];    /* who is at the other end: "uid 1000" */
	struct buf body;  /* collected; body.err when it was too long */

	/* owner */
	void *owner;
	/* NULL: the body is collected. Takes some of the bytes; unless all, http_wake() comes
	   later. */
	size_t (*feed)(struct http_request *request, struct bytes bytes);
	void (*end)(struct http_request *request); /* the whole body is here; answer now or later */
	void (*gone)(struct http_request
			     *request); /* always the last call: answered, or the client left */
	/* Of an answer that is a stream: fills some of the bytes. 0: none now, http_wake() later;
	   -1: ends early; HTTP_STREAM_END, of one of no known length: that was all. */
	ssize_t (*read)(struct http_request *request, void *to, size_t len);

	/* http.c */
	bool ended, answered, queued, suspended;
	unsigned status;
	uint64_t stream_len;
	bool is_stream;
	char type[256]; /* of the answer */
	struct buf answer;
	struct http_reply *reply; /* instead of both */
};

struct http_options {
	uv_loop_t *loop; /* borrowed, as limits */
	const struct limits *limits;
	const char *dir; /* the socket is made there */
	void (*begin)(void *arg, struct http_request *request);
	void *arg;
};

/* The caller holds the directory's lock: a socket left behind by a crash is removed. One sentence
   in why (WHY_LEN): ERR_IO. */
enum err http_open(struct http **out, const struct http_options *options, char *why);
const char *http_library_version(void);
/* From now on every new request is answered with 503. */
void http_refuse(struct http *http);
size_t http_request_count(const struct http *http);
/* Whether one more answer may be a stream: who reads slowly must not keep all connections. */
bool http_can_stream(const struct http_request *request);
/* Answers all that is left with 503, ends all streams, removes the socket. The memory goes in the
   last close callback. */
void http_close(struct http *http);

/* JSON; takes what is in body. */
void http_answer(struct http_request *request, unsigned status, struct buf *body);
/* The same with a media type of our own. */
void http_answer_as(struct http_request *request, unsigned status, const char *type,
		    struct buf *body);
/* Exactly len bytes, pulled by request->read. */
void http_answer_stream(struct http_request *request, uint64_t len, struct bytes media_type);
/* Takes what is in reply. The bytes of its file or stream come from request->read: its own read()
   may block, and is for another thread. */
void http_answer_with(struct http_request *request, struct http_reply *reply);
/* In end(): what was asked, as it goes to another thread; takes the body. */
void http_asked_take(struct http_request *request, struct http_asked *asked);
/* feed() or read() may go on. */
void http_wake(struct http_request *request);
/* Decodes a query argument; ERR_ABSENT: there is none; ERR_MALFORMED: bad escape, a zero byte, or
   longer than out->max. */
enum err http_query(const struct http_request *request, const char *name, struct buf *out);

#endif
