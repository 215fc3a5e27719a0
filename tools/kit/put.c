#include "tools/kit/put.h"

#include <errno.h>
#include <unistd.h>

enum err put_all(int fd, struct bytes bytes)
{
	for (size_t at = 0; at < bytes.len;) {
		ssize_t done = write(fd, bytes.ptr + at, bytes.len - at);

		if (done < 0 && errno != EINTR)
			return errno == ENOSPC || errno == EDQUOT ? ERR_NOSPACE : ERR_IO;
		at += done > 0 ? (size_t)done : 0;
	}
	return ERR_OK;
}
