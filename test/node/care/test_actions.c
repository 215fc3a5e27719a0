/*
 * The list of what needs doing.
 */
#include "test/node/node_test.h"

#include <string.h>

#include "node/care/actions.h"

/* Of one topic a bounded number is kept and the rest counted; texts are cut, never written past
   their end. */
static void a_topic_is_bounded(void **state)
{
	struct actions list = {.topic = "grants"};
	char text[2 * ACTION_TEXT_LEN], command[2 * ACTION_COMMAND_LEN];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	memset(command, 'y', sizeof(command) - 1);
	command[sizeof(command) - 1] = 0;
	for (unsigned i = 0; i < ACTION_PER_TOPIC_MAX + 3; i++)
		actions_add(&list, i % 2 ? ACTION_WARN : ACTION_INFO, command, "%u %s", i, text);
	assert_int_equal(list.count, ACTION_PER_TOPIC_MAX);
	assert_int_equal(list.left_out, 3);
	assert_int_equal(actions_count(&list, ACTION_WARN), ACTION_PER_TOPIC_MAX / 2);
	assert_int_equal(actions_count(&list, ACTION_CRITICAL), 0);
	assert_int_equal(strlen(list.items[0].text), ACTION_TEXT_LEN - 1);
	assert_int_equal(strlen(list.items[0].command), ACTION_COMMAND_LEN - 1);
	assert_string_equal(list.items[3].topic, "grants");
	assert_int_equal(strncmp(list.items[3].text, "3 x", 3), 0);
	actions_fini(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_topic_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
