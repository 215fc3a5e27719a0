#include "proto/charter/proposal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/wire/envelope.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"
#include "proto/wire/words.h"

/* ---- a payload ---- */

static enum err changes_get(struct proposal *proposal)
{
	struct charter_entry *entry = &proposal->entry;
	struct wire_in w = entry->changes;

	if (entry->change_count > PROPOSAL_CHANGE_COUNT_MAX)
		return ERR_FULL;
	proposal->changes = mem_new(entry->change_count + 1, sizeof(*proposal->changes));
	for (uint32_t i = 0; i < entry->change_count; i++)
		if (charter_change_get(&w, &proposal->changes[i]))
			return ERR_MALFORMED;
	return ERR_OK;
}

enum err proposal_init(struct proposal *out, struct bytes payload)
{
	*out = (struct proposal){0};
	if (payload.len > PROPOSAL_LEN_MAX)
		return ERR_FULL;
	buf_init(&out->bytes, PROPOSAL_LEN_MAX);
	buf_add(&out->bytes, payload);
	enum err err = out->bytes.err;
	if (!err)
		err = charter_payload_decode(&out->entry, buf_bytes(&out->bytes));
	if (!err)
		err = changes_get(out);
	if (err)
		proposal_fini(out);
	return err;
}

void proposal_fini(struct proposal *proposal)
{
	free(proposal->changes);
	proposal->changes = NULL;
	buf_fini(&proposal->bytes);
}

static const struct charter_change *stewards_change(const struct proposal *proposal)
{
	const struct charter_change *found = NULL;

	for (uint32_t i = 0; i < proposal->entry.change_count; i++)
		if (proposal->changes[i].kind == CHARTER_STEWARDS)
			found = &proposal->changes[i];
	return found;
}

bool proposal_changes_stewards(const struct proposal *proposal, const struct charter *charter)
{
	const struct charter_change *change = stewards_change(proposal);

	return proposal->entry.threshold != charter->threshold ||
	       (change && (change->steward_count != charter->steward_count ||
			   memcmp(change->stewards, charter->stewards,
				  change->steward_count * sizeof(change->stewards[0])) != 0));
}

bool proposal_is_steward(const struct proposal *proposal, const struct charter *charter,
			 uint32_t member)
{
	const struct charter_change *change = stewards_change(proposal);

	if (!change)
		return charter_is_steward(charter, member);
	for (uint32_t i = 0; i < change->steward_count; i++)
		if (change->stewards[i] == member)
			return true;
	return false;
}

/* ---- in plain words ---- */

__attribute__((format(printf, 2, 3))) static void say(struct buf *out, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_add(out, bytes_str(text));
}

/* A member of the charter, or one that the changes before have admitted. */
static const struct charter_member *member_of(const struct charter *charter,
					      const struct charter_change *changes, size_t count,
					      uint32_t number)
{
	for (size_t i = 0; i < count; i++)
		if (changes[i].kind == CHARTER_ADMIT && changes[i].member.number == number)
			return &changes[i].member;
	return charter_member(charter, number);
}

static void say_member(struct buf *out, const struct charter_member *member, uint32_t number)
{
	if (member)
		say(out, "%s (%s)", member->name, member->slug);
	else
		say(out, "member %u", number);
}

static void say_stewards(struct buf *out, const struct charter *charter,
			 const struct charter_change *changes, size_t count,
			 const struct charter_change *change)
{
	say(out, "makes stewards: ");
	for (uint32_t i = 0; i < change->steward_count; i++) {
		say(out, "%s", i ? ", " : "");
		say_member(out, member_of(charter, changes, count, change->stewards[i]),
			   change->stewards[i]);
	}
}

static void say_settlement(struct buf *out, const struct charter_change *change)
{
	char hex[2 * 4 + 1];

	say(out, "settles what the stewards cannot");
	for (uint32_t i = 0; i < change->branch_count; i++) {
		hex_put(hex, bytes_slice(id_bytes(&change->branches[i]), 0, 4));
		say(out, "%s%s", i ? ", " : "; these entries do not count: ", hex);
	}
}

