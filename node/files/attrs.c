#include "node/files/attrs.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { ACL_LEN_MAX = 4096 };

static void acl_copy(int from_fd, int to_fd, const char *name)
{
	char acl[ACL_LEN_MAX];
	ssize_t len = fgetxattr(from_fd, name, acl, sizeof(acl));

	if (len > 0)
		(void)!fsetxattr(to_fd, name, acl, (size_t)len, 0);
}

void attrs_copy(int from_fd, int to_fd, bool closed)
{
	struct stat from, to;

	if (fstat(from_fd, &from) || fstat(to_fd, &to) ||
	    (from.st_mode & S_IFMT) != (to.st_mode & S_IFMT) ||
	    (from.st_uid != geteuid() && from.st_uid != 0))
		return;
	bool folder = S_ISDIR(from.st_mode);
	mode_t mode = from.st_mode & (folder ? 03777 : 0777) & (closed ? ~(mode_t)07 : 07777);

	if (from.st_gid != to.st_gid && fchown(to_fd, (uid_t)-1, from.st_gid))
		return; /* its group's bits would be another group's */
	acl_copy(from_fd, to_fd, "system.posix_acl_access");
	if (folder)
		acl_copy(from_fd, to_fd, "system.posix_acl_default");
	(void)!fchmod(to_fd, mode | (folder ? S_IRWXU : S_IRUSR | S_IWUSR));
}
