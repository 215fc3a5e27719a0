#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "node/base/visitor.h"

static struct visitor token(const char *prefix, enum token_verb verb)
{
	struct visitor visitor = {.kind = VISITOR_TOKEN, .verb = verb};

	snprintf(visitor.prefix, sizeof(visitor.prefix), "%s", prefix);
	return visitor;
}

static void each_tier_for_each_visitor(void **state)
{
	const struct visitor anyone = {.kind = VISITOR_ANYONE}, admin = {.kind = VISITOR_ADMIN};
	const struct visitor list = token("meissen/kita", TOKEN_LIST);
	const struct visitor read = token("meissen/kita", TOKEN_READ);
	const struct visitor all = token("", TOKEN_READ);

	for (enum tier tier = TIER_OPEN; tier <= TIER_HIDDEN; tier++) {
		bool open = tier == TIER_OPEN;

		assert_int_equal(visitor_sees(&anyone, tier, "meissen/kita/plaetze"), open);
		assert_int_equal(visitor_reads(&anyone, tier, "meissen/kita/plaetze"), open);
		assert_true(visitor_sees(&admin, tier, "riesa/x"));
		assert_true(visitor_reads(&admin, tier, "riesa/x"));
		assert_true(visitor_sees(&list, tier, "meissen/kita/plaetze"));
		assert_int_equal(visitor_reads(&list, tier, "meissen/kita/plaetze"), open);
		assert_true(visitor_reads(&read, tier, "meissen/kita/plaetze"));
		assert_true(visitor_reads(&read, tier, "meissen/kita"));
		assert_true(visitor_reads(&all, tier, "riesa/x"));
		/* not below, though it begins with the same letters */
		assert_int_equal(visitor_sees(&read, tier, "meissen/kitas/x"), open);
		assert_int_equal(visitor_sees(&read, tier, "meissen"), open);
		assert_int_equal(visitor_reads(&read, tier, "riesa/meissen/kita"), open);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_tier_for_each_visitor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
