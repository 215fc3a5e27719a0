/*
 * municipality - whether an official key can be right. A wrong one names another town for ever in a
 * charter, and nobody sees it in eight digits.
 *
 * Known are the numbers of the states, the counties of Saxony, and the municipalities of the county
 * of Meissen (tools/municipalities.tsv); what is not known here is not judged.
 */
#ifndef ALLMENDE_MUNICIPALITY_H
#define ALLMENDE_MUNICIPALITY_H

#include "tools/kit/tool.h"

struct municipality {
	const char *ags, *name;
};
/* Made of the table when the program is built (tools/kit/municipalities.py). */
extern const struct municipality municipalities[];
extern const size_t municipality_count;

/* For lists of options: a key that is not known is meant. */
#define MUNICIPALITY_OPTION                                                                        \
	{                                                                                          \
		"unlisted-ags", 0, NULL, false,                                                    \
			"the key is right, although this program does not know it, or for another" \
	}

/*
 * A key that cannot be that of an organisation with this name is doubted, with the one that was
 * meant, if it is known: on a terminal it is asked about, and a no is TOOL_USAGE; elsewhere that is
 * a remark on standard error, and TOOL_DONE.
 */
int municipality_check(const struct tool *tool, const char *name, const char *ags);

#endif
