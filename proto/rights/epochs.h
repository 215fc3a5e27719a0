/*
 * epochs - the keys of the tiers granted and hidden: epochs at paths, wraps for readers
 * (docs/PROTOCOL.md, section 5.6).
 *
 * epochs.c brings the own namespace to what the good lines say at the end of each turn in which
 * something changed, once an hour, and when a line expires: every reader has a wrap of the epochs
 * that it needs; where a reader's right has ended, a new epoch begins. What is still to be done
 * follows from the records alone: a wrap of an organisation that is no reader any more says that an
 * epoch is due. Only the organisation's key author makes epochs. Keys lie sealed in table SEALED.
 */
#ifndef ALLMENDE_EPOCHS_H
#define ALLMENDE_EPOCHS_H

#include "proto/hub/hub.h"
#include "proto/content/version.h"

struct epochs {                   /* of the hub; epochs.c */
	bool due;                 /* readers have changed: wraps and epochs are to be looked at */
	bool learn;               /* keys have come: links are to be followed */
	struct row_key learn_at;  /* the walk over them goes on here */
	unsigned learn_rounds;    /* that are left; 0: no walk */
	bool learnt;              /* in this round */
	bool wraps;               /* wraps that could not be opened may be openable now */
	uint64_t waiting;         /* rights handed on that are not served (handed.h) */
	struct org_id waiting_by; /* whose grant one of them came by */
	uint64_t granted_epoch;   /* hub.granted_epoch, the same */
	uint32_t charter_number;  /* as of the last look */
	int64_t next_ms;          /* the next one */
	int64_t ends_ms;          /* and another one when this has passed for certain */
};

/*
 * The epoch that governs a path of the own namespace and K(path) in it; makes the first epoch (of
 * the namespace) when there is none. *prefix_len: how many bytes of the path are its Q. ERR_DENIED:
 * this node is not the key author and there is no epoch yet; ERR_AGAIN: the key is not here, or
 * this node has just started and does not know yet whether its own records are all here.
 */
enum err epochs_govern(struct hub *hub, struct txn *txn, struct bytes path, size_t *prefix_len,
		       uint64_t *number, struct key *path_key);
/*
 * K_n(path) of an epoch (Q, n) of any namespace, from wraps, own keys, and the down and back fields
 * of key records. The caller wipes. ERR_ABSENT: not to be had here.
 */
enum err epochs_key(struct hub *hub, struct txn *txn, struct bytes prefix, uint64_t number,
		    struct bytes path, struct key *out);
/*
 * K(dataset) of a version of tier granted or hidden, proved by its key check. ERR_ABSENT: not to be
 * had here.
 */
enum err epochs_version_key(struct hub *hub, struct txn *txn, const struct version *version,
			    const struct dataset_id *dataset, struct key *out);
/* The own wrap keys have changed: wraps that could not be opened may be openable now. */
void epochs_wraps_due(struct hub *hub);

/* RECORD_KEY, RECORD_WRAP with a prefix */
void epochs_arrival(struct hub *hub, struct txn *txn, const struct record *record);
void epochs_settle(struct hub *hub, struct txn *txn);
int64_t epochs_wake(const struct hub *hub);

#endif
