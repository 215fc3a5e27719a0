/*
 * federation - organisations with keys, and the federation they form, for tests.
 *
 * Everything follows from small numbers, so that a failure can be repeated. The charter has one
 * entry: the first `steward_count` organisations are its stewards. Member number n is organisation
 * n - 1.
 */
#ifndef ALLMENDE_TEST_FEDERATION_H
#define ALLMENDE_TEST_FEDERATION_H

#include "proto/charter/charter.h"
#include "proto/charter/orglog.h"
#include "test/store/store_test.h"

#define TEST_ORG_COUNT_MAX 40
#define TEST_TIME_MS       INT64_C(1790000000000)

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct test_org {
	struct key seed;            /* of the organisation (crypto/root.h) */
	struct key root;            /* Ed25519 seed of the root key, which follows from it */
	struct key next_seed, next; /* the same of the root key that may follow */
	struct key sign, transport, wrap;
	struct sign_pk root_pk, next_pk;
	struct org_id id;
	struct buf entry; /* of the organisation log, number 1 */
	char name[40], slug[40], ags[9];
};

struct test_federation {
	struct test_org orgs[TEST_ORG_COUNT_MAX];
	unsigned org_count;
	struct key fed_key;
	struct buf entry; /* charter entry 1 */
	struct charter charter;
};

struct key test_key(unsigned n);
struct orglog_node test_node(uint8_t index, unsigned n, const struct sign_pk *first_root);
void test_org_init(struct test_org *org, unsigned n);
void test_org_fini(struct test_org *org);
/* Appends entry 2 of its log: node 0 in this state, and node 1, which is test_node(1, n, ...). */
void test_org_second(struct buf *out, const struct test_org *org, enum orglog_node_state state,
		     unsigned n);

/* The same with `count` active nodes. */
void test_org_crowd(struct buf *out, const struct test_org *org, unsigned count, unsigned n);

void test_admit(struct charter_change *out, const struct test_org *org, uint32_t number);
void test_federation_init(struct test_federation *fed, unsigned org_count, unsigned steward_count,
			  uint32_t threshold);
void test_federation_fini(struct test_federation *fed);
/*
 * Appends the next entry of a charter, voted by all stewards that are organisations of the
 * federation.
 */
void test_charter_next(struct buf *out, const struct test_federation *fed, struct charter *charter,
		       const struct charter_change *changes, size_t count);
/* Writes charter and organisation logs into a store. */
void test_federation_store(const struct test_federation *fed, struct txn *txn);

#endif
