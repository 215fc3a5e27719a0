#include <stdio.h>

#include "node/care/topics.h"
#include "proto/catalog/delivery.h"
#include "proto/catalog/remains.h"

static bool topic_deliver_look(void *arg, const struct delivery_view *view)
{
	if (view->fail_count)
		actions_add(arg, ACTION_WARN, "allmende subscriptions",
			    "%.200s is not written to %.150s: %.200s", view->path, view->dir,
			    view->why);
	return true;
}

static bool topic_remains_look(void *arg, const struct remains *remains)
{
	char command[ACTION_COMMAND_LEN];

	if (!remains->fail_count)
		return true;
	snprintf(command, sizeof(command), "allmende withdraw %.150s --gone", remains->name);
	actions_add(
		arg, ACTION_WARN, command,
		"%.200s was withdrawn and is to be erased, and the copy in %.150s/%.200s stays: "
		"%.200s; take away what is left of it, and say that it is gone",
		remains->name, remains->dir, remains->name, remains->why);
	return true;
}

/* Versions that `subscribe --to` cannot write, and copies of it that it cannot erase. */
void topic_deliver(struct actions *list)
{
	remains_each(list->txn, NULL, topic_remains_look, list);
	delivery_each(list->txn, topic_deliver_look, list);
}
