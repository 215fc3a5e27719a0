/*
 * message - a request as it came, and an answer as it goes out, apart from the connection: so that
 * any thread may make the one from the other.
 *
 * Only the files of this room know whose library reads and writes them.
 */
#ifndef ALLMENDE_HTTP_MESSAGE_H
#define ALLMENDE_HTTP_MESSAGE_H

#include <sys/types.h>

#include "crypto/bytes.h"
#include "node/http/address.h"

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_OPTIONS,
	HTTP_OTHER
};
const char *http_method_name(enum http_method method); /* "GET"; of HTTP_OTHER "" */

struct http_field {
	const char *name, *value;
};

/* A request; the texts end with a zero and are its own. */
struct http_asked {
	enum http_method method;
	char *path;                        /* as sent: still percent-encoded, without the query */
	struct http_field *args, *headers; /* arguments still percent-encoded */
	size_t arg_count, header_count;
	struct buf body;
	/* Who asks over TCP, behind a proxy who that says asks, as the unit of limits; "" on a
	   Unix socket. */
	char peer[ADDRESS_UNIT_SIZE];
	bool proxied; /* X-Forwarded-* is to be believed */
	bool admin;   /* it came by the control socket */
	struct buf texts;
};

void http_asked_fini(struct http_asked *asked);
/* The first header of this name, whatever its case; NULL: there is none. */
const char *http_asked_header(const struct http_asked *asked, const char *name);

enum http_body { HTTP_BODY_BYTES, HTTP_BODY_FILE, HTTP_BODY_STREAM };

/* An answer. What its body needs is its own. */
struct http_reply {
	unsigned status;
	struct buf headers; /* NAME, zero, VALUE, zero; as often as there are headers */
	enum http_body kind;
	struct buf bytes;
	int fd;      /* HTTP_BODY_FILE */
	uint64_t at; /* where in file or stream the body begins */
	/* of file and stream; of a stream UINT64_MAX: until read() says that it ends */
	uint64_t len;
	/* Fills some of the bytes from there on; 0: the end; -1: broken, the connection is closed.
	   May block for a disk. */
	ssize_t (*read)(void *arg, uint64_t at, void *to, size_t len);
	void (*done)(void *arg); /* always once; NULL: nothing to release */
	void *arg;
};

void http_reply_init(struct http_reply *reply);
void http_reply_fini(struct http_reply *reply);
/* Adds a header; one with a character that does not belong there is left out. */
void http_reply_header(struct http_reply *reply, const char *name, const char *value);

#endif
