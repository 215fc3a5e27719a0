#include "proto/membership/renaming.h"

#include <stdio.h>
#include <string.h>

#include "proto/charter/proposal.h"
#include "proto/membership/voting_internal.h"

static enum err may_propose(struct hub *hub, const struct renaming *terms,
			    const struct charter_member **out, char *why)
{
	const struct charter *charter = &hub->charter;
	const uint32_t own = author_member(hub->author);
	enum err err = hub_member_check(hub, why);

	if (!err)
		err = hub_frozen_check(hub, why);
	if (err)
		return err;
	*out = terms->member ? charter_named(charter, bytes_str(terms->member))
			     : charter_member(charter, own);
	if (!*out || !charter_is_present(*out)) {
		why_set(why, "there is no member \"%.60s\": see `allmende federation members`.",
			terms->member ? terms->member : "");
		return ERR_ABSENT;
	}
	if ((*out)->number == own || charter_is_steward(charter, own))
		return ERR_OK;
	why_set(why,
		"another member is renamed by itself or by a steward: have %s type `allmende "
		"federation rename`.",
		(*out)->name);
	return ERR_DENIED;
}

/* Who else has the key of a municipality. Relays have none to speak of. */
static const struct charter_member *ags_owner(const struct charter *charter,
					      const struct charter_member *but, const char *ags)
{
	for (uint32_t i = 0; i < charter->member_count; i++) {
		const struct charter_member *member = &charter->members[i];
		if (member != but && member->state == CHARTER_MEMBER && !strcmp(member->ags, ags))
			return member;
	}
	return NULL;
}

static enum err terms_fit(const struct charter *charter, const struct charter_member *member,
			  const struct charter_member *wanted, char *why)
{
	const struct charter_member *other = charter_named(charter, bytes_str(wanted->slug));
	enum err err = charter_rename_check(charter, member, bytes_str(wanted->slug));

	if (err == ERR_EXISTS) {
		why_set(why,
			"the short name %s is %s%s: one that was given is given to nobody else, as "
			"its paths stand in what people have written down.",
			wanted->slug,
			strcmp(other->slug, wanted->slug) ? "a former one of " : "that of ",
			other->name);
		return err;
	}
	if (err) {
		why_set(why, "%s was renamed %d times, and no member is more often.", member->name,
			CHARTER_RENAME_COUNT_MAX);
		return err;
	}
	other = ags_owner(charter, member, wanted->ags);
	if (other && strcmp(member->ags, wanted->ags) && member->state == CHARTER_MEMBER) {
		why_set(why, "the key %s is that of %s: see `allmende federation members`.",
			wanted->ags, other->name);
		return ERR_EXISTS;
	}
	if (strcmp(wanted->name, member->name) || strcmp(wanted->slug, member->slug) ||
	    strcmp(wanted->ags, member->ags))
		return ERR_OK;
	why_set(why, "%s (%s, key %s) is called so already.", member->name, member->slug,
		member->ags);
	return ERR_EXISTS;
}

static enum err wanted_set(const struct renaming *terms, const struct charter_member *member,
			   struct charter_member *wanted, char *why)
{
	const char *name = terms->name ? terms->name : member->name;
	const char *slug = terms->slug ? terms->slug : member->slug;
	const char *ags = terms->ags ? terms->ags : member->ags;

	if (charter_terms_check(bytes_str(name), bytes_str(slug), bytes_str(ags))) {
		why_set(why,
			"name \"%.100s\", slug \"%.60s\" or ags \"%.20s\" is not valid: the name "
			"has 1 to 128 bytes, the slug 1 to 40 of a-z, 0-9 and -, the ags 5 or 8 "
			"digits.",
			name, slug, ags);
		return ERR_CONFIG;
	}
	*wanted = (struct charter_member){.number = member->number};
	snprintf(wanted->name, sizeof(wanted->name), "%s", name);
	snprintf(wanted->slug, sizeof(wanted->slug), "%s", slug);
	snprintf(wanted->ags, sizeof(wanted->ags), "%s", ags);
	return ERR_OK;
}

enum err renaming_propose(struct hub *hub, struct txn *txn, const struct renaming *terms,
			  bool confirm, struct voting_outcome *out, struct buf *text, char *why)
{
	struct charter *charter = &hub->charter;
	struct charter_change change = {.kind = CHARTER_RENAME};
	const struct charter_member *member;
	struct buf payload;
	enum err err = may_propose(hub, terms, &member, why);

	if (!err)
		err = wanted_set(terms, member, &change.member, why);
	if (!err)
		err = terms_fit(charter, member, &change.member, why);
	if (err)
		return err;
	const bool votes =
		charter_is_steward(charter, author_member(hub->author)) && hub_has_root(hub);
	out->number = charter->number + 1;
	proposal_words(&out->words, charter, &change, 1, charter->threshold);
	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	err = charter_payload_make(&payload, charter, NULL, hub->wall_ms, charter->threshold,
				   &change, 1);
	if (err)
		why_set(why, "the charter does not allow that: %s.", err_text(err));
	else if (confirm)
		err = voting_offer(hub, txn, buf_bytes(&payload), votes, out, text, why);
	buf_fini(&payload);
	return err;
}
