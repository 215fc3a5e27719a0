#include "tools/kit/query.h"

#include "tools/kit/client.h"
#include "tools/kit/print.h"

int query_show(const struct tool *tool, const char *target,
	       void (*show)(const struct tool *tool, const json_t *answer))
{
	struct client *client;
	json_t *answer = NULL;
	int code = client_open(&client, tool);

	if (code)
		return code;
	code = client_call(client, "GET", target, NULL, &answer);
	if (code)
		client_complain(client);
	else if (tool->json)
		code = print_json(tool, answer);
	else
		show(tool, answer);
	json_decref(answer);
	client_close(client);
	return code;
}

int query_post(const struct tool *tool, const char *target, json_t *body, json_t **answer)
{
	struct client *client;
	int code = client_open(&client, tool);

	if (!code) {
		code = client_call(client, "POST", target, body, answer);
		if (code)
			client_complain(client);
		client_close(client);
	}
	json_decref(body);
	return code;
}
