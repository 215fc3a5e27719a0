/*
 * download - versions that are being read: manifests, and files as streams of plain text.
 *
 * Loop thread. A version is opened by a job that reads its manifest; the last few stay open, as a
 * client that gets a folder asks for one file after the other. Files are read in blocks by jobs,
 * each in a read transaction of its own, a few blocks ahead of what the client has taken.
 *
 * A version that is on its way is read as it comes: what is needed next is asked for first
 * (fetch_hurry()), and a block whose chunks are not here waits for the next turn.
 *
 * Bounds: DOWNLOAD_BLOCK_COUNT blocks of about DOWNLOAD_BLOCK_LEN per file while all downloads hold
 * less than DOWNLOAD_BYTES_MAX, otherwise one; READINGS_KEPT_MAX open versions that nobody uses. An
 * open manifest takes up to 3.3 times its bytes. Those of a mebibyte and less have room together
 * for DOWNLOAD_SMALL_BYTES_MAX, larger ones for one of the largest; who does not fit waits its
 * turn, and what nobody uses goes first.
 */
#ifndef ALLMENDE_DOWNLOAD_H
#define ALLMENDE_DOWNLOAD_H

#include <sys/types.h>
#include <uv.h>

#include "node/base/packers.h"
#include "node/base/turn.h"
#include "proto/catalog/catalog.h"

#define DOWNLOAD_BLOCK_LEN   (512u * 1024)
#define DOWNLOAD_BLOCK_COUNT 4
#define DOWNLOAD_BYTES_MAX   (24u * 1024 * 1024)
#define READINGS_KEPT_MAX    4

#define DOWNLOAD_SMALL_LEN_MAX   (1024u * 1024)
#define DOWNLOAD_SMALL_BYTES_MAX (16u * 1024 * 1024)
#define DOWNLOAD_LARGE_BYTES_MAX LIMIT_MANIFEST_LEN_MAX

enum opened_size { OPENED_SMALL, OPENED_LARGE, OPENED_SIZE_COUNT };

/* One version with its manifest. */
struct opened {
	struct opened *next;
	struct reading reading;
	struct reader *reader;
	/* ABSENT: a chunk or key is not here; CORRUPT: a chunk is damaged; DENIED, MALFORMED: not
	   what was signed */
	enum err err;
	struct chunk_addr bad;        /* ABSENT, CORRUPT */
	uint64_t plain_bytes;         /* of all files */
	const struct chunk_ref *last; /* that was read, with its text: small files share one */
	struct buf last_plain;
	enum opened_size size;
	size_t manifest_bytes; /* what it counts for: at most, and once it is read, as many */
};

struct open_job;
struct open_queue {
	struct open_job *first, *last;
	size_t bytes; /* of manifests that are being read, used or kept */
};

struct downloads {
	uv_loop_t *loop; /* all borrowed */
	struct turn *turn;
	struct db *db;
	struct packers *packers;
	/* own */
	struct opened *kept; /* the one used last first */
	size_t kept_count;
	struct open_queue queues[OPENED_SIZE_COUNT];
	size_t bytes;            /* of blocks */
	struct download *coming; /* those that wait for what is on its way */
	size_t job_count;
	bool stopping;
};

/* Takes the reading; ready(arg, opened) is called at once or later, until
   opened_put(). ERR_AGAIN: the node is stopping. */
void opened_get(struct downloads *downloads, struct reading *reading,
		void (*ready)(void *arg, struct opened *opened), void *arg);
void opened_put(struct downloads *downloads, struct opened *opened);
/* After a turn: something may have come. */
void downloads_turned(struct downloads *downloads);
/* Files that are being read end early; no job begins any more. */
void downloads_stop(struct downloads *downloads);
void downloads_fini(struct downloads *downloads); /* no job, no download is left */

struct download;
/* Begins to read a file; opened_put() comes with download_close(). wake(arg): data is there, or it
   failed. coming_ms: the version is on its way, and so long the next part is waited for; 0: what is
   not here is missing. */
struct download *download_open(struct downloads *downloads, struct opened *opened,
			       const struct manifest_file *file, uint64_t coming_ms,
			       void (*wake)(void *arg), void *arg);
/* Bytes copied; 0: none yet; -1: the file ends early, a chunk is damaged. */
ssize_t download_read(struct download *download, void *to, size_t len);
void download_close(struct download *download); /* its memory goes with the last job */
/* The whole file was read: closes it, but the version stays open, for another file. */
void download_next(struct download *download);

#endif
