/*
 * rights_give - grants as people give, take and read them (rights.h).
 */
#include <stdio.h>
#include <string.h>

#include "crypto/path.h"
#include "proto/core_state.h"
#include "proto/envelope.h"
#include "proto/epochs.h"
#include "proto/rights.h"
#include "proto/wire_out.h"

void rights_denied(struct core *core, struct txn *txn, struct bytes path, char *why)
{
	const struct charter_member *owner = charter_by_slug(&core->charter, path_slug(path));
	struct catalog_entry entry = {0};
	char text[LIMIT_PATH_LEN_MAX + 1], ignored[RIGHTS_WHY_LEN];
	struct bytes contact;

	snprintf(text, sizeof(text), "%.*s", (int)path.len, (const char *)path.ptr);
	if (catalog_find(core, txn, text, 0, &entry, ignored) != ERR_OK)
		entry = (struct catalog_entry){0};
	contact = entry.description.contact;
	if (contact.len == 0 && owner)
		contact = bytes_str(owner->name);
	why_set(why, "%s has not granted you %.200s. Ask %.*s for \"read\".",
		owner ? owner->name : "its owner", text, (int)contact.len,
		(const char *)contact.ptr);
	catalog_entry_fini(&entry);
}
