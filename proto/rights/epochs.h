/*
 * epochs - the keys of the tiers granted and hidden: epochs at paths, wraps for readers
 * (docs/PROTOCOL.md, section 5.6).
 *
 * At the end of each turn in which something changed, once an hour, and when a line ends, it looks
 * at two things. Which epochs are due (epoch_due.h): where somebody has a wrap who reads no more, a
 * new epoch begins, at once or once a day. Which keys are wanted (epoch_wraps.h): every prefix that
 * somebody may read has an epoch, and every reader a wrap of it. What is still to be done follows
 * from the records and from what came first (epoch_rows.h), so a crash loses nothing. Keys lie
 * sealed in table SEALED (epoch_keys.h).
 */
#ifndef ALLMENDE_EPOCHS_H
#define ALLMENDE_EPOCHS_H

#include "proto/hub/hub.h"
#include "proto/content/version.h"
#include "proto/rights/epoch_asks.h"
#include "proto/rights/epoch_over.h"
#include "proto/rights/epoch_recovery.h"
#include "proto/rights/epoch_wraps.h"

struct epochs {                  /* of the hub; epochs.c */
	bool learn;              /* keys have come: links are to be followed */
	struct row_key learn_at; /* the walk over them goes on here */
	unsigned learn_rounds;   /* that are left; 0: no walk */
	bool learnt;             /* in this round */
	bool wraps;              /* wraps that could not be opened may be openable now */
	struct epoch_pass pass;
	struct epoch_asks asks;
	struct epoch_recovery recovery;
	bool look;       /* whether epochs are due is to be looked at */
	int64_t look_ms; /* mono time: not before, as others have it looked at */
	int64_t next_ms; /* wall time: the next look at the latest */
	int64_t ends_ms; /* and another one when hub.act_ms has passed this */
	bool slow_paced; /* an epoch that is due waits for its week */
	struct epoch_over over;
	uint64_t waited;         /* so often something to be sealed had to wait for one */
	uint32_t charter_number; /* as of the last look, like the next two */
	uint64_t rights_epoch, keys_epoch;
	uint64_t wanted_epoch; /* as of the last time that all wraps were tried */
};

/*
 * The epoch that governs a path and K(path) in it; in the own namespace the key author makes the
 * first epoch (of the namespace) when there is none. *prefix_len: how many bytes of the path are
 * its Q. ERR_DENIED: this node is not the key author and there is no epoch yet; ERR_AGAIN: the key
 * is not here, this node signs nothing now, or a new epoch is due first (epochs_waits() says so).
 */
enum err epochs_govern(struct hub *hub, struct txn *txn, struct bytes path, size_t *prefix_len,
		       uint64_t *number, struct key *path_key);
/*
 * The epoch of a hidden path of the own namespace, at the path itself, and its key; the key author
 * makes the first one. ERR_DENIED: there is none, and another node makes it (epoch_asks.h);
 * ERR_AGAIN as above.
 */
enum err epochs_hidden(struct hub *hub, struct txn *txn, struct bytes path, uint64_t *number,
		       struct key *path_key);
/*
 * Whether what is sealed at a path waits for a new epoch. until_ms: until when at most, wall time;
 * INT64_MAX: until it is there.
 */
struct epoch_wait {
	uint32_t owner; /* whose key author makes it */
	bool own;       /* because of what the own organisation has ended, else it is urgent */
	int64_t since_ms, until_ms;
	bool over; /* it has waited for so long: what is sealed now goes under the old key */
};
bool epochs_waits(struct hub *hub, struct txn *txn, struct bytes path, struct epoch_wait *out);

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

/*
 * Whether a version, which may be opened here, was sealed under a key record that has no effect
 * (any more), though others have: who goes by those that have cannot open it.
 */
bool epochs_stranded(struct hub *hub, struct txn *txn, const struct version *version,
		     const struct dataset_id *dataset);

/*
 * For who ends rights: makes what is due by an urgent cause, in the same turn and before the head.
 * Without the key before a new epoch is made all the same. Errors: ERR_NOSPACE, else they stick.
 */
struct epochs_made {
	unsigned count;
	unsigned lost; /* whose keys before could not be linked: what is older cannot be read by
			  who comes later */
};
enum err epochs_urgent_now(struct hub *hub, struct txn *txn, struct epochs_made *out);
/*
 * What it would cost when an organisation loses what it reads at and below a path; nothing is
 * changed. org NULL: nobody does.
 */
struct epochs_cost {
	uint64_t epochs; /* new ones */
	uint64_t wraps;  /* for who stays, by all givers together */
	uint64_t bytes;  /* of these records, in every store; about */
	uint64_t lost;   /* epochs of which the key before is not here */
};
void epochs_cost(struct hub *hub, struct txn *txn, const struct org_id *org, struct bytes prefix,
		 struct epochs_cost *out);

/* The own wrap keys have changed: wraps that could not be opened may be openable now. */
void epochs_wraps_due(struct hub *hub);
/* RECORD_KEY, RECORD_WRAP with a prefix */
void epochs_arrival(struct hub *hub, struct txn *txn, const struct record *record);
/* A version of tier granted or hidden has come. */
void epochs_version(struct hub *hub, struct txn *txn, const struct version *version);
void epochs_settle(struct hub *hub, struct txn *txn);
int64_t epochs_wake(const struct hub *hub);

#endif
