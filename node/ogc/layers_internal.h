/*
 * layers_internal - what the list of layers and the thread that makes their tables share. Private
 * to the two of them.
 */
#ifndef ALLMENDE_LAYERS_INTERNAL_H
#define ALLMENDE_LAYERS_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "crypto/id.h"
#include "node/ogc/layers.h"

struct layer_entry {
	struct layer_info info;
	bool open;
	struct digest hash; /* of the file as it is now */
	unsigned zone;
	bool stale;  /* the table is that of another file, or there is none */
	bool absent; /* the file has no features */
	bool asked;  /* somebody wants the table, which is not in memory any more */
	int64_t retry_ms, used_ms;
	struct table_keep *kept; /* in memory */
	uint64_t kept_bytes;
	uint64_t walk; /* the last one that saw it */
};

struct layer_list { /* sorted by id */
	struct layer_entry **entries;
	size_t count, cap;
};

struct layers {
	const struct node_view *node; /* borrowed */
	char *dir;                    /* DIR/derived/features */
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t wake;
	struct layer_list lists[2]; /* [open] */
	uint64_t kept_bytes, generation;
	bool asked;
	atomic_bool stop, ended;

	/* the thread's own */
	struct index_reader *reader;
	uint64_t walk, seen;             /* seen: generation of the index */
	uint64_t disk_bytes, made_count; /* of tables in memory */
	bool full;                       /* more than LAYERS_MAX */
	int64_t walk_after_ms;
};

/* With the lock. NULL: there is none. */
struct layer_entry *layer_list_find(const struct layer_list *list, const char *id);
/* With the lock; takes the entry. */
void layer_list_add(struct layer_list *list, struct layer_entry *entry);
void layer_entry_free(struct layer_entry *entry);
/* With the lock: the table goes, what is known of it stays. */
void layer_entry_forget(struct layers *layers, struct layer_entry *entry);

void *layers_run(void *arg); /* the thread */

#endif
