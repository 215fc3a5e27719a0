/*
 * withdrawn - datasets that were taken back, as `withdraw` and `show` show them.
 */
#ifndef ALLMENDE_WITHDRAWN_H
#define ALLMENDE_WITHDRAWN_H

#include "tools/kit/client.h"

/* The exit code of client_call(): TOOL_ABSENT when this version (0: any) was never withdrawn. */
int withdrawn_ask(struct client *client, const char *path, uint64_t version, json_t **answer);
void withdrawn_print(const struct tool *tool, const json_t *answer);
/* The names of a list of organisations behind a label; none: what to say when it is empty. */
void withdrawn_names(const char *label, const json_t *list, const char *none);

#endif
