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
	if (!link->present) {
		out_nil(out);
		return;
	}
	out_array(out, 3);
	out_text(out, link->prefix);
	out_uint(out, link->number);
	out_fixed(out, link->sealed, EPOCH_SEALED_LEN);
}

static void link_get(struct wire_in *w, struct epoch_link *link)
{
	*link = (struct epoch_link){.present = !wire_nil(w)};
	if (!link->present)
		return;
	wire_array(w, 3, 3);
	link->prefix = wire_text(w, 1, LIMIT_PATH_LEN_MAX);
	link->number = wire_uint(w, UINT64_MAX);
	wire_fixed(w, link->sealed, EPOCH_SEALED_LEN);
}

/* PROTOCOL: "body   = [1, Q, n, commitment(32), down, back, recovery wrap as bin]" */
void keyrecord_put(struct buf *out, const struct keyrecord *record)
{
	out_array(out, 7);
	out_uint(out, 1);
	out_text(out, record->prefix);
	out_uint(out, record->number);
	out_fixed(out, record->commitment.b, ID_LEN);
	link_put(out, &record->down);
	link_put(out, &record->back);
	out_fixed(out, record->recovery.b, WRAP_LEN);
}

static bool link_ok(const struct epoch_link *link, struct bytes below)
{
	return !link->present || (link->number >= 1 && !path_check(link->prefix) &&
				  path_contains(link->prefix, below));
}

static bool links_ok(const struct keyrecord *r)
{
	/* PROTOCOL: "Q' of `down` is above Q; Q' of `back` is Q, and n' < n, or above Q." */
	if (!link_ok(&r->down, path_parent(r->prefix)) || !link_ok(&r->back, r->prefix))
		return false;
	return !r->back.present || r->back.prefix.len < r->prefix.len || r->back.number < r->number;
}

enum err keyrecord_get(struct keyrecord *out, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = payload_begin(&w, 7);

	if (err)
		return err;
	out->prefix = wire_text(&w, 1, LIMIT_PATH_LEN_MAX);
	out->number = wire_uint(&w, UINT64_MAX);
	wire_fixed(&w, out->commitment.b, ID_LEN);
	link_get(&w, &out->down);
	link_get(&w, &out->back);
	wire_fixed(&w, out->recovery.b, WRAP_LEN);
	if (!w.err && (path_check(out->prefix) || out->number < 1 || !links_ok(out)))
		wire_fail(&w);
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
 * being the epoch that governs the parent of Q; nil when there is none."
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

/*
 * PROTOCOL: "`back` is the K(Q) of the epoch (Q', n') that governed Q before, sealed under
 * `derive(K_n(Q), "am1.epback", "")`; nil when there was none."
 */
void keyrecord_back_seal(struct keyrecord *record, const struct key *key, const struct key *before,
			 struct random *random)
{
	link_seal(&record->back, record, "am1.epback", key, before, random);
}

enum err keyrecord_back_open(struct key *out, const struct keyrecord *record, const struct key *key)
{
	return link_open(out, &record->back, record, "am1.epback", key);
}
