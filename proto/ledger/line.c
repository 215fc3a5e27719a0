#include "proto/ledger/line.h"

#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/path.h"
#include "proto/charter/charter.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

static const char *const verb_names[] = {"nothing", "relay", "read", "write", "admin"};
static const char *const keeping_names[] = {"none", "current", "all"};

const char *verb_name(enum verb verb)
{
	check((unsigned)verb < sizeof(verb_names) / sizeof(verb_names[0]));
	return verb_names[verb];
}

enum err verb_parse(enum verb *verb, struct bytes text)
{
	for (unsigned i = VERB_RELAY; i <= VERB_ADMIN; i++) {
		if (bytes_eq(text, bytes_str(verb_names[i]))) {
			*verb = (enum verb)i;
			return ERR_OK;
		}
	}
	return ERR_MALFORMED;
}

const char *keeping_name(enum keeping keep)
{
	check((unsigned)keep < sizeof(keeping_names) / sizeof(keeping_names[0]));
	return keeping_names[keep];
}

enum err keeping_parse(enum keeping *keep, struct bytes text)
{
	for (unsigned i = KEEPING_NONE; i <= KEEPING_ALL; i++) {
		if (bytes_eq(text, bytes_str(keeping_names[i]))) {
			*keep = (enum keeping)i;
			return ERR_OK;
		}
	}
	return ERR_MALFORMED;
}

/*
 * PROTOCOL: "grant id = H("am1.grant", be32 issuer number ‖ be32 audience number ‖ audience
 * organisation id ‖ nonce ‖ parent, or 32 zeros ‖ prefix)"
 */
void line_id(struct digest *out, const struct line *line)
{
	uint8_t numbers[8], parent[ID_LEN] = {0};
	struct hash hash;

	be32_put(numbers, line->issuer);
	be32_put(numbers + 4, line->audience);
	if (line->has_parent)
		memcpy(parent, line->parent.b, ID_LEN);
	hash_init(&hash, "am1.grant", NULL, ID_LEN);
	hash_add(&hash, bytes_obj(&numbers));
	hash_add(&hash, id_bytes(&line->org));
	hash_add(&hash, bytes_obj(&line->nonce));
	hash_add(&hash, bytes_obj(&parent));
	hash_add(&hash, line->prefix);
	hash_done(&hash, out->b, ID_LEN);
}

/*
 * PROTOCOL: "body = [1, issuer number, audience number, audience organisation id(32), prefix,
 * nonce(16), parent, round, verb, not before, expiry, depth, widest, keep]"
 */
void line_put(struct buf *out, const struct line *line)
{
	out_array(out, 14);
	out_uint(out, 1);
	out_uint(out, line->issuer);
	out_uint(out, line->audience);
	out_fixed(out, line->org.b, ID_LEN);
	out_text(out, line->prefix);
	out_fixed(out, line->nonce, LINE_NONCE_LEN);
	out_fixed_or_nil(out, line->has_parent ? line->parent.b : NULL, ID_LEN);
	out_uint(out, line->round);
	out_uint(out, line->verb);
	out_uint(out, (uint64_t)line->not_before_ms);
	out_uint(out, (uint64_t)line->expiry_ms);
	out_uint(out, line->depth);
	out_uint(out, line->widest);
	out_uint(out, line->keep);
}

enum err line_get(struct line *out, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = payload_begin(&w, 14);

	if (err)
		return err;
	*out = (struct line){.issuer = (uint32_t)wire_uint(&w, LIMIT_MEMBER_COUNT_MAX)};
	out->audience = (uint32_t)wire_uint(&w, LIMIT_MEMBER_COUNT_MAX);
	wire_fixed(&w, out->org.b, ID_LEN);
	out->prefix = wire_text(&w, 1, LIMIT_PATH_LEN_MAX);
	wire_fixed(&w, out->nonce, LINE_NONCE_LEN);
	out->has_parent = !wire_nil(&w);
	if (out->has_parent)
		wire_fixed(&w, out->parent.b, ID_LEN);
	out->round = wire_uint(&w, LINE_ROUND_END - 1);
	out->verb = (enum verb)wire_uint(&w, VERB_ADMIN);
	out->not_before_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->expiry_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->depth = (uint32_t)wire_uint(&w, LINE_DEPTH_MAX);
	out->widest = (uint32_t)wire_uint(&w, LINE_TIER_MAX);
	out->keep = (enum keeping)wire_uint(&w, KEEPING_ALL);
	if (!w.err &&
	    (out->issuer == 0 || out->audience == 0 || out->round == 0 || out->widest == 0 ||
	     out->not_before_ms >= out->expiry_ms || path_check(out->prefix)))
		wire_fail(&w);
	return wire_end(&w);
}

struct record_slot line_slot(const struct digest *id)
{
	return record_slot_of(RECORD_LINE, id_bytes(id));
}

/*
 * PROTOCOL: "A line fits its slot when the id is the one that follows from its body, and the issuer
 * number is the author's and not the audience's"
 */
enum err line_fits(const struct line *line, struct bytes slot, uint32_t author)
{
	struct digest id;

	line_id(&id, line);
	struct record_slot own = line_slot(&id);
	bool fits = bytes_eq(slot, record_slot_bytes(&own)) &&
		    line->issuer == author_member(author) && line->issuer != line->audience;
	return fits ? ERR_OK : ERR_PROTOCOL;
}

/*
 * PROTOCOL: "if any has verb 0 in the slot, the line has ended, for good, whatever the rounds. Else
 * the highest round counts, of equal rounds the body that is smaller bytewise."
 */
bool line_goes_before(const struct line *a, struct bytes a_body, const struct line *b,
		      struct bytes b_body)
{
	if ((a->verb == VERB_NONE) != (b->verb == VERB_NONE))
		return a->verb == VERB_NONE;
	if (a->round != b->round)
		return a->round > b->round;
	return bytes_cmp(a_body, b_body) < 0;
}
