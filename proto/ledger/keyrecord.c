#include "proto/ledger/keyrecord.h"

#include <string.h>

#include "crypto/hash.h"
#include "crypto/path.h"
#include "crypto/seal.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

_Static_assert(EPOCH_SEALED_LEN == SEAL_NONCE_LEN + KEY_LEN + SEAL_TAG_LEN, "nonce, key and tag");

static void link_put(struct buf *out, const struct epoch_link *link)
{
	out_array(out, 3);
	out_text(out, link->prefix);
	out_uint(out, link->number);
	out_fixed(out, link->sealed, EPOCH_SEALED_LEN);
}

static void link_get(struct wire_in *w, struct epoch_link *link)
{
	wire_array(w, 3, 3);
	link->prefix = wire_text(w, 1, LIMIT_PATH_LEN_MAX);
	link->number = wire_uint(w, UINT64_MAX);
	wire_fixed(w, link->sealed, EPOCH_SEALED_LEN);
	link->present = !w->err;
}

static void backs_put(struct buf *out, const struct epoch_backs *back)
{
	if (back->lost) {
		out_nil(out);
		return;
	}
	out_array(out, back->count);
	buf_add(out, back->links);
}

/*
 * PROTOCOL: "body   = [1, Q, n, commitment(32), down, back, recovery wrap as bin, [key id(8), own
 * wrap as bin]]"
 */
void keyrecord_put(struct buf *out, const struct keyrecord *record)
{
	out_array(out, 8);
	out_uint(out, 1);
	out_text(out, record->prefix);
	out_uint(out, record->number);
	out_fixed(out, record->commitment.b, ID_LEN);
	if (record->down.present)
		link_put(out, &record->down);
	else
		out_nil(out);
	backs_put(out, &record->back);
	out_fixed(out, record->recovery.b, WRAP_LEN);
	out_array(out, 2);
	out_fixed(out, record->own_key.b, WRAP_KEY_ID_LEN);
	out_fixed(out, record->own_wrap.b, WRAP_LEN);
}

static bool link_ok(const struct epoch_link *link, struct bytes below)
{
	return link->number >= 1 && !path_check(link->prefix) && path_contains(link->prefix, below);
}

/* PROTOCOL: "the longest Q' first, of one the highest n' first" */
static bool link_goes_before(const struct epoch_link *a, const struct epoch_link *b)
{
	/* Both lie at or above one path, so the length tells them apart. */
	return a->prefix.len != b->prefix.len ? a->prefix.len > b->prefix.len
					      : a->number > b->number;
}

/* PROTOCOL: "Q' of an element of `back` is Q, and n' < n, or above Q" */
static bool back_ok(const struct keyrecord *r, const struct epoch_link *link)
{
	return link_ok(link, r->prefix) &&
	       (link->prefix.len < r->prefix.len || link->number < r->number);
}

static void backs_get(struct wire_in *w, struct keyrecord *r)
{
	struct epoch_link before = {.present = false}, link;

	r->back = (struct epoch_backs){.lost = wire_nil(w)};
	if (r->back.lost)
		return;
	r->back.count = wire_array(w, 0, EPOCH_BACK_COUNT_MAX);
	size_t from = w->pos;
	for (uint32_t i = 0; i < r->back.count && !w->err; i++) {
		link_get(w, &link);
		if (!w->err && (!back_ok(r, &link) || (i > 0 && !link_goes_before(&before, &link))))
			wire_fail(w);
		before = link;
	}
	r->back.links = bytes_slice(w->in, from, w->pos - from);
	if (r->back.links.len > EPOCH_BACK_LEN_MAX)
		wire_fail(w);
}

/* PROTOCOL: "Q' of `down` is above Q" */
static void down_get(struct wire_in *w, struct keyrecord *r)
{
	r->down = (struct epoch_link){.present = false};
	if (wire_nil(w))
		return;
	link_get(w, &r->down);
	if (!w->err && !link_ok(&r->down, path_parent(r->prefix)))
		wire_fail(w);
}

enum err keyrecord_get(struct keyrecord *out, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = payload_begin(&w, 8);

	if (err)
		return err;
	out->prefix = wire_text(&w, 1, LIMIT_PATH_LEN_MAX);
	out->number = wire_uint(&w, UINT64_MAX);
	if (!w.err && (path_check(out->prefix) || out->number < 1))
		wire_fail(&w);
	wire_fixed(&w, out->commitment.b, ID_LEN);
	down_get(&w, out);
	backs_get(&w, out);
	wire_fixed(&w, out->recovery.b, WRAP_LEN);
	wire_array(&w, 2, 2);
	wire_fixed(&w, out->own_key.b, WRAP_KEY_ID_LEN);
	wire_fixed(&w, out->own_wrap.b, WRAP_LEN);
	return wire_end(&w);
}

