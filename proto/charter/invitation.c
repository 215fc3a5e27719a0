#include "proto/charter/invitation.h"

#include <string.h>

#include "crypto/hash.h"
#include "proto/charter/contact.h"
#include "proto/wire/envelope.h"
#include "proto/wire/payload.h"
#include "proto/wire/protocol.h"
#include "proto/wire/wire_out.h"

#define PREFIX      PROTOCOL_TEXT "-"
#define SUM_LEN     4
#define AGS_LEN_MAX 8
#define ROW_LEN_MAX 512

void invitation_wipe(struct invitation *invitation)
{
	secret_wipe(invitation, sizeof(*invitation));
}

static void invitation_sum(uint8_t out[ID_LEN], struct bytes payload)
{
	hash_once(out, "am1.invite", payload);
}

static void payload_put(struct buf *out, const struct invitation *invitation)
{
	out_array(out, 12);
	out_uint(out, 1);
	out_fixed(out, invitation->fed.b, ID_LEN);
	out_text(out, bytes_str(invitation->fed_name));
	out_uint(out, invitation->charter_number);
	out_fixed(out, invitation->charter_entry_id.b, ID_LEN);
	out_text(out, bytes_str(invitation->address));
	out_fixed(out, invitation->transport.b, ID_LEN);
	out_fixed(out, invitation->secret.b, KEY_LEN);
	out_text(out, bytes_str(invitation->name));
	out_text(out, bytes_str(invitation->slug));
	out_text(out, bytes_str(invitation->ags));
	out_uint(out, (uint64_t)invitation->valid_until_ms);
}

/*
 * PROTOCOL: "text    = "allmende2-" ‖ base64url(payload ‖ first 4 bytes of H("am1.invite",
 * payload))"
 */
enum err invitation_put(struct buf *out, const struct invitation *invitation)
{
	size_t from = out->len;
	uint8_t sum[ID_LEN];
	struct buf payload;

	if (contact_address_check(bytes_str(invitation->address)) ||
	    charter_terms_check(bytes_str(invitation->name), bytes_str(invitation->slug),
				bytes_str(invitation->ags)))
		return ERR_MALFORMED;
	buf_init(&payload, LIMIT_INVITATION_LEN_MAX);
	payload_put(&payload, invitation);
	invitation_sum(sum, buf_bytes(&payload));
	buf_add(&payload, bytes_of(sum, SUM_LEN));
	buf_add(out, bytes_str(PREFIX));
	base64_put(out, buf_bytes(&payload));
	if (!out->err && (payload.err || out->len - from > LIMIT_INVITATION_LEN_MAX))
		out->err = ERR_FULL;
	buf_fini_wipe(&payload);
	return out->err;
}

static enum err payload_get(struct invitation *out, struct bytes payload)
{
	struct wire_in w = wire_in(payload);
	enum err err = payload_begin(&w, 12);

	if (err)
		return err;
	wire_fixed(&w, out->fed.b, ID_LEN);
	wire_text_copy(&w, out->fed_name, 1, LIMIT_NAME_LEN_MAX);
	out->charter_number = (uint32_t)wire_uint(&w, UINT32_MAX);
	wire_fixed(&w, out->charter_entry_id.b, ID_LEN);
	wire_text_copy(&w, out->address, 1, LIMIT_ADDRESS_LEN_MAX);
	wire_fixed(&w, out->transport.b, ID_LEN);
	wire_fixed(&w, out->secret.b, KEY_LEN);
	wire_text_copy(&w, out->name, 1, LIMIT_NAME_LEN_MAX);
	wire_text_copy(&w, out->slug, 1, CHARTER_SLUG_LEN_MAX);
	wire_text_copy(&w, out->ags, 1, AGS_LEN_MAX);
	out->valid_until_ms = (int64_t)wire_uint(&w, INT64_MAX);
	if (!w.err &&
	    (out->charter_number == 0 || contact_address_check(bytes_str(out->address)) ||
	     charter_terms_check(bytes_str(out->name), bytes_str(out->slug), bytes_str(out->ags))))
		wire_fail(&w);
	return wire_end(&w);
}

/* ERR_VERSION for "allmende" with another number. */
static enum err prefix_check(struct bytes text)
{
	if (bytes_eq(bytes_slice(text, 0, strlen(PREFIX)), bytes_str(PREFIX)))
		return ERR_OK;
	return envelope_is_foreign(text, "-") ? ERR_VERSION : ERR_MALFORMED;
}

/* text: unwrapped, and an invitation by its beginning. */
static enum err packed_get(struct invitation *out, struct bytes text)
{
	uint8_t sum[ID_LEN];
	struct buf bytes;
	enum err err = ERR_DENIED;

	buf_init(&bytes, LIMIT_INVITATION_LEN_MAX);
	if (!base64_get(&bytes, bytes_slice(text, strlen(PREFIX), text.len)) &&
	    bytes.len > SUM_LEN) {
		struct bytes payload = bytes_of(bytes.ptr, bytes.len - SUM_LEN);
		invitation_sum(sum, payload);
		if (bytes_eq(bytes_of(sum, SUM_LEN), bytes_of(bytes.ptr + payload.len, SUM_LEN)))
			err = payload_get(out, payload);
	}
	buf_fini_wipe(&bytes);
	return err;
}

