/*
 * The catalogue that portals harvest: what is in the way of it.
 */
#include <inttypes.h>

#include "node/care/topics.h"

void topic_feed(struct actions *list)
{
	const struct node_view *node = list->node;
	const struct feed_news *news = &node->feed_news;

	if (atomic_load(&news->refused) && atomic_load(&news->damaged))
		actions_add(list, ACTION_CRITICAL, "allmende feed confirm",
			    "the catalogue for portals is held back, as what it had before cannot "
			    "be read any more: look whether it has all that it should, and confirm "
			    "it");
	else if (atomic_load(&news->refused))
		actions_add(list, ACTION_CRITICAL, "allmende feed",
			    "the catalogue for portals is held back: it would lose %" PRIu64
			    " of %" PRIu64 " datasets, which portals would delete; if that is "
			    "meant, confirm it with `allmende feed confirm`",
			    atomic_load(&news->lost), atomic_load(&news->had));
	if (atomic_load(&news->failed))
		actions_add(list, ACTION_WARN, "allmende feed",
			    "the catalogue for portals cannot be written");
	if (atomic_load(&news->ready) && !node->config->base_url[0])
		actions_add(list, ACTION_INFO, "allmende feed",
			    "base-url is not set: the addresses in the catalogue for portals begin "
			    "with http://%s, and change when that does",
			    node->http);
}
