/* index: the digest of a set, whatever order it was collected in. */
#include "test/crypto/helpers.h"

#include "crypto/hash.h"
#include "crypto/limits.h"
#include "crypto/random.h"
#include "crypto/selftest.h"
#include "proto/content/index.h"

static struct index_entry entry_of(uint8_t first, uint32_t size)
{
	struct index_entry entry = {.size = size};
	entry.addr.b[0] = first;
	return entry;
}

static void the_digest_is_that_of_the_text(void **state)
{
	struct index_entry a = entry_of(1, 1000), b = entry_of(2, 2000);
	uint8_t text[72] = {0};
	text[0] = 1;
	be32_put(text + 32, 1000);
	text[36] = 2;
	be32_put(text + 36 + 32, 2000);
	struct digest wanted;
	hash_once(wanted.b, "am1.index", bytes_of(text, sizeof(text)));
	struct index index;
	struct index_sum sum;
	index_init(&index);
	index_add(&index, &b.addr, b.size);
	index_add(&index, &a.addr, a.size);
	index_add(&index, &b.addr, b.size);
	assert_ok(index_sort(&index));
	assert_int_equal(index_count(&index), 2);
	index_sum(&index, &sum);
	assert_true(id_eq(&sum.digest, &wanted));
	assert_int_equal(sum.count, 2);
	assert_int_equal(sum.bytes, 3000);
	index_fini(&index);
}

static void an_empty_index_has_a_digest(void **state)
{
	struct index index;
	struct index_sum sum;
	struct digest wanted;
	hash_once(wanted.b, "am1.index", bytes_of(NULL, 0));
	index_init(&index);
	assert_ok(index_sort(&index));
	index_sum(&index, &sum);
	assert_true(id_eq(&sum.digest, &wanted));
	assert_int_equal(sum.count + sum.bytes, 0);
	index_fini(&index);
}

static void one_address_has_one_size(void **state)
{
	struct index index;
	struct index_entry a = entry_of(1, 1000), b = entry_of(1, 1001);
	index_init(&index);
	index_add(&index, &a.addr, a.size);
	index_add(&index, &b.addr, b.size);
	assert_err(index_sort(&index), ERR_MALFORMED);
	index_fini(&index);
}

static void impossible_sizes_are_refused(void **state)
{
	static const uint32_t sizes[] = {0, 83, LIMIT_CHUNK_LEN_MAX + 1, UINT32_MAX};
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct index index;
		struct index_digest d;
		struct buf out;
		struct index_entry e = entry_of(1, sizes[i]);
		index_init(&index);
		index_add(&index, &e.addr, e.size);
		assert_err(index_sort(&index), ERR_MALFORMED);
		index_fini(&index);
		index_digest_init(&d);
		assert_err(index_digest_add(&d, &e), ERR_MALFORMED);
		buf_init(&out, 100);
		index_entry_put(&out, &e);
		assert_err(index_entries_check(buf_bytes(&out), NULL), ERR_MALFORMED);
		buf_fini(&out);
	}
	assert_true(index_size_ok(84) && index_size_ok(LIMIT_CHUNK_LEN_MAX));
}

static void the_running_digest_wants_rising_addresses(void **state)
{
	struct index_digest d;
	struct index_entry zero = entry_of(0, 1000), one = entry_of(1, 1000),
			   two = entry_of(2, 1000);
	index_digest_init(&d);
	assert_ok(index_digest_add(&d, &zero));
	assert_err(index_digest_add(&d, &zero), ERR_MALFORMED);
	assert_ok(index_digest_add(&d, &two));
	assert_err(index_digest_add(&d, &one), ERR_MALFORMED);
	assert_err(index_digest_add(&d, &two), ERR_MALFORMED);
	assert_int_equal(d.count, 2);
}

static void entries_travel_in_order(void **state)
{
	struct buf out;
	struct index_entry a = entry_of(1, 1000), b = entry_of(2, 84), found;
	buf_init(&out, 1000);
	index_entry_put(&out, &a);
	index_entry_put(&out, &b);
	struct bytes in = buf_bytes(&out);
	assert_int_equal(in.len, 2 * INDEX_ENTRY_LEN);
	assert_ok(index_entries_check(in, NULL));
	found = index_entry_get(in, 1);
	assert_true(id_eq(&found.addr, &b.addr));
	assert_int_equal(found.size, 84);
	assert_ok(index_entries_check(bytes_of(NULL, 0), NULL));
	struct chunk_addr zero = {{0}};
	assert_ok(index_entries_check(in, &zero));
	assert_err(index_entries_check(in, &a.addr), ERR_MALFORMED);
	assert_ok(index_entries_check(bytes_slice(in, INDEX_ENTRY_LEN, in.len), &a.addr));
	assert_err(index_entries_check(bytes_slice(in, 0, in.len - 1), NULL), ERR_MALFORMED);
	index_entry_put(&out, &b);
	assert_err(index_entries_check(buf_bytes(&out), NULL), ERR_MALFORMED);
	out.len -= INDEX_ENTRY_LEN;
	index_entry_put(&out, &a);
	assert_err(index_entries_check(buf_bytes(&out), NULL), ERR_MALFORMED);
	buf_fini(&out);
}

/* 100,000 entries with doubles in two random orders give one digest. */
static void order_does_not_matter(void **state)
{
	struct index_sum sums[2];
	for (unsigned k = 0; k < 2; k++) {
		struct random random = random_seeded(k);
		struct index index;
		index_init(&index);
		for (uint32_t i = 0; i < 100000; i++) {
			/* two multipliers that visit every residue once, in other orders */
			uint32_t v = (uint32_t)((uint64_t)i * (k ? 7919 : 104729) % 100000);
			struct chunk_addr addr = {{0}};
			be32_put(addr.b, v * 2654435761u);
			index_add(&index, &addr, 100 + v);
			if (random_below(&random, 3) == 0)
				index_add(&index, &addr, 100 + v);
		}
		assert_ok(index_sort(&index));
		assert_int_equal(index_count(&index), 100000);
		index_sum(&index, &sums[k]);
		index_fini(&index);
	}
	assert_true(index_sum_eq(&sums[0], &sums[1]));
	sums[0].count++;
	assert_false(index_sum_eq(&sums[0], &sums[1]));
}

static int setup(void **state)
{
	const char *what;
	return selftest_run(&what);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_digest_is_that_of_the_text),
		cmocka_unit_test(an_empty_index_has_a_digest),
		cmocka_unit_test(one_address_has_one_size),
		cmocka_unit_test(impossible_sizes_are_refused),
		cmocka_unit_test(the_running_digest_wants_rising_addresses),
		cmocka_unit_test(entries_travel_in_order),
		cmocka_unit_test(order_does_not_matter),
	};
	return cmocka_run_group_tests_name("index", tests, setup, NULL);
}
