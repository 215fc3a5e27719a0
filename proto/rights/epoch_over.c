#include "proto/rights/epoch_over.h"

#include <stdio.h>
#include <string.h>

#include "crypto/path.h"
#include "proto/rights/epoch_due.h"
#include "proto/rights/epochs.h"
#include "proto/rights/wrapkeys.h"

struct names {
	char *text;
	size_t size, len;
	unsigned left_out;
	uint32_t last; /* several keys of one reader stand together */
};

static void over_name_add(struct names *names, const struct hub *hub, const struct wrapped_row *row,
			  bool machine)
{
	const struct charter_member *member = charter_by_org(&hub->charter, &row->reader);
	char name[LIMIT_NAME_LEN_MAX + 32];

	if (!member || member->number == names->last)
		return;
	names->last = member->number;
	int len = snprintf(name, sizeof(name), "%s%s%s", names->len ? ", " : "",
			   machine ? "a lost machine of " : "", member->name);
	/* Some room is left for how many more there are. */
	if (len <= 0 || names->len + (size_t)len + 16 > names->size) {
		names->left_out++;
		return;
	}
	memcpy(names->text + names->len, name, (size_t)len + 1);
	names->len += (size_t)len;
}

/* Who has a wrap of the latest epoch at a path above, and may not have what is sealed below. */
static void names_at(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes prefix,
		     struct bytes path, struct names *names)
{
	struct walk walk = wrapped_walk(txn, owner, prefix);
	struct wrapped_row row;

	names->last = 0;
	while (wrapped_next(&walk, &row)) {
		bool dead = wrapkeys_dead(hub, txn, &row.reader, &row.key);
		if (dead || !epoch_reads(hub, txn, &row.reader, path, hub->judge_ms))
			over_name_add(names, hub, &row, dead);
	}
}

bool epoch_over(struct hub *hub, struct txn *txn, struct bytes path, char *who, size_t size)
{
	struct names names = {.text = who, .size = size};
	struct epoch_wait wait;

	who[0] = 0;
	epochs_waits(hub, txn, path, &wait);
	if (!wait.over)
		return false;
	for (struct bytes at = path; at.len > 0; at = path_parent(at))
		names_at(hub, txn, wait.owner, at, path, &names);
	if (names.left_out)
		snprintf(who + names.len, size - names.len, " and %u more", names.left_out);
	return true;
}

void epoch_over_look(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes prefix,
		     struct epoch_over *over)
{
	struct epoch_wait wait;

	epochs_waits(hub, txn, prefix, &wait);
	if (!wait.over)
		return;
	if (over->count++ == 0) {
		over->owner = owner;
		snprintf(over->path, sizeof(over->path), "%.*s", (int)prefix.len,
			 (const char *)prefix.ptr);
	}
}