static void say_bind(struct buf *out, const struct charter_change *change,
		     const struct charter_member *member)
{
	char root[2 * 4 + 1], entry[2 * 4 + 1];

	hex_put(root, bytes_slice(id_bytes(&change->member.root), 0, 4));
	hex_put(entry, bytes_slice(id_bytes(&change->log_entry), 0, 4));
	say(out,
	    change->kind == CHARTER_BIND ? "binds the root key %s to "
					 : "announces that the root key %s shall be bound to ",
	    root);
	say_member(out, member, change->member.number);
	say(out, "; its log goes on from entry %s", entry);
	if (change->kind == CHARTER_BIND)
		say(out, change->has_sig ? "; signed by the key that was to follow"
					 : "; not signed by the key that was to follow");
}

/* Also when it has been done, and the member is called so already. */
static void say_rename(struct buf *out, const struct charter *charter,
		       const struct charter_change *change, const struct charter_member *member)
{
	const struct charter_member *named = &change->member;
	const struct charter_rename *last =
		member && member->rename ? &charter->renames[member->rename - 1] : NULL;

	say(out, "renames ");
	if (last && !strcmp(member->name, named->name) && !strcmp(member->slug, named->slug) &&
	    !strcmp(member->ags, named->ags))
		say(out, "%s (%s)", last->name_before, last->slug_before);
	else
		say_member(out, member, named->number);
	say(out, " to %s (%s, key %s)", named->name, named->slug, named->ags);
}

static void say_change(struct buf *out, const struct charter *charter,
		       const struct charter_change *changes, size_t count, size_t at)
{
	const struct charter_change *change = &changes[at];
	const struct charter_member *member =
		member_of(charter, changes, count, change->member.number);

	switch (change->kind) {
	case CHARTER_UNREAD:
		say(out, "does what this program does not know");
		break;
	case CHARTER_ADMIT:
		say(out, "admits %s (%s, key %s)", change->member.name, change->member.slug,
		    change->member.ags);
		break;
	case CHARTER_REMOVE:
		say(out, "removes ");
		say_member(out, member, change->member.number);
		say(out, " from the federation");
		break;
	case CHARTER_STEWARDS:
		say_stewards(out, charter, changes, count, change);
		break;
	case CHARTER_KEY:
		say(out, "gives the federation a new key, number %llu",
		    (unsigned long long)change->key_number);
		break;
	case CHARTER_SETTLE:
		say_settlement(out, change);
		break;
	case CHARTER_BIND:
	case CHARTER_ANNOUNCE:
		say_bind(out, change, member);
		break;
	case CHARTER_RENAME:
		say_rename(out, charter, change, member);
		break;
	case CHARTER_TO_RELAY:
		say(out, "makes ");
		say_member(out, member, change->member.number);
		say(out, " a relay: it holds and passes on what it cannot read");
		break;
	}
	say(out, "\n");
}

void proposal_words(struct buf *out, const struct charter *charter,
		    const struct charter_change *changes, size_t count, uint32_t threshold)
{
	uint32_t stewards = charter->steward_count;

	for (size_t i = 0; i < count; i++) {
		say_change(out, charter, changes, count, i);
		if (changes[i].kind == CHARTER_STEWARDS)
			stewards = changes[i].steward_count;
	}
	if (threshold != charter->threshold || stewards != charter->steward_count)
		say(out, "from then on %u of %u stewards decide (now %u of %u)\n", threshold,
		    stewards, charter->threshold, charter->steward_count);
}

bool proposal_admits(const struct proposal *proposal)
{
	for (uint32_t i = 0; i < proposal->entry.change_count; i++)
		if (proposal->changes[i].kind == CHARTER_ADMIT)
			return true;
	return false;
}

const struct charter_member *proposal_newcomer(const struct proposal *proposal)
{
	const struct charter_member *found = NULL;

	for (uint32_t i = 0; i < proposal->entry.change_count; i++) {
		if (proposal->changes[i].kind != CHARTER_ADMIT)
			continue;
		if (found)
			return NULL;
		found = &proposal->changes[i].member;
	}
	return found;
}

