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
				    " record%s missing",
				    index, missing, missing == 1 ? " is" : "s are");
	}
	if (datasets->own_gone && list->overview->linked > 0)
		actions_add(list, ACTION_WARN, "allmende publish DATASET FILE...",
			    "the data of %" PRIu64
			    " own dataset%s is not here, and no node that is linked has it (%s%s): "
			    "publish it again if it does not come back",
			    datasets->own_gone, datasets->own_gone == 1 ? "" : "s",
			    datasets->first_gone, datasets->own_gone > 1 ? ", ..." : "");
}

/* Two machines with one key; of this node or of another. */
void topic_twins(struct actions *list)
{
	struct hub *hub = list->hub;
	uint32_t author;

	for (size_t at = 0; twins_next(&hub->peers.twins, hub->mono_ms, &at, &author); at++) {
		const struct charter_member *member = hub_author_member(hub, author);
		if (author == hub->author)
			actions_add(
				list, ACTION_CRITICAL, "allmende start",
				"another machine uses the key of this node: the others' sessions "
				"go to and fro between the two; stop one of them, and make what "
				"shall be a second node by `allmende node offer`");
		else if (member)
			actions_add(
				list, ACTION_WARN, "allmende peers",
				"two machines use the key of node %u of %s: tell %s to stop one of "
				"them",
				author_node(author), member->name, member->name);
	}
}
