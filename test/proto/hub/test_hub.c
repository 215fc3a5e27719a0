#include "test/proto/hub_node.h"

struct fixture {
	struct test_federation fed;
	struct hub_node node;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 3, 2, 2);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[0]);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	hub_node_close(&f->node);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static void test_machines(void **state)
{
	struct fixture *f = *state;
	struct hub_node *node = &f->node;
	hub_node_machines(node);
	assert_int_equal(node->hub.place, PLACE_MEMBER);
	struct peer *peer = hub_node_member(node, &f->fed.orgs[1]);
	assert_heard(node, peer, "");
	hub_close_link(&node->hub, peer, LINK_REASON_DONE);
	assert_heard(node, peer, "CLOSE:DONE");
	hub_node_machines(node);
	assert_int_equal(node->hub.peers.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_machines, setup, teardown),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
