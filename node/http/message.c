#include "node/http/message.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "crypto/check.h"

#define HEADERS_LEN_MAX (16u * 1024)
#define BYTES_LEN_MAX   (1u << 30)

static const char *const method_names[] = {
	[HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",
	[HTTP_PUT] = "PUT", [HTTP_DELETE] = "DELETE", [HTTP_OPTIONS] = "OPTIONS",
	[HTTP_OTHER] = "",
};

const char *http_method_name(enum http_method method)
{
	return method_names[method];
}

void http_asked_fini(struct http_asked *asked)
{
	free(asked->path);
	free(asked->args);
	free(asked->headers);
	buf_fini(&asked->body);
	buf_fini(&asked->texts);
}

const char *http_asked_header(const struct http_asked *asked, const char *name)
{
	for (size_t i = 0; i < asked->header_count; i++)
		if (!strcasecmp(asked->headers[i].name, name))
			return asked->headers[i].value;
	return NULL;
}

void http_reply_init(struct http_reply *reply)
{
	*reply = (struct http_reply){.fd = -1};
	buf_init(&reply->headers, HEADERS_LEN_MAX);
	buf_init(&reply->bytes, BYTES_LEN_MAX);
}

void http_reply_fini(struct http_reply *reply)
{
	buf_fini(&reply->headers);
	buf_fini(&reply->bytes);
	if (reply->fd >= 0)
		close(reply->fd);
	if (reply->done)
		reply->done(reply->arg);
	http_reply_init(reply);
}

void http_reply_header(struct http_reply *reply, const char *name, const char *value)
{
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return;
	buf_add(&reply->headers, bytes_of(name, strlen(name) + 1));
	buf_add(&reply->headers, bytes_of(value, strlen(value) + 1));
}
