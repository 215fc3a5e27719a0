#include "node/derive/derive.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "node/base/clock.h"
#include "node/derive/opened.h"

#define NICE          10
#define REST_S        2 /* until it looks for files without a checksum again */
#define AT_ONCE_COUNT 2
#define WAITER_COUNT  2
#define FAILED_COUNT  64 /* remembered, so that nobody tries again and again */
#define FAILED_MS     600000
#define COPY_LEN      (256u * 1024)
#define COPY_ENDING   "copy"
#define MEMORY_TEMP   "/dev/shm" /* what libraries write of what is not open */

/* What is to be made of which file: equal when all of it is. */
struct task_id {
	struct record_id record;
	struct digest name;
	int form; /* enum convert_form; -1: the copy */
};

struct task {
	struct task *next;
	struct task_id id;
	char path[LIMIT_PATH_LEN_MAX + 1];
	uint64_t number;
	char *name, *title;
	int64_t time_ms;
	unsigned epsg;
};

struct failed {
	struct task_id id;
	enum err err;
	int64_t until_ms;
	char why[WHY_LEN];
};

struct derive {
	struct contents *contents;
	struct asker *asker;
	struct derived *derived;
	struct opened_set *opened;
	pthread_t thread;
	atomic_bool stop, ended;

	pthread_mutex_t lock; /* of the rest */
	pthread_cond_t wanted, made;
	struct task *first, *last, *running;
	size_t waiting;
	unsigned waiters, at_once;
	struct failed failed[FAILED_COUNT];
	size_t failed_next;
};

static struct task_id task_id(const struct derive_file *file, int form)
{
	struct task_id id;

	memset(&id, 0, sizeof(id)); /* compared as bytes */
	id.record = content_reading(file->content)->record;
	hash_plain(id.name.b, file->file->name);
	id.form = form;
	return id;
}

static bool task_is(const struct task *task, const struct task_id *id)
{
	return !memcmp(&task->id, id, sizeof(*id));
}

static void task_free(struct task *task)
{
	free(task->name);
	free(task->title);
	free(task);
}

/* Faults that are remembered; under the lock */

static const struct failed *failed_find(const struct derive *derive, const struct task_id *id)
{
	for (size_t i = 0; i < FAILED_COUNT; i++) {
		const struct failed *failed = &derive->failed[i];

		if (failed->err && !memcmp(&failed->id, id, sizeof(*id)) &&
		    failed->until_ms > clock_mono_ms())
			return failed;
	}
	return NULL;
}

static void failed_add(struct derive *derive, const struct task_id *id, enum err err,
		       const char *why)
{
	struct failed *failed = &derive->failed[derive->failed_next++ % FAILED_COUNT];

	if (err == ERR_AGAIN)
		return;
	*failed = (struct failed){.id = *id, .err = err, .until_ms = clock_mono_ms() + FAILED_MS};
	snprintf(failed->why, sizeof(failed->why), "%s", why);
}

/* Making it */

/* After it stands there: whether everybody may still have it. */
struct still {
	const char *path;
	uint64_t number;
	struct record_id record;
	struct dataset_id dataset;
	bool open;
};

static void still_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct still *still = arg;
	struct catalog_entry entry;
	char why[WHY_LEN];

	if (catalog_find(hub, txn, still->path, still->number, &entry, why))
		return;
	still->open = entry.tier == TIER_OPEN;
	still->record = entry.record;
	still->dataset = entry.dataset;
	catalog_entry_fini(&entry);
}

static bool is_still_open(struct derive *derive, const struct derive_file *file)
{
	const struct reading *reading = content_reading(file->content);
	struct still still = {.path = file->path, .number = reading->number};

	return !asker_ask(derive->asker, still_run, &still) && still.open &&
	       id_eq(&still.record, &reading->record);
}

static struct derived_key derive_key(const struct derive_file *file, const char *ending)
{
	const struct reading *reading = content_reading(file->content);

	return (struct derived_key){.dataset = &reading->dataset,
				    .path = file->path,
				    .record = &reading->record,
				    .name = file->file->name,
				    .ending = ending};
}

static enum err copy_write(struct derive *derive, const struct derive_file *file, int fd)
{
	struct content_stream *stream = content_stream_open(file->content, file->file);
	uint8_t *block = mem_new(1, COPY_LEN);
	enum err err = ERR_OK;
	ssize_t len = 1;

