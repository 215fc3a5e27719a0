#include "proto/link/handshake.h"

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/wrap.h"
#include "proto/link/frame.h"
#include "proto/link/link.h"
#include "proto/wire/protocol.h"

#define PRELUDE_MAGIC     "allmende"
#define PRELUDE_MAGIC_LEN 8
#define HINT_LEN          8
#define VERSION_COUNT_MAX 8
#define PROLOGUE_LEN_MAX  128
#define REFUSAL_LEN       (FRAME_LENGTH_LEN + 1)

/* Lengths of the handshake messages: e, then e and s, then s, each with a payload. */
#define FIRST_LEN           ID_LEN
#define SECOND_LEN_MIN      (ID_LEN + ID_LEN + NOISE_TAG_LEN + NOISE_TAG_LEN)
#define THIRD_LEN_MIN       (ID_LEN + NOISE_TAG_LEN + NOISE_TAG_LEN)
#define CERTIFICATE_LEN_MAX (LIMIT_FRAME_LEN_MAX - SECOND_LEN_MIN)

static void handshake_fail(struct handshake *handshake, enum link_reason reason)
{
	handshake->step = HANDSHAKE_FAILED;
	handshake->reason = reason;
}

static enum link_reason reason_of_err(enum err err, enum link_reason otherwise)
{
	return err == ERR_NOMEM ? LINK_REASON_NOMEM : otherwise;
}

/* ---- what both sides write ---- */

static void put_hint(struct buf *out, const struct fed_id *fed)
{
	struct digest digest;
	hash_once(digest.b, "am1.fedhint", id_bytes(fed));
	buf_add(out, bytes_of(digest.b, HINT_LEN));
}

/*
 * PROTOCOL: "The handshake is `Noise_XX_25519_ChaChaPoly_BLAKE2b` with `prologue = "allmende/2" ‖
 * prelude ‖ federation id`."
 */
static void start_noise(struct handshake *handshake, struct bytes prelude)
{
	const struct link_options *options = handshake->options;
	struct buf prologue;
	buf_init(&prologue, PROLOGUE_LEN_MAX);
	buf_add(&prologue, bytes_str(PROTOCOL_PROLOGUE));
	buf_add(&prologue, prelude);
	buf_add(&prologue, id_bytes(&options->fed));
	if (prologue.err)
		handshake_fail(handshake, LINK_REASON_NOMEM);
	else
		noise_init(&handshake->noise, options->dialler, options->static_sk,
			   buf_bytes(&prologue), options->random);
	buf_fini(&prologue);
}

/* Appends the next Noise message in its frame. */
static void write_message(struct handshake *handshake, struct buf *out, struct bytes payload)
{
	struct buf message;
	buf_init(&message, LIMIT_FRAME_LEN_MAX);
	enum err err = noise_write(&handshake->noise, &message, payload);
	if (!err) {
		buf_add_be16(out, (uint16_t)message.len);
		buf_add(out, buf_bytes(&message));
		err = out->err;
	}
	buf_fini(&message);
	if (err) /* the peer's ephemeral key may be of low order */
		handshake_fail(handshake, reason_of_err(err, LINK_REASON_MALFORMED));
}

static void write_certificate(struct handshake *handshake, struct buf *out)
{
	struct certificate own;
	struct buf payload;
	check(!certificate_get(&own, buf_bytes(&handshake->own_certificate)));
	own.version = handshake->version;
	buf_init(&payload, CERTIFICATE_LEN_MAX);
	certificate_put(&payload, &own);
	if (payload.err)
		handshake_fail(handshake, LINK_REASON_NOMEM);
	else
		write_message(handshake, out, buf_bytes(&payload));
	buf_fini(&payload);
}

void handshake_refuse(struct buf *out, enum link_reason reason)
{
	buf_add_be16(out, 0);
	buf_add_u8(out, link_reason_refusal(reason));
}

/* ---- life ---- */

/*
 * PROTOCOL: "The dialler sends, in clear, `prelude = "allmende" ‖ count(1) ‖ versions(count) ‖
 * hint(8)`, count 1 to 8, versions in order of preference, hint = the first 8 bytes of
 * `H("am1.fedhint", federation id)`, and at once the first handshake message, whose payload is
 * empty."
 */
