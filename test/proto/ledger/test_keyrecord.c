/* keyrecord: which bodies are key records, and which keys their links give to whom. */
#include "test/crypto/helpers.h"

#include "crypto/path.h"
#include "crypto/selftest.h"
#include "proto/ledger/keyrecord.h"
#include "proto/wire/wire_out.h"

#define Q "meissen/kita"

static const struct key key_q = {{1, 2}}, key_parent = {{3, 4}}, key_before = {{5, 6}};

/* The caller releases links. */
static struct keyrecord sample(struct random *random, struct buf *links)
{
	struct keyrecord r = {.prefix = bytes_str(Q),
			      .number = 3,
			      .recovery = {{WRAP_SUITE}},
			      .own_key = {{7}},
			      .own_wrap = {{WRAP_SUITE, 8}}};
	epoch_commitment(&r.commitment, &key_q, r.number, r.prefix);
	r.down.prefix = bytes_str("meissen");
	r.down.number = 9;
	keyrecord_down_seal(&r, &key_parent, &key_q, random);
	buf_init(links, EPOCH_BACK_LEN_MAX);
	assert_true(keyrecord_back_add(&r, links, r.prefix, 2, &key_q, &key_before, random));
	assert_true(keyrecord_back_add(&r, links, bytes_str("meissen"), 9, &key_q, &key_parent,
				       random));
	return r;
}

static struct buf encoded(const struct keyrecord *r)
{
	struct buf out;
	buf_init(&out, LIMIT_RECORD_LEN_MAX);
	keyrecord_put(&out, r);
	assert_ok(out.err);
	return out;
}

static void a_record_comes_back(void **state)
{
	struct random random = random_seeded(1);
	struct buf links;
	struct keyrecord r = sample(&random, &links), found;
	const struct epoch_backs backs[] = {r.back, {.count = 0}, {.lost = true}};
	for (unsigned i = 0; i < 2 * COUNT(backs); i++) {
		r.down.present = i & 1;
		r.back = backs[i / 2];
		struct buf body = encoded(&r), again;
		assert_ok(keyrecord_get(&found, buf_bytes(&body)));
		assert_true(bytes_eq(found.prefix, r.prefix));
		assert_int_equal(found.number, 3);
		assert_true(id_eq(&found.commitment, &r.commitment));
		assert_int_equal(found.down.present, r.down.present);
		assert_int_equal(found.back.count, r.back.count);
		assert_int_equal(found.back.lost, r.back.lost);
		assert_memory_equal(found.own_key.b, r.own_key.b, WRAP_KEY_ID_LEN);
		assert_memory_equal(found.own_wrap.b, r.own_wrap.b, WRAP_LEN);
		again = encoded(&found);
		assert_true(bytes_eq(buf_bytes(&again), buf_bytes(&body)));
		for (size_t len = 0; len < body.len; len++)
			assert_err(keyrecord_get(&found, bytes_slice(buf_bytes(&body), 0, len)),
				   ERR_MALFORMED);
		buf_fini(&again);
		buf_fini(&body);
	}
	buf_fini(&links);
}

