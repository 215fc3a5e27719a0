/*
 * served - which organisation has fetched what from here: counted in rows, which survive a restart,
 * and written into the log when the day has passed or when one organisation has many of them.
 *
 * A chunk counts when it is handed over to be sent. Whoever fetches one chunk of each of very many
 * datasets has many entries written, pays for them from its account, and is told apart no more when
 * that is empty: then the log says how many were left out.
 */
#ifndef ALLMENDE_AUDIT_SERVED_H
#define ALLMENDE_AUDIT_SERVED_H

#include "proto/content/version.h"

struct hub;
struct txn;

#define AUDIT_SERVED_COUNT_MAX 512 /* rows of one organisation and day, elements of an entry */

/* number and author 0: an older version, which one was not looked for. */
void audit_served(struct hub *hub, struct txn *txn, uint32_t member, const struct version_id *of,
		  uint64_t chunks, uint64_t bytes);
/* Writes what is of days before this one, a few organisations at a time. True: there is more. */
bool audit_served_tell(struct hub *hub, struct txn *txn, uint32_t today);

/* The elements of an entry: AUDIT_SERVED. */
struct audit_served_list {
	uint32_t day, member;
	struct wire_in w;
	uint32_t left;
};
/* ERR_MALFORMED */
enum err audit_served_get(struct audit_served_list *out, struct bytes detail);
bool audit_served_next(struct audit_served_list *list, struct version_id *of, uint64_t *chunks,
		       uint64_t *bytes);

#endif
