#include "proto/wire/wire_out.h"

#include <msgpack.h>

/* msgpack-c's way to write; the fault stays in the buf. */
static int write_buf(void *data, const char *ptr, size_t len)
{
	struct buf *out = data;
	buf_add(out, bytes_of(ptr, len));
	return out->err ? -1 : 0;
}

/* The packer is two pointers, so it is made anew for each value. */
static msgpack_packer packer(struct buf *out)
{
	return (msgpack_packer){.data = out, .callback = write_buf};
}

void out_array(struct buf *out, uint32_t count)
{
	msgpack_packer p = packer(out);
	msgpack_pack_array(&p, count);
}

void out_map(struct buf *out, uint32_t count)
{
	msgpack_packer p = packer(out);
	msgpack_pack_map(&p, count);
}

void out_uint(struct buf *out, uint64_t v)
{
	msgpack_packer p = packer(out);
	msgpack_pack_uint64(&p, v);
}

void out_bool(struct buf *out, bool v)
{
	msgpack_packer p = packer(out);
	if (v)
		msgpack_pack_true(&p);
	else
		msgpack_pack_false(&p);
}

void out_nil(struct buf *out)
{
	msgpack_packer p = packer(out);
	msgpack_pack_nil(&p);
}

void out_bin(struct buf *out, struct bytes b)
{
	msgpack_packer p = packer(out);
	msgpack_pack_bin_with_body(&p, b.ptr, b.len);
}

void out_fixed(struct buf *out, const uint8_t *b, uint32_t len)
{
	out_bin(out, bytes_of(b, len));
}

void out_fixed_or_nil(struct buf *out, const uint8_t *b, uint32_t len)
{
	if (b)
		out_fixed(out, b, len);
	else
		out_nil(out);
}

void out_text(struct buf *out, struct bytes text)
{
	msgpack_packer p = packer(out);
	msgpack_pack_str_with_body(&p, text.ptr, text.len);
}
