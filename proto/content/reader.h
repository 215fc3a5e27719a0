/*
 * reader - the machine that reads one version, without I/O: manifest first, then files.
 *
 *	reader_open(version, dataset, dataset_key)
 *	while (reader_part_next(r, &entry))      get the chunk
 *		reader_part_add(r, packer, chunk);
 *	reader_manifest_done(r);                 the manifest is what the version says
 *	while ((epoch = reader_key_wanted(r)))   keys of older epochs still in use
 *		reader_key_add(r, key);
 *	for each file: for each of its chunks: reader_chunk() on any thread, of which
 *		manifest_part() belongs to it; sha256_add() in order, reader_file_end()
 */
#ifndef ALLMENDE_READER_H
#define ALLMENDE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"
#include "proto/content/manifest.h"
#include "proto/content/pack.h"
#include "proto/content/version.h"

struct reader;

/* Copies what it needs of the version. The key is that of version_dataset_key(). */
struct reader *reader_open(const struct version *version, const struct dataset_id *dataset,
			   const struct key *dataset_key);
/*
 * The chunks come out of the own store, which took each in under its address: that is looked at
 * again only when one cannot be opened, as what can be is what was sealed. Not for bytes of anybody
 * else.
 */
void reader_stored(struct reader *reader);
void reader_close(struct reader *reader); /* NULL is allowed; wipes the keys */

/* The next chunk of the manifest; the same one until it is added. */
bool reader_part_next(const struct reader *reader, struct index_entry *entry);
/* ERR_CORRUPT, ERR_DENIED, ERR_MALFORMED as chunk_open(). */
enum err reader_part_add(struct reader *reader, struct packer *packer, struct bytes chunk);
/* ERR_MALFORMED: no manifest, or not that of the version. */
enum err reader_manifest_done(struct reader *reader);
/* Bytes of the manifest that have come so far. */
size_t reader_manifest_len(const struct reader *reader);
/* After reader_manifest_done(), while the reader is open. */
const struct manifest *reader_manifest(const struct reader *reader);

/* The first epoch in the manifest without a key, or NULL. */
const struct manifest_epoch *reader_key_wanted(const struct reader *reader);
/* K(dataset) of that epoch. There is no key check for it: a wrong one shows in reader_chunk(). */
void reader_key_add(struct reader *reader, const struct key *dataset_key);

/*
 * Appends the plain text of a chunk. bases are the sealed bases named by the reference, in order,
 * base_count of them (NULL when 0). Changes nothing in the reader: any thread, with a packer of its
 * own. ERR_ABSENT: no key for its epoch. ERR_CORRUPT, ERR_DENIED, ERR_MALFORMED as chunk_open();
 * ERR_MALFORMED also when the text is not as long as the reference says.
 */
enum err reader_chunk(const struct reader *reader, struct packer *packer,
		      const struct chunk_ref *ref, struct bytes chunk, const struct bytes *bases,
		      struct buf *out);

/* Ends the hash over what was written out. ERR_MALFORMED: that is not the file. */
enum err reader_file_end(struct sha256 *sha256, const struct manifest_file *file);

/* Appends the encoded description in any tier: for description_decode(). Tier open needs no key and
   no packer. The key is that of version_description_key(). ERR_ABSENT: key NULL and one needed. */
enum err reader_description(struct buf *out, const struct version *version,
			    const struct dataset_id *dataset, const struct key *key,
			    struct packer *packer);

#endif