static void links_open_for_their_keys_only(void **state)
{
	struct random random = random_seeded(2);
	struct buf links;
	struct keyrecord r = sample(&random, &links), other;
	struct back_walk walk = keyrecord_backs(&r);
	struct epoch_link back, above;
	struct key key;
	assert_true(keyrecord_back_next(&walk, &back));
	assert_int_equal(back.number, 2);
	assert_true(bytes_eq(back.prefix, r.prefix));
	assert_true(keyrecord_back_next(&walk, &above));
	assert_true(bytes_eq(above.prefix, bytes_str("meissen")));
	assert_false(keyrecord_back_next(&walk, &other.down));
	assert_ok(keyrecord_down_open(&key, &r, &key_parent));
	assert_true(key_eq(&key, &key_q));
	assert_ok(keyrecord_back_open(&key, &r, &back, &key_q));
	assert_true(key_eq(&key, &key_before));
	assert_ok(keyrecord_back_open(&key, &r, &above, &key_q));
	assert_true(key_eq(&key, &key_parent));
	/* who had the key before gets nothing from it */
	assert_err(keyrecord_down_open(&key, &r, &key_before), ERR_DENIED);
	assert_err(keyrecord_back_open(&key, &r, &back, &key_before), ERR_DENIED);
	assert_err(keyrecord_back_open(&key, &r, &back, &key_parent), ERR_DENIED);
	/* and neither is the one the other, nor of another epoch */
	assert_err(keyrecord_down_open(&key, &r, &key_q), ERR_DENIED);
	other = r;
	other.number++;
	assert_err(keyrecord_down_open(&key, &other, &key_parent), ERR_DENIED);
	other = r;
	other.prefix = bytes_str("meissen/kit");
	assert_err(keyrecord_back_open(&key, &other, &back, &key_q), ERR_DENIED);
	r.down.present = false;
	assert_err(keyrecord_down_open(&key, &r, &key_parent), ERR_ABSENT);
	buf_fini(&links);
}

