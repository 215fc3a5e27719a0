#include "tools/kit/municipality.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_MAX    16
#define STATE_KNOWN  "14"    /* Saxony: of this all counties are known, */
#define COUNTY_KNOWN "14627" /* and of this all municipalities */
#define COUNTY_LEN   5
#define KEY_LEN      8
#define DOUBT_LEN    400

static const char *const counties[] = {"14511", "14521", "14522", "14523", "14524",
				       "14612", "14625", "14626", "14627", "14628",
				       "14713", "14729", "14730"};

static bool county_is_known(const char *ags)
{
	for (size_t i = 0; i < sizeof(counties) / sizeof(counties[0]); i++)
		if (!strncmp(counties[i], ags, COUNTY_LEN))
			return true;
	return false;
}

static const struct municipality *find_ags(const char *ags)
{
	for (size_t i = 0; i < municipality_count; i++)
		if (!strcmp(municipalities[i].ags, ags))
			return &municipalities[i];
	return NULL;
}

/* "Stadt Riesa" and "Riesa", but neither "Groß Riesa" nor "Riesa-Zeithain". */
static const struct municipality *find_named(const char *name)
{
	for (size_t i = 0; i < municipality_count; i++) {
		const char *place = strchr(municipalities[i].name, ' ') + 1;

		if (!strcmp(municipalities[i].name, name) || !strcmp(place, name))
			return &municipalities[i];
	}
	return NULL;
}

static bool may_be(const char *ags)
{
	const long state = (ags[0] - '0') * 10 + (ags[1] - '0');

	if (state < 1 || state > STATE_MAX)
		return false;
	if (!strncmp(ags, STATE_KNOWN, 2) && !county_is_known(ags))
		return false;
	return strlen(ags) < KEY_LEN || strncmp(ags, COUNTY_KNOWN, COUNTY_LEN) != 0 ||
	       find_ags(ags) != NULL;
}

/* Is it right all the same? Whoever can be asked is asked; a script is told, and goes on. */
static int doubt_said(const char *doubt)
{
	char answer[8] = "";

	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		tool_remark("%s; it is taken as it is", doubt);
		return TOOL_DONE;
	}
	fprintf(stderr, "%s. Take it all the same? [y/N] ", doubt);
	if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return TOOL_DONE;
	return tool_fail(TOOL_USAGE, "nothing was done");
}

int municipality_check(const struct tool *tool, const char *name, const char *ags)
{
	const struct municipality *meant = find_named(name), *is = find_ags(ags);
	char doubt[DOUBT_LEN] = "";

	if (args_flag(&tool->args, "unlisted-ags"))
		return TOOL_DONE;
	if (meant && strlen(ags) == KEY_LEN && strcmp(meant->ags, ags) != 0)
		snprintf(doubt, sizeof(doubt), "--ags %s is %s%s: %s has %s", ags,
			 is ? "the key of " : "not known", is ? is->name : "", meant->name,
			 meant->ags);
	else if (!may_be(ags))
		snprintf(doubt, sizeof(doubt),
			 "--ags %s is no key that this program knows: look it up, as in the "
			 "register of municipalities",
			 ags);
	return *doubt ? doubt_said(doubt) : TOOL_DONE;
}
