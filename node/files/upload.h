/*
 * upload - one publication on its way: bytes of files in, a version ready to be committed out.
 *
 * Loop thread. A job cuts what came in (one at a time, in order), jobs identify and seal the pieces
 * (several at a time), and the core thread stores them as bulk; the writer gets each piece back as
 * soon as it is sealed. What comes in is many files in one stream (proto/content/parts.h), or one
 * file, of which such a stream is made; one after the other.
 *
 *	upload_begin() or upload_file_begin(), upload_feed() ..., upload_end(), until upload->open
 *		is false
 *	upload_finish(), until upload->state is UPLOAD_READY: then upload_commit()
 *	upload_drop() at the end, whatever happened
 *
 * changed() is called when there may be room, the file is done, the upload is ready or has failed.
 *
 * Bounds: limits.upload_count_max uploads; two blocks of UPLOAD_BLOCK_LEN each; pieces between
 * cutting and storing hold UPLOAD_FLIGHT_MAX bytes over all uploads. One that nobody touches for
 * UPLOAD_IDLE_MS is dropped. What is sealed stays in memory while it is at most UPLOAD_KEPT_MAX
 * bytes, and is stored by the turn that signs: a small publication is one commit.
 */
#ifndef ALLMENDE_UPLOAD_H
#define ALLMENDE_UPLOAD_H

#include <uv.h>

#include "node/base/packers.h"
#include "node/base/log.h"
#include "node/base/turn.h"
#include "proto/catalog/catalog.h"
#include "proto/content/parts.h"

#define UPLOAD_BLOCK_LEN  (1024u * 1024)
#define UPLOAD_FLIGHT_MAX (16u * 1024 * 1024)
#define UPLOAD_KEPT_MAX   (256u * 1024)
#define UPLOAD_IDLE_MS    (10u * 60 * 1000)

struct uploads {
	uv_loop_t *loop; /* all borrowed */
	struct turn *turn;
	struct db *db;
	struct packers *packers;
	struct log *log;
	const struct limits *limits;
	/* own */
	struct upload *first;
	uint32_t count; /* not dropped */
	uint32_t alive; /* in memory */
	uint64_t last_id;
	size_t flight_bytes;
	uv_timer_t timer;
};

enum upload_state { UPLOAD_NEW, UPLOAD_FILES, UPLOAD_FINISHING, UPLOAD_READY, UPLOAD_FAILED };
enum upload_step { UPLOAD_STEP_FEED, UPLOAD_STEP_END, UPLOAD_STEP_FINISH, UPLOAD_STEP_TAKE };

struct seal_job;

struct upload {
	struct upload *next;
	struct uploads *uploads;
	uint64_t id;
	struct publication publication;
	struct writer *writer;
	enum upload_state state;
	enum err err;
	bool busy;   /* a request uses it: it is not idle */
	bool staged; /* there are rows to be dropped */
	bool dropped;
	uint64_t touched_ms;
	char *begun;          /* how it was begun, for the audit log; NULL: not by a person */
	uint64_t added_bytes; /* sealed bytes that were new to the store */
	void (*changed)(struct upload *upload);
	void *owner; /* of changed() */

	/* what comes in */
	bool open, ending;
	bool one_file;               /* its parts are made here */
	struct buf filling, cutting; /* blocks: coming in, with the job */
	struct parts parts;          /* the job's, while one runs */

	/* jobs */
	uv_work_t cut;
	enum upload_step step;
	bool cut_running, cut_last, stream_ended, manifest_made, manifest_taken;
	struct piece **pieces; /* of the cut job */
	size_t piece_count, piece_cap;
	struct seal_job *sealed; /* wait until the cut job is over */
	struct seal_job *kept;   /* to be stored when more comes, or with the version, */
	size_t kept_bytes;       /* so many bytes in memory */
	unsigned sealing;        /* jobs with workers */
	unsigned storing;        /* jobs and calls with the core thread */
	size_t flight_bytes;
};

/* Starts the timer. */
void uploads_open(struct uploads *uploads);
/* All fail and are dropped; uploads->alive falls to 0 as jobs end. */
void uploads_close(struct uploads *uploads);
/* After each batch: there may be room. */
void uploads_turned(struct uploads *uploads);
/* The core was opened anew: staged rows are gone. */
void uploads_fail(struct uploads *uploads, enum err err);

/* NULL: limits.upload_count_max are open. The call that fills in upload->publication comes next,
   then upload_start() or upload_drop(). */
struct upload *upload_new(struct uploads *uploads);
void upload_start(struct upload *upload);
struct upload *uploads_find(struct uploads *uploads, uint64_t id);
/* Its staged rows are dropped unless there are none: nothing began, or it was committed. Its memory
   goes when the last job is over. */
void upload_drop(struct upload *upload);
/* A call with the core thread uses it: its memory stays. */
void upload_hold(struct upload *upload);
void upload_release(struct upload *upload);

/* ERR_BUSY: something is open, or it is being finished. Else the fault before, which sticks. */
enum err upload_begin(struct upload *upload);
/* The same for one file. */
enum err upload_file_begin(struct upload *upload, struct bytes name, struct bytes media_type,
			   uint64_t modified_ms);
/* Bytes taken; when there was no room for all, changed() follows. */
size_t upload_feed(struct upload *upload, struct bytes bytes);
void upload_end(struct upload *upload);
void upload_finish(struct upload *upload);
/* catalog_publish_commit() with what has not been stored yet. In a turn. */
enum err upload_commit(struct upload *upload, struct hub *hub, struct txn *txn, int64_t now_ms,
		       enum publish_outcome *outcome, struct catalog_entry *entry, char *why);

#endif