/* As many as fit, and such a record is no longer than a record may be. */
static void links_back_are_many(void **state)
{
	struct random random = random_seeded(3);
	char path[LIMIT_PATH_LEN_MAX + 1] = "meissen";
	struct buf links;
	struct keyrecord found, r = {.number = UINT64_MAX};
	while (strlen(path) + 65 < LIMIT_PATH_LEN_MAX) {
		size_t len = strlen(path);
		path[len] = '/';
		memset(path + len + 1, 'a', 64);
		path[len + 65] = 0;
	}
	for (unsigned longest = 0; longest < 2; longest++) {
		r.prefix = longest ? bytes_str(path) : bytes_str("a");
		r.back = (struct epoch_backs){.count = 0};
		buf_init(&links, EPOCH_BACK_LEN_MAX);
		uint64_t n = UINT64_MAX - 1;
		while (keyrecord_back_add(&r, &links, r.prefix, n, &key_q, &key_before, &random))
			n--;
		assert_in_range(r.back.count, longest ? 40 : 500, longest ? 50 : 1024);
		assert_in_range(links.len, EPOCH_BACK_LEN_MAX - 1200, EPOCH_BACK_LEN_MAX);
		struct buf body = encoded(&r);
		assert_ok(keyrecord_get(&found, buf_bytes(&body)));
		assert_int_equal(found.back.count, r.back.count);
		assert_true(body.len + 1500 < LIMIT_RECORD_LEN_MAX);
		buf_fini(&body);
		buf_fini(&links);
	}
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

static void back_put(struct buf *links, struct epoch_backs *backs, const char *prefix,
		     uint64_t number)
{
	static const uint8_t sealed[EPOCH_SEALED_LEN];
	out_array(links, 3);
	out_text(links, bytes_str(prefix));
	out_uint(links, number);
	out_fixed(links, sealed, EPOCH_SEALED_LEN);
	backs->links = buf_bytes(links);
	backs->count++;
}

static void links_lead_where_links_may(void **state)
{
	static const struct {
		const char *prefix;
		uint64_t number;
		const char *down, *back; /* NULL: none */
		uint64_t back_number;
		const char *second;
		uint64_t second_number;
		enum err err;
	} cases[] = {
		{"meissen", 1, NULL, NULL, 0, NULL, 0, ERR_OK},
		{"meissen", 2, NULL, "meissen", 1, NULL, 0, ERR_OK},
		{"meissen", 2, NULL, "meissen", 2, NULL, 0, ERR_MALFORMED},
		{"meissen", 2, NULL, "meissen", 3, NULL, 0, ERR_MALFORMED},
		{"meissen", 2, NULL, "meissen", 0, NULL, 0, ERR_MALFORMED},
		{"meissen", 1, "meissen", NULL, 0, NULL, 0, ERR_MALFORMED},
		{"meissen", 0, NULL, NULL, 0, NULL, 0, ERR_MALFORMED},
		{"", 1, NULL, NULL, 0, NULL, 0, ERR_MALFORMED},
		{"Meissen", 1, NULL, NULL, 0, NULL, 0, ERR_MALFORMED},
		{"meissen/a/b", 1, "meissen", "meissen", 7, NULL, 0, ERR_OK},
		{"meissen/a/b", 1, "meissen/a", "meissen/a", 7, NULL, 0, ERR_OK},
		{"meissen/a/b", 2, "meissen/a/b", NULL, 0, NULL, 0, ERR_MALFORMED},
		{"meissen/a/b", 2, "meissen/a/b/c", NULL, 0, NULL, 0, ERR_MALFORMED},
		{"meissen/a/b", 2, "radebeul", NULL, 0, NULL, 0, ERR_MALFORMED},
		{"meissen/a/b", 2, NULL, "meissen/a/c", 1, NULL, 0, ERR_MALFORMED},
		{"meissen/a/b", 2, NULL, "meissen/a/b/c", 1, NULL, 0, ERR_MALFORMED},
		{"meissen/ab", 2, NULL, "meissen/a", 1, NULL, 0, ERR_MALFORMED},
		/* in order, each once */
		{"meissen/a/b", 1, NULL, "meissen/a", 2, "meissen/a", 1, ERR_OK},
		{"meissen/a/b", 1, NULL, "meissen/a", 1, "meissen", 9, ERR_OK},
		{"meissen/a/b", 3, NULL, "meissen/a/b", 2, "meissen/a", 9, ERR_OK},
		{"meissen/a/b", 1, NULL, "meissen/a", 1, "meissen/a", 2, ERR_MALFORMED},
		{"meissen/a/b", 1, NULL, "meissen/a", 1, "meissen/a", 1, ERR_MALFORMED},
		{"meissen/a/b", 1, NULL, "meissen", 9, "meissen/a", 1, ERR_MALFORMED},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct keyrecord r = {.prefix = bytes_str(cases[i].prefix),
				      .number = cases[i].number},
				 found;
		struct buf links;
		buf_init(&links, 2000);
		if (cases[i].down)
			r.down = (struct epoch_link){true, bytes_str(cases[i].down), 1, {0}};
		if (cases[i].back)
			back_put(&links, &r.back, cases[i].back, cases[i].back_number);
		if (cases[i].second)
			back_put(&links, &r.back, cases[i].second, cases[i].second_number);
		struct buf body = encoded(&r);
		if (keyrecord_get(&found, buf_bytes(&body)) != cases[i].err)
			fail_msg("case %zu: %s", i, cases[i].prefix);
		buf_fini(&body);
		buf_fini(&links);
	}
}

/* What fits in a record is not for that what may stand in `back`. */
static void back_has_a_length(void **state)
{
	struct keyrecord r = {.prefix = bytes_str(Q), .number = UINT64_MAX}, found;
	struct buf links;
	buf_init(&links, LIMIT_RECORD_LEN_MAX);
	while (links.len <= EPOCH_BACK_LEN_MAX)
		back_put(&links, &r.back, Q, UINT64_MAX - 1 - r.back.count);
	struct buf body = encoded(&r);
	assert_err(keyrecord_get(&found, buf_bytes(&body)), ERR_MALFORMED);
	buf_fini(&body);
	links.len -= links.len / r.back.count;
	r.back.links = buf_bytes(&links);
	r.back.count--;
	body = encoded(&r);
	assert_ok(keyrecord_get(&found, buf_bytes(&body)));
	buf_fini(&body);
	buf_fini(&links);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_comes_back),
		cmocka_unit_test(links_open_for_their_keys_only),
		cmocka_unit_test(links_back_are_many),
		cmocka_unit_test(a_commitment_is_of_one_epoch),
		cmocka_unit_test(links_lead_where_links_may),
		cmocka_unit_test(back_has_a_length),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("keyrecord", tests, NULL, NULL);
}
