#include "tools/kit/save.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/limits.h"
#include "crypto/random.h"
#include "crypto/utf8.h"

#define COMPONENT_LEN_MAX 255 /* of Linux file systems */

/* Cuts the next component off *rest into out; false at the end. */
static bool part_next(const char **rest, char out[COMPONENT_LEN_MAX + 1])
{
	size_t len = strcspn(*rest, "/");

	if (**rest == '\0')
		return false;
	if (len > COMPONENT_LEN_MAX)
		len = COMPONENT_LEN_MAX;
	memcpy(out, *rest, len);
	out[len] = '\0';
	*rest += len + ((*rest)[len] == '/');
	return true;
}

/* A relative path as a manifest may hold. */
static bool name_may_be_saved(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > LIMIT_FILE_NAME_LEN_MAX || !utf8_check(bytes_str(name), false))
		return false;
	for (const char *at = name;; at += strcspn(at, "/") + 1) {
		size_t part = strcspn(at, "/");

		if (part == 0 || part > COMPONENT_LEN_MAX || (part == 1 && at[0] == '.') ||
		    (part == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		if (at[part] == '\0')
			return true;
	}
}

static int refuse_step(const struct save *save, const char *part)
{
	if (errno == ELOOP || errno == ENOTDIR || errno == EEXIST)
		return tool_fail(
			TOOL_FAILED,
			"\"%s\" in the way of %s/%s is a symbolic link or a file, no folder: "
			"take it away, or give another folder",
			part, save->folder, save->name);
	return tool_fail(TOOL_FAILED, "cannot make the folder \"%s\" for %s/%s: %s", part,
			 save->folder, save->name, strerror(errno));
}

/* Walks to the folder of the file; the last component is left in part. */
static int walk(struct save *save, int folder_fd, char part[COMPONENT_LEN_MAX + 1])
{
	const char *rest = save->name;

	save->dir_fd = fcntl(folder_fd, F_DUPFD_CLOEXEC, 0);
	if (save->dir_fd < 0)
		return refuse_step(save, ".");
	while (part_next(&rest, part) && *rest) {
		int fd;

		if (mkdirat(save->dir_fd, part, 0777) && errno != EEXIST)
			return refuse_step(save, part);
		fd = openat(save->dir_fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return refuse_step(save, part);
		close(save->dir_fd);
		save->dir_fd = fd;
	}
	return TOOL_DONE;
}

int save_begin(struct save *save, int folder_fd, const char *folder, const char *name)
{
	struct random random = random_system();
	char part[COMPONENT_LEN_MAX + 1];
	uint64_t number;
	int code;

	*save = (struct save){.dir_fd = -1, .fd = -1, .folder = folder, .name = name};
	if (!name_may_be_saved(name))
		return tool_fail(
			TOOL_FAILED,
			"the dataset holds a file called \"%s\", which cannot be saved safely: "
			"tell its publisher",
			name);
	if ((code = walk(save, folder_fd, part)))
		return code;
	random_fill(&random, &number, sizeof(number));
	snprintf(save->part, sizeof(save->part), ".part-%016" PRIx64, number);
	save->fd = openat(save->dir_fd, save->part,
			  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (save->fd < 0)
		return tool_fail(TOOL_FAILED, "cannot write into %s: %s", folder, strerror(errno));
	return TOOL_DONE;
}

bool save_write(struct save *save, struct bytes piece)
{
	while (piece.len > 0) {
		ssize_t done = write(save->fd, piece.ptr, piece.len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			save->write_errno = errno;
			return false;
		}
		piece = bytes_slice(piece, (size_t)done, piece.len);
	}
	return true;
}

int save_done(struct save *save, int64_t modified_ms)
{
	const char *slash = strrchr(save->name, '/');
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
				    {modified_ms / 1000, modified_ms % 1000 * 1000000}};

	if (!save->write_errno && modified_ms > 0 && futimens(save->fd, times))
		save->write_errno = errno;
	if (!save->write_errno && close(save->fd))
		save->write_errno = errno;
	else if (save->write_errno)
		close(save->fd);
	save->fd = -1;
	if (!save->write_errno &&
	    renameat(save->dir_fd, save->part, save->dir_fd, slash ? slash + 1 : save->name))
		save->write_errno = errno;
	if (save->write_errno == EISDIR)
		return tool_fail(TOOL_FAILED,
				 "%s/%s is a folder here: take it away, or give another one",
				 save->folder, save->name);
	if (save->write_errno)
		return tool_fail(TOOL_FAILED, "cannot write %s/%s: %s", save->folder, save->name,
				 strerror(save->write_errno));
	save->part[0] = '\0';
	save_abort(save);
	return TOOL_DONE;
}

void save_abort(struct save *save)
{
	if (save->fd >= 0)
		close(save->fd);
	if (save->dir_fd >= 0) {
		if (save->part[0])
			unlinkat(save->dir_fd, save->part, 0);
		close(save->dir_fd);
	}
	save->fd = -1;
	save->dir_fd = -1;
}
