#include "tools/kit/query.h"

#include "tools/kit/client.h"
#include "tools/kit/print.h"

static int query_ask(const struct tool *tool, const char *method, const char *target, json_t *body,
		     json_t **answer)
{
	struct client *client;
	int code = client_open(&client, tool);

	if (code)
		return code;
	code = client_call(client, method, target, body, answer);
	if (code)
		client_complain(client);
	client_close(client);
	return code;
}

int query_get(const struct tool *tool, const char *target, json_t **answer)
{
	return query_ask(tool, "GET", target, NULL, answer);
}

int query_show(const struct tool *tool, const char *target,
	       void (*show)(const struct tool *tool, const json_t *answer))
{
	json_t *answer = NULL;
	int code = query_get(tool, target, &answer);

	if (!code && tool->json)
		code = print_json(tool, answer);
	else if (!code)
		show(tool, answer);
	json_decref(answer);
	return code;
}

int query_post(const struct tool *tool, const char *target, json_t *body, json_t **answer)
{
	int code = query_ask(tool, "POST", target, body, answer);

	json_decref(body);
	return code;
}
