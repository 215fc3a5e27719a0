#include "tools/cmd/commands.h"

#include <string.h>

const struct command *const *commands_all(void)
{
	static const struct command *const all[] = {
#define X(name) &cmd_##name,
		COMMAND_LIST(X)
#undef X
			NULL,
	};

	return all;
}

/* How many of the words the command's name takes, 0 when it is another one. */
static int name_words(const char *name, int argc, char *const *argv)
{
	const char *blank = strchr(name, ' ');
	size_t len = blank ? (size_t)(blank - name) : strlen(name);

	if (argc < 1 || strlen(argv[0]) != len || memcmp(argv[0], name, len) != 0)
		return 0;
	if (!blank)
		return 1;
	return argc >= 2 && strcmp(argv[1], blank + 1) == 0 ? 2 : 0;
}

const struct command *commands_find(int argc, char *const *argv, int *words)
{
	const struct command *best = NULL;

	*words = 0;
	for (const struct command *const *c = commands_all(); *c; c++) {
		int count = name_words((*c)->name, argc, argv);

		if (count > *words) {
			*words = count;
			best = *c;
		}
	}
	return best;
}

bool commands_family(const char *word)
{
	size_t len = strlen(word);

	for (const struct command *const *c = commands_all(); *c; c++)
		if (strncmp((*c)->name, word, len) == 0 && (*c)->name[len] == ' ')
			return true;
	return false;
}
