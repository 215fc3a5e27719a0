#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/wrap.h"
#include "proto/link/certificate.h"
#include "proto/charter/orglog.h"

#define NODE_COUNT 3

/* An organisation with three nodes, the second one retired. */
struct org {
	struct random random;
	struct key root;
	struct sign_pk root_pk;
	struct key sign[NODE_COUNT];
	struct orglog_node nodes[NODE_COUNT];
	struct orglog log;
	struct buf entry; /* the latest */
};

/* Makes the next entry and the log that follows from it. */
static void org_write(struct org *org, const struct key *root)
{
	struct orglog next;
	orglog_init(&next);
	next.time_ms = 1;
	dh_pk_of(&next.recovery, &org->root);
	dh_pk_of(&next.wrap, &org->root);
	next.nodes = org->nodes;
	next.node_count = NODE_COUNT;
	buf_reset(&org->entry);
	orglog_make(&org->entry, &org->log, &next, root);
	assert_int_equal(orglog_apply(&org->log, buf_bytes(&org->entry)), ERR_OK);
}

static void org_init(struct org *org)
{
	*org = (struct org){.random = random_seeded(1)};
	random_fill(&org->random, &org->root, sizeof(org->root));
	sign_pk_of(&org->root_pk, &org->root);
	for (unsigned i = 0; i < NODE_COUNT; i++) {
		struct orglog_node *node = &org->nodes[i];
		struct key transport;
		random_fill(&org->random, &org->sign[i], KEY_LEN);
		random_fill(&org->random, &transport, KEY_LEN);
		node->index = (uint8_t)(10 * i);
		node->state = i == 1 ? ORGLOG_NODE_RETIRED : ORGLOG_NODE_ACTIVE;
		sign_pk_of(&node->sign, &org->sign[i]);
		dh_pk_of(&node->transport, &transport);
		orglog_possession(&node->possession, &org->sign[i], &org->root_pk, &node->sign,
				  &node->transport);
	}
	orglog_init(&org->log);
	buf_init(&org->entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	org_write(org, &org->root);
}

static void org_fini(struct org *org)
{
	orglog_fini(&org->log);
	buf_fini(&org->entry);
}

static struct certificate certificate_of(const struct org *org, unsigned node)
{
	return (struct certificate){
		.version = 1,
		.member = 300,
		.node_index = org->nodes[node].index,
		.org = org->log.id,
		.entry = buf_bytes(&org->entry),
	};
}

static void reads_what_it_wrote(void **state)
{
	static const uint32_t members[] = {0, 1, 127, 128, 255, 256, LIMIT_MEMBER_COUNT_MAX};
	struct org org;
	org_init(&org);
	for (unsigned i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct certificate in = certificate_of(&org, i % 3), out;
		struct buf bytes, again;
		in.member = members[i];
		buf_init(&bytes, 100000);
		buf_init(&again, 100000);
		certificate_put(&bytes, &in);
		assert_int_equal(certificate_get(&out, buf_bytes(&bytes)), ERR_OK);
		assert_int_equal(out.version, 1);
		assert_int_equal(out.member, members[i]);
		assert_int_equal(out.node_index, in.node_index);
		assert_true(id_eq(&out.org, &in.org));
		assert_true(bytes_eq(out.entry, in.entry));
		certificate_put(&again, &out);
		assert_true(bytes_eq(buf_bytes(&again), buf_bytes(&bytes)));
		buf_fini(&bytes);
		buf_fini(&again);
	}
	org_fini(&org);
}

static void refuses_other_forms(void **state)
{
	struct org org;
	struct certificate certificate, out;
	struct buf bytes;
	org_init(&org);
	certificate = certificate_of(&org, 0);
	buf_init(&bytes, 200000);
	certificate_put(&bytes, &certificate);
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_equal(certificate_get(&out, bytes_of(bytes.ptr, len)), ERR_MALFORMED);
	buf_add_u8(&bytes, 0);
	assert_int_equal(certificate_get(&out, buf_bytes(&bytes)), ERR_MALFORMED);
	certificate.member = LIMIT_MEMBER_COUNT_MAX + 1;
	buf_reset(&bytes);
	certificate_put(&bytes, &certificate);
	assert_int_equal(certificate_get(&out, buf_bytes(&bytes)), ERR_MALFORMED);
	certificate = certificate_of(&org, 0);
	certificate.entry = bytes_of(NULL, 0);
	buf_reset(&bytes);
	certificate_put(&bytes, &certificate);
	assert_int_equal(certificate_get(&out, buf_bytes(&bytes)), ERR_MALFORMED);
	buf_fini(&bytes);
	org_fini(&org);
}

static void accepts_nodes_with_their_key(void **state)
{
	struct org org;
	org_init(&org);
	for (unsigned i = 0; i < NODE_COUNT; i++) {
		struct certificate certificate = certificate_of(&org, i);
		for (unsigned key = 0; key < NODE_COUNT; key++)
			assert_int_equal(certificate_check(&certificate, &org.nodes[key].transport),
					 i == key ? ERR_OK : ERR_DENIED);
	}
	org_fini(&org);
}

static void refuses_a_node_not_listed(void **state)
{
	struct org org;
	org_init(&org);
	struct certificate certificate = certificate_of(&org, 0);
	certificate.node_index = 1;
	assert_int_equal(certificate_check(&certificate, &org.nodes[0].transport), ERR_DENIED);
	org_fini(&org);
}

/* Entry 1 is the organisation; a later entry does not show which one it belongs to. */
static void first_entry_shows_the_organisation(void **state)
{
	struct org org;
	org_init(&org);
	struct certificate certificate = certificate_of(&org, 0);
	certificate.org.b[31] ^= 1;
	assert_int_equal(certificate_check(&certificate, &org.nodes[0].transport), ERR_DENIED);
	org_write(&org, &org.root);
	certificate = certificate_of(&org, 0);
	assert_int_equal(certificate_check(&certificate, &org.nodes[0].transport), ERR_OK);
	org_fini(&org);
}

static void refuses_every_altered_entry(void **state)
{
	struct org org;
	org_init(&org);
	for (unsigned number = 1; number <= 2; number++) {
		struct certificate certificate = certificate_of(&org, 0);
		for (size_t i = 0; i < org.entry.len; i++) {
			org.entry.ptr[i] ^= (uint8_t)(1u << i % 8);
			assert_int_not_equal(
				certificate_check(&certificate, &org.nodes[0].transport), ERR_OK);
			org.entry.ptr[i] ^= (uint8_t)(1u << i % 8);
		}
		assert_int_equal(certificate_check(&certificate, &org.nodes[0].transport), ERR_OK);
		org_write(&org, &org.root);
	}
	org_fini(&org);
}

static void random_bytes_are_refused(void **state)
{
	struct random random = random_seeded(3);
	struct org org;
	struct buf good, bad;
	org_init(&org);
	buf_init(&good, 100000);
	buf_init(&bad, 100000);
	struct certificate certificate = certificate_of(&org, 0), out;
	certificate_put(&good, &certificate);
	for (unsigned n = 0; n < 20000; n++) {
		buf_reset(&bad);
		buf_add(&bad, bytes_slice(buf_bytes(&good), 0,
					  (size_t)random_below(&random, good.len + 1)));
		for (unsigned i = 0; bad.len > 0 && i < 3; i++)
			random_fill(&random, bad.ptr + random_below(&random, bad.len), 1);
		/* memory of exactly this length, so that reading past it is seen */
		struct buf exact;
		buf_init(&exact, bad.len);
		buf_add(&exact, buf_bytes(&bad));
		if (certificate_get(&out, buf_bytes(&exact)) == ERR_OK)
			assert_true(bytes_eq(out.entry, certificate.entry) ||
				    certificate_check(&out, &org.nodes[0].transport) != ERR_OK);
		buf_fini(&exact);
	}
	buf_fini(&good);
	buf_fini(&bad);
	org_fini(&org);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_wrote),
		cmocka_unit_test(refuses_other_forms),
		cmocka_unit_test(accepts_nodes_with_their_key),
		cmocka_unit_test(refuses_a_node_not_listed),
		cmocka_unit_test(first_entry_shows_the_organisation),
		cmocka_unit_test(refuses_every_altered_entry),
		cmocka_unit_test(random_bytes_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
