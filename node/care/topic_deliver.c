#include "node/care/topics.h"
#include "proto/catalog/delivery.h"

static bool topic_deliver_look(void *arg, const struct delivery_view *view)
{
	if (view->fail_count)
		actions_add(arg, ACTION_WARN, "allmende subscriptions",
			    "%.200s is not written to %.150s: %.200s", view->path, view->dir,
			    view->why);
	return true;
}

/* Versions that `subscribe --to` cannot write. */
void topic_deliver(struct actions *list)
{
	delivery_each(list->txn, topic_deliver_look, list);
}
