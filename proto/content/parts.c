#include "proto/content/parts.h"

#include <stdio.h>
#include <string.h>

#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"

void parts_put_head(struct buf *out, struct bytes name, struct bytes media_type,
		    uint64_t modified_ms)
{
	size_t from = out->len;

	buf_add_be32(out, 0);
	out_array(out, 3);
	out_text(out, name);
	out_text(out, media_type);
	out_uint(out, modified_ms);
	if (!out->err)
		be32_put(out->ptr + from, (uint32_t)(out->len - from - PARTS_LENGTH_LEN));
}

static void hold(struct parts *parts, size_t want, bool head)
{
	parts->held_len = 0;
	parts->held_want = want;
	parts->in_head = head;
}

void parts_init(struct parts *parts)
{
	*parts = (struct parts){0};
	hold(parts, PARTS_LENGTH_LEN, false);
}

/* The writer checks what it says. */
static void take_head(struct parts *parts, struct writer *writer)
{
	struct wire_in w = wire_in(bytes_of(parts->held, parts->held_len));
	struct bytes name, type;
	uint64_t modified_ms;

	wire_array(&w, 3, 3);
	name = wire_text(&w, 0, PARTS_HEAD_LEN_MAX);
	type = wire_text(&w, 0, PARTS_HEAD_LEN_MAX);
	modified_ms = wire_uint(&w, UINT64_MAX);
	parts->broken = wire_end(&w);
	if (parts->broken)
		return;
	snprintf(parts->name, sizeof(parts->name), "%.*s", (int)name.len, name.ptr);
	parts->file_count++;
	parts->in_file = true;
	writer_file_begin(writer, name, type, modified_ms);
}

static void take_length(struct parts *parts, struct writer *writer)
{
	uint32_t len = be32_get(parts->held);

	if (parts->in_file && len > 0) {
		parts->left = len;
	} else if (parts->in_file) {
		parts->in_file = false;
		writer_file_end(writer);
	} else if (len > 0 && len <= PARTS_HEAD_LEN_MAX) {
		hold(parts, len, true);
		return;
	} else {
		parts->broken = true;
	}
	hold(parts, PARTS_LENGTH_LEN, false);
}

static size_t take_held(struct parts *parts, struct writer *writer, struct bytes in)
{
	struct bytes part = bytes_slice(in, 0, parts->held_want - parts->held_len);

	memcpy(parts->held + parts->held_len, part.ptr, part.len);
	parts->held_len += part.len;
	if (parts->held_len < parts->held_want)
		return part.len;
	if (parts->in_head) {
		take_head(parts, writer);
		hold(parts, PARTS_LENGTH_LEN, false);
	} else {
		take_length(parts, writer);
	}
	return part.len;
}

size_t parts_feed(struct parts *parts, struct writer *writer, struct bytes in)
{
	size_t len;

	if (parts->broken || writer_err(writer) || in.len == 0)
		return in.len;
	if (!parts->left)
		return take_held(parts, writer, in);
	len = writer_feed(writer, bytes_slice(in, 0, parts->left));
	parts->left -= (uint32_t)len;
	parts->byte_count += len;
	return len;
}

void parts_end(struct parts *parts)
{
	if (parts->in_file || parts->in_head || parts->held_len)
		parts->broken = true;
}
