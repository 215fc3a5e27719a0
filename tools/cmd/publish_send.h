/*
 * publish_send - the bytes of a publication on their way to the daemon: many files in one request
 * (proto/content/parts.h), read while the daemon seals what came before.
 *
 * The guard looks at all that goes by. A file that vanishes, cannot be read or changes while it is
 * read stops it, and is named.
 */
#ifndef ALLMENDE_PUBLISH_SEND_H
#define ALLMENDE_PUBLISH_SEND_H

#include <sys/stat.h>

#include "tools/cmd/publish_guard.h"
#include "tools/kit/client.h"
#include "tools/kit/files.h"
#include "tools/kit/producer.h"
#include "tools/kit/progress.h"

struct sending {
	const struct tool *tool;
	struct client *client;
	struct publish_guard guard;
	struct progress progress;
	const char **command; /* instead of standard input; NULL: none */
	bool empty_ok;        /* that may be empty */
	char id[64];
	uint64_t previous; /* the version before, when it began; 0: none */
	bool begun;        /* previous is known */
	uint64_t bytes_done, bytes_all;
	bool input_read; /* standard input was, and cannot be again */
	bool stopped;    /* by what was found here, not by the daemon */

	/* publish_send.c */
	const struct files *files;
	size_t next;           /* of them, to be begun */
	uint64_t request_left; /* a request begins no further file when these are used up */
	int code;
	const struct file_entry *file; /* which is being sent; NULL: none */
	int fd;                        /* -1: of an empty folder */
	struct stat before;
	struct producer producer;
	uint64_t left;        /* UINT64_MAX: as long as it is */
	uint64_t done_before; /* bytes of the files before it */
	struct buf head;
};

/* All of them, from the first on. Says what went wrong. */
int publish_send(struct sending *sending, const struct files *files);

#endif
