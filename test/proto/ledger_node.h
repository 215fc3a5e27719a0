/*
 * ledger_node - a store with a ledger, and makers of records, for tests.
 *
 * Node number n (1, 2, ...) is node 0 of member n; number 0 only reads. Its write transaction is
 * always open: ledger_node_turn() commits it and begins the next.
 */
#ifndef ALLMENDE_TEST_LEDGER_NODE_H
#define ALLMENDE_TEST_LEDGER_NODE_H

#include "proto/ledger/ledger.h"
#include "test/proto/federation.h"

struct ledger_node {
	const struct test_federation *fed;
	struct limits limits;
	char *dir;
	struct db *db;
	struct txn *txn;
	struct ledger ledger;
};

void ledger_node_open(struct ledger_node *node, const struct test_federation *fed, unsigned number);
void ledger_node_close(struct ledger_node *node);
void ledger_node_turn(struct ledger_node *node);

/* Appends the body of a version of tier members; variant changes what does not matter here. */
void test_version_body(struct buf *out, const char *path, uint64_t number, unsigned variant);
/*
 * A version by node 0 of an organisation, in slot and body consistent; fields may be changed before
 * test_record_put().
 */
struct test_record {
	struct record fields;
	struct record_slot slot;
	struct buf body;
	struct key seed;
	struct fed_id fed;
};
void test_record_init(struct test_record *record, const struct test_federation *fed,
		      unsigned member, const char *path, uint64_t number, uint64_t sequence);
void test_record_fini(struct test_record *record);
void test_record_put(struct buf *out, const struct test_record *record);
/* The own author publishes. */
void test_publish(struct ledger_node *node, const char *path, uint64_t number, unsigned variant);
struct dataset_id test_dataset(const struct test_federation *fed, unsigned member,
			       const char *path);

/*
 * The own author appends a record that nobody acts on, of a kind that is not known, in slot n, with
 * so many bytes.
 */
void test_append(struct ledger *ledger, struct txn *txn, uint32_t n, size_t len);

/* The state after settling. */
struct author_state test_state(struct ledger_node *node, uint32_t author);
/*
 * Gives every record and the latest head of an author to another node; the number of records that
 * were stored.
 */
size_t test_copy(struct ledger_node *from, struct ledger_node *to, uint32_t author);
size_t test_copy_into(struct ledger_node *from, struct ledger *to, struct txn *txn,
		      uint32_t author);

#endif
