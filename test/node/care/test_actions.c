/*
 * The list of what needs doing.
 */
#include <string.h>

#include "node/care/topics.h"
#include "proto/catalog/takeover.h"
#include "test/proto/hub_node.h"

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

/* What was not taken over by itself is for people: one with its command, several with the list. */
static void what_was_not_taken_over_is_named(void **state)
{
	struct hub_fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct takeover_missed *missed = &hub->takeover->missed;
	struct actions list = {.topic = "takeover", .hub = hub, .txn = f->node.txn};
	struct dataset_id dataset = test_dataset(&f->fed, 1, "gemeinde-1/a");
	struct record_slot slot = record_slot_version(&dataset, 7);
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	test_version_body(&body, "gemeinde-1/a", 7, 0);
	assert_int_equal(ledger_append(&hub->ledger, f->node.txn, RECORD_VERSION,
				       record_slot_bytes(&slot), buf_bytes(&body), NULL,
				       LEDGER_QUIET),
			 ERR_OK);
	topic_takeover(&list);
	assert_int_equal(list.count, 0);
	missed->first = (struct version_id){dataset, 7, hub->author};
	missed->count = 1;
	topic_takeover(&list);
	assert_string_equal(list.items[0].command, "allmende takeover gemeinde-1/a@7");
	assert_non_null(strstr(list.items[0].text, "gemeinde-1/a@7"));
	missed->count = 3;
	topic_takeover(&list);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[1].command, "allmende takeover");
	assert_non_null(strstr(list.items[1].text, "gemeinde-1/a@7 and 2 more"));
	assert_int_equal(actions_count(&list, ACTION_WARN), 2);
	actions_fini(&list);
	buf_fini(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_topic_is_bounded),
		hub_test(what_was_not_taken_over_is_named),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
