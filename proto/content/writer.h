/*
 * writer - the machine that makes one version out of files, without I/O.
 *
 * The owner feeds files, takes pieces, has them sealed by workers (several at a time), stores what
 * is new and hands the results back in any order:
 *
 *	writer_file_begin(w, name, media_type, modified_ms);
 *	while (block.len > 0) {
 *		block = bytes_slice(block, writer_feed(w, block), block.len);
 *		while ((piece = writer_take(w)))
 *			... piece_identify(), seen_get(), piece_seal() on a worker; then the
 *			    owner chunks_put() of piece->sealed, seen_put(), writer_accept(),
 *			    piece_close()
 *	}
 *	writer_file_end(w)
 *	... when there are no more files:
 *	writer_end(w), then take again
 *	... when all pieces are accepted:
 *	writer_finish(w)      the manifest is known; compare it, or take its pieces as before
 *	writer_done(w, &version)
 *
 * The writer holds one unfinished piece and the list of chunks; how many pieces are under way is
 * for the owner to limit. Faults stick: writer_err().
 */
#ifndef ALLMENDE_WRITER_H
#define ALLMENDE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/box.h"
#include "crypto/bytes.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "proto/content/cut.h"
#include "proto/content/index.h"
#include "proto/content/manifest.h"
#include "proto/content/pack.h"
#include "proto/content/version.h"
#include "store/db.h"

/* Another epoch of the dataset, whose chunks readers of this version can open as well. */
struct writer_epoch {
	uint64_t number;
	size_t prefix_len; /* its prefix is that of the version, or what it begins with */
	struct key dataset_key;
};
#define WRITER_EPOCH_COUNT_MAX (MANIFEST_EPOCH_COUNT_MAX / 2)

/* What the owner decides. Copied by writer_open(). */
struct writer_params {
	struct dataset_id dataset;
	uint64_t number;
	bool has_previous;
	struct record_id previous;
	enum tier tier; /* hidden: fixed cuts, no compression, nothing reused */
	struct key dataset_key;
	struct bytes epoch_prefix; /* at most LIMIT_PATH_LEN_MAX */
	uint64_t epoch_number;
	struct cut_key cut_key; /* of the version before, or random for the first */
	/* what was sealed under these is used again, too; the keys are copied */
	const struct writer_epoch *older;
	size_t older_count;
};

/* An older epoch, ready to open what was sealed under it. */
struct sealer_epoch {
	uint64_t number;
	size_t prefix_len;
	struct box_keys keys;
	struct box_context content;
};

/* What sealing needs; constant while the writer is open, so workers share it. */
struct sealer {
	struct dataset_id dataset;
	enum tier tier;
	uint64_t epoch_number;
	size_t epoch_prefix_len;
	struct box_keys keys;
	struct box_context content;
	struct box_context manifest;
	struct key seen_key;
	struct sealer_epoch *older;
	size_t older_count;
};

/* One piece on its way: made by the writer, owned by whoever took it. */
struct piece {
	uint32_t number; /* in the order of taking, from 0; manifest pieces count anew */
	enum box_kind kind;
	bool known; /* ref was found: nothing to seal, nothing to store */
	struct buf plain;
	struct digest seen;       /* its fingerprint, in table SEEN */
	uint64_t epoch_number;    /* the chunk's: the writer's own unless known */
	size_t epoch_prefix_len;  /* the same */
	struct index_entry entry; /* address and sealed size */
	struct buf sealed;        /* the chunk */
};
/* Stateless, for worker threads. Computes piece->seen, from the length and a kilobyte of text. */
void piece_identify(const struct sealer *sealer, struct piece *piece);
/* Compresses, seals and addresses. ERR_NOMEM. */
enum err piece_seal(const struct sealer *sealer, struct packer *packer, struct random *random,
		    struct piece *piece);
void piece_close(struct piece *piece); /* NULL is allowed */

/*
 * Table SEEN: plain text that was sealed before and whose chunk is still here need not be sealed
 * again. For each fingerprint it names the chunk that was sealed last. seen_get() opens that and
 * compares, so two texts of one fingerprint cost time and nothing else; when they are equal it sets
 * piece->known, entry and epoch_number (true), for content pieces that were identified. It takes
 * only chunks that readers of this version can open. seen_put remembers a sealed piece.
 */
bool seen_get(struct txn *txn, const struct sealer *sealer, struct packer *packer,
	      struct piece *piece);
void seen_put(struct txn *txn, const struct sealer *sealer, const struct piece *piece);
/*
 * Deletes rows of a dataset whose chunk is gone, looking at no more than max rows from *from on
 * (zeros: the beginning). True when rows are left to look at, *from then is where to go on.
 */
bool seen_sweep(struct txn *txn, const struct dataset_id *dataset, struct digest *from,
		uint32_t max);

struct writer;
struct writer *writer_open(const struct writer_params *params);
void writer_close(struct writer *writer); /* NULL is allowed; pieces taken stay with their owner */
const struct sealer *writer_sealer(const struct writer *writer);
/*
 * The sticky fault: ERR_MALFORMED (name or type), ERR_FULL (a limit of the format), ERR_EXISTS (two
 * files of one name), ERR_NOMEM.
 */
enum err writer_err(const struct writer *writer);

enum err writer_file_begin(struct writer *writer, struct bytes name, struct bytes media_type,
			   uint64_t modified_ms);
/*
 * Takes bytes of the file and returns how many: less than all of them when a piece is complete,
 * which is to be taken before the next call; after a fault it takes everything and does nothing.
 */
size_t writer_feed(struct writer *writer, struct bytes in);
void writer_file_end(struct writer *writer);
/* No more files: what is left of the stream is the last piece, which is to be taken. */
void writer_end(struct writer *writer);
/* The complete piece, or NULL. The caller owns it. */
struct piece *writer_take(struct writer *writer);
/* Notes where the piece went; the caller still closes it. */
void writer_accept(struct writer *writer, const struct piece *piece);
uint32_t writer_pending(const struct writer *writer); /* pieces taken and not accepted */

/*
 * Instead of files: those of another version of the dataset under the same epoch, as its manifest
 * lists them, so that their chunks are used again. The manifest's epochs are borrowed.
 */
enum err writer_copy(struct writer *writer, const struct manifest *manifest);
/* After writer_end(), nothing pending: builds the manifest, whose pieces are then to be taken. */
enum err writer_finish(struct writer *writer);
/* After writer_finish(), while the writer is open: names, counts, sizes. */
const struct manifest *writer_manifest(const struct writer *writer);
/*
 * All manifest pieces accepted: fills in every field of the version but path, description and
 * token. Its pointers are valid while the writer is open.
 */
enum err writer_done(struct writer *writer, struct version *version);
/* After writer_done(): all chunks of the version, sorted. */
const struct index *writer_index(const struct writer *writer);

/*
 * The description of a version in any tier but open, where it is in clear: appends a sealed chunk.
 */
enum err writer_description(const struct writer *writer, struct packer *packer,
			    struct random *random, struct bytes encoded, struct buf *out);

#endif
