/*
 * story - a random history of rights: seven organisations of two nodes, and what they say of each
 * other in lines and bars; members leave, come back under another number, become relays; nodes lose
 * their role, get it again, are retired; time passes. All of it follows from a seed.
 *
 * A story knows what each node has said (`all`). What it says reaches an observer in any order:
 * each event is handed out once, and whoever drives it decides which.
 */
#ifndef ALLMENDE_TEST_STORY_H
#define ALLMENDE_TEST_STORY_H

#include "crypto/random.h"
#include "test/proto/rights/arrays.h"

enum { STORY_OWN = 256, STORY_ORGS = 7, STORY_NODES = 2, STORY_MEMBERS_MAX = 14, STORY_PATHS = 9 };
#define STORY_TIME_MS   INT64_C(1790000000000)
#define STORY_SECOND_MS 1000 /* what the dates of lines are multiples of */

extern const char *const story_paths[STORY_PATHS];

enum story_kind {
	STORY_RECORD,   /* a record, or its end when the body is empty */
	STORY_ADMITTED, /* an organisation, once more */
	STORY_EXPELLED, /* the member of `author` */
	STORY_RELAY,    /* it becomes one */
	STORY_NODE,     /* a node gets its role, or loses it */
	STORY_TIME,     /* time goes on, or nothing happens */
};

struct story_event {
	enum story_kind kind;
	uint32_t author; /* of a record; of a node */
	unsigned org;    /* 0 to STORY_ORGS - 1 */
	uint64_t sequence;
	uint8_t slot[1 + ID_LEN];
	struct buf body;
};

struct story {
	struct random random;
	struct arrays all;
	int64_t now_ms;
	uint64_t sequence;
	uint32_t number_of[STORY_ORGS]; /* of the organisation, the last one; 0: it is out */
	uint32_t member_count;
	struct org_id orgs[STORY_ORGS];
	bool plain;               /* for a store: see story_init() */
	struct story_event event; /* the last one */
};

/*
 * orgs NULL: any. Else they are of these, called as those of test/proto/federation.h, and nothing
 * happens that a store of one node cannot be told of step by step: the end of a node's leaving,
 * another charter, and records that are dropped by others than STORY_OWN.
 */
void story_init(struct story *story, uint64_t seed, const struct org_id *orgs);
void story_fini(struct story *story);
/* One step; what happened stands in story->event, and in all. */
void story_step(struct story *story);
/* Copies members and nodes: they come first in every session. */
void story_tell_members(const struct story *story, struct arrays *observer);

#endif
