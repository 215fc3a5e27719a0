/*
 * indexer_internal - the state of the indexer, and its steps. Private to this room.
 *
 * A step is gathered on the core thread, written on a worker, and taken note of on the loop thread;
 * it belongs to one of them at a time.
 */
#ifndef ALLMENDE_INDEXER_INTERNAL_H
#define ALLMENDE_INDEXER_INTERNAL_H

#include "node/index/gather.h"
#include "node/index/indexer.h"

#define STEP_LIST_MAX 4 /* manifests, one after the other */

enum step_kind {
	STEP_OPEN,  /* the databases: nothing is asked of the core */
	STEP_LOOK,  /* whether rights have changed: nothing is written */
	STEP_HEARD, /* datasets of which something was heard */
	STEP_PAGE,  /* the next ones of a walk */
	STEP_LIST,  /* manifests are opened */
	STEP_FORGET /* words of what was taken out go from the file: nothing is asked of the core */
};

struct heard {
	char stored[LIMIT_PATH_LEN_MAX + 1];
	struct dataset_id dataset;
};

struct step {
	enum step_kind kind;
	enum err err;
	int64_t now_ms;
	struct heard heard[GATHER_COUNT_MAX];
	size_t heard_count;
	struct gathered gathered;
	struct unlisted unlisted[STEP_LIST_MAX];
	struct reading readings[STEP_LIST_MAX]; /* keys: wiped by step_reset() */
	bool readable[STEP_LIST_MAX];
	size_t unlisted_count;
	uint64_t wanted_epoch; /* of the core */
	uint32_t charter_number;
	bool begins; /* the first page of a walk */
	bool remade; /* the databases were lost */
};

struct indexer {
	const struct node_view *node; /* borrowed, as packers */
	struct packers *packers;
	struct index_store store;
	uv_timer_t timer;
	struct turn_item item;
	uv_work_t work;
	struct packer *packer; /* of the job; NULL: none */
	struct step step;
	bool busy, stopping, opened, rests;

	struct heard *heard;
	size_t heard_count, heard_cap;
	bool walk_due, walking;
	char after[LIMIT_PATH_LEN_MAX + 1];   /* where the walk is */
	int64_t walk_began_ms, walk_ended_ms; /* clock_mono_ms() */
	bool look_due;
	int64_t forget_began_ms, forget_ended_ms;
	uint64_t wanted_epoch; /* that the last walk began with */
	uint32_t charter_number;
	struct unlisted unlisted[STEP_LIST_MAX]; /* as the last job has left it */
	size_t unlisted_count;
};

/* On the core thread: fills the step. */
void step_gather(struct hub *hub, struct txn *txn, int64_t now_ms, void *indexer);
/* On a worker: writes it, and finds what is unlisted now. */
void step_write(struct indexer *indexer);
void step_reset(struct step *step);

#endif
