/*
 * charter_rename - a member is called otherwise (docs/PROTOCOL.md, section 4.6).
 *
 * Towns merge and change their names; what they have published, granted and sealed does not. So a
 * rename touches nothing that is signed: paths go on to begin with the slug of the admission, and
 * the charter says how they are read and written by people. Whatever the order in which a rename
 * and a record arrive, no verdict, key or dataset id depends on it.
 */
#include <stdio.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/charter/charter_entry.h"
#include "proto/wire/wire_out.h"

bool charter_renamed(const struct charter *charter, const struct charter_member *member,
		     uint32_t *at, const struct charter_rename **out)
{
	const uint32_t next = *at ? charter->renames[*at - 1].before : member->rename;

	if (!next)
		return false;
	*at = next;
	*out = &charter->renames[next - 1];
	return true;
}

/* One organisation may have been several members, one after the other. */
static bool same_org(const struct charter_member *a, const struct charter_member *b)
{
	return a == b || (a && b && id_eq(&a->org, &b->org));
}

/* Whether a member has had a slug under its present number. */
static bool has_had(const struct charter *charter, const struct charter_member *member,
		    const char *slug)
{
	const struct charter_rename *rename;

	for (uint32_t at = 0; charter_renamed(charter, member, &at, &rename);)
		if (!strcmp(rename->slug, slug))
			return true;
	return !strcmp(member->home, slug);
}

enum err charter_rename_check(const struct charter *charter, const struct charter_member *member,
			      struct bytes slug)
{
	const struct charter_member *owner = charter_named(charter, slug);
	const struct charter_rename *rename;
	unsigned count = 0;

	for (uint32_t at = 0; charter_renamed(charter, member, &at, &rename);)
		count++;
	/*
	 * PROTOCOL: "A rename gives no slug that another organisation has had, also a former one."
	 */
	if (owner && !same_org(owner, member))
		return ERR_EXISTS;
	/* PROTOCOL: "A member is renamed at most 32 times." */
	return count >= CHARTER_RENAME_COUNT_MAX ? ERR_FULL : ERR_OK;
}

static void terms_copy(struct charter_member *member, const char *name, const char *slug,
		       const char *ags)
{
	snprintf(member->name, sizeof(member->name), "%s", name);
	snprintf(member->slug, sizeof(member->slug), "%s", slug);
	snprintf(member->ags, sizeof(member->ags), "%s", ags);
	snprintf(member->group, sizeof(member->group), "%.5s", ags);
}

enum err charter_rename_apply(struct charter *charter, const struct charter_change *change,
			      const struct charter_entry *entry, uint32_t member_count)
{
	const struct charter_member *named = &change->member;
	const struct charter_member *found = charter_member(charter, named->number);
	struct charter_rename *rename;

	if (!found || !charter_is_present(found) || found->number > member_count)
		return ERR_PROTOCOL;
	enum err err = charter_rename_check(charter, found, bytes_str(named->slug));
	if (err)
		return err == ERR_FULL ? ERR_FULL : ERR_PROTOCOL;
	const bool gives = !has_had(charter, found, named->slug);
	struct charter_member *member = &charter->members[named->number - 1];
	charter->renames = mem_room(charter->renames, charter->rename_count, &charter->rename_cap,
				    sizeof(*charter->renames));
	rename = &charter->renames[charter->rename_count++];
	*rename = (struct charter_rename){.member = member->number,
					  .before = member->rename,
					  .number = entry->number,
					  .time_ms = entry->time_ms,
					  .gives = gives};
	memcpy(rename->slug, named->slug, sizeof(rename->slug));
	memcpy(rename->name_before, member->name, sizeof(rename->name_before));
	memcpy(rename->slug_before, member->slug, sizeof(rename->slug_before));
	memcpy(rename->ags_before, member->ags, sizeof(rename->ags_before));
	member->rename = charter->rename_count;
	terms_copy(member, named->name, named->slug, named->ags);
	if (gives)
		charter_index_rename(charter);
	return ERR_OK;
}

void charter_renames_back(struct charter *charter, uint32_t count)
{
	while (charter->rename_count > count) {
		const struct charter_rename *rename = &charter->renames[--charter->rename_count];
		struct charter_member *member = &charter->members[rename->member - 1];
		member->rename = rename->before;
		terms_copy(member, rename->name_before, rename->slug_before, rename->ags_before);
	}
}

void charter_slugs_put(struct buf *out, const struct charter *charter,
		       const struct charter_member *member)
{
	const struct charter_rename *rename, *given[CHARTER_RENAME_COUNT_MAX];
	uint32_t count = 0;

	for (uint32_t at = 0; charter_renamed(charter, member, &at, &rename);)
		if (rename->gives && count < CHARTER_RENAME_COUNT_MAX)
			given[count++] = rename;
	out_array(out, count + 1);
	out_text(out, bytes_str(member->home));
	while (count > 0)
		out_text(out, bytes_str(given[--count]->slug));
}

/* ---- what people type and see ---- */

static bool path_as(struct bytes path, const char *slug, char *out)
{
	const struct bytes first = path_slug(path), rest = bytes_slice(path, first.len, path.len);
	const bool fits = slug && strlen(slug) + rest.len <= LIMIT_PATH_LEN_MAX;

	if (fits)
		snprintf(out, LIMIT_PATH_LEN_MAX + 1, "%s%.*s", slug, (int)rest.len,
			 (const char *)rest.ptr);
	else
		snprintf(out, LIMIT_PATH_LEN_MAX + 1, "%.*s", (int)path.len,
			 (const char *)path.ptr);
	return fits;
}

bool charter_path_kept(const struct charter *charter, struct bytes path, char *out)
{
	const struct charter_member *member = charter_named(charter, path_slug(path));
	/* Of a former member another one may have got the place since. */
	const bool leads = member && member->rename &&
			   same_org(charter_by_slug(charter, bytes_str(member->home)), member);

	return path_as(path, leads ? member->home : NULL, out);
}

bool charter_path_shown(const struct charter *charter, struct bytes path, char *out)
{
	const struct charter_member *member = charter_by_slug(charter, path_slug(path));
	const bool leads = member && member->rename &&
			   same_org(charter_named(charter, bytes_str(member->slug)), member);

	return path_as(path, leads ? member->slug : NULL, out);
}
