#include "proto/charter/opening.h"

#include "crypto/hash.h"
#include "crypto/seal.h"
#include "proto/charter/invitation.h"
#include "proto/wire/wire_out.h"

/* PROTOCOL: "`commitment` is `H("am1.joincommit", a)` of 32 random bytes a." */
void opening_commit(struct digest *out, const struct digest *a)
{
	hash_once(out->b, "am1.joincommit", id_bytes(a));
}

static void password_of(uint8_t out[ID_LEN], const struct opening *opening,
			const struct fed_id *fed, const struct org_id *org)
{
	uint8_t request[ID_LEN];
	struct hash running;

	hash_once(request, "am1.joinrequest", opening->request);
	hash_init(&running, "am1.words", NULL, ID_LEN);
	hash_add(&running, id_bytes(fed));
	hash_add(&running, id_bytes(org));
	hash_add(&running, bytes_of(request, ID_LEN));
	hash_add(&running, id_bytes(&opening->transport));
	hash_add(&running, id_bytes(&opening->b));
	hash_add(&running, id_bytes(&opening->a));
	hash_done(&running, out, ID_LEN);
}

/*
 * PROTOCOL: "the words are the first 60 bits, most significant bit first, of 32 bytes of Argon2id
 * (RFC 9106) with 3 passes, 64 MiB and one lane"
 */
enum err opening_words(char out[WORDS_TEXT_LEN], const struct opening *opening,
		       const struct fed_id *fed, const struct org_id *org)
{
	static const uint8_t salt[PASSPHRASE_SALT_LEN] = "am1.words";
	static const struct passphrase_cost cost = {.opslimit = 3, .memlimit = 64 * 1024 * 1024};
	uint8_t password[ID_LEN];
	struct key slow;

	out[0] = 0;
	password_of(password, opening, fed, org);
	if (passphrase_key(&slow, bytes_of(password, ID_LEN), salt, &cost))
		return ERR_NOMEM;
	words_of(out, be64_get(slow.b));
	key_wipe(&slow);
	return ERR_OK;
}

bool opening_fits(const struct opening *opening, const struct charter_member *newcomer,
		  const struct charter *charter)
{
	struct join_request request;
	struct digest commitment;
	bool fits = !join_request_peek(&request, opening->request, charter);

	opening_commit(&commitment, &opening->a);
	fits = fits && id_eq(&request.commitment, &commitment) &&
	       id_eq(&request.org, &newcomer->org) && id_eq(&request.root, &newcomer->root) &&
	       id_eq(&request.next_root, &newcomer->next_root) &&
	       bytes_eq(request.name, bytes_str(newcomer->name)) &&
	       bytes_eq(request.slug, bytes_str(newcomer->slug)) &&
	       bytes_eq(request.ags, bytes_str(newcomer->ags));
	secret_wipe(&request, sizeof(request));
	return fits;
}

/* PROTOCOL: "opening = [a(32), b(32), payload of the request as bin, transport key(32)]" */
void opening_put(struct buf *out, const struct opening *opening)
{
	out_array(out, 4);
	out_fixed(out, opening->a.b, ID_LEN);
	out_fixed(out, opening->b.b, ID_LEN);
	out_bin(out, opening->request);
	out_fixed(out, opening->transport.b, ID_LEN);
}

void opening_get(struct wire_in *w, struct opening *out)
{
	wire_array(w, 4, 4);
	wire_fixed(w, out->a.b, ID_LEN);
	wire_fixed(w, out->b.b, ID_LEN);
	out->request = wire_bin(w, 1, LIMIT_JOIN_REQUEST_LEN_MAX);
	wire_fixed(w, out->transport.b, ID_LEN);
}
