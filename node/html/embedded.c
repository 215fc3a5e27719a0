#include "node/html/embedded.h"

#include <string.h>

#include "crypto/check.h"

const struct embedded *embedded_find(const char *name)
{
	const struct embedded *file = embedded_files;

	while (file->name && strcmp(file->name, name) != 0)
		file++;
	check(file->name);
	return file;
}
