#include <stdio.h>

#include "node/care/topics.h"
#include "proto/catalog/catalog.h"
#include "proto/catalog/withdrawal.h"

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

struct waiting {
	struct actions *list;
	char first[LIMIT_NAME_LEN_MAX + 1];
	unsigned count;
};

static bool count_answer(void *arg, const struct withdrawal_answer *answer)
{
	struct waiting *waiting = arg;
	struct catalog_holder holder;

	if (answer->time_ms ||
	    !catalog_holder(waiting->list->hub, waiting->list->txn, answer->author, &holder))
		return true;
	if (waiting->count++ == 0)
		snprintf(waiting->first, sizeof(waiting->first), "%s", holder.name);
	return true;
}

static bool topic_withdrawal_look(void *arg, const struct withdrawal_view *view)
{
	struct actions *list = arg;
	struct waiting waiting = {.list = list};
	char command[ACTION_COMMAND_LEN], others[64] = "";

	withdrawal_answers(list->hub, list->txn, view, count_answer, &waiting);
	if (!waiting.count)
		return true;
	if (waiting.count > 1)
		snprintf(others, sizeof(others), " and %u more", waiting.count - 1);
	snprintf(command, sizeof(command), "allmende withdraw %.150s", view->path);
	actions_add(list, list->now_ms - view->time_ms > DAY_MS ? ACTION_WARN : ACTION_INFO,
		    command, "%s%s %s not confirmed yet that %.200s is erased", waiting.first,
		    others, waiting.count > 1 ? "have" : "has", view->path);
	return true;
}

/* Who was asked to erase something and has not answered. */
void topic_withdrawal(struct actions *list)
{
	withdrawal_each(list->hub, list->txn, topic_withdrawal_look, list);
}
