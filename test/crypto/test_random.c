/* random: one seed gives one run; the kernel's randomness never repeats. */
#include "test/crypto/helpers.h"

#include "crypto/random.h"

static void one_seed_one_stream(void **state)
{
	struct random a = random_seeded(1), b = random_seeded(1), c = random_seeded(2);
	uint8_t x[100], y[100], z[100], next[100];
	random_fill(&a, x, sizeof(x));
	random_fill(&b, y, sizeof(y));
	random_fill(&c, z, sizeof(z));
	random_fill(&a, next, sizeof(next));
	assert_memory_equal(x, y, sizeof(x));
	assert_memory_not_equal(x, z, sizeof(x));
	assert_memory_not_equal(x, next, sizeof(x));
	assert_memory_not_equal(x + 1, next, sizeof(x) - 1);
}

static void system_differs(void **state)
{
	struct random a = random_system(), b = random_system();
	uint8_t x[32], y[32];
	random_fill(&a, x, sizeof(x));
	random_fill(&b, y, sizeof(y));
	assert_memory_not_equal(x, y, sizeof(x));
}

static void below_keeps_its_bound(void **state)
{
	static const uint64_t bounds[] = {1, 2, 3, 10, 1ull << 32, (1ull << 63) + 1, UINT64_MAX};
	struct random random = random_seeded(3);
	for (size_t i = 0; i < COUNT(bounds); i++)
		for (unsigned n = 0; n < 1000; n++)
			assert_true(random_below(&random, bounds[i]) < bounds[i]);
}

static void below_is_even(void **state)
{
	struct random random = random_seeded(4);
	unsigned count[6] = {0}, low = 0;
	for (unsigned n = 0; n < 60000; n++)
		count[random_below(&random, 6)]++;
	for (unsigned i = 0; i < 6; i++)
		assert_in_range(count[i], 9600, 10400);
	/* without rejection the lower third of this bound would get half of all draws */
	uint64_t bound = UINT64_MAX / 4 * 3;
	for (unsigned n = 0; n < 30000; n++)
		low += random_below(&random, bound) < bound / 3;
	assert_in_range(low, 9600, 10400);
}

static void below_nothing(void *arg)
{
	struct random random = random_seeded(5);
	random_below(&random, 0);
}

static void no_number_below_zero(void **state)
{
	assert_true(dies(below_nothing, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_seed_one_stream),   cmocka_unit_test(system_differs),
		cmocka_unit_test(below_keeps_its_bound), cmocka_unit_test(below_is_even),
		cmocka_unit_test(no_number_below_zero),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
