#include "node/derive/opened.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/bytes.h"
#include "crypto/check.h"
#include "store/dir.h"

#define ROW_LEN    8
#define BLOCK_ROWS 4096

/* Open addressing; ids are hashes already. 0: free, 1: was taken. */
struct opened_set {
	pthread_mutex_t lock;
	uint64_t *slots;
	size_t cap, used, count; /* a power of two; not free; in the set */
	int fd;                  /* -1: nothing can be written */
};

#define SLOT_FREE 0
#define SLOT_GONE 1

static uint64_t opened_row(const struct dataset_id *dataset)
{
	return be64_get(dataset->b) | 2;
}

static uint64_t *slot_find(struct opened_set *set, uint64_t row)
{
	size_t at = (size_t)(row >> 2) & (set->cap - 1);

	while (set->slots[at] != SLOT_FREE && set->slots[at] != row)
		at = (at + 1) & (set->cap - 1);
	return &set->slots[at];
}

static void set_grow(struct opened_set *set)
{
	uint64_t *old = set->slots;
	size_t old_cap = set->cap;

	set->cap = old_cap ? 2 * old_cap : 1024;
	set->slots = mem_new(set->cap, sizeof(*set->slots));
	set->used = set->count;
	for (size_t i = 0; i < old_cap; i++)
		if (old[i] != SLOT_FREE && old[i] != SLOT_GONE)
			*slot_find(set, old[i]) = old[i];
	free(old);
}

/* In, when it was out, and the other way round. False: there is no room. */
static bool set_turn(struct opened_set *set, uint64_t row)
{
	uint64_t *slot;

	if (2 * (set->used + 1) > set->cap)
		set_grow(set);
	slot = slot_find(set, row);
	if (*slot == row) {
		*slot = SLOT_GONE;
		set->count--;
		return true;
	}
	if (set->count == OPENED_COUNT_MAX)
		return false;
	*slot = row;
	set->used++;
	set->count++;
	return true;
}

static void opened_read(struct opened_set *set)
{
	uint8_t block[BLOCK_ROWS * ROW_LEN];
	off_t at = 0;
	ssize_t len;

	while (set->fd >= 0 && (len = pread(set->fd, block, sizeof(block), at)) >= ROW_LEN) {
		for (ssize_t i = 0; i + ROW_LEN <= len; i += ROW_LEN)
			set_turn(set, be64_get(block + i) | 2);
		at += len / ROW_LEN * ROW_LEN;
	}
	/* a row that was cut by a crash goes, as others would follow it */
	if (set->fd >= 0 && ftruncate(set->fd, at)) {
		close(set->fd);
		set->fd = -1;
	}
}

struct opened_set *opened_set_open(const char *dir)
{
	struct opened_set *set = mem_new(1, sizeof(*set));
	char *folder = dir_file(dir, "derived"), *path = dir_file(dir, "derived/opened");

	mkdir(folder, 0700);
	check(pthread_mutex_init(&set->lock, NULL) == 0);
	set_grow(set);
	set->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	opened_read(set);
	free(folder);
	free(path);
	return set;
}

void opened_set_close(struct opened_set *set)
{
	if (set->fd >= 0)
		close(set->fd);
	pthread_mutex_destroy(&set->lock);
	free(set->slots);
	free(set);
}

static void opened_set_make(struct opened_set *set, const struct dataset_id *dataset, bool in)
{
	uint64_t row = opened_row(dataset);
	uint8_t bytes[ROW_LEN];

	be64_put(bytes, row);
	pthread_mutex_lock(&set->lock);
	/* when it cannot be written no more is: what is missing is forgotten with the next start */
	if ((*slot_find(set, row) == row) != in && set_turn(set, row) && set->fd >= 0 &&
	    write(set->fd, bytes, ROW_LEN) != ROW_LEN) {
		close(set->fd);
		set->fd = -1;
	}
	pthread_mutex_unlock(&set->lock);
}

bool opened_set_has(struct opened_set *set, const struct dataset_id *dataset)
{
	uint64_t row = opened_row(dataset);
	bool has;

	pthread_mutex_lock(&set->lock);
	has = *slot_find(set, row) == row;
	pthread_mutex_unlock(&set->lock);
	return has;
}

void opened_set_add(struct opened_set *set, const struct dataset_id *dataset)
{
	opened_set_make(set, dataset, true);
}

void opened_set_drop(struct opened_set *set, const struct dataset_id *dataset)
{
	opened_set_make(set, dataset, false);
}
