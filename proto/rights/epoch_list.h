/*
 * epoch_list - the epochs of one namespace, as its key records say (docs/PROTOCOL.md, section 5.6).
 *
 * In order of path and number, so a look-up goes by bisection: there may be hundreds of epochs, and
 * a thousand readers ask for them.
 */
#ifndef ALLMENDE_EPOCH_LIST_H
#define ALLMENDE_EPOCH_LIST_H

#include "proto/hub/hub.h"
#include "proto/ledger/keyrecord.h"

struct epoch {
	char *prefix;
	size_t len;
	uint64_t number;
	struct wrap_key_id own_key; /* for which the owner has wrapped it to itself */
};

struct epoch_list {
	uint32_t owner; /* member number */
	struct epoch *items;
	size_t count, cap;
};

/* The node that makes the keys of a member's namespace; 0: there is none. */
uint32_t epoch_key_author(struct hub *hub, struct txn *txn, uint32_t member);
/* Whether the own node is that. */
bool epoch_is_author(struct hub *hub, struct txn *txn);

/*
 * The key records of a member that have an effect: of the key author, and of nodes that are leaving
 * that role, where none before them has one. All whose slot begins with prefix (a kind byte, and
 * more), in its order; what is found borrows from the store until the next write.
 */
enum { EPOCH_AUTHORS_MAX = 17 };
struct epoch_authors {
	uint32_t items[EPOCH_AUTHORS_MAX]; /* whose record goes before the others' first */
	size_t count;
};
struct epoch_records {
	struct ledger *ledger;
	struct txn *txn;
	struct walk walk;
	struct epoch_authors authors;
};
struct epoch_records epoch_records(struct hub *hub, struct txn *txn, uint32_t member,
				   struct bytes prefix);
bool epoch_records_next(struct epoch_records *records, struct record *record);
/* Whether this key record, which is here, is one of them. */
bool epoch_record_counts(struct hub *hub, struct txn *txn, const struct record *record);

void epoch_list_load(struct hub *hub, struct txn *txn, struct epoch_list *list, uint32_t owner);
void epoch_list_fini(struct epoch_list *list);
void epoch_list_add(struct epoch_list *list, struct bytes prefix, uint64_t number,
		    const struct wrap_key_id *own_key);
struct bytes epoch_prefix(const struct epoch *epoch);
/* The one with the highest number at exactly this path; NULL: none. Valid until the list grows. */
const struct epoch *epoch_list_at(const struct epoch_list *list, struct bytes prefix);
uint64_t epoch_list_last(const struct epoch_list *list, struct bytes prefix); /* 0: none */
/* The epoch that governs a path; NULL: none. */
const struct epoch *epoch_list_governs(const struct epoch_list *list, struct bytes path);
/* Whether items[i] is the latest at its path. */
bool epoch_is_last(const struct epoch_list *list, size_t i);

#endif
