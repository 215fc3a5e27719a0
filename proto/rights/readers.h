/*
 * readers - who reads what in the own namespace, as the lines say that are good now, or may be
 * (docs/PROTOCOL.md, section 5.6).
 */
#ifndef ALLMENDE_READERS_H
#define ALLMENDE_READERS_H

#include "proto/hub/hub.h"

struct reading_org {
	struct org_id org;
	char *path; /* P: at and below it */
	bool good;  /* now; else its end has not passed for certain: it gets nothing, keeps all */
};

struct readers { /* in order, each once */
	struct hub *hub;
	struct reading_org *items;
	size_t count, cap;
	/* lines that were handed on and are not served (handed.h), and whose grant one came by */
	uint64_t waiting;
	struct org_id waiting_by;
	/* when the first of their lines ends or begins, wall time; INT64_MAX: none does */
	int64_t next_ms;
	/* when the first right ends that has not ended for certain (hub.act_ms); the same */
	int64_t ends_ms;
};

/* Walks over all lines of the own namespace. */
void readers_load(struct hub *hub, struct txn *txn, struct readers *readers);
void readers_fini(struct readers *readers);
/* maybe: also whose right may have ended already, but not for certain. */
bool readers_has(const struct readers *readers, const struct org_id *org, struct bytes path,
		 bool maybe);
/* Another time at which a right ends. */
void readers_note_end(struct readers *readers, int64_t at_ms);
/* Whether an organisation may read anything by a grant. */
bool readers_may(const struct hub *hub, const struct org_id *org);

#endif
