/* /federation over the control interface: what it answers, and what no client of ours sends. */
#include "test/node/node_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char *dir;
static struct node_process node;

static int start(void **state)
{
	(void)state;
	dir = node_dir_init("meissen", NULL);
	node = node_start(dir, NULL);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	node_stop(&node);
	node_dir_fini(dir);
	return 0;
}

static void expect_error(long status, const char *code, const char *says, const char *target,
			 const char *json)
{
	const char *answer = node_expect(&node, status, json ? "POST" : "GET", target, json);
	char text[1000];

	node_field(text, sizeof(text), answer, "error");
	assert_string_equal(text, code);
	node_field(text, sizeof(text), answer, "message");
	if (!strstr(answer, says))
		fail_msg("%s %s does not say %s", target, answer, says);
}

static void says(const char *target, const char *words)
{
	const char *answer = node_expect(&node, 200, "GET", target, NULL);

	if (!strstr(answer, words))
		fail_msg("%s: %s does not say %s", target, answer, words);
}

/* Without a federation everything has an answer, too. */
static void before_there_is_one(void **state)
{
	(void)state;
	says("/federation", "\"state\":\"none\"");
	says("/federation/members", "\"members\":[]");
	says("/federation/requests", "\"requests\":[]");
	says("/federation/proposals", "\"proposals\":[]");
	says("/federation/fork", "\"number\":0");
	expect_error(404, "absent", "not in a federation", "/federation/leave", "{}");
	expect_error(404, "absent", "not in a federation", "/federation/proposal?id=abcd", NULL);
	expect_error(404, "absent", "not in a federation", "/federation/votes",
		     "{\"proposal\": \"abcd\"}");
	expect_error(404, "absent", "not in a federation", "/federation/proposals",
		     "{\"change\": \"remove\", \"slugs\": [\"riesa\"]}");
	expect_error(404, "absent", "nobody waits", "/federation/requests/approve",
		     "{\"slug\": \"riesa\", \"words\": \"a\"}");
	expect_error(404, "absent", "not in a federation", "/federation/invitations",
		     "{\"name\": \"x\", \"slug\": \"x\", \"ags\": \"14627\"}");
}

static void what_is_malformed(void **state)
{
	(void)state;
	node_expect(&node, 201, "POST", "/federation", "{\"name\": \"Sachsen\"}");
	expect_error(400, "usage", "\\\"words\\\" is missing", "/federation/requests/approve",
		     "{\"slug\": \"riesa\"}");
	expect_error(400, "usage", "a change is", "/federation/proposals",
		     "{\"change\": \"banish\", \"slugs\": [\"meissen\"]}");
	expect_error(400, "usage", "a change is", "/federation/proposals",
		     "{\"change\": \"remove\"}");
	expect_error(400, "usage", "a change is", "/federation/proposals",
		     "{\"change\": \"remove\", \"slugs\": [\"a\", \"b\"]}");
	expect_error(400, "usage", "name 1 to 64", "/federation/proposals",
		     "{\"change\": \"stewards\", \"slugs\": []}");
	expect_error(400, "usage", "at least 1", "/federation/proposals",
		     "{\"change\": \"stewards\", \"slugs\": [\"meissen\"], "
		     "\"threshold\": 9223372036854775807}");
	expect_error(400, "usage", "a list of texts", "/federation/proposals",
		     "{\"change\": \"stewards\", \"slugs\": [1]}");
	expect_error(400, "usage", "only steward", "/federation/proposals",
		     "{\"change\": \"remove\", \"slugs\": [\"meissen\"], \"confirm\": true}");
	expect_error(409, "exists", "the stewards already", "/federation/proposals",
		     "{\"change\": \"stewards\", \"slugs\": [\"meissen\"]}");
	expect_error(404, "absent", "no proposal begins", "/federation/votes",
		     "{\"proposal\": \"\"}");
	expect_error(400, "usage", "mistyped", "/federation/votes",
		     "{\"proposal\": \"allmende2p-AAAA\"}");
	expect_error(400, "usage", "mistyped", "/federation/votes",
		     "{\"proposal\": \"allmende2v-\"}");
	expect_error(400, "usage", "\\\"id\\\" is missing", "/federation/proposal", NULL);
	expect_error(409, "exists", "is in the federation already", "/federation/invitations",
		     "{\"name\": \"x\", \"slug\": \"meissen\", \"ags\": \"14627\"}");
}

