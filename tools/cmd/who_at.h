/*
 * who_at - who could read a dataset at a date, from the log of a node.
 */
#ifndef ALLMENDE_WHO_AT_H
#define ALLMENDE_WHO_AT_H

#include "tools/kit/tool.h"

/*
 * Prints its own complaint. from: an export, in which a hidden dataset has its path alone; NULL:
 * the log of the node.
 */
int who_at(const struct tool *tool, const char *name, const char *date, const char *from);

#endif
