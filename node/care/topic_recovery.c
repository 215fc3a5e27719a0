#include <inttypes.h>

#include "node/care/topics.h"
#include "proto/catalog/siblings.h"

/* What a node that comes after lost ones has still to get from others, and what it cannot get. */
void topic_recovery(struct actions *list)
{
	const struct overview_datasets *datasets = &list->overview->datasets;
	unsigned index = 0;
	uint64_t missing;

	for (; list->hub->author && siblings_recovered_next(list->hub, list->txn, &index, &missing);
	     index++) {
		if (missing == UINT64_MAX)
			actions_add(
				list, ACTION_WARN, "allmende peers",
				"this node comes after node %u, and nothing of that is here yet: "
				"another member has to be linked within a day of `allmende init "
				"--recover`",
				index);
		else
			actions_add(list, ACTION_WARN, "allmende status",
				    "what node %u has said comes back: %" PRIu64
				    " records are missing",
				    index, missing);
	}
	if (datasets->own_gone && list->overview->linked > 0)
		actions_add(list, ACTION_WARN, "allmende publish DATASET FILE...",
			    "the data of %" PRIu64
			    " own datasets is not here, and no node that is linked has it (%s%s): "
			    "publish it again if it does not come back",
			    datasets->own_gone, datasets->first_gone,
			    datasets->own_gone > 1 ? ", ..." : "");
}
