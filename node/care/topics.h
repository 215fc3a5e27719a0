/*
 * topics - what there is to do: one function a topic looks at the node and adds to the list of
 * actions.
 *
 * A function looks with list->hub, list->txn and list->now_ms; it changes nothing, takes no more
 * than milliseconds, and adds its worst first. It runs on the core thread: of list->node it may
 * read only what does not change while the node runs.
 *
 * To add a topic: write its function, say in a file topic_grants.c of its own,
 *
 *	void topic_grants(struct actions *list)
 *	{
 *		... look ...
 *		actions_add(list, ACTION_WARN, "allmende renew g-2B7Q",
 *			    "grant %s to %s ends in %d days", id, name, days);
 *	}
 *
 * declare it below, and give it a line in the table of topics.c.
 */
#ifndef ALLMENDE_TOPICS_H
#define ALLMENDE_TOPICS_H

#include "node/care/actions.h"

/* Fills the list by all of them, on the core thread. Ends with actions_fini(). */
void topics_collect(struct actions *out, const struct node_view *node,
		    const struct overview *overview, struct hub *hub, struct txn *txn,
		    int64_t now_ms);

/* topic_federation.c */
void topic_charter(struct actions *list);
void topic_logs(struct actions *list);
void topic_roots(struct actions *list);
void topic_requests(struct actions *list);
void topic_votes(struct actions *list);
void topic_leaving(struct actions *list);
/* topic_node.c */
void topic_membership(struct actions *list);
void topic_start(struct actions *list);
void topic_space(struct actions *list);
void topic_damage(struct actions *list);
void topic_clock(struct actions *list);
void topic_links(struct actions *list);
void topic_members(struct actions *list);
void topic_quota(struct actions *list);
void topic_copies(struct actions *list);
void topic_keys(struct actions *list);
/* each in a file of its own */
void topic_deliver(struct actions *list);
void topic_withdrawal(struct actions *list);
void topic_grants(struct actions *list);
void topic_takeover(struct actions *list);
void topic_recovery(struct actions *list);
void topic_twins(struct actions *list);
void topic_feed(struct actions *list);

#endif