	for (uint64_t at = 0; len > 0 && !err; at += (uint64_t)len) {
		len = content_stream_read(stream, at, block, COPY_LEN);
		if (len < 0 || atomic_load(&derive->stop))
			err = ERR_AGAIN;
		else if (len > 0 && write(fd, block, (size_t)len) != len)
			err = ERR_IO;
	}
	free(block);
	content_stream_close(stream);
	return err;
}

static enum err form_write(struct derive *derive, const struct derive_file *file,
			   enum convert_form form, int fd, const char *path, char *why)
{
	struct content_stream *stream = content_stream_open(file->content, file->file);
	struct convert_job job = {
		.form = form,
		.title = file->title,
		.time_ms = file->time_ms,
		.epsg = file->epsg,
		.read = content_stream_read,
		.arg = stream,
		.size = file->file->size,
		.fd = fd,
		.path = path,
		.temp = path ? derived_temp(derive->derived) : MEMORY_TEMP,
		.stop = &derive->stop,
		.deadline_ms = clock_mono_ms() + DERIVE_MS_MAX,
	};
	enum err err = convert_run(&job, why);

	content_stream_close(stream);
	return err;
}

static enum err make_kept(struct derive *derive, const struct derive_file *file, int form,
			  char *why)
{
	struct derived_key key =
		derive_key(file, form < 0 ? COPY_ENDING : convert_ending((enum convert_form)form));
	struct derived_new made;
	enum err err = derived_begin(derive->derived, file->file->size, &made);

	snprintf(why, WHY_LEN, "there is no room for it on the disk of this node");
	if (err)
		return err;
	err = form < 0 ? copy_write(derive, file, made.fd)
		       : form_write(derive, file, (enum convert_form)form, made.fd, made.path, why);
	if (err) {
		derived_give_up(&made);
		return err;
	}
	err = derived_put(derive->derived, &made, &key);
	if (!err && !is_still_open(derive, file)) {
		derived_drop(derive->derived, key.dataset);
		err = ERR_AGAIN;
	}
	return err;
}

/* The thread */

static void task_run(struct derive *derive, const struct task *task, enum err *err, char *why)
{
	struct derive_file file = {.path = task->path,
				   .title = task->title,
				   .time_ms = task->time_ms,
				   .epsg = task->epsg};
	uint64_t len;
	int fd;

	*err = content_get(derive->contents, task->path, task->number, &file.content, why);
	if (*err)
		return;
	file.file = content_file(file.content, task->name);
	if (file.file && id_eq(&content_reading(file.content)->record, &task->id.record)) {
		struct derived_key key = derive_key(
			&file, task->id.form < 0
				       ? COPY_ENDING
				       : convert_ending((enum convert_form)task->id.form));

		fd = derived_get(derive->derived, &key, &len);
		if (fd >= 0)
			close(fd);
		else
			*err = make_kept(derive, &file, task->id.form, why);
	}
	content_put(file.content);
}

static bool review_current(void *arg, const char *path, const struct dataset_id *dataset,
			   struct record_id *record)
{
	struct derive *derive = arg;
	struct still still = {.path = path};

	if (atomic_load(&derive->stop))
		return true; /* next time */
	if (asker_ask(derive->asker, still_run, &still) || !still.open ||
	    !id_eq(&still.dataset, dataset))
		return false;
	*record = still.record;
	return true;
}

static void derive_rest(struct derive *derive)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += REST_S;
	pthread_mutex_lock(&derive->lock);
	while (!derive->first && !atomic_load(&derive->stop))
		if (pthread_cond_timedwait(&derive->wanted, &derive->lock, &until))
			break;
	pthread_mutex_unlock(&derive->lock);
}

static struct task *task_take(struct derive *derive)
{
	struct task *task;

	pthread_mutex_lock(&derive->lock);
	task = derive->first;
	if (task) {
		derive->first = task->next;
		derive->waiting--;
		derive->running = task;
	}
	pthread_mutex_unlock(&derive->lock);
	return task;
}

static void task_do(struct derive *derive, struct task *task)
{
	char why[WHY_LEN];
	enum err err;

	task_run(derive, task, &err, why);
	pthread_mutex_lock(&derive->lock);
	if (err)
		failed_add(derive, &task->id, err, why);
	derive->running = NULL;
	task_free(task);
	pthread_cond_broadcast(&derive->made);
	pthread_mutex_unlock(&derive->lock);
}

