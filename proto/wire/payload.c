#include "proto/wire/payload.h"

#include <string.h>

#define ELEMENT_COUNT_MAX 64

/* PROTOCOL: "A *signed object* is `payload ‖ signature(64)`." */
enum err payload_split(struct bytes whole, size_t len_max, struct bytes *payload, struct sig *sig)
{
	if (whole.len > len_max)
		return ERR_FULL;
	if (whole.len <= SIG_LEN)
		return ERR_MALFORMED;
	*payload = bytes_slice(whole, 0, whole.len - SIG_LEN);
	memcpy(sig->b, whole.ptr + payload->len, SIG_LEN);
	return ERR_OK;
}

void payload_sign(struct buf *out, size_t from, size_t len_max, const struct key *sign_seed,
		  enum sign_tag tag, const struct fed_id *fed)
{
	struct sig sig;

	if (!out->err && out->len - from + SIG_LEN > len_max)
		out->err = ERR_FULL;
	if (out->err)
		return;
	sign_make(&sig, sign_seed, tag, fed, bytes_slice(buf_bytes(out), from, out->len - from));
	buf_add(out, bytes_obj(&sig));
}

enum err payload_begin(struct wire_in *w, uint32_t count)
{
	uint32_t found = wire_array(w, 1, ELEMENT_COUNT_MAX);
	uint64_t form = wire_uint(w, UINT64_MAX);

	if (w->err)
		return w->err;
	if (form != 1)
		return ERR_VERSION;
	if (found != count)
		wire_fail(w);
	return w->err;
}
