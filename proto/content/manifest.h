/*
 * manifest - the files of one version and the chunks they are made of (docs/PROTOCOL.md, section
 * 6.3). The files that are not empty are pieces of one stream, in any order; its chunks are cut
 * wherever, so one may hold many small files.
 *
 * The arrays grow with the bytes they were decoded from, never with a count that somebody claims.
 * Names and prefixes borrow from those bytes. All lists are struct buf of one type of element;
 * read them through the functions below.
 */
#ifndef ALLMENDE_MANIFEST_H
#define ALLMENDE_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/id.h"
#include "proto/content/cut.h"
#include "proto/content/index.h"
#include "proto/content/version.h"

#define MANIFEST_EPOCH_COUNT_MAX    256
#define MANIFEST_MEDIA_TYPE_LEN_MAX 128

/* A reference to one chunk of the stream, or to a base of one. */
struct chunk_ref {
	struct chunk_addr addr;
	uint32_t size;      /* sealed */
	uint32_t plain_len; /* 1 to LIMIT_CHUNK_PLAIN_MAX */
	uint64_t offset;    /* of its text in the stream; of bases: 0 */
	uint32_t base_first;
	uint16_t epoch; /* index into the epochs */
	uint8_t base_count;
};

struct manifest_epoch {
	struct bytes prefix;
	uint64_t number;
};

struct manifest_file {
	struct bytes name;
	struct bytes media_type; /* may be empty */
	uint64_t size;
	uint64_t modified_ms; /* int64_t, in two's complement; 0: not known */
	struct digest sha256;
	uint64_t offset;      /* in the stream; of an empty one 0 */
	uint32_t chunk_first; /* those it lies in: manifest_place() */
	uint32_t chunk_count;
};

struct manifest {
	struct dataset_id dataset;
	uint64_t number;
	bool has_previous;
	struct record_id previous;
	struct cut_key cut_key;
	struct buf epochs;
	struct buf files; /* in rising order of name */
	struct buf chunks;
	struct buf bases;
};
void manifest_init(struct manifest *manifest);
void manifest_fini(struct manifest *manifest);

uint32_t manifest_epoch_count(const struct manifest *manifest);
const struct manifest_epoch *manifest_epoch(const struct manifest *manifest, uint32_t i);
uint32_t manifest_file_count(const struct manifest *manifest);
const struct manifest_file *manifest_file(const struct manifest *manifest, uint32_t i);
/* The file of that name or NULL. */
const struct manifest_file *manifest_find(const struct manifest *manifest, struct bytes name);
uint32_t manifest_chunk_count(const struct manifest *manifest);
/* Chunk i of those that a file lies in, i < chunk_count; base i of a chunk, i < base_count. */
const struct chunk_ref *manifest_chunk(const struct manifest *manifest,
				       const struct manifest_file *file, uint32_t i);
const struct chunk_ref *manifest_base(const struct manifest *manifest, const struct chunk_ref *ref,
				      uint32_t i);
/* Of the text of a chunk what belongs to the file. */
struct bytes manifest_part(const struct manifest_file *file, const struct chunk_ref *ref,
			   struct bytes plain);
uint32_t manifest_real_count(const struct manifest *manifest); /* files but empty folders */
uint64_t manifest_bytes(const struct manifest *manifest);      /* sum of the sizes of the files */

/* Whether so much comes out of so little that only who was asked for it should be given it. */
bool manifest_swells(uint64_t plain_bytes, uint64_t stored_bytes);

/*
 * A relative path with '/' as separator, of at most LIMIT_FILE_DEPTH_MAX folders and parts of 1 to
 * LIMIT_FILE_PART_LEN_MAX bytes, none of them "." or "..", without characters that nobody is to be
 * shown (utf8_unsafe()): else ERR_MALFORMED. One that ends in '/' is that of an empty folder.
 */
enum err manifest_name_check(struct bytes name);
bool manifest_is_folder(const struct manifest_file *file); /* an empty one; its name is valid */
/* Whether nobody could write all of the files, which stand in order: a name is there twice, or is
   that of a file and of a folder in which another lies. */
bool manifest_names_clash(const struct manifest *manifest);

/*
 * Finds the chunks of each file, when sizes, offsets and chunks are there. ERR_MALFORMED: the files
 * do not cover the stream, each byte of it once.
 */
enum err manifest_place(struct manifest *manifest);

/* Appends the bytes; the lists are as manifest_decode() would accept them. */
void manifest_encode(struct buf *out, const struct manifest *manifest);
/*
 * At most LIMIT_MANIFEST_LEN_MAX bytes, into an initialised manifest, which on failure is to be
 * released all the same. ERR_MALFORMED; ERR_FULL, ERR_NOMEM.
 */
enum err manifest_decode(struct manifest *manifest, struct bytes in);

/* Adds every chunk with its bases to the index. */
void manifest_index(const struct manifest *manifest, struct index *index);
/*
 * A reader refuses a manifest whose dataset, number, predecessor or chunks are not those of the
 * version: ERR_MALFORMED. ERR_FULL, ERR_NOMEM: no room to find out.
 */
enum err manifest_check(const struct manifest *manifest, const struct version *version,
			const struct dataset_id *dataset);

#endif
