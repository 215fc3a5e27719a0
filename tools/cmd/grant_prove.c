/*
 * grant-prove: that a grant is this organisation's, to who asks.
 */
#include <string.h>

#include "proto/rights/showing.h"
#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/print.h"

static int run_grant_prove(struct tool *tool)
{
	const char *challenge = args_value(&tool->args, "challenge");
	json_t *body, *answer = NULL;
	struct client *client;
	int code;

	if (!challenge)
		return tool_fail(TOOL_USAGE, "--challenge is missing: what who checks the grant "
					     "has asked you");
	if (strlen(challenge) < SHOWING_CHALLENGE_LEN_MIN ||
	    strlen(challenge) > SHOWING_CHALLENGE_LEN_MAX)
		return tool_fail(TOOL_USAGE,
				 "--challenge \"%s\" has %zu bytes: it has to have %d to %d, "
				 "chosen by who checks the grant",
				 challenge, strlen(challenge), SHOWING_CHALLENGE_LEN_MIN,
				 SHOWING_CHALLENGE_LEN_MAX);
	body = json_pack("{s:s, s:s}", "id", tool_word(tool, 0), "challenge", challenge);
	if (!body)
		return tool_fail(TOOL_USAGE, "--challenge is no text");
	if ((code = client_open(&client, tool))) {
		json_decref(body);
		return code;
	}
	code = client_call(client, "POST", "/grant/prove", body, &answer);
	if (code)
		client_complain(client);
	else if (tool->json)
		code = print_json(tool, answer);
	else
		print_line("%s", field_text(answer, "text"));
	json_decref(body);
	json_decref(answer);
	client_close(client);
	return code;
}

const struct command cmd_grant_prove = {
	.name = "grant-prove",
	.arguments = "GRANT --challenge X",
	.summary = "prove that a grant was given to this organisation",
	.help = "Who checks an exported grant (`allmende grant-check`) chooses a challenge; this\n"
		"node signs it, and the line that is printed shows that the grant is this\n"
		"organisation's. It is good for ten minutes and for that challenge alone.\n"
		"\n"
		"  allmende grant-prove g-2B7QXYZA --challenge 8c1f0a77b2d94e05",
	.options =
		(const struct option[]){
			{"challenge", 0, "X", false,
			 "what who checks it has asked, 16 to 64 bytes"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_grant_prove,
};
