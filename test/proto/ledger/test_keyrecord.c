/* keyrecord: which bodies are key records, and which keys their links give to whom. */
#include "test/crypto/helpers.h"

#include "crypto/path.h"
#include "crypto/selftest.h"
#include "proto/ledger/keyrecord.h"
#include "proto/wire/wire_out.h"

#define Q "meissen/kita"

static const struct key key_q = {{1, 2}}, key_parent = {{3, 4}}, key_before = {{5, 6}};

static struct keyrecord sample(struct random *random)
{
	struct keyrecord r = {.prefix = bytes_str(Q), .number = 3, .recovery = {{WRAP_SUITE}}};
	epoch_commitment(&r.commitment, &key_q, r.number, r.prefix);
	r.down.prefix = bytes_str("meissen");
	r.down.number = 9;
	keyrecord_down_seal(&r, &key_parent, &key_q, random);
	r.back.prefix = r.prefix;
	r.back.number = 2;
	keyrecord_back_seal(&r, &key_q, &key_before, random);
	return r;
}

static struct buf encoded(const struct keyrecord *r)
{
	struct buf out;
	buf_init(&out, 4096);
	keyrecord_put(&out, r);
	assert_ok(out.err);
	return out;
}

static void a_record_comes_back(void **state)
{
	struct random random = random_seeded(1);
	struct keyrecord r = sample(&random), found;
	for (unsigned links = 0; links < 4; links++) {
		r.down.present = links & 1;
		r.back.present = links & 2;
		struct buf body = encoded(&r), again;
		assert_ok(keyrecord_get(&found, buf_bytes(&body)));
		assert_true(bytes_eq(found.prefix, r.prefix));
		assert_int_equal(found.number, 3);
		assert_true(id_eq(&found.commitment, &r.commitment));
		assert_int_equal(found.down.present, r.down.present);
		assert_int_equal(found.back.present, r.back.present);
		again = encoded(&found);
		assert_true(bytes_eq(buf_bytes(&again), buf_bytes(&body)));
		for (size_t len = 0; len < body.len; len++)
			assert_err(keyrecord_get(&found, bytes_slice(buf_bytes(&body), 0, len)),
				   ERR_MALFORMED);
		buf_fini(&again);
		buf_fini(&body);
	}
}

static void links_open_for_their_keys_only(void **state)
{
	struct random random = random_seeded(2);
	struct keyrecord r = sample(&random), other;
	struct key key;
	assert_ok(keyrecord_down_open(&key, &r, &key_parent));
	assert_true(key_eq(&key, &key_q));
	assert_ok(keyrecord_back_open(&key, &r, &key_q));
	assert_true(key_eq(&key, &key_before));
	/* who had the key before gets nothing from it */
	assert_err(keyrecord_down_open(&key, &r, &key_before), ERR_DENIED);
	assert_err(keyrecord_back_open(&key, &r, &key_before), ERR_DENIED);
	assert_err(keyrecord_back_open(&key, &r, &key_parent), ERR_DENIED);
	/* and neither is the one the other, nor of another epoch */
	assert_err(keyrecord_down_open(&key, &r, &key_q), ERR_DENIED);
	other = r;
	other.number++;
	assert_err(keyrecord_down_open(&key, &other, &key_parent), ERR_DENIED);
	other = r;
	other.prefix = bytes_str("meissen/kit");
	assert_err(keyrecord_back_open(&key, &other, &key_q), ERR_DENIED);
	r.down.present = r.back.present = false;
	assert_err(keyrecord_down_open(&key, &r, &key_parent), ERR_ABSENT);
	assert_err(keyrecord_back_open(&key, &r, &key_q), ERR_ABSENT);
}

static void a_commitment_is_of_one_epoch(void **state)
{
	struct digest a, b;
	epoch_commitment(&a, &key_q, 1, bytes_str(Q));
	epoch_commitment(&b, &key_q, 1, bytes_str(Q));
	assert_true(id_eq(&a, &b));
	epoch_commitment(&b, &key_q, 2, bytes_str(Q));
	assert_false(id_eq(&a, &b));
	epoch_commitment(&b, &key_q, 1, bytes_str("meissen"));
	assert_false(id_eq(&a, &b));
	epoch_commitment(&b, &key_parent, 1, bytes_str(Q));
	assert_false(id_eq(&a, &b));
}

static void links_lead_where_links_may(void **state)
{
	static const struct {
		const char *prefix;
		uint64_t number;
		const char *down, *back; /* NULL: none */
		uint64_t back_number;
		enum err err;
	} cases[] = {
		{"meissen", 1, NULL, NULL, 0, ERR_OK},
		{"meissen", 2, NULL, "meissen", 1, ERR_OK},
		{"meissen", 2, NULL, "meissen", 2, ERR_MALFORMED},
		{"meissen", 2, NULL, "meissen", 3, ERR_MALFORMED},
		{"meissen", 2, NULL, "meissen", 0, ERR_MALFORMED},
		{"meissen", 1, "meissen", NULL, 0, ERR_MALFORMED},
		{"meissen", 0, NULL, NULL, 0, ERR_MALFORMED},
		{"", 1, NULL, NULL, 0, ERR_MALFORMED},
		{"Meissen", 1, NULL, NULL, 0, ERR_MALFORMED},
		{"meissen/a/b", 1, "meissen", "meissen", 7, ERR_OK},
		{"meissen/a/b", 1, "meissen/a", "meissen/a", 7, ERR_OK},
		{"meissen/a/b", 2, "meissen/a/b", NULL, 0, ERR_MALFORMED},
		{"meissen/a/b", 2, "meissen/a/b/c", NULL, 0, ERR_MALFORMED},
		{"meissen/a/b", 2, "radebeul", NULL, 0, ERR_MALFORMED},
		{"meissen/a/b", 2, NULL, "meissen/a/c", 1, ERR_MALFORMED},
		{"meissen/a/b", 2, NULL, "meissen/a/b/c", 1, ERR_MALFORMED},
		{"meissen/ab", 2, NULL, "meissen/a", 1, ERR_MALFORMED},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct keyrecord r = {.prefix = bytes_str(cases[i].prefix),
				      .number = cases[i].number},
				 found;
		if (cases[i].down)
			r.down = (struct epoch_link){true, bytes_str(cases[i].down), 1, {0}};
		if (cases[i].back)
			r.back = (struct epoch_link){
				true, bytes_str(cases[i].back), cases[i].back_number, {0}};
		struct buf body = encoded(&r);
		if (keyrecord_get(&found, buf_bytes(&body)) != cases[i].err)
			fail_msg("case %zu: %s", i, cases[i].prefix);
		buf_fini(&body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_comes_back),
		cmocka_unit_test(links_open_for_their_keys_only),
		cmocka_unit_test(a_commitment_is_of_one_epoch),
		cmocka_unit_test(links_lead_where_links_may),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("keyrecord", tests, NULL, NULL);
}