/* PROTOCOL: "`commitment` is `derive(K_n(Q), "am1.epcommit", be64 n ‖ Q)`." */
void epoch_commitment(struct digest *out, const struct key *key, uint64_t number,
		      struct bytes prefix)
{
	struct hash hash;

	hash_init(&hash, "am1.epcommit", key, ID_LEN);
	hash_add_be64(&hash, number);
	hash_add(&hash, prefix);
	hash_done(&hash, out->b, ID_LEN);
}

/* PROTOCOL: "AD = H("am1.prefix", Q) ‖ be64 n" */
struct link_ad {
	uint8_t b[ID_LEN + 8];
};

static struct link_ad link_ad(const struct keyrecord *record)
{
	struct link_ad ad;

	hash_once(ad.b, "am1.prefix", record->prefix);
	be64_put(ad.b + ID_LEN, record->number);
	return ad;
}

static void link_seal(struct epoch_link *link, const struct keyrecord *record, const char *label,
		      const struct key *under, const struct key *key, struct random *random)
{
	struct link_ad ad = link_ad(record);
	struct key cipher;

	derive(&cipher, under, label, bytes_of(NULL, 0));
	random_fill(random, link->sealed, SEAL_NONCE_LEN);
	seal(link->sealed + SEAL_NONCE_LEN, &cipher, link->sealed, bytes_obj(&ad.b),
	     bytes_of(key->b, KEY_LEN));
	link->present = true;
	key_wipe(&cipher);
}

static enum err link_open(struct key *out, const struct epoch_link *link,
			  const struct keyrecord *record, const char *label,
			  const struct key *under)
{
	struct link_ad ad = link_ad(record);
	struct key cipher;

	if (!link->present)
		return ERR_ABSENT;
	derive(&cipher, under, label, bytes_of(NULL, 0));
	enum err err =
		unseal(out->b, &cipher, link->sealed, bytes_obj(&ad.b),
		       bytes_of(link->sealed + SEAL_NONCE_LEN, EPOCH_SEALED_LEN - SEAL_NONCE_LEN));
	key_wipe(&cipher);
	return err;
}

/*
 * PROTOCOL: "`down` is K_n(Q), sealed under `derive(K_n'(parent of Q), "am1.epdown", "")`, (Q', n')
 * being the epoch that governs that parent; nil when there is none."
 */
void keyrecord_down_seal(struct keyrecord *record, const struct key *parent_key,
			 const struct key *key, struct random *random)
{
	link_seal(&record->down, record, "am1.epdown", parent_key, key, random);
}

enum err keyrecord_down_open(struct key *out, const struct keyrecord *record,
			     const struct key *parent_key)
{
	return link_open(out, &record->down, record, "am1.epdown", parent_key);
}

/* PROTOCOL: "sealed under `derive(K_n(Q), "am1.epback", "")`" */
bool keyrecord_back_add(struct keyrecord *record, struct buf *links, struct bytes prefix,
			uint64_t number, const struct key *key, const struct key *before,
			struct random *random)
{
	struct epoch_link link = {.prefix = prefix, .number = number};
	struct buf one;

	if (record->back.count == EPOCH_BACK_COUNT_MAX)
		return false;
	link_seal(&link, record, "am1.epback", key, before, random);
	buf_init(&one, 2 * LIMIT_PATH_LEN_MAX);
	link_put(&one, &link);
	bool fits = !one.err && links->len + one.len <= EPOCH_BACK_LEN_MAX;
	if (fits) {
		buf_add(links, buf_bytes(&one));
		record->back.links = buf_bytes(links);
		record->back.count++;
	}
	buf_fini(&one);
	return fits;
}

struct back_walk keyrecord_backs(const struct keyrecord *record)
{
	return (struct back_walk){.w = wire_in(record->back.links), .left = record->back.count};
}

bool keyrecord_back_next(struct back_walk *walk, struct epoch_link *out)
{
	if (walk->left == 0 || walk->w.err)
		return false;
	walk->left--;
	link_get(&walk->w, out);
	return out->present;
}

enum err keyrecord_back_open(struct key *out, const struct keyrecord *record,
			     const struct epoch_link *link, const struct key *key)
{
	return link_open(out, link, record, "am1.epback", key);
}