/* ---- the body of a vote record ---- */

static void opening_put_or_nil(struct buf *out, bool has, const struct opening *opening)
{
	has ? opening_put(out, opening) : out_nil(out);
}

static bool opening_get_or_nil(struct wire_in *w, struct opening *out)
{
	if (wire_nil(w))
		return false;
	opening_get(w, out);
	return true;
}

/* PROTOCOL: "body = [1, payload as bin, signature(64), opening or nil]" */
void vote_body_put(struct buf *out, const struct vote_body *body)
{
	out_array(out, 4);
	out_uint(out, 1);
	out_bin(out, body->payload);
	out_fixed(out, body->sig.b, SIG_LEN);
	opening_put_or_nil(out, body->has_opening, &body->opening);
}

enum err vote_body_get(struct vote_body *out, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = payload_begin(&w, 4);

	if (err)
		return err;
	out->payload = wire_bin(&w, 1, PROPOSAL_LEN_MAX);
	wire_fixed(&w, out->sig.b, SIG_LEN);
	out->has_opening = opening_get_or_nil(&w, &out->opening);
	return wire_end(&w);
}

/* ---- texts ---- */

/*
 * PROTOCOL: "proposal text (letter p)     body = [1, federation id, payload as bin, opening or
 * nil]"
 */
void proposal_text_put(struct buf *out, const struct proposal_text *text)
{
	struct buf body;

	buf_init(&body, ENVELOPE_LEN_MAX);
	out_array(&body, 4);
	out_uint(&body, 1);
	out_fixed(&body, text->fed.b, ID_LEN);
	out_bin(&body, text->payload);
	opening_put_or_nil(&body, text->has_opening, &text->opening);
	if (!body.err)
		envelope_put(out, ENVELOPE_PROPOSAL, buf_bytes(&body));
	else if (!out->err)
		out->err = body.err;
	buf_fini(&body);
}

enum err proposal_text_get(struct buf *body, struct proposal_text *out, struct bytes text)
{
	enum err err = envelope_get(body, ENVELOPE_PROPOSAL, text);

	*out = (struct proposal_text){0};
	if (err)
		return err;
	struct wire_in w = wire_in(buf_bytes(body));
	err = payload_begin(&w, 4);
	if (err)
		return err;
	wire_fixed(&w, out->fed.b, ID_LEN);
	out->payload = wire_bin(&w, 1, PROPOSAL_LEN_MAX);
	out->has_opening = opening_get_or_nil(&w, &out->opening);
	return wire_end(&w);
}

/*
 * PROTOCOL: "vote text (letter v) body = [1, federation id, number, entry id(32), member number,
 * signature(64)]"
 */
void vote_text_put(struct buf *out, const struct vote_text *vote)
{
	struct buf body;

	buf_init(&body, 1024);
	out_array(&body, 6);
	out_uint(&body, 1);
	out_fixed(&body, vote->fed.b, ID_LEN);
	out_uint(&body, vote->number);
	out_fixed(&body, vote->entry_id.b, ID_LEN);
	out_uint(&body, vote->member);
	out_fixed(&body, vote->sig.b, SIG_LEN);
	envelope_put(out, ENVELOPE_VOTE, buf_bytes(&body));
	buf_fini(&body);
}

enum err vote_text_get(struct vote_text *out, struct bytes text)
{
	struct buf body;

	*out = (struct vote_text){0};
	buf_init(&body, ENVELOPE_LEN_MAX);
	enum err err = envelope_get(&body, ENVELOPE_VOTE, text);
	if (!err) {
		struct wire_in w = wire_in(buf_bytes(&body));
		err = payload_begin(&w, 6);
		if (!err) {
			wire_fixed(&w, out->fed.b, ID_LEN);
			out->number = (uint32_t)wire_uint(&w, UINT32_MAX);
			wire_fixed(&w, out->entry_id.b, ID_LEN);
			out->member = (uint32_t)wire_uint(&w, UINT32_MAX);
			wire_fixed(&w, out->sig.b, SIG_LEN);
			err = wire_end(&w);
		}
	}
	buf_fini(&body);
	return err;
}
