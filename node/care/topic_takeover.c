#include <inttypes.h>
#include <stdio.h>

#include "node/care/topics.h"
#include "proto/catalog/takeover.h"
#include "proto/ledger/held.h"

/* What was to be kept when a right ended and was not taken over by itself. */
void topic_takeover(struct actions *list)
{
	const struct takeover_missed *missed = &list->hub->takeover->missed;
	char command[ACTION_COMMAND_LEN] = "allmende takeover", others[64] = "";
	struct version version;

	if (missed->count == 0 || held_version(list->txn, &missed->first, &version))
		return;
	const int len = (int)version.path.len;
	const char *path = (const char *)version.path.ptr;
	if (missed->count > 1)
		snprintf(others, sizeof(others), " and %" PRIu64 " more", missed->count - 1);
	else if (missed->first.number < TAKEOVER_NUMBER_END)
		snprintf(command, sizeof(command), "allmende takeover %.*s@%" PRIu64, len, path,
			 missed->first.number);
	actions_add(list, ACTION_WARN, command,
		    "the right of who wrote it has ended, and it was not taken over by itself: "
		    "%.*s@%" PRIu64 "%s",
		    len, path, missed->first.number, others);
}
