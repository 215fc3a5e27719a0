/*
 * metadata_file - a file of JSON that says what data are, beside them or named.
 */
#ifndef ALLMENDE_METADATA_FILE_H
#define ALLMENDE_METADATA_FILE_H

#include <jansson.h>

#include "tools/kit/tool.h"

#define METADATA_FILE_ENDING  ".metadata.json"
#define METADATA_FILE_LEN_MAX 65536

/* An object of any names; *out is to be released, NULL unless TOOL_DONE. Prints its complaint. */
int metadata_file_read(const char *path, json_t **out);
/* PATH.metadata.json, when it is there; to be freed. NULL: it is not. */
char *metadata_file_beside(const char *path);

#endif
