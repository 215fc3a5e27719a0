#include "proto/ledger/keywrap.h"

#include "crypto/path.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

/* PROTOCOL: "body = [1, grantee organisation id, Q, n, key id(8), wrap as bin]" */
void keywrap_put(struct buf *out, const struct keywrap *keywrap)
{
	out_array(out, 6);
	out_uint(out, 1);
	out_fixed(out, keywrap->grantee.b, ID_LEN);
	out_text(out, keywrap->prefix);
	out_uint(out, keywrap->number);
	out_fixed(out, keywrap->key.b, WRAP_KEY_ID_LEN);
	out_fixed(out, keywrap->wrap.b, WRAP_LEN);
}

/* PROTOCOL: "With Q empty it is the federation key F_n" */
static bool is_path(struct bytes path)
{
	return path.len == 0 || !path_check(path);
}

enum err keywrap_get(struct keywrap *out, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = payload_begin(&w, 6);

	if (err)
		return err;
	wire_fixed(&w, out->grantee.b, ID_LEN);
	out->prefix = wire_text(&w, 0, LIMIT_PATH_LEN_MAX);
	out->number = wire_uint(&w, UINT64_MAX);
	wire_fixed(&w, out->key.b, WRAP_KEY_ID_LEN);
	wire_fixed(&w, out->wrap.b, WRAP_LEN);
	if (!w.err && (out->number == 0 || !is_path(out->prefix)))
		wire_fail(&w);
	return wire_end(&w);
}
