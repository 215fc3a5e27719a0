#include "tools/kit/datasets.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/check.h"
#include "tools/kit/print.h"

const char *datasets_place(const json_t *entry)
{
	if (field_true(entry, "damaged"))
		return "damaged";
	if (!field_true(entry, "readable"))
		return field_true(entry, "held") ? "here, sealed" : "no access";
	if (field_true(entry, "held"))
		return field_true(entry, "own") ? "own" : "here";
	return "elsewhere";
}

void datasets_print(const struct tool *tool, const json_t *answer)
{
	static const char *const heads[] = {"DATASET", ">VERSION",  "TIER",  ">FILES", ">SIZE",
					    "DATA",    "PUBLISHED", "TITLE", NULL};
	struct grid grid;
	json_t *entry;
	size_t i;

	grid_init(&grid, tool, stdout, heads);
	json_array_foreach(json_object_get(answer, "datasets"), i, entry)
	{
		grid_text(&grid, field_text(entry, "dataset"));
		grid_number(&grid, field_count(entry, "version"));
		grid_text(&grid, field_text(entry, "tier"));
		grid_number(&grid, field_count(entry, "files"));
		grid_bytes(&grid, field_count(entry, "bytes"));
		grid_text(&grid, datasets_place(entry));
		grid_time(&grid, field_time(entry, "published_ms"));
		grid_text(&grid, field_text(entry, "title"));
	}
	grid_done(&grid);
}

char *datasets_holders(const json_t *entry)
{
	uint64_t copies = field_count(entry, "copies");
	char *slugs = print_join(json_object_get(entry, "held_by"));
	char *claims = print_join(json_object_get(entry, "claimed_by"));
	char proved[48] = "";
	char *text;

	if (*slugs)
		snprintf(proved, sizeof(proved), " (%" PRIu64 " cop%s)", copies,
			 copies == 1 ? "y" : "ies");
	if (asprintf(&text, "%s%s%s%s%s", slugs, proved, *slugs && *claims ? "; " : "",
		     *claims ? "not proved: " : "", claims) < 0)
		mem_gone(1, 0);
	free(slugs);
	free(claims);
	return text;
}

char *datasets_by(const json_t *entry)
{
	const char *by = field_text(entry, "by"), *origin = field_text(entry, "origin");
	const char *tie = field_true(entry, "tied") ? "; tie" : "";
	char *text = mem_new(256, 1);

	if (*origin)
		snprintf(text, 256, "%s, kept by %s%s", origin, by, tie);
	else
		snprintf(text, 256, "%s%s", by, tie);
	return text;
}
