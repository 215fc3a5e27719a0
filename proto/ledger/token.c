#include "proto/ledger/token.h"

#include "crypto/hash.h"
#include "crypto/path.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

/*
 * PROTOCOL: "payload = [1, issuer organisation id, issuer node index, audience organisation id,
 * verb, prefix, not before, expiry, depth, round, parent]"
 */
void token_link_make(struct buf *out, const struct token_link *link, const struct fed_id *fed,
		     const struct key *node_sign_seed)
{
	size_t from = out->len;

	out_array(out, 11);
	out_uint(out, 1);
	out_fixed(out, link->issuer.b, ID_LEN);
	out_uint(out, link->issuer_node);
	out_fixed(out, link->audience.b, ID_LEN);
	out_uint(out, link->verb);
	out_text(out, link->prefix);
	out_uint(out, (uint64_t)link->not_before_ms);
	out_uint(out, (uint64_t)link->expiry_ms);
	out_uint(out, link->depth);
	out_uint(out, link->round);
	out_fixed_or_nil(out, link->has_parent ? link->parent.b : NULL, ID_LEN);
	payload_sign(out, from, TOKEN_LINK_LEN_MAX, node_sign_seed, SIGN_TAG_TOKEN, fed);
}

enum err token_link_get(struct token_link *out, struct bytes whole)
{
	struct sig sig;

	*out = (struct token_link){.whole = whole};
	enum err err = payload_split(whole, TOKEN_LINK_LEN_MAX, &out->payload, &sig);
	if (err)
		return err;
	struct wire_in w = wire_in(out->payload);
	err = payload_begin(&w, 11);
	if (err)
		return err;
	wire_fixed(&w, out->issuer.b, ID_LEN);
	out->issuer_node = (uint8_t)wire_uint(&w, UINT8_MAX);
	wire_fixed(&w, out->audience.b, ID_LEN);
	out->verb = (enum verb)wire_uint(&w, VERB_ADMIN);
	out->prefix = wire_text(&w, 1, LIMIT_PATH_LEN_MAX);
	out->not_before_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->expiry_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->depth = (uint32_t)wire_uint(&w, UINT32_MAX);
	out->round = (uint32_t)wire_uint(&w, UINT32_MAX);
	out->has_parent = !wire_nil(&w);
	if (out->has_parent)
		wire_fixed(&w, out->parent.b, ID_LEN);
	if (!w.err && (out->verb == VERB_NONE || path_check(out->prefix)))
		wire_fail(&w);
	/* PROTOCOL: "The id of a link is `H("am1.token", payload)`" */
	hash_once(out->id.b, "am1.token", out->payload);
	return wire_end(&w);
}

enum err token_link_check_sig(const struct token_link *link, const struct sign_pk *pk,
			      const struct fed_id *fed)
{
	struct bytes payload;
	struct sig sig;
	enum err err = payload_split(link->whole, TOKEN_LINK_LEN_MAX, &payload, &sig);

	return err ? err : sign_check(&sig, pk, SIGN_TAG_TOKEN, fed, payload);
}

static enum err token_link_follows(const struct token_link *parent, const struct token_link *child)
{
	/* PROTOCOL: "No organisation is its own audience." */
	if (id_eq(&child->issuer, &child->audience))
		return ERR_PROTOCOL;
	/* PROTOCOL: "`parent` is the id of the link before, nil in the first." */
	if (!parent)
		return child->has_parent ? ERR_PROTOCOL : ERR_OK;
	if (!child->has_parent || !id_eq(&child->parent, &parent->id))
		return ERR_PROTOCOL;
	/* PROTOCOL: "each other link's issuer is the audience of the one before." */
	if (!id_eq(&child->issuer, &parent->audience))
		return ERR_PROTOCOL;
	/*
	 * PROTOCOL: "A child lies within its parent: its verb is not higher, its prefix is at or
	 * below, it does not begin earlier or end later, and its depth is smaller."
	 */
	if (child->verb > parent->verb || !path_contains(parent->prefix, child->prefix) ||
	    child->not_before_ms < parent->not_before_ms || child->expiry_ms > parent->expiry_ms ||
	    child->depth >= parent->depth)
		return ERR_PROTOCOL;
	return ERR_OK;
}

enum err token_of_links(struct token *out, struct wire_in *w)
{
	enum err err = ERR_OK;

	*out = (struct token){.count = wire_array(w, 1, TOKEN_LINK_COUNT_MAX)};
	for (size_t i = 0; i < out->count && !err; i++) {
		struct bytes link = wire_bin(w, 1, TOKEN_LINK_LEN_MAX);
		err = w->err ? w->err : token_link_get(&out->link[i], link);
	}
	for (size_t i = 0; i < out->count && !err; i++)
		err = token_link_follows(i > 0 ? &out->link[i - 1] : NULL, &out->link[i]);
	if (!err && w->err)
		err = w->err;
	if (!err)
		out->id = out->link[out->count - 1].id;
	return err;
}

/* PROTOCOL: "body = [1, [link as bin, ...]]            1 to 8 links" */
enum err token_get(struct token *out, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = payload_begin(&w, 2);

	if (!err)
		err = token_of_links(out, &w);
	return err ? err : wire_end(&w);
}

void token_put_links(struct buf *out, const struct bytes *links, size_t count)
{
	out_array(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		out_bin(out, links[i]);
}

void token_put(struct buf *out, const struct bytes *links, size_t count)
{
	out_array(out, 2);
	out_uint(out, 1);
	token_put_links(out, links, count);
}

bool token_author_may(const struct charter *charter, const struct token *token, uint32_t author)
{
	const struct charter_member *member = charter_member(charter, author_member(author));

	for (size_t i = 0; member && i < token->count; i++)
		if (id_eq(&token->link[i].issuer, &member->org) ||
		    id_eq(&token->link[i].audience, &member->org))
			return true;
	return false;
}
