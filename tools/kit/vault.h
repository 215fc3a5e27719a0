/*
 * vault - a folder with the last backup of one node: blocks, each once and named by its hash, and a
 * list of the files that they make.
 *
 *	FOLDER/blocks/ab/ab...   64 hex digits: BLAKE2b-256 of the block, of VAULT_BLOCK_LEN at most
 *	FOLDER/list              text: what was copied when; a file and its blocks, ...; a sum
 *	FOLDER/lock
 *
 * A backup writes the blocks that are not there yet, then the list, in one step, and then removes
 * the blocks that it does not name. So whatever interrupts it, there is a whole backup: the new one
 * or the one before. What is read is checked block by block, and the list by its sum.
 *
 * All functions print their own complaint.
 */
#ifndef ALLMENDE_VAULT_H
#define ALLMENDE_VAULT_H

#include "proto/charter/identity.h"
#include "tools/kit/tool.h"

enum { VAULT_BLOCK_LEN = 256 * 1024 };

struct vault;

/* What is copied in one backup, and whose it is. */
struct vault_head {
	struct org_id org;
	uint8_t node_index;
	int64_t time_ms;
};
struct vault_cost {
	uint64_t bytes, new_bytes; /* of all files; of blocks that were not there yet */
};

/*
 * make: the folder is made, or one that holds a backup of the same node is gone on with. Release
 * with vault_close().
 */
int vault_open_write(struct vault **out, const char *folder, const struct vault_head *head);
/* One file, read from fd to its end. Names have letters, digits, '.', '-' and '/'. */
int vault_add(struct vault *vault, const char *name, int fd);
/* Now it is the backup. */
int vault_done(struct vault *vault, struct vault_cost *cost);

int vault_open_read(struct vault **out, const char *folder, struct vault_head *head);
/* The name of file i; NULL at the end. */
const char *vault_name(const struct vault *vault, size_t i);
/* Writes file i to fd, each block checked first. */
int vault_get(struct vault *vault, size_t i, int fd);
void vault_close(struct vault *vault); /* NULL does nothing */

#endif