enum err invitation_get(struct invitation *out, struct bytes text)
{
	struct buf packed;

	*out = (struct invitation){0};
	buf_init(&packed, LIMIT_INVITATION_LEN_MAX);
	envelope_unwrap(&packed, text);
	enum err err = prefix_check(buf_bytes(&packed));
	/* From here on it meant to be an invitation: what does not fit was mistyped or cut off. */
	if (!err)
		err = packed.err ? ERR_DENIED : packed_get(out, buf_bytes(&packed));
	buf_fini_wipe(&packed);
	if (err)
		invitation_wipe(out);
	return err;
}

/* ---- the join request ---- */

/*
 * PROTOCOL: "payload = [1, secret(32), name, slug, ags, organisation log entry 1 (signed, as bin),
 * [address, ...], commitment(32), next root hash(32)]"
 */
void join_request_make(struct buf *out, const struct invitation *invitation,
		       struct bytes orglog_entry, const char *const *addresses,
		       const struct digest *commitment, const struct digest *next_root,
		       const struct key *root_sign_seed)
{
	size_t from = out->len;
	uint32_t count = 0;

	while (addresses && count < LIMIT_ADDRESS_COUNT_MAX && addresses[count])
		count++;
	out_array(out, 9);
	out_uint(out, 1);
	out_fixed(out, invitation->secret.b, KEY_LEN);
	out_text(out, bytes_str(invitation->name));
	out_text(out, bytes_str(invitation->slug));
	out_text(out, bytes_str(invitation->ags));
	out_bin(out, orglog_entry);
	out_array(out, count);
	for (uint32_t i = 0; i < count; i++)
		out_text(out, bytes_str(addresses[i]));
	out_fixed(out, commitment->b, ID_LEN);
	out_fixed(out, next_root->b, ID_LEN);
	payload_sign(out, from, LIMIT_JOIN_REQUEST_LEN_MAX, root_sign_seed, SIGN_TAG_JOIN,
		     &invitation->fed);
}

static enum err request_decode(struct join_request *out, struct bytes payload)
{
	struct wire_in w = wire_in(payload);
	enum err err = payload_begin(&w, 9);

	if (err)
		return err;
	out->payload = payload;
	wire_fixed(&w, out->secret.b, KEY_LEN);
	out->name = wire_text(&w, 1, LIMIT_NAME_LEN_MAX);
	out->slug = wire_text(&w, 1, CHARTER_SLUG_LEN_MAX);
	out->ags = wire_text(&w, 1, AGS_LEN_MAX);
	out->orglog_entry = wire_bin(&w, 1, LIMIT_JOIN_REQUEST_LEN_MAX);
	out->address_count = wire_array(&w, 0, LIMIT_ADDRESS_COUNT_MAX);
	for (size_t i = 0; i < out->address_count; i++) {
		out->addresses[i] = wire_text(&w, 1, LIMIT_ADDRESS_LEN_MAX);
		if (contact_address_check(out->addresses[i]))
			wire_fail(&w);
	}
	wire_fixed(&w, out->commitment.b, ID_LEN);
	wire_fixed(&w, out->next_root.b, ID_LEN);
	if (!w.err && charter_terms_check(out->name, out->slug, out->ags))
		wire_fail(&w);
	return wire_end(&w);
}

enum err join_request_secret(struct key *out, struct bytes request)
{
	struct join_request decoded = {0};
	struct bytes payload;
	struct sig sig;

	enum err err = payload_split(request, LIMIT_JOIN_REQUEST_LEN_MAX, &payload, &sig);
	if (!err)
		err = request_decode(&decoded, payload);
	*out = decoded.secret;
	secret_wipe(&decoded, sizeof(decoded));
	return err;
}

enum err join_request_peek(struct join_request *out, struct bytes payload,
			   const struct charter *charter)
{
	struct orglog log;

	*out = (struct join_request){0};
	enum err err = request_decode(out, payload);
	if (err)
		return err;
	err = orglog_entry_peek(&log, out->orglog_entry);
	if (!err && log.number != 1)
		err = ERR_MALFORMED;
	out->org = log.id;
	/*
	 * PROTOCOL: "root key of the joiner: that of the entry, or of one that was a member before
	 * the one in the table"
	 */
	const struct charter_member *former = err ? NULL : charter_last_of(charter, &log.id);
	out->root = former ? former->root : log.root;
	orglog_fini(&log);
	return err;
}

enum err join_request_get(struct join_request *out, struct bytes request,
			  const struct charter *charter)
{
	struct bytes payload;
	struct sig sig;

	*out = (struct join_request){0};
	enum err err = payload_split(request, LIMIT_JOIN_REQUEST_LEN_MAX, &payload, &sig);
	if (!err)
		err = join_request_peek(out, payload, charter);
	return err ? err : sign_check(&sig, &out->root, SIGN_TAG_JOIN, &charter->fed, payload);
}

