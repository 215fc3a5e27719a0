/* Who has to go when too many are in the handshake. */
#include "node/net/conn.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 16, COUNT_MAX = 64 };

static struct limits limits;
static struct conn conns[COUNT_MAX], *list[COUNT_MAX];
static struct net net;

static struct source source(const char *text)
{
	struct sockaddr_storage from = {0};
	struct source out;

	if (strchr(text, ':')) {
		from.ss_family = AF_INET6;
		inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&from)->sin6_addr);
	} else {
		from.ss_family = AF_INET;
		inet_pton(AF_INET, text, &((struct sockaddr_in *)&from)->sin_addr);
	}
	half_source(&out, &from);
	return out;
}

static bool same(const char *a, const char *b)
{
	struct source x = source(a), y = source(b);

	return !memcmp(&x, &y, sizeof(x));
}

/* A provider gives a /64 to one customer: its addresses are one source. */
static void sources(void **state)
{
	assert_true(same("192.0.2.1", "192.0.2.1"));
	assert_false(same("192.0.2.1", "192.0.2.2"));
	assert_true(same("192.0.2.1", "::ffff:192.0.2.1"));
	assert_false(same("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
	assert_true(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
	assert_false(same("2001:db8:1:2::1", "2001:db8:1:3::1"));
	assert_false(same("4.0.0.0", "400:0:0:0::"));
}

static void begin(void)
{
	memset(conns, 0, sizeof(conns));
	limits = limits_default();
	limits.half_open_max = MAX;
	net = (struct net){.options.limits = &limits, .conns = list};
}

static struct conn *comes(const char *from)
{
	struct conn *conn = &conns[net.conn_count];

	*conn = (struct conn){.id = net.conn_count + 1, .state = CONN_OPEN, .source = source(from)};
	list[net.conn_count++] = conn;
	return conn;
}

static struct conn *goes_for(const struct conn *arrival)
{
	struct conn *victim = half_victim(&net, arrival);

	if (victim)
		victim->state = CONN_CLOSING;
	return victim;
}

static void the_source_with_the_most_gives_way(void **state)
{
	char text[64];
	struct conn *one, *crowd;

	begin();
	one = comes("192.0.2.1");
	for (unsigned i = 0; i < MAX - 1; i++) {
		snprintf(text, sizeof(text), "2001:db8:1:2::%x", i + 1);
		assert_null(goes_for(comes(text)));
	}
	/* A newcomer from elsewhere: the oldest of the crowd goes, though another is older. */
	assert_ptr_equal(goes_for(comes("192.0.2.3")), list[1]);
	/* One more of the crowd: again one of its own, and first who has shown nothing. */
	crowd = list[2];
	crowd->known = true;
	assert_ptr_equal(goes_for(comes("2001:db8:1:2::99")), list[3]);
	/* Who was told to go is no loss. */
	list[9]->state = CONN_DRAINING;
	assert_ptr_equal(goes_for(comes("192.0.2.4")), list[9]);
	assert_int_equal(one->state, CONN_OPEN);
	assert_int_equal(crowd->state, CONN_OPEN);
}

/* Links and dials do not count; with room nobody goes. */
static void only_handshakes_count(void **state)
{
	begin();
	for (unsigned i = 0; i < 2 * MAX; i++) {
		struct conn *conn = comes("192.0.2.1");

		conn->up = i % 2;
		conn->dial = !(i % 2);
	}
	for (unsigned i = 0; i < MAX; i++)
		assert_null(goes_for(comes("192.0.2.1")));
	assert_non_null(goes_for(comes("192.0.2.2")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources),
		cmocka_unit_test(the_source_with_the_most_gives_way),
		cmocka_unit_test(only_handshakes_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
