#include "node/http/mhd.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"

#define BLOCK_BYTES (32u * 1024) /* of a stream; each connection that has one keeps as many */

enum http_method mhd_method(const char *text)
{
	for (enum http_method method = HTTP_GET; method < HTTP_OTHER; method++)
		if (!strcmp(text, http_method_name(method)))
			return method;
	return HTTP_OTHER;
}

/* libmicrohttpd's decoding cannot tell %2F from a slash or %00 from the end. */
size_t mhd_keep_escapes(void *arg, struct MHD_Connection *connection, char *text)
{
	return strlen(text);
}

struct fields {
	struct http_field *items;
	size_t count, cap;
};

static enum MHD_Result mhd_field_add(void *arg, enum MHD_ValueKind kind, const char *name,
				     const char *value)
{
	struct fields *fields = arg;

	fields->items =
		mem_room(fields->items, fields->count, &fields->cap, sizeof(*fields->items));
	fields->items[fields->count++] = (struct http_field){name, value ? value : ""};
	return MHD_YES;
}

static void texts_measure(size_t *len, const struct fields *fields)
{
	for (size_t i = 0; i < fields->count; i++)
		*len += strlen(fields->items[i].name) + strlen(fields->items[i].value) + 2;
}

/* The memory was measured: it does not move. */
static const char *text_keep(struct buf *texts, const char *text)
{
	size_t at = texts->len;

	buf_add(texts, bytes_of(text, strlen(text) + 1));
	check(!texts->err);
	return (const char *)texts->ptr + at;
}

static void texts_keep(struct buf *texts, struct fields *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		fields->items[i].name = text_keep(texts, fields->items[i].name);
		fields->items[i].value = text_keep(texts, fields->items[i].value);
	}
}

void mhd_asked(struct http_asked *asked, struct MHD_Connection *connection, enum http_method method,
	       const char *path)
{
	struct fields args = {0}, headers = {0};
	size_t len = 1;

	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, mhd_field_add, &args);
	MHD_get_connection_values(connection, MHD_HEADER_KIND, mhd_field_add, &headers);
	texts_measure(&len, &args);
	texts_measure(&len, &headers);
	buf_init(&asked->texts, len);
	check(buf_space(&asked->texts, len) != NULL); /* bounded by the memory of a connection */
	asked->texts.len = 0;
	texts_keep(&asked->texts, &args);
	texts_keep(&asked->texts, &headers);
	asked->method = method;
	asked->path = mem_str(path);
	asked->args = args.items;
	asked->arg_count = args.count;
	asked->headers = headers.items;
	asked->header_count = headers.count;
}

/* A stream, for as long as libmicrohttpd has it. */
struct stream {
	ssize_t (*read)(void *arg, uint64_t at, void *to, size_t len);
	void (*done)(void *arg);
	void *arg;
	uint64_t at;
	bool open; /* of no known length */
};

static ssize_t mhd_stream_read(void *arg, uint64_t pos, char *to, size_t len)
{
	struct stream *stream = arg;
	ssize_t got = stream->read(stream->arg, stream->at + pos, to, len);

	if (got > 0)
		return got;
	return got == 0 && stream->open ? MHD_CONTENT_READER_END_OF_STREAM
					: MHD_CONTENT_READER_END_WITH_ERROR;
}

static void stream_done(void *arg)
{
	struct stream *stream = arg;

	if (stream->done)
		stream->done(stream->arg);
	free(stream);
}

static struct MHD_Response *response_of_stream(struct http_reply *reply)
{
	struct stream *stream = mem_new(1, sizeof(*stream));
	struct MHD_Response *response;

	*stream = (struct stream){reply->read, reply->done, reply->arg, reply->at,
				  reply->len == UINT64_MAX};
	response = MHD_create_response_from_callback(stream->open ? MHD_SIZE_UNKNOWN : reply->len,
						     BLOCK_BYTES, mhd_stream_read, stream,
						     stream_done);
	if (response)
		reply->done = NULL;
	else
		free(stream);
	return response;
}

static struct MHD_Response *response_of_file(struct http_reply *reply)
{
	struct MHD_Response *response =
		MHD_create_response_from_fd_at_offset64(reply->len, reply->fd, reply->at);

	if (response)
		reply->fd = -1;
	return response;
}

static struct MHD_Response *response_of_bytes(struct http_reply *reply)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		reply->bytes.len, reply->bytes.ptr, MHD_RESPMEM_MUST_FREE);

	if (response)
		buf_init(&reply->bytes, 0); /* libmicrohttpd frees it */
	return response;
}

void mhd_headers(struct MHD_Response *response, const struct http_reply *reply)
{
	const char *at = (const char *)reply->headers.ptr, *end = at + reply->headers.len;

	while (at < end) {
		const char *value = at + strlen(at) + 1;

		MHD_add_response_header(response, at, value);
		at = value + strlen(value) + 1;
	}
}

struct MHD_Response *mhd_response(struct http_reply *reply)
{
	struct MHD_Response *response = reply->kind == HTTP_BODY_STREAM ? response_of_stream(reply)
					: reply->kind == HTTP_BODY_FILE ? response_of_file(reply)
									: response_of_bytes(reply);

	if (response)
		mhd_headers(response, reply);
	http_reply_fini(reply);
	return response;
}
