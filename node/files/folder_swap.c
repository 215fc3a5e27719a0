/*
 * folder_swap - a version that is written takes the place of the one before (folder.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/files/attrs.h"
#include "node/files/folder_internal.h"
#include "node/files/guarded.h"
#include "node/files/tree.h"

/* The file system knows no flags of renames (NFS, SMB). */
static bool flags_are_unknown(void)
{
	return errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP;
}

/*
 * Goes where nothing stands. Without flags a plain rename does: a folder takes the place of an
 * empty one at most.
 */
bool folder_put_new(int from_fd, const char *from, int to_fd, const char *to)
{
	if (renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0)
		return true;
	return flags_are_unknown() && renameat(from_fd, from, to_fd, to) == 0;
}

/* What stands there and what was written change places; where the file system cannot do that in one
   step, in two. */
static bool exchange(const struct folder *folder, int parent_fd, const char *last)
{
	int hidden = folder->hidden_fd;

	if (renameat2(hidden, FOLDER_PART, parent_fd, last, RENAME_EXCHANGE) == 0)
		return true;
	if (!flags_are_unknown())
		return false;
	if (renameat(parent_fd, last, hidden, FOLDER_BEFORE))
		return false;
	if (renameat(hidden, FOLDER_PART, parent_fd, last)) {
		int failed = errno;

		renameat(hidden, FOLDER_BEFORE, parent_fd, last);
		errno = failed;
		return false;
	}
	return renameat(hidden, FOLDER_BEFORE, hidden, FOLDER_PART) == 0;
}

/* What is in the hidden folder and not this node's stays there, under another name. */
void folder_keep_hidden(struct folder *folder)
{
	char kept[sizeof(folder->hidden) + 8];

	snprintf(kept, sizeof(kept), "%s-kept", folder->hidden);
	folder_put_new(folder->dir_fd, folder->hidden, folder->dir_fd, kept);
	close(folder->hidden_fd);
	folder->hidden_fd = -1;
}

/*
 * Once more where nobody else reaches it: what came there after it was looked at goes back, or is
 * kept under another name.
 */
static bool before_check(struct folder *folder, int parent_fd, const char *last,
			 const struct digest *files, const struct digest *files_next)
{
	int fd = guarded_step(folder->hidden_fd, FOLDER_PART, true);
	bool ours = fd >= 0 && folder_holds(fd, files, files_next);

	if (fd >= 0)
		close(fd);
	if (ours)
		return true;
	folder_fail(folder,
		    "%.150s/%.200s was changed while the new version was written: move it "
		    "away, and it is written anew",
		    folder->dir, folder->path);
	if (!exchange(folder, parent_fd, last))
		folder_keep_hidden(folder);
	return false;
}

/* ---- the same folder, with something else in it ---- */

enum inside { INSIDE_PUT, INSIDE_FAILED, INSIDE_CANNOT };

/* The target and the copy that stands in for it. */
struct standin {
	int place_fd, copy_fd;
};

static bool standin_swap(const struct folder *folder, int parent_fd, const char *last)
{
	return renameat2(folder->hidden_fd, FOLDER_PLACE, parent_fd, last, RENAME_EXCHANGE) == 0;
}

/* What was taken away has to be what was expected; else somebody was quicker, and what stood there
   stays, for a person to look at. */
static enum inside standin_judge(struct folder *folder, int fd, int parent_fd, const char *last,
				 const struct digest *files, const struct digest *files_next)
{
	if (folder_holds(fd, files, files_next))
		return INSIDE_PUT;
	if (!standin_swap(folder, parent_fd, last))
		folder_keep_hidden(folder);
	folder_fail(folder,
		    "%.150s/%.200s was changed while the new version was written: move it "
		    "away, and it is written anew",
		    folder->dir, folder->path);
	return INSIDE_FAILED;
}

/* To and fro, where nobody looks: a copy of many files would be made for nothing. */
static bool can_exchange(int fd, const char *one, const char *other)
{
	return renameat2(fd, one, fd, other, RENAME_EXCHANGE) == 0 &&
	       renameat2(fd, one, fd, other, RENAME_EXCHANGE) == 0;
}

/* A copy of second names takes the place of the target, which is then where nobody sees it but who
   has it open. */
