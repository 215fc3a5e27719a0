#include "test/proto/federation.h"

#include "crypto/hash.h"
#include "crypto/root.h"
#include "crypto/wrap.h"

struct key test_key(unsigned n)
{
	const struct key base = {{0x5e}};
	struct key key;

	derive(&key, &base, "am1.test", bytes_obj(&n));
	return key;
}

struct orglog_node test_node(uint8_t index, unsigned n, const struct sign_pk *first_root)
{
	struct orglog_node node = {.index = index, .state = ORGLOG_NODE_ACTIVE, .roles = 7};
	struct key sign = test_key(n), transport = test_key(n + 1);

	sign_pk_of(&node.sign, &sign);
	dh_pk_of(&node.transport, &transport);
	orglog_possession(&node.possession, &sign, first_root, &node.sign, &node.transport);
	return node;
}

void test_org_init(struct test_org *org, unsigned n)
{
	struct key recovery = test_key(100 * n + 50);
	struct orglog none, next;
	struct orglog_node node;

	*org = (struct test_org){.seed = test_key(100 * n + 1),
				 .sign = test_key(100 * n + 2),
				 .transport = test_key(100 * n + 3),
				 .wrap = test_key(100 * n + 4)};
	root_sign_seed(&org->root, &org->seed);
	sign_pk_of(&org->root_pk, &org->root);
	org->next_seed = test_key(100 * n + 5);
	root_sign_seed(&org->next, &org->next_seed);
	sign_pk_of(&org->next_pk, &org->next);
	snprintf(org->name, sizeof(org->name), "Gemeinde %u", n);
	snprintf(org->slug, sizeof(org->slug), "gemeinde-%u", n);
	snprintf(org->ags, sizeof(org->ags), "14627%03u", n % 1000);
	node = test_node(0, 100 * n + 2, &org->root_pk);
	orglog_init(&none);
	next = (struct orglog){.time_ms = TEST_TIME_MS, .nodes = &node, .node_count = 1};
	dh_pk_of(&next.recovery, &recovery);
	dh_pk_of(&next.wrap, &org->wrap);
	buf_init(&org->entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&org->entry, &none, &next, &org->root);
	assert_int_equal(orglog_apply(&none, buf_bytes(&org->entry)), ERR_OK);
	org->id = none.id;
	orglog_fini(&none);
}

void test_org_fini(struct test_org *org)
{
	buf_fini(&org->entry);
}

/* Appends entry 2: node 0 in this state, and others. */
static void entry_next(struct buf *out, const struct test_org *org, enum orglog_node_state state,
		       unsigned count, unsigned n)
{
	struct orglog log, next;
	struct orglog_node *nodes = mem_new(count, sizeof(*nodes));

	orglog_init(&log);
	assert_int_equal(orglog_apply(&log, buf_bytes(&org->entry)), ERR_OK);
	nodes[0] = log.nodes[0];
	nodes[0].state = (uint8_t)state;
	struct key wrap = test_key(n + 999);
	for (unsigned i = 1; i < count; i++)
		nodes[i] = test_node((uint8_t)i, n + 2 * (i - 1), &org->root_pk);
	next = log;
	next.nodes = nodes;
	next.node_count = count;
	next.time_ms++;
	if (state != ORGLOG_NODE_ACTIVE)
		dh_pk_of(&next.wrap, &wrap);
	orglog_make(out, &log, &next, &org->root);
	orglog_fini(&log);
	free(nodes);
}

void test_org_second(struct buf *out, const struct test_org *org, enum orglog_node_state state,
		     unsigned n)
{
	entry_next(out, org, state, 2, n);
}

void test_org_crowd(struct buf *out, const struct test_org *org, unsigned count, unsigned n)
{
	entry_next(out, org, ORGLOG_NODE_ACTIVE, count, n);
}

void test_admit(struct charter_change *out, const struct test_org *org, uint32_t number)
{
	*out = (struct charter_change){.kind = CHARTER_ADMIT};
	out->member = (struct charter_member){
		.number = number, .state = CHARTER_MEMBER, .org = org->id, .root = org->root_pk};
	charter_next_root(&out->member.next_root, &org->next_pk);
	strcpy(out->member.name, org->name);
	strcpy(out->member.slug, org->slug);
	strcpy(out->member.ags, org->ags);
}

void test_federation_init(struct test_federation *fed, unsigned org_count, unsigned steward_count,
			  uint32_t threshold)
{
	struct charter_change changes[TEST_ORG_COUNT_MAX + 2];
	struct charter_vote votes[TEST_ORG_COUNT_MAX];
	struct charter_change *stewards = &changes[org_count], *key = &changes[org_count + 1];
	struct buf payload;

	*fed = (struct test_federation){.org_count = org_count, .fed_key = test_key(7)};
	*stewards =
		(struct charter_change){.kind = CHARTER_STEWARDS, .steward_count = steward_count};
	*key = (struct charter_change){.kind = CHARTER_KEY, .key_number = 1};
	fedkey_commitment(&key->key_commitment, &fed->fed_key, 1);
	for (unsigned i = 0; i < org_count; i++) {
		test_org_init(&fed->orgs[i], i + 1);
		test_admit(&changes[i], &fed->orgs[i], i + 1);
	}
	for (unsigned i = 0; i < steward_count; i++)
		stewards->stewards[i] = i + 1;
	charter_init(&fed->charter);
	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&fed->entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	assert_int_equal(charter_payload_make(&payload, &fed->charter, "Landkreis Meißen",
					      TEST_TIME_MS, threshold, changes, org_count + 2),
			 ERR_OK);
	for (unsigned i = 0; i < steward_count; i++)
		charter_vote(&votes[i], &fed->charter, i + 1, &fed->orgs[i].root,
			     buf_bytes(&payload));
	charter_entry_make(&fed->entry, buf_bytes(&payload), votes, steward_count);
	assert_int_equal(charter_apply(&fed->charter, buf_bytes(&fed->entry)), ERR_OK);
	buf_fini(&payload);
}

void test_federation_fini(struct test_federation *fed)
{
	for (unsigned i = 0; i < fed->org_count; i++)
		test_org_fini(&fed->orgs[i]);
	buf_fini(&fed->entry);
	charter_fini(&fed->charter);
}

void test_charter_next(struct buf *out, const struct test_federation *fed, struct charter *charter,
		       const struct charter_change *changes, size_t count)
{
	struct charter_vote votes[TEST_ORG_COUNT_MAX];
	struct buf payload;
	size_t vote_count = 0;

	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	assert_int_equal(charter_payload_make(&payload, charter, NULL, charter->time_ms + 1,
					      charter->threshold, changes, count),
			 ERR_OK);
	for (uint32_t i = 0; i < charter->steward_count && charter->stewards[i] <= fed->org_count;
	     i++)
		charter_vote(&votes[vote_count++], charter, charter->stewards[i],
			     &fed->orgs[charter->stewards[i] - 1].root, buf_bytes(&payload));
	charter_entry_make(out, buf_bytes(&payload), votes, vote_count);
	assert_int_equal(out->err, ERR_OK);
	buf_fini(&payload);
}

void test_federation_store(const struct test_federation *fed, struct txn *txn)
{
	struct charter charter;

	charter_init(&charter);
	assert_int_equal(charter_accept(txn, &charter, buf_bytes(&fed->entry), NULL), ERR_OK);
	charter_fini(&charter);
	for (unsigned i = 0; i < fed->org_count; i++)
		assert_int_equal(
			orglog_accept(txn, &fed->orgs[i].id, buf_bytes(&fed->orgs[i].entry), NULL),
			ERR_OK);
}
