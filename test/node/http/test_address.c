#include "test/node/node_test.h"

#include <arpa/inet.h>
#include <string.h>

#include "node/http/address.h"

/* All of one customer's addresses are one unit, and nobody else's is in it. */
static void units(void **state)
{
	static const struct {
		const char *text, *unit;
	} cases[] = {
		{"192.0.2.7", "192.0.2.7"},
		{"::ffff:192.0.2.7", "192.0.2.7"},
		{"2001:db8:1:2::1", "2001:db8:1:2::/64"},
		{"2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"},
		{"2001:db8:1:3::1", "2001:db8:1:3::/64"},
		{"2001:DB8:0001:2::9", "2001:db8:1:2::/64"},
		{"::1", "::/64"},
		{"1111:2222:3333:4444:5555:6666:7777:8888", "1111:2222:3333:4444::/64"},
		{"", ""},
		{"unknown", "unknown"},
		/* what a proxy may say is cut, never longer than the place */
		{"_hidden-0123456789012345678901234567890123456789012345678901234567890",
		 "_hidden-01234567890123456789012345678901234567890"},
	};
	char unit[ADDRESS_UNIT_SIZE];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		address_unit(unit, cases[i].text);
		if (strncmp(unit, cases[i].unit, ADDRESS_UNIT_SIZE - 1) != 0)
			fail_msg("%s: %s instead of %s", cases[i].text, unit, cases[i].unit);
	}
}

static void texts(void **state)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr other = {.sa_family = AF_UNIX};
	char text[ADDRESS_TEXT_SIZE];

	assert_int_equal(inet_pton(AF_INET, "192.0.2.7", &in.sin_addr), 1);
	address_put(text, (struct sockaddr *)&in);
	assert_string_equal(text, "192.0.2.7");
	assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.7", &in6.sin6_addr), 1);
	address_put(text, (struct sockaddr *)&in6);
	assert_string_equal(text, "192.0.2.7");
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr), 1);
	address_put(text, (struct sockaddr *)&in6);
	assert_string_equal(text, "2001:db8::1");
	address_put(text, &other);
	assert_string_equal(text, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(units),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
