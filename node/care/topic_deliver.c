#include "node/care/actions.h"
#include "proto/delivery.h"

static bool look(void *arg, const struct delivery_view *view)
{
	if (view->fail_count)
		actions_add(arg, ACTION_WARN, "allmende subscriptions",
			    "%.200s is not written to %.150s: %.200s", view->path, view->dir,
			    view->why);
	return true;
}

/* Versions that `subscribe --to` cannot write. */
void actions_deliver(struct actions *list)
{
	delivery_each(list->txn, look, list);
}
