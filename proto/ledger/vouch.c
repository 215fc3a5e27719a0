/*
 * Records that come as whole lists of the set that their author's head names: the signature of the
 * head is one for all of them (ledger.h: ledger_vouch()). Nothing is kept for it, on disk or in
 * memory: what is not vouched for by its own message is checked singly.
 */
#include "proto/ledger/ledger_internal.h"

/* How many of these are of the list that the first is of; all stand in order. */
static size_t list_len(const struct ledger_item *items, size_t count, unsigned depth)
{
	const uint64_t first = setdigest_first(items[0].leaf.place, depth);
	size_t n = 1;

	while (n < count && setdigest_first(items[n].leaf.place, depth) == first &&
	       setdigest_cmp(&items[n - 1].leaf, &items[n].leaf) < 0)
		n++;
	return n;
}

static bool list_fits(const struct ledger_item *items, size_t count, struct bytes path,
		      const struct digest *set)
{
	struct digest digest;
	struct hash hash;

	/* As an author can not have found more of one place. */
	if (count > SETDIGEST_LEAVES_MAX)
		return false;
	setdigest_list_begin(&hash);
	for (size_t i = 0; i < count; i++)
		setdigest_list_add(&hash, &items[i].leaf);
	hash_done(&hash, digest.b, ID_LEN);
	return setdigest_list_check(path, items[0].leaf.place, &digest, set);
}

static bool of_one_set(const struct ledger_item *items, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (items[i].record.author != items[0].record.author ||
		    items[i].record.incarnation != items[0].record.incarnation)
			return false;
	return count > 0;
}

/*
 * PROTOCOL: "What is proved so is as good as checked, when it is a version: the author has signed
 * the head that names it."
 */
void ledger_vouch(struct ledger *ledger, struct txn *txn, struct bytes path,
		  struct ledger_item *items, size_t count)
{
	const unsigned depth = (unsigned)(path.len / SETDIGEST_STEP_LEN);
	struct sign_pk pk;

	if (!of_one_set(items, count) ||
	    ledger_author_kept(ledger, txn, items[0].record.author, &pk))
		return;
	const struct ledger_touched *touched = ledger_touch(ledger, txn, items[0].record.author);
	if (!touched || touched->state.counter == 0 ||
	    touched->state.incarnation != items[0].record.incarnation)
		return;
	const struct digest set = touched->state.head_set;
	const uint64_t place = items[0].leaf.place;
	if (!setdigest_path_check(path, place, &set))
		return;
	for (size_t at = 0, n; at < count; at += n) {
		n = list_len(items + at, count - at, depth);
		if ((depth > 0 && setdigest_first(items[at].leaf.place, depth - 1) !=
					  setdigest_first(place, depth - 1)) ||
		    !list_fits(items + at, n, path, &set))
			continue;
		for (size_t i = at; i < at + n; i++)
			items[i].vouched = items[i].record.kind == RECORD_VERSION;
	}
}
