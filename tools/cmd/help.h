/*
 * help - texts that teach: the overview, one command, and what to say to an unknown command.
 */
#ifndef ALLMENDE_HELP_H
#define ALLMENDE_HELP_H

#include "tools/cmd/commands.h"

int help_overview(void);
int help_command(const struct command *command);
int help_version(void);
/* One sentence with the nearest command; TOOL_USAGE. second may be NULL: the word behind it. */
int help_refuse(const char *first, const char *second);

#endif
