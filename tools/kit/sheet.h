/*
 * sheet - the recovery sheet: one page of text with the organisation's root seed.
 *
 * Whoever has it can act as the organisation, and without it a lost machine cannot be replaced;
 * so it is written only where somebody asked for it, 0600, never over a file.
 */
#ifndef ALLMENDE_SHEET_H
#define ALLMENDE_SHEET_H

#include "proto/charter/identity.h"
#include "tools/kit/tool.h"

/* Makes the file, which must not exist yet; prints its own complaint. *fd is the caller's. */
int sheet_make(int *fd, const char *path);
/*
 * Writes the sheet with this root seed and syncs it. charter NULL or empty: the organisation
 * belongs to no federation yet, so the sheet does not say to which.
 */
enum err sheet_write(int fd, const struct identity *identity, const struct charter *charter,
		     const struct key *seed, int64_t now_ms);
/*
 * What a recovery sheet says: its file, or what somebody has typed of it ("-": standard input); of
 * one that holds nothing else the first line is the seed. has_fed false: the sheet does not say.
 * Prints its own complaint. To be wiped.
 */
struct sheet {
	struct key seed;
	struct fed_id fed;
	bool has_fed;
};
int sheet_read(struct sheet *out, const char *path);
/* The same of the second sheet. */
int sheet_next_read(struct key *seed, const char *path);
/*
 * Makes the file and writes the second sheet with the seed that lies in the key files; then that
 * goes. Prints its own complaint.
 */
int sheet_next(struct keyring *keyring, const struct identity *identity,
	       const struct digest *next_root, const char *path, int64_t now_ms);
/* The same into a file that is open already. */
int sheet_next_write(struct keyring *keyring, const struct identity *identity,
		     const struct digest *next_root, int fd, const char *path, int64_t now_ms);
/*
 * Whether a file is what a making that was cut short has left of a sheet: empty, or a sheet of this
 * organisation, which never came to be. org NULL: it is not known which.
 */
bool sheet_is_left(const char *path, const struct org_id *org);
/*
 * Remembers in the data directory that there is a sheet, or that coming back by it was rehearsed,
 * so that `allmende doctor` and `allmende status` need not ask for it.
 */
#define SHEET_WRITTEN   "sheet-written"
#define SHEET_REHEARSED "sheet-rehearsed"
void sheet_note(const char *dir, const char *what, int64_t now_ms);
#define SHEET_WHEN_LEN 32
/* When it was so last; false: never. */
bool sheet_noted(const char *dir, const char *what, char when[SHEET_WHEN_LEN]);

#endif
