/*
 * press - publishing on a hub_node, for tests: what the daemon, its workers and its bulk lane do,
 * in one go or step by step. A dataset has one file, "datei.csv".
 */
#ifndef ALLMENDE_TEST_PRESS_H
#define ALLMENDE_TEST_PRESS_H

#include "proto/catalog/catalog.h"
#include "test/proto/hub_node.h"

struct press {
	struct publish_options options; /* set by the test, as is content */
	struct bytes content;
	struct publication publication;
	struct writer *writer;
	struct catalog_entry entry; /* of the version made, or found unchanged */
	enum publish_outcome outcome;
	char why[WHY_LEN];
};
enum err press_begin(struct press *p, struct hub_node *node);
void press_write(struct press *p, struct hub_node *node); /* everything is sealed and stored */
enum err press_commit(struct press *p, struct hub_node *node);
/* After whichever step; entry and why stay. */
void press_end(struct press *p);
/* All of it. */
enum err press_all(struct press *p, struct hub_node *node);
/* The same, which has to succeed, with this number as outcome. */
void press_version(struct hub_node *node, const char *path, enum tier tier, const char *content,
		   uint64_t number);

#endif