static void *thread_run(void *arg)
{
	struct derive *derive = arg;
	struct task *task;

	setpriority(PRIO_PROCESS, 0, NICE); /* of this thread alone */
	derived_review(derive->derived, review_current, derive);
	while (!atomic_load(&derive->stop)) {
		if ((task = task_take(derive)))
			task_do(derive, task);
		else
			derive_rest(derive);
	}
	atomic_store(&derive->ended, true);
	return NULL;
}

struct derive *derive_open(const struct derive_options *options)
{
	struct derive *derive = mem_new(1, sizeof(*derive));
	pthread_condattr_t mono;

	derive->contents = options->contents;
	derive->asker = options->asker;
	derive->opened = opened_set_open(options->dir);
	derive->derived = derived_open(options->dir,
				       options->bytes_max ? options->bytes_max : DERIVED_BYTES_MAX);
	check(pthread_mutex_init(&derive->lock, NULL) == 0);
	check(pthread_condattr_init(&mono) == 0);
	check(pthread_condattr_setclock(&mono, CLOCK_MONOTONIC) == 0);
	check(pthread_cond_init(&derive->wanted, &mono) == 0);
	check(pthread_cond_init(&derive->made, &mono) == 0);
	pthread_condattr_destroy(&mono);
	check(pthread_create(&derive->thread, NULL, thread_run, derive) == 0);
	return derive;
}

void derive_note(struct derive *derive, const struct note *note)
{
	if (note->type == NOTE_WITHDRAWN || note->type == NOTE_VERSION || note->type == NOTE_VOID)
		derived_drop(derive->derived, &note->dataset);
	if (note->type == NOTE_VERSION)
		opened_set_drop(derive->opened, &note->dataset);
}

void derive_opened(struct derive *derive, const struct dataset_id *dataset)
{
	if (!opened_set_has(derive->opened, dataset))
		opened_set_add(derive->opened, dataset);
}

bool derive_was_open(struct derive *derive, const struct dataset_id *dataset)
{
	return opened_set_has(derive->opened, dataset);
}

void derive_stop(struct derive *derive)
{
	pthread_mutex_lock(&derive->lock);
	atomic_store(&derive->stop, true);
	pthread_cond_broadcast(&derive->wanted);
	pthread_cond_broadcast(&derive->made);
	pthread_mutex_unlock(&derive->lock);
}

bool derive_busy(struct derive *derive)
{
	return !atomic_load(&derive->ended);
}

void derive_close(struct derive *derive)
{
	struct task *task;

	pthread_join(derive->thread, NULL);
	while ((task = derive->first)) {
		derive->first = task->next;
		task_free(task);
	}
	opened_set_close(derive->opened);
	pthread_cond_destroy(&derive->made);
	pthread_cond_destroy(&derive->wanted);
	pthread_mutex_destroy(&derive->lock);
	derived_close(derive->derived);
	free(derive);
}

/* Who asks; under the lock */

static bool is_under_way(const struct derive *derive, const struct task_id *id)
{
	if (derive->running && task_is(derive->running, id))
		return true;
	for (const struct task *task = derive->first; task; task = task->next)
		if (task_is(task, id))
			return true;
	return false;
}

/* False: too many wait. */
static bool task_add(struct derive *derive, const struct derive_file *file,
		     const struct task_id *id)
{
	struct task *task;

	if (is_under_way(derive, id))
		return true;
	if (derive->waiting == DERIVE_WAITING_MAX || atomic_load(&derive->stop))
		return false;
	task = mem_new(1, sizeof(*task));
	task->id = *id;
	snprintf(task->path, sizeof(task->path), "%s", file->path);
	task->number = content_reading(file->content)->number;
	task->name = bytes_text(file->file->name);
	task->title = mem_str(file->title);
	task->time_ms = file->time_ms;
	task->epsg = file->epsg;
	if (derive->first)
		derive->last->next = task;
	else
		derive->first = task;
	derive->last = task;
	derive->waiting++;
	pthread_cond_signal(&derive->wanted);
	return true;
}

static bool derive_is_open(const struct derive_file *file)
{
	return content_reading(file->content)->version.tier == TIER_OPEN;
}

static bool copy_may_be(const struct derive_file *file)
{
	return derive_is_open(file) && file->file->size <= DERIVE_COPY_LEN_MAX;
}

