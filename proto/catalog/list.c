/*
 * list - the datasets that a pattern names, in order of the path under which they are kept
 * (catalog.h).
 *
 * Rows of PATH are in that order, so what cannot match is not walked over: from a row that does not
 * match, the walk goes on at the first key behind it that may. Two kinds of rows tell nothing by
 * their key: of a path that is too long for one (those come first), and of a hidden dataset, which
 * is called otherwise by who can open it.
 */
#include <string.h>

#include "crypto/path.h"
#include "proto/catalog/lookup.h"

enum { LOOKS_MAX = 256 }; /* rows in one step */

/* NULL: everything does. */
static bool matches(const char *pattern, struct bytes path)
{
	return !pattern || path_match(bytes_str(pattern), path);
}

static bool is_text(struct bytes key)
{
	return key.ptr[0] != '#';
}

/* ---- from row to row ---- */

/* The key that begins with so much of another and goes on with this. False: none is so long. */
static bool row_key_join(struct row_key *out, struct bytes key, size_t keep, struct bytes add,
			 char last)
{
	if (keep + add.len + 1 > sizeof(out->b))
		return false;
	memcpy(out->b, key.ptr, keep);
	if (add.len)
		memcpy(out->b + keep, add.ptr, add.len);
	out->len = keep + add.len;
	if (last)
		out->b[out->len++] = (uint8_t)last;
	return true;
}

static bool comes_after(const struct row_key *at, struct bytes key)
{
	return bytes_cmp(row_key_bytes(at), key) > 0;
}

/*
 * A part of a path that begins at `keep` of the key is another than is wanted there: the first key
 * behind it that may match. False: there is none.
 */
static bool part_skip(struct row_key *at, struct bytes key, size_t keep, struct bytes wanted)
{
	const struct bytes none = bytes_of(NULL, 0);
	struct bytes slug = path_slug(key);

	if (wanted.len && row_key_join(at, key, keep, wanted, 0) && comes_after(at, key))
		return true;
	if (wanted.len && row_key_join(at, key, keep, wanted, '/') && comes_after(at, key))
		return true;
	if (keep == 0)
		return false;
	/* Hidden ones stand last of their organisation. */
	if (keep == slug.len + 1 && row_key_join(at, key, keep, bytes_str("~"), 0) &&
	    comes_after(at, key))
		return true;
	return row_key_join(at, key, keep - 1, none, '/' + 1);
}

/* The first key behind one that does not match that may. False: there is none. */
static bool skip(struct row_key *at, struct bytes key, struct bytes pattern)
{
	size_t keep = 0;

	for (;;) {
		const struct bytes rest = bytes_slice(key, keep, key.len);
		const struct bytes part = path_slug(rest), wanted = path_slug(pattern);
		const bool any =
			bytes_eq(wanted, bytes_str("*")) || bytes_eq(wanted, bytes_str("**"));
		if (!any && !bytes_eq(part, wanted))
			return part_skip(at, key, keep, wanted);
		/* It ends too early: what is below it may come a little behind it. */
		if (part.len == rest.len)
			return row_key_join(at, key, key.len, bytes_of("", 1), 0);
		keep += part.len + 1;
		pattern = bytes_slice(pattern, wanted.len + 1, pattern.len);
	}
}

/* ---- what is told ---- */

/* Whether the row is to be looked at, by its key. */
static bool key_may(const char *pattern, struct bytes key)
{
	return !is_text(key) || path_is_hidden(key) || matches(pattern, key);
}

/* False: each wants no more. */
static bool row_tell(struct hub *hub, struct txn *txn, const char *pattern, struct bytes value,
		     bool (*each)(void *arg, const struct catalog_entry *entry), void *arg)
{
	struct catalog_entry entry;
	struct dataset_id dataset;
	struct lookup found;
	bool more = true;

	if (value.len != ID_LEN)
		return true;
	memcpy(dataset.b, value.ptr, ID_LEN);
	/* What a hidden one is called is known when it was opened. */
	if (lookup_dataset(hub, txn, &dataset, 0, &found) ||
	    (found.version.tier != TIER_HIDDEN && !matches(pattern, found.version.path)))
		return true;
	lookup_entry(hub, txn, &found, true, &entry);
	if (matches(pattern, bytes_str(entry.path)) || matches(pattern, bytes_str(entry.stored)))
		more = each(arg, &entry);
	catalog_entry_fini(&entry);
	return more;
}

bool catalog_list(struct hub *hub, struct txn *txn, struct catalog_list *list,
		  bool (*each)(void *arg, const struct catalog_entry *entry), void *arg)
{
	const struct bytes all = bytes_of(NULL, 0);
	struct row_key *at = &list->at;
	struct walk walk = walk_begin_at(txn, TABLE_PATH, all, row_key_bytes(at), list->inclusive);

	for (unsigned i = 0; i < LOOKS_MAX; i++) {
		if (!walk_next(&walk))
			return false;
		memcpy(at->b, walk.key.ptr, walk.key.len);
		at->len = walk.key.len;
		list->inclusive = false;
		if (!key_may(list->pattern, row_key_bytes(at))) {
			struct row_key next;
			if (!skip(&next, row_key_bytes(at), bytes_str(list->pattern)))
				return false;
			*at = next;
			list->inclusive = true;
			walk = walk_begin_at(txn, TABLE_PATH, all, row_key_bytes(at), true);
		} else if (!row_tell(hub, txn, list->pattern, walk.value, each, arg)) {
			return true;
		}
	}
	return true;
}

struct catalog_list catalog_list_begin(const char *pattern, const char *after)
{
	struct catalog_list list = {.pattern = pattern, .inclusive = !after};

	if (after)
		list.at = key_text(bytes_str(after));
	return list;
}
