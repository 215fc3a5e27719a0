#include "tools/kit/proof.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/kit/put.h"

int proof_federation(struct fed_id *out, const char *text)
{
	if (!text)
		return tool_fail(TOOL_USAGE,
				 "--federation is missing: the id of the federation, which you "
				 "have from elsewhere than the file (`allmende federation` at a "
				 "node that you trust says it)");
	if (hex_get(out->b, ID_LEN, text))
		return tool_fail(TOOL_USAGE,
				 "--federation \"%s\" is no id: it has 64 digits of 0-9 and a-f",
				 text);
	return TOOL_DONE;
}

int proof_read(struct buf *out, const char *path, const char *what)
{
	FILE *file = fopen(path, "rb");
	uint8_t piece[65536];
	size_t len;

	if (!file)
		return tool_fail(TOOL_ABSENT, "cannot read %s: %s", path, strerror(errno));
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0 && !out->err)
		buf_add(out, bytes_of(piece, len));
	bool failed = ferror(file);
	int err = errno;
	fclose(file);
	if (failed)
		return tool_fail(TOOL_FAILED, "cannot read %s: %s", path, strerror(err));
	if (out->err)
		return tool_fail(TOOL_FAILED, "%s is no %s: it is longer than 64 MiB", path, what);
	return TOOL_DONE;
}

int proof_write(const char *path, struct bytes bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	bool done = fd >= 0 && !put_all(fd, bytes) && fsync(fd) == 0;
	int err = errno;

	if (fd >= 0 && close(fd) != 0 && done) {
		done = false;
		err = errno;
	}
	if (done)
		return TOOL_DONE;
	if (fd >= 0)
		unlink(path);
	if (err == EEXIST)
		return tool_fail(TOOL_FAILED, "%s is there already: name a new file", path);
	return tool_fail(TOOL_FAILED, "cannot write %s: %s", path, strerror(err));
}