static void what_is_right(void **state)
{
	char text[1200];

	(void)state;
	says("/federation", "\"state\":\"member\"");
	says("/federation", "\"stewards\":1");
	says("/federation", "\"words\":null");
	says("/federation/members", "\"steward\":true");
	node_field(text, sizeof(text),
		   node_expect(&node, 201, "POST", "/federation/invitations",
			       "{\"name\": \"Stadt Riesa\", \"slug\": \"riesa\", "
			       "\"ags\": \"14627230\", \"relay\": true}"),
		   "invitation");
	assert_memory_equal(text, "allmende2-", 10);
	/* All slugs that may be stewards, and one more. */
	char many[2000] = "{\"change\": \"stewards\", \"slugs\": [\"meissen\"";
	for (unsigned i = 0; i < 70; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), ", \"t%u\"", i);
	snprintf(many + strlen(many), sizeof(many) - strlen(many), "]}");
	expect_error(400, "usage", "name 1 to 64", "/federation/proposals", many);
}

/* Old names and new ones in requests; in answers, and in what they say, the present one alone. */
static void by_any_name(void **state)
{
	(void)state;
	expect_error(400, "usage", "is not valid", "/federation/proposals",
		     "{\"change\": \"rename\", \"slug\": \"Stadt\", \"confirm\": true}");
	expect_error(409, "exists", "is called so already", "/federation/proposals",
		     "{\"change\": \"rename\", \"slugs\": [\"meissen\"]}");
	expect_error(404, "absent", "no member", "/federation/proposals",
		     "{\"change\": \"rename\", \"slugs\": [\"riesa\"], \"name\": \"x\"}");
	node_expect(&node, 200, "POST", "/federation/proposals",
		    "{\"change\": \"rename\", \"slug\": \"elbstadt\"}");
	says("/federation/members", "\"formerly\":[]");
	node_expect(&node, 201, "POST", "/federation/proposals",
		    "{\"change\": \"rename\", \"slug\": \"elbstadt\", \"name\": \"Elbstadt\", "
		    "\"confirm\": true}");
	says("/federation/members", "\"slug\":\"meissen\"");
	says("/federation/members", "\"slug\":\"elbstadt\"");
	says("/status", "\"name\":\"Elbstadt\",\"slug\":\"elbstadt\"");
	says("/audit/path?path=elbstadt/kita", "\"kept\":\"meissen/kita\"");
	says("/audit/path?path=meissen/kita", "\"kept\":\"meissen/kita\"");
	expect_error(404, "absent", "no dataset elbstadt/kita is known here",
		     "/dataset?path=meissen/kita", NULL);
	expect_error(404, "absent", "no dataset elbstadt/kita is known here",
		     "/dataset?path=elbstadt/kita", NULL);
	/* what only begins like it is something else */
	expect_error(404, "absent", "no dataset meissen-nord/kita is known here",
		     "/dataset?path=meissen-nord/kita", NULL);
	node_expect(&node, 201, "POST", "/subscriptions", "{\"pattern\": \"elbstadt/kita/**\"}");
	says("/subscriptions", "\"pattern\":\"elbstadt/kita/**\",\"name\":\"elbstadt/kita/**\"");
	expect_error(409, "exists", "elbstadt/kita/**", "/subscriptions",
		     "{\"pattern\": \"meissen/kita/**\"}");
	says("/search?words=elbstadt", "\"found\":0");
	node_expect(&node, 201, "POST", "/federation/proposals",
		    "{\"change\": \"rename\", \"slugs\": [\"elbstadt\"], \"slug\": \"meissen\", "
		    "\"confirm\": true}");
	says("/subscriptions", "\"pattern\":\"meissen/kita/**\"");
	node_expect(&node, 204, "DELETE", "/subscriptions?pattern=elbstadt/kita/**", NULL);
	says("/subscriptions", "\"subscriptions\":[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_there_is_one),
		cmocka_unit_test(what_is_malformed),
		cmocka_unit_test(what_is_right),
		cmocka_unit_test(by_any_name),
	};
	return cmocka_run_group_tests_name("federation", tests, start, stop);
}
