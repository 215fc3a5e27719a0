/*
 * file_proof - what proves, without a node, who has published a file: its signature, detached from
 * it (docs/PROTOCOL.md, section 5.12).
 *
 * Nobody signs for it anew. It holds what every node has of a version in tier open: the record that
 * the author's node has signed, the chunks of the manifest that the record names, which holds name,
 * size and hash of each file, and the charter and the log by which the key of that node is one of
 * its organisation. Reading checks all of it from charter entry 1 on, against the federation id
 * that who checks knows from elsewhere. So whoever hands it out, a portal too, can only hand out an
 * old one.
 *
 * What it cannot prove: that there is no later version, or that a node was not put out since.
 */
#ifndef ALLMENDE_FILE_PROOF_H
#define ALLMENDE_FILE_PROOF_H

#include "proto/content/reader.h"
#include "proto/rights/token_file.h"

enum { FILE_PROOF_LEN_MAX = 64 << 20, FILE_PROOF_WHY_LEN = 300 };

/* Writing: begin, each chunk of the manifest in order, and then token_export_place() of the
   author's member. Faults: out->err. */
void file_proof_begin(struct buf *out, struct bytes name, struct bytes record,
		      uint32_t chunk_count);
void file_proof_chunk(struct buf *out, struct bytes chunk);

/* What was read and checked; borrows the bytes. */
struct file_proof {
	struct token_file place; /* charter and log, as of when it was handed out */
	struct record record;
	struct version version;
	struct dataset_id dataset;
	struct bytes name;                   /* of the file */
	const struct manifest *manifest;     /* of all files of the version */
	const struct manifest_file *file;    /* the one it is for */
	const struct charter_member *author; /* whose node has signed */
	const struct charter_member *owner;  /* to whom the path belongs: another, by a grant */
	uint8_t node;                        /* which has signed */
	char why[FILE_PROOF_WHY_LEN];        /* what is wrong with it, for people: a clause */
	/* private */
	struct reader *reader;
	struct packer *packer;
};

/*
 * fed NULL: the federation is the one it says, place.charter.fed, and who reads says so.
 * ERR_MALFORMED, ERR_VERSION, ERR_FULL: it is no such proof; ERR_DENIED: what it says is not true,
 * or is signed by a node that its organisation has retired or lost. Release with file_proof_fini()
 * in any case.
 */
enum err file_proof_read(struct file_proof *out, struct bytes whole, const struct fed_id *fed);
void file_proof_fini(struct file_proof *proof);
/* The file of the version that has this hash and size, or NULL: for who has got the wrong one. */
const struct manifest_file *file_proof_match(const struct file_proof *proof,
					     const struct digest *hash, uint64_t size);

#endif
