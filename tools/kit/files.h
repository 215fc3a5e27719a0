/*
 * files - what a publication consists of: the files named, and those below the directories named.
 *
 * A file goes by its base name, a file below a directory by its path from there. Names are
 * checked before anything is sent: UTF-8 without control characters, no two alike. A symbolic
 * link below a directory is refused, as nobody sees where it leads; one that is named itself is
 * followed.
 */
#ifndef ALLMENDE_FILES_H
#define ALLMENDE_FILES_H

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
	uint64_t bytes;
	bool folder; /* a directory was named */
};

#define FILES_INPUT "-" /* the path of standard input; a file of this name is "./-" */

/* input_name: what standard input is called in the dataset; NULL: it may not be among the paths.
   Prints its own complaint. Release with files_fini() in any case. */
int files_collect(struct files *files, const char *input_name, const char *const *paths,
		  size_t count);
void files_fini(struct files *files);

#endif