struct bytes join_request_payload(struct bytes request)
{
	struct bytes payload = {0};
	struct sig sig;

	return payload_split(request, LIMIT_JOIN_REQUEST_LEN_MAX, &payload, &sig)
		       ? bytes_of(NULL, 0)
		       : payload;
}

/* ---- what the issuer remembers ---- */

static struct row_key invitation_key(const struct key *secret)
{
	struct digest hash;

	hash_once(hash.b, "am1.invsecret", bytes_of(secret->b, KEY_LEN));
	return key_text(id_bytes(&hash));
}

static void invitation_row_put(struct txn *txn, const struct key *secret,
			       const struct invitation_row *row)
{
	struct row_key key = invitation_key(secret);
	struct buf value;

	buf_init(&value, ROW_LEN_MAX);
	out_array(&value, 8);
	out_text(&value, bytes_str(row->name));
	out_text(&value, bytes_str(row->slug));
	out_text(&value, bytes_str(row->ags));
	out_uint(&value, (uint64_t)row->valid_until_ms);
	out_fixed_or_nil(&value, row->used ? row->used_by.b : NULL, ID_LEN);
	out_fixed_or_nil(&value, row->used ? row->commitment.b : NULL, ID_LEN);
	out_bool(&value, row->auto_approve);
	out_bool(&value, row->relay);
	txn_put_row(txn, TABLE_INVITATION, &key, &value);
}

void invitation_store(struct txn *txn, const struct invitation *invitation, bool auto_approve,
		      bool relay)
{
	struct invitation_row row = {.valid_until_ms = invitation->valid_until_ms,
				     .auto_approve = auto_approve,
				     .relay = relay};

	memcpy(row.name, invitation->name, sizeof(row.name));
	memcpy(row.slug, invitation->slug, sizeof(row.slug));
	memcpy(row.ags, invitation->ags, sizeof(row.ags));
	invitation_row_put(txn, &invitation->secret, &row);
}

static enum err invitation_row_get(struct txn *txn, struct bytes value, struct invitation_row *out)
{
	struct wire_in w = wire_in(value);

	*out = (struct invitation_row){0};
	wire_array(&w, 8, 8);
	wire_text_copy(&w, out->name, 1, LIMIT_NAME_LEN_MAX);
	wire_text_copy(&w, out->slug, 1, CHARTER_SLUG_LEN_MAX);
	wire_text_copy(&w, out->ags, 1, AGS_LEN_MAX);
	out->valid_until_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->used = !wire_nil(&w);
	if (out->used)
		wire_fixed(&w, out->used_by.b, ID_LEN);
	if (!wire_nil(&w))
		wire_fixed(&w, out->commitment.b, ID_LEN);
	out->auto_approve = wire_bool(&w);
	out->relay = wire_bool(&w);
	if (wire_end(&w))
		txn_fail(txn, ERR_CORRUPT);
	return txn_err(txn);
}

enum err invitation_find(struct txn *txn, const struct key *secret, struct invitation_row *out)
{
	struct row_key key = invitation_key(secret);
	struct bytes value;

	*out = (struct invitation_row){0};
	if (!txn_get(txn, TABLE_INVITATION, row_key_bytes(&key), &value))
		return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	return invitation_row_get(txn, value, out);
}

bool invitation_next(struct walk *walk, char id[INVITATION_ID_LEN + 1], struct invitation_row *out)
{
	if (!walk_next(walk) || invitation_row_get(walk->txn, walk->value, out))
		return false;
	/* of the hash of the secret: it tells nobody the secret */
	hex_put(id, bytes_slice(walk->key, walk->key.len - INVITATION_ID_LEN / 2, walk->key.len));
	return true;
}

void invitation_drop(struct walk *walk)
{
	txn_del(walk->txn, TABLE_INVITATION, walk->key);
}

/*
 * PROTOCOL: "The issuer takes the request when the secret is known, unused and not expired and
 * name, slug and ags are those of the invitation."
 */
enum err invitation_check(struct txn *txn, const struct join_request *request, int64_t now_ms)
{
	struct invitation_row row;
	enum err err = invitation_find(txn, &request->secret, &row);

	if (err)
		return err;
	if (row.used &&
	    !(id_eq(&row.used_by, &request->org) && id_eq(&row.commitment, &request->commitment)))
		return ERR_EXISTS;
	if (!bytes_eq(request->name, bytes_str(row.name)) ||
	    !bytes_eq(request->slug, bytes_str(row.slug)) ||
	    !bytes_eq(request->ags, bytes_str(row.ags)))
		return ERR_DENIED;
	return now_ms > row.valid_until_ms ? ERR_AGAIN : ERR_OK;
}

void invitation_use(struct txn *txn, const struct join_request *request)
{
	struct invitation_row row;

	if (invitation_find(txn, &request->secret, &row))
		return;
	row.used = true;
	row.used_by = request->org;
	row.commitment = request->commitment;
	invitation_row_put(txn, &request->secret, &row);
}