static enum inside standin_begin(struct folder *folder, struct standin *standin, int parent_fd,
				 const char *last, const struct digest *files,
				 const struct digest *files_next)
{
	standin->place_fd = guarded_step(parent_fd, last, true);
	if (standin->place_fd < 0 || mkdirat(folder->hidden_fd, FOLDER_PLACE, S_IRWXU) ||
	    !can_exchange(folder->hidden_fd, FOLDER_PLACE, FOLDER_PART))
		return INSIDE_CANNOT;
	standin->copy_fd = guarded_step(folder->hidden_fd, FOLDER_PLACE, true);
	if (standin->copy_fd < 0 || !tree_link(standin->place_fd, standin->copy_fd))
		return INSIDE_CANNOT;
	attrs_copy(standin->place_fd, standin->copy_fd, false);
	if (!standin_swap(folder, parent_fd, last))
		return INSIDE_CANNOT;
	return standin_judge(folder, standin->place_fd, parent_fd, last, files, files_next);
}

/* What was written comes into the target, and the target to its place. */
static enum inside standin_end(struct folder *folder, const struct standin *standin, int parent_fd,
			       const char *last, const struct digest *files,
			       const struct digest *files_next)
{
	/* the disk has to know first that it is not in its place */
	if (fsync(parent_fd) || !tree_exchange(folder->part_fd, standin->place_fd)) {
		folder_fail(folder, "cannot put %.200s in its place in %.150s: %s", folder->path,
			    folder->dir, strerror(errno));
		return INSIDE_FAILED;
	}
	attrs_copy(folder->part_fd, standin->place_fd, folder->closed);
	if (!standin_swap(folder, parent_fd, last) || syncfs(folder->dir_fd)) {
		folder_fail(folder, "cannot put %.200s in its place in %.150s: %s", folder->path,
			    folder->dir, strerror(errno));
		return INSIDE_FAILED;
	}
	return standin_judge(folder, standin->copy_fd, parent_fd, last, files, files_next);
}

/*
 * Who has the folder itself - a container that it is mounted into, a watcher, a shell - would keep
 * what is removed if another folder took its place. So it stays the same one: a copy of what it
 * holds stands in for it while what lies in it is exchanged, and then it comes back. By its path it
 * is whole at any time; who has it open sees one entry after the other change. INSIDE_CANNOT, and
 * nothing has happened: this file system, or whose the files are, does not allow it.
 */
static enum inside put_inside(struct folder *folder, int parent_fd, const char *last,
			      const struct digest *files, const struct digest *files_next)
{
	struct standin standin = {-1, -1};
	enum inside did = standin_begin(folder, &standin, parent_fd, last, files, files_next);

	if (did == INSIDE_PUT)
		did = standin_end(folder, &standin, parent_fd, last, files, files_next);
	if (standin.place_fd >= 0)
		close(standin.place_fd);
	if (standin.copy_fd >= 0)
		close(standin.copy_fd);
	if (did == INSIDE_CANNOT && !tree_remove(folder->hidden_fd, FOLDER_PLACE)) {
		folder_fail(folder, "cannot clear %.200s/%s: %s", folder->dir, folder->hidden,
			    strerror(errno));
		did = INSIDE_FAILED;
	}
	return did;
}

/* There is nothing yet, or it may go. */
static bool put(struct folder *folder, int parent_fd, const char *last, bool there)
{
	bool ok = there ? exchange(folder, parent_fd, last)
			: folder_put_new(folder->hidden_fd, FOLDER_PART, parent_fd, last);

	/* the folders above it may be new, too */
	return (ok && syncfs(folder->dir_fd) == 0) ||
	       folder_fail(folder, "cannot put %.200s in its place in %.150s: %s", folder->path,
			   folder->dir, strerror(errno));
}

bool folder_swap(struct folder *folder, const struct digest *files, const struct digest *files_next)
{
	const char *last;
	bool there, ok;
	int parent = folder_parent(folder, true, &last);
	enum inside did = INSIDE_CANNOT;

	if (parent < 0)
		return folder_fail(folder, "cannot make %.100s/%.200s: %s", folder->dir,
				   folder->path, strerror(errno));
	ok = folder_target(folder, parent, last, files, files_next, &there);
	if (ok && there)
		did = put_inside(folder, parent, last, files, files_next);
	if (ok && did == INSIDE_CANNOT)
		ok = put(folder, parent, last, there) &&
		     (!there || before_check(folder, parent, last, files, files_next));
	close(parent);
	return ok && did != INSIDE_FAILED;
}