static void dial(struct handshake *handshake, struct buf *out)
{
	handshake->version = PROTOCOL_VERSION;
	handshake->step = HANDSHAKE_SECOND;
	buf_add(out, bytes_str(PRELUDE_MAGIC));
	buf_add_u8(out, 1);
	buf_add_u8(out, PROTOCOL_VERSION);
	put_hint(out, &handshake->options->fed);
	start_noise(handshake, buf_bytes(out));
	if (handshake->step != HANDSHAKE_FAILED)
		write_message(handshake, out, bytes_of(NULL, 0));
}

void handshake_init(struct handshake *handshake, const struct link_options *options,
		    struct buf *out)
{
	struct certificate own;
	*handshake = (struct handshake){.options = options, .step = HANDSHAKE_PRELUDE};
	buf_init(&handshake->own_certificate, CERTIFICATE_LEN_MAX);
	buf_add(&handshake->own_certificate, options->certificate);
	check(!certificate_get(&own, buf_bytes(&handshake->own_certificate)));
	buf_init(&handshake->peer_certificate, LIMIT_FRAME_LEN_MAX);
	if (options->dialler)
		dial(handshake, out);
}

void handshake_fini(struct handshake *handshake)
{
	noise_fini(&handshake->noise);
	buf_fini(&handshake->own_certificate);
	buf_fini(&handshake->peer_certificate);
}

void handshake_admit(struct handshake *handshake, struct buf *out)
{
	handshake->step = HANDSHAKE_DONE;
	if (handshake->options->dialler)
		write_certificate(handshake, out);
}

/* ---- what has come ---- */

static bool offers_version(struct bytes versions)
{
	for (size_t i = 0; i < versions.len; i++)
		if (versions.ptr[i] == PROTOCOL_VERSION)
			return true;
	return false;
}

static bool is_own_hint(const struct handshake *handshake, struct bytes hint)
{
	struct buf own;
	buf_init(&own, HINT_LEN);
	put_hint(&own, &handshake->options->fed);
	bool eq = bytes_eq(buf_bytes(&own), hint);
	buf_fini(&own);
	return eq;
}

/* Length of the prelude; 0: not all here yet. */
static size_t prelude_len(struct handshake *handshake, struct bytes in)
{
	size_t magic_len = in.len < PRELUDE_MAGIC_LEN ? in.len : PRELUDE_MAGIC_LEN;
	if (!bytes_eq(bytes_slice(in, 0, magic_len), bytes_of(PRELUDE_MAGIC, magic_len))) {
		handshake_fail(handshake, LINK_REASON_FOREIGN);
		return 0;
	}
	if (in.len <= PRELUDE_MAGIC_LEN)
		return 0;
	size_t count = in.ptr[PRELUDE_MAGIC_LEN];
	size_t len = PRELUDE_MAGIC_LEN + 1 + count + HINT_LEN;
	if (count < 1 || count > VERSION_COUNT_MAX) {
		handshake_fail(handshake, LINK_REASON_MALFORMED);
		return 0;
	}
	return in.len < len ? 0 : len;
}

static size_t read_prelude(struct handshake *handshake, struct bytes in)
{
	size_t len = prelude_len(handshake, in);
	if (len == 0)
		return 0;
	struct bytes prelude = bytes_slice(in, 0, len);
	size_t versions_at = PRELUDE_MAGIC_LEN + 1;
	size_t hint_at = len - HINT_LEN;
	handshake->step = HANDSHAKE_FIRST;
	handshake->version = PROTOCOL_VERSION;
	if (!offers_version(bytes_slice(prelude, versions_at, hint_at - versions_at)))
		handshake_fail(handshake, LINK_REASON_VERSION);
	else if (!is_own_hint(handshake, bytes_slice(prelude, hint_at, HINT_LEN)))
		handshake_fail(handshake, LINK_REASON_FEDERATION);
	else
		start_noise(handshake, prelude);
	return len;
}

/* What an own prelude or frame never begins with: answers of TLS, web, shell, mail servers. */
static bool looks_foreign(struct bytes in)
{
	size_t i = 0;
	if (in.len >= 2 && (in.ptr[0] == 0x15 || in.ptr[0] == 0x16) && in.ptr[1] == 0x03)
		return true; /* TLS: alert or handshake */
	while (i < in.len && i < 4 &&
	       ((in.ptr[i] >= ' ' && in.ptr[i] <= '~') || in.ptr[i] == '\r' || in.ptr[i] == '\n'))
		i++;
	return i == 4;
}

