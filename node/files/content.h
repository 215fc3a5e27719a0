/*
 * content - published files as threads read them that may wait: no loop, no callbacks.
 *
 * For the workers of the public port and for jobs in the background; any thread but loop and core.
 * A version is opened once for all who read it at a time: the core is asked for its key (asker.h),
 * then its manifest is read. The last few stay open, for who gets one file after the other. What it
 * knows ends with it, and is wiped.
 *
 * Nothing is decided here about who may read: whoever calls has asked that before.
 *
 * Bounds: manifests of a mebibyte and less take CONTENT_SMALL_BYTES_MAX together, one larger one is
 * open at a time; CONTENT_KEPT_MAX open versions that nobody uses. A stream holds one chunk.
 */
#ifndef ALLMENDE_CONTENT_H
#define ALLMENDE_CONTENT_H

#include <sys/types.h>

#include "node/base/asker.h"
#include "proto/catalog/catalog.h"

#define CONTENT_KEPT_MAX        8
#define CONTENT_SMALL_LEN_MAX   (1024u * 1024)
#define CONTENT_SMALL_BYTES_MAX (16u * 1024 * 1024)

struct contents;
/* All borrowed. The turn is told of damaged chunks, by way of the asker. */
struct contents *contents_open(struct db *db, struct asker *asker, struct turn *turn);
void contents_close(struct contents *contents); /* nothing is open any more */

struct content;
/*
 * number 0: the current version. ERR_ABSENT: not known. ERR_DENIED: not readable here. ERR_AGAIN:
 * known, but not (wholly) here, or the node is stopping. ERR_BUSY: no room for its manifest now.
 * Others: damaged, or not what was signed. One sentence in why (WHY_LEN). content_put() is due when
 * it succeeds.
 */
enum err content_get(struct contents *contents, const char *path, uint64_t number,
		     struct content **out, char *why);
/* The same without a question, when that version is open: NULL, it is not. */
struct content *content_kept(struct contents *contents, const struct record_id *record);
/* The same with what the core has said already; takes the reading. */
enum err content_take(struct contents *contents, struct reading *reading, struct content **out,
		      char *why);
void content_put(struct content *content);

/* Until content_put(). */
const struct reading *content_reading(const struct content *content);
const struct manifest *content_manifest(const struct content *content);
/* The file of that name, or NULL. */
const struct manifest_file *content_file(const struct content *content, const char *name);

/* One file from any place on, best in order. It keeps the content open by itself; one thread at a
   time. */
struct content_stream;
struct content_stream *content_stream_open(struct content *content,
					   const struct manifest_file *file);
/* Bytes copied: less than len only at the end of the file (0: at its end or beyond). -1: a chunk is
   not here or damaged. The argument is the stream. */
ssize_t content_stream_read(void *stream, uint64_t at, void *to, size_t len);
void content_stream_close(void *stream);

#endif
