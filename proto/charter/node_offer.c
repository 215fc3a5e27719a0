#include "proto/charter/node_offer.h"

#include "proto/wire/envelope.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

enum {
	NODE_ENTRY_COUNT_MAX = 1024,
	NODE_WRAP_COUNT_MAX = 256,
};

/*
 * PROTOCOL: "offer (letter o) body = [1, organisation id, root public key of entry 1(32),
 * invitation text]"
 */
void node_offer_put(struct buf *out, const struct node_offer *offer)
{
	struct buf body;

	buf_init(&body, ENVELOPE_LEN_MAX);
	out_array(&body, 4);
	out_uint(&body, 1);
	out_fixed(&body, offer->org.b, ID_LEN);
	out_fixed(&body, offer->first_root.b, ID_LEN);
	out_text(&body, offer->invitation);
	envelope_put(out, ENVELOPE_NODE_OFFER, buf_bytes(&body));
	buf_fini(&body);
}

enum err node_offer_get(struct node_offer *out, struct buf *storage, struct bytes text)
{
	enum err err = envelope_get(storage, ENVELOPE_NODE_OFFER, text);
	struct wire_in w = wire_in(buf_bytes(storage));

	if (!err)
		err = payload_begin(&w, 4);
	if (err)
		return err;
	wire_fixed(&w, out->org.b, ID_LEN);
	wire_fixed(&w, out->first_root.b, ID_LEN);
	out->invitation = wire_text(&w, 1, LIMIT_INVITATION_LEN_MAX);
	return wire_end(&w);
}

/*
 * PROTOCOL: "request (letter n) body = [1, organisation id, signing key(32), transport key(32),
 * handover key(32), possession(64)]"
 */
void node_request_put(struct buf *out, const struct node_request *request)
{
	struct buf body;

	buf_init(&body, ENVELOPE_LEN_MAX);
	out_array(&body, 6);
	out_uint(&body, 1);
	out_fixed(&body, request->org.b, ID_LEN);
	out_fixed(&body, request->sign.b, ID_LEN);
	out_fixed(&body, request->transport.b, ID_LEN);
	out_fixed(&body, request->handover.b, ID_LEN);
	out_fixed(&body, request->possession.b, SIG_LEN);
	envelope_put(out, ENVELOPE_NODE_REQUEST, buf_bytes(&body));
	buf_fini(&body);
}

enum err node_request_get(struct node_request *out, struct bytes text)
{
	struct buf body;

	buf_init(&body, ENVELOPE_LEN_MAX);
	enum err err = envelope_get(&body, ENVELOPE_NODE_REQUEST, text);
	struct wire_in w = wire_in(buf_bytes(&body));
	if (!err)
		err = payload_begin(&w, 6);
	if (!err) {
		wire_fixed(&w, out->org.b, ID_LEN);
		wire_fixed(&w, out->sign.b, ID_LEN);
		wire_fixed(&w, out->transport.b, ID_LEN);
		wire_fixed(&w, out->handover.b, ID_LEN);
		wire_fixed(&w, out->possession.b, SIG_LEN);
		err = wire_end(&w);
	}
	buf_fini(&body);
	return err;
}

void node_answer_entry(struct buf *entries, struct bytes entry)
{
	out_bin(entries, entry);
}

void node_answer_wrap(struct buf *wraps, uint32_t number, const struct wrap *wrap)
{
	out_array(wraps, 2);
	out_uint(wraps, number);
	out_fixed(wraps, wrap->b, WRAP_LEN);
}

/*
 * PROTOCOL: "answer (letter a) body = [1, organisation id, node index, [entry as bin, ...],
 * [[number, wrap as bin], ...]]"
 */
void node_answer_put(struct buf *out, const struct org_id *org, uint8_t index, uint32_t entry_count,
		     struct bytes entries, uint32_t wrap_count, struct bytes wraps)
{
	struct buf body;

	buf_init(&body, ENVELOPE_LEN_MAX);
	out_array(&body, 5);
	out_uint(&body, 1);
	out_fixed(&body, org->b, ID_LEN);
	out_uint(&body, index);
	out_array(&body, entry_count);
	buf_add(&body, entries);
	out_array(&body, wrap_count);
	buf_add(&body, wraps);
	if (body.err && !out->err)
		out->err = body.err;
	envelope_put(out, ENVELOPE_NODE_ANSWER, buf_bytes(&body));
	buf_fini(&body);
}

static void read_wrap(struct wire_in *w, uint32_t *number, struct wrap *wrap)
{
	wire_array(w, 2, 2);
	*number = (uint32_t)wire_uint(w, UINT32_MAX);
	wire_fixed(w, wrap->b, WRAP_LEN);
}

enum err node_answer_get(struct node_answer *out, struct buf *storage, struct bytes text)
{
	enum err err = envelope_get(storage, ENVELOPE_NODE_ANSWER, text);
	struct wire_in w = wire_in(buf_bytes(storage));

	if (!err)
		err = payload_begin(&w, 5);
	if (err)
		return err;
	wire_fixed(&w, out->org.b, ID_LEN);
	out->index = (uint8_t)wire_uint(&w, 255);
	out->entry_count = wire_array(&w, 1, NODE_ENTRY_COUNT_MAX);
	out->entries = w;
	for (uint32_t i = 0; i < out->entry_count && !w.err; i++)
		wire_bin(&w, 1, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	out->wrap_count = wire_array(&w, 0, NODE_WRAP_COUNT_MAX);
	out->wraps = w;
	for (uint32_t i = 0; i < out->wrap_count && !w.err; i++) {
		struct wrap wrap;
		uint32_t number;
		read_wrap(&w, &number, &wrap);
	}
	return wire_end(&w);
}

bool node_answer_entry_next(struct node_answer *answer, struct bytes *entry)
{
	if (answer->entry_count == 0)
		return false;
	answer->entry_count--;
	*entry = wire_bin(&answer->entries, 1, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	return true;
}

bool node_answer_wrap_next(struct node_answer *answer, uint32_t *number, struct wrap *wrap)
{
	if (answer->wrap_count == 0)
		return false;
	answer->wrap_count--;
	read_wrap(&answer->wraps, number, wrap);
	return true;
}

/* PROTOCOL: "body = [1, number, wrap as bin]" */
void wrap_key_put(struct buf *out, uint32_t number, const struct wrap *wrap)
{
	out_array(out, 3);
	out_uint(out, 1);
	out_uint(out, number);
	out_fixed(out, wrap->b, WRAP_LEN);
}

enum err wrap_key_get(uint32_t *number, struct wrap *wrap, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = payload_begin(&w, 3);

	if (err)
		return err;
	*number = (uint32_t)wire_uint(&w, UINT32_MAX);
	wire_fixed(&w, wrap->b, WRAP_LEN);
	if (*number == 0)
		wire_fail(&w);
	return wire_end(&w);
}

/*
 * PROTOCOL: "wrapped (section 5.2) to the handover key with the organisation as granter and
 * grantee, Q empty and that number as n."
 */
struct wrap_context node_handover_context(const struct org_id *org, uint32_t number)
{
	return (struct wrap_context){.granter = *org, .grantee = *org, .number = number};
}