enum link_reason handshake_stuck(const struct handshake *handshake, struct bytes in,
				 enum link_reason ordinary)
{
	if (handshake->step == HANDSHAKE_PRELUDE ||
	    (handshake->step == HANDSHAKE_SECOND && looks_foreign(in)))
		return LINK_REASON_FOREIGN;
	return ordinary;
}

/* A dialler that is answered with anything else most likely reached something else. */
static enum link_reason bad_message(const struct handshake *handshake)
{
	return handshake->step == HANDSHAKE_SECOND ? LINK_REASON_FOREIGN : LINK_REASON_MALFORMED;
}

/* Length of the frame, its own length included; 0: not all here yet, or a refusal. */
static size_t frame_len(struct handshake *handshake, struct bytes in, size_t min, size_t max)
{
	if (in.len < FRAME_LENGTH_LEN)
		return 0;
	size_t len = be16_get(in.ptr);
	if (len == 0) {
		if (in.len >= REFUSAL_LEN) {
			handshake->by_peer = true;
			handshake_fail(handshake, link_reason_of_refusal(in.ptr[FRAME_LENGTH_LEN]));
		}
		return 0;
	}
	if (len < min || len > max) {
		handshake_fail(handshake, bad_message(handshake));
		return 0;
	}
	return in.len < FRAME_LENGTH_LEN + len ? 0 : FRAME_LENGTH_LEN + len;
}

static size_t read_first(struct handshake *handshake, struct bytes in, struct buf *out)
{
	struct buf none;
	size_t len = frame_len(handshake, in, FIRST_LEN, FIRST_LEN);
	if (len == 0)
		return 0;
	buf_init(&none, 0);
	enum err err = noise_read(&handshake->noise, &none,
				  bytes_slice(in, FRAME_LENGTH_LEN, len - FRAME_LENGTH_LEN));
	buf_fini(&none);
	handshake->step = HANDSHAKE_THIRD;
	if (err)
		handshake_fail(handshake, reason_of_err(err, LINK_REASON_MALFORMED));
	else
		write_certificate(handshake, out);
	return len;
}

/* LINK_REASON_DONE: nothing against it. */
static enum link_reason judge_certificate(const struct handshake *handshake)
{
	const struct link_options *options = handshake->options;
	struct certificate certificate;
	if (id_eq(&handshake->peer_key, &handshake->noise.s_pk))
		return LINK_REASON_OWN;
	if (options->has_expected && !id_eq(&handshake->peer_key, &options->expected))
		return LINK_REASON_UNEXPECTED;
	if (certificate_get(&certificate, buf_bytes(&handshake->peer_certificate)))
		return LINK_REASON_CERTIFICATE;
	if (certificate.version != handshake->version)
		return LINK_REASON_VERSION;
	enum err err = certificate_check(&certificate, &handshake->peer_key);
	return err ? reason_of_err(err, LINK_REASON_CERTIFICATE) : LINK_REASON_DONE;
}

/* PROTOCOL: "The second and third handshake message carry a certificate" */
static size_t read_certificate(struct handshake *handshake, struct bytes in, size_t len_min)
{
	size_t len = frame_len(handshake, in, len_min, LIMIT_FRAME_LEN_MAX);
	if (len == 0)
		return 0;
	enum err err = noise_read(&handshake->noise, &handshake->peer_certificate,
				  bytes_slice(in, FRAME_LENGTH_LEN, len - FRAME_LENGTH_LEN));
	if (err) {
		handshake_fail(handshake, reason_of_err(err, bad_message(handshake)));
		return len;
	}
	handshake->peer_key = handshake->noise.rs;
	handshake->step = HANDSHAKE_ADMIT;
	enum link_reason reason = judge_certificate(handshake);
	if (reason != LINK_REASON_DONE)
		handshake_fail(handshake, reason);
	return len;
}

size_t handshake_read(struct handshake *handshake, struct bytes in, struct buf *out)
{
	switch (handshake->step) {
	case HANDSHAKE_PRELUDE:
		return read_prelude(handshake, in);
	case HANDSHAKE_FIRST:
		return read_first(handshake, in, out);
	case HANDSHAKE_SECOND:
		return read_certificate(handshake, in, SECOND_LEN_MIN);
	case HANDSHAKE_THIRD:
		return read_certificate(handshake, in, THIRD_LEN_MIN);
	case HANDSHAKE_ADMIT:
	case HANDSHAKE_DONE:
	case HANDSHAKE_FAILED:
		break;
	}
	return 0;
}