int derive_copy_kept(struct derive *derive, const struct derive_file *file, uint64_t *len)
{
	const struct derived_key key = derive_key(file, COPY_ENDING);
	const int fd = copy_may_be(file) ? derived_get(derive->derived, &key, len) : -1;

	if (fd >= 0 && *len != file->file->size) {
		close(fd);
		return -1;
	}
	return fd;
}

int derive_copy(struct derive *derive, const struct derive_file *file, uint64_t *len)
{
	const int fd = derive_copy_kept(derive, file, len);
	struct task_id id;

	if (fd >= 0 || !copy_may_be(file))
		return fd;
	id = task_id(file, -1);
	pthread_mutex_lock(&derive->lock);
	if (!failed_find(derive, &id))
		task_add(derive, file, &id);
	pthread_mutex_unlock(&derive->lock);
	return -1;
}

/* Until it is made, for a while. */
static void wait_for_it(struct derive *derive, const struct task_id *id)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += DERIVE_WAIT_MS / 1000;
	derive->waiters++;
	while (is_under_way(derive, id) && !atomic_load(&derive->stop))
		if (pthread_cond_timedwait(&derive->made, &derive->lock, &until))
			break;
	derive->waiters--;
}

/* By the thread: ERR_OK when it should stand there now. */
static enum err form_by_thread(struct derive *derive, const struct derive_file *file,
			       const struct task_id *id, char *why)
{
	const struct failed *failed;
	enum err err = ERR_OK;

	pthread_mutex_lock(&derive->lock);
	failed = failed_find(derive, id);
	if (!failed && !task_add(derive, file, id))
		err = ERR_BUSY;
	else if (!failed && derive->waiters < WAITER_COUNT)
		wait_for_it(derive, id);
	failed = failed_find(derive, id);
	if (failed) {
		snprintf(why, WHY_LEN, "%s", failed->why);
		err = failed->err;
	} else if (!err && is_under_way(derive, id)) {
		err = ERR_AGAIN;
	}
	pthread_mutex_unlock(&derive->lock);
	return err;
}

static bool at_once_enter(struct derive *derive)
{
	bool enters;

	pthread_mutex_lock(&derive->lock);
	enters = derive->at_once < AT_ONCE_COUNT;
	derive->at_once += enters;
	pthread_mutex_unlock(&derive->lock);
	return enters;
}

static void at_once_leave(struct derive *derive)
{
	pthread_mutex_lock(&derive->lock);
	derive->at_once--;
	pthread_mutex_unlock(&derive->lock);
}

/* In memory, and nowhere else. */
static enum err form_in_memory(struct derive *derive, const struct derive_file *file,
			       enum convert_form form, int *fd, uint64_t *len, char *why)
{
	enum err err = ERR_BUSY;
	off_t end;

	if (!at_once_enter(derive))
		return ERR_BUSY;
	*fd = memfd_create("allmende", MFD_CLOEXEC);
	if (*fd >= 0)
		err = form_write(derive, file, form, *fd, NULL, why);
	at_once_leave(derive);
	end = *fd < 0 ? -1 : lseek(*fd, 0, SEEK_END);
	if (!err && end < 0)
		err = ERR_IO;
	if (err && *fd >= 0)
		close(*fd);
	*len = (uint64_t)end;
	return err;
}

enum err derive_form(struct derive *derive, const struct derive_file *file, enum convert_form form,
		     int *fd, uint64_t *len, char *why)
{
	struct derived_key key = derive_key(file, convert_ending(form));
	struct task_id id = task_id(file, (int)form);
	enum err err = ERR_BUSY;

	snprintf(why, WHY_LEN, "the node is stopping");
	if (!derive_is_open(file))
		return form_in_memory(derive, file, form, fd, len, why);
	*fd = derived_get(derive->derived, &key, len);
	if (*fd >= 0)
		return ERR_OK;
	if (file->file->size > DERIVE_AT_ONCE_MAX) {
		err = form_by_thread(derive, file, &id, why);
	} else if (at_once_enter(derive)) {
		err = make_kept(derive, file, (int)form, why);
		at_once_leave(derive);
	}
	if (err)
		return err;
	*fd = derived_get(derive->derived, &key, len);
	return *fd >= 0 ? ERR_OK : ERR_AGAIN;
}
