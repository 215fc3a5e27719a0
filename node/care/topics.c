#include "node/care/topics.h"

/* In the order in which they are shown within one severity. */
static const struct {
	const char *name;
	void (*collect)(struct actions *list);
} topics[] = {
	{"membership", topic_membership},
	{"charter", topic_charter},
	{"logs", topic_logs},
	{"roots", topic_roots},
	{"start", topic_start},
	{"requests", topic_requests},
	{"votes", topic_votes},
	{"leaving", topic_leaving},
	{"space", topic_space},
	{"damage", topic_damage},
	{"clock", topic_clock},
	{"links", topic_links},
	{"members", topic_members},
	{"quota", topic_quota},
	{"copies", topic_copies},
	{"keys", topic_keys},
	{"deliver", topic_deliver},
	{"withdrawal", topic_withdrawal},
	{"grants", topic_grants},
	{"takeover", topic_takeover},
	{"recovery", topic_recovery},
	{"twins", topic_twins},
	{"feed", topic_feed},
};

void topics_collect(struct actions *out, const struct node_view *node,
		    const struct overview *overview, struct hub *hub, struct txn *txn,
		    int64_t now_ms)
{
	*out = (struct actions){
		.node = node, .overview = overview, .hub = hub, .txn = txn, .now_ms = now_ms};
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
		out->topic = topics[i].name;
		out->topic_count = 0;
		topics[i].collect(out);
	}
	actions_worst_first(out);
}
