#include "tools/kit/metadata_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/bytes.h"
#include "crypto/check.h"
#include "tools/kit/files.h"

int metadata_file_read(const char *path, json_t **out)
{
	json_error_t error;
	FILE *file = fopen(path, "r");
	char *text;
	size_t len;

	*out = NULL;
	if (!file)
		return tool_fail(errno == ENOENT ? TOOL_ABSENT : TOOL_FAILED, "%s: %s", path,
				 strerror(errno));
	text = mem_new(1, METADATA_FILE_LEN_MAX + 1);
	len = fread(text, 1, METADATA_FILE_LEN_MAX + 1, file);
	bool failed = ferror(file);
	fclose(file);
	if (!failed && len <= METADATA_FILE_LEN_MAX)
		*out = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	free(text);
	if (failed)
		return tool_fail(TOOL_FAILED, "%s cannot be read: %s", path, strerror(errno));
	if (len > METADATA_FILE_LEN_MAX)
		return tool_fail(TOOL_FAILED, "%s has more than %d bytes: it is no metadata", path,
				 METADATA_FILE_LEN_MAX);
	if (!*out)
		return tool_fail(TOOL_FAILED, "%s, line %d: this is not JSON: %s", path, error.line,
				 error.text);
	if (json_is_object(*out))
		return TOOL_DONE;
	json_decref(*out);
	*out = NULL;
	return tool_fail(TOOL_FAILED, "%s holds no JSON object", path);
}

char *metadata_file_beside(const char *path)
{
	struct buf beside;
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	buf_init(&beside, SIZE_MAX);
	buf_add(&beside, bytes_of(path, len));
	buf_add(&beside, bytes_str(METADATA_FILE_ENDING));
	char *text = bytes_text(buf_bytes(&beside));
	buf_fini(&beside);
	if (strcmp(path, FILES_INPUT) != 0 && access(text, F_OK) == 0)
		return text;
	free(text);
	return NULL;
}
