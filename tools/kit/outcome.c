#include "tools/kit/outcome.h"

#include <inttypes.h>
#include <stdio.h>

#include "tools/kit/print.h"

const char *outcome_says(const json_t *answer)
{
	return field_true(answer, "accepted") ? "says" : "would say";
}

void outcome_changes(const json_t *answer)
{
	json_t *change;
	size_t i;

	json_array_foreach(json_object_get(answer, "changes"), i, change)
		print_line("  %s", json_string_value(change));
}

void outcome_print(const struct tool *tool, const json_t *answer)
{
	char command[200];

	if (field_true(answer, "accepted")) {
		print_line("Done: the charter has entry %" PRIu64 " now.",
			   field_count(answer, "number"));
		return;
	}
	print_line("Proposal %.*s for entry %" PRIu64 " of the charter %s; others must agree:",
		   OUTCOME_ID_SHOWN, field_text(answer, "id"), field_count(answer, "number"),
		   field_true(answer, "voted") ? "has your vote" : "is made, without your vote");
	print_next(tool, "allmende federation proposals", "shows who has voted");
	snprintf(command, sizeof(command), "allmende federation proposal %.*s --text",
		 OUTCOME_ID_SHOWN, field_text(answer, "id"));
	print_next(tool, command, "prints it for stewards without a connection");
}
