/*
 * files - what a publication consists of: the files named, and those below the directories named.
 *
 * A file goes by its base name, a file below a directory by its path from there; a directory in
 * which nothing lies is an entry, too, whose name ends in '/'. Names are checked before anything
 * is sent: UTF-8 without control characters, not too long for any file system, no two alike, none
 * that of a file and of a folder. What nobody means to publish (litter.h) is left out, unless it
 * is asked for. A symbolic link below a directory is refused, as nobody sees where it leads; one
 * that is named itself is followed.
 */
#ifndef ALLMENDE_FILES_H
#define ALLMENDE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/kit/tool.h"

struct file_entry {
	char *name;     /* in the dataset */
	char *path;     /* on this machine */
	uint64_t bytes; /* 0 of standard input */
};

struct files {
	struct file_entry *entries; /* by name, bytewise */
	size_t count, cap;
	size_t folder_count; /* of those: directories in which nothing lies */
	uint64_t bytes;
	bool folder; /* a directory was named */
	bool hidden; /* nothing is left out */
	struct left_out {
		char **paths;
		size_t count, cap;
	} left_out;
};

#define FILES_INPUT "-" /* the path of standard input; a file of this name is "./-" */

struct files_from {
	const char *const *paths;
	size_t count;
	const char *input_name; /* of standard input, in the dataset; NULL: not to be among them */
	bool hidden;            /* take what would be left out, too */
};
/* Prints its own complaint. Release with files_fini() in any case. */
int files_collect(struct files *files, const struct files_from *from);
void files_fini(struct files *files);

#endif
