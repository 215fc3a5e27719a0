#include "proto/rights/showing.h"

#include "proto/wire/envelope.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

/* PROTOCOL: "payload = [1, author, grant id, challenge, time]" */
static void showing_payload_put(struct buf *out, const struct showing *fields)
{
	out_array(out, 5);
	out_uint(out, 1);
	out_uint(out, fields->author);
	out_fixed(out, fields->grant.b, ID_LEN);
	out_bin(out, fields->challenge);
	out_uint(out, (uint64_t)fields->time_ms);
}

void showing_make(struct buf *out, const struct showing *fields, const struct fed_id *fed,
		  const struct key *node_sign_seed)
{
	struct buf payload, body;
	struct sig sig;

	buf_init(&payload, SHOWING_LEN_MAX);
	buf_init(&body, SHOWING_LEN_MAX);
	showing_payload_put(&payload, fields);
	sign_make(&sig, node_sign_seed, SIGN_TAG_SHOW, fed, buf_bytes(&payload));
	out_array(&body, 3);
	out_uint(&body, 1);
	out_bin(&body, buf_bytes(&payload));
	out_fixed(&body, sig.b, SIG_LEN);
	envelope_put(out, ENVELOPE_SHOWING, buf_bytes(&body));
	if (body.err && !out->err)
		out->err = body.err;
	buf_fini(&payload);
	buf_fini(&body);
}

static enum err showing_payload_get(struct showing *out)
{
	struct wire_in w = wire_in(out->payload);
	enum err err = payload_begin(&w, 5);

	if (err)
		return err;
	out->author = (uint32_t)wire_uint(&w, UINT32_MAX);
	wire_fixed(&w, out->grant.b, ID_LEN);
	out->challenge = wire_bin(&w, SHOWING_CHALLENGE_LEN_MIN, SHOWING_CHALLENGE_LEN_MAX);
	out->time_ms = (int64_t)wire_uint(&w, INT64_MAX);
	return wire_end(&w);
}

/* PROTOCOL: "proof text (letter h)         body = [1, payload as bin, signature(64)]" */
enum err showing_get(struct showing *out, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = payload_begin(&w, 3);

	if (err)
		return err;
	*out = (struct showing){.payload = wire_bin(&w, 1, SHOWING_LEN_MAX)};
	wire_fixed(&w, out->sig.b, SIG_LEN);
	err = wire_end(&w);
	return err ? err : showing_payload_get(out);
}

enum err showing_check_sig(const struct showing *showing, const struct sign_pk *pk,
			   const struct fed_id *fed)
{
	return sign_check(&showing->sig, pk, SIGN_TAG_SHOW, fed, showing->payload);
}
