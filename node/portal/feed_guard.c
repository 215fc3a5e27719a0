#include "node/portal/feed_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/id.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

enum { FILE_LEN_MAX = 256 << 20, ROW_COUNT_MAX = 4 << 20, TENTH = 10 };

void feed_guard_init(struct feed_guard *guard)
{
	*guard = (struct feed_guard){.rows = NULL};
}

void feed_guard_fini(struct feed_guard *guard)
{
	free(guard->rows);
	feed_guard_init(guard);
}

/* ---- the file: [1, parts, [[uuid, number, lost], ...]], and the hash of that ---- */

static enum err rows_read(struct feed_guard *guard, struct wire_in *w)
{
	uint32_t count = wire_array(w, 0, ROW_COUNT_MAX);

	guard->rows = mem_new((size_t)count + 1, sizeof(*guard->rows));
	for (uint32_t i = 0; i < count && !w->err; i++) {
		struct feed_guard_row *row = &guard->rows[i];
		wire_array(w, 3, 3);
		wire_fixed(w, row->uuid, GUARD_UUID_LEN);
		row->number = wire_uint(w, UINT64_MAX);
		row->lost_ms = (int64_t)wire_uint(w, INT64_MAX);
		if (!w->err && i > 0 && memcmp(row[-1].uuid, row->uuid, GUARD_UUID_LEN) >= 0)
			wire_fail(w);
	}
	guard->count = count;
	return wire_end(w);
}

static enum err rows_parse(struct feed_guard *guard, struct bytes whole)
{
	uint8_t hash[ID_LEN];

	if (whole.len < ID_LEN)
		return ERR_CORRUPT;
	const struct bytes text = bytes_of(whole.ptr, whole.len - ID_LEN);
	hash_plain(hash, text);
	if (memcmp(hash, whole.ptr + text.len, ID_LEN) != 0)
		return ERR_CORRUPT;
	struct wire_in w = wire_in(text);
	enum err err = payload_begin(&w, 3);
	if (!err) {
		guard->parts = wire_uint(&w, UINT64_MAX);
		err = rows_read(guard, &w);
	}
	return err ? ERR_CORRUPT : ERR_OK;
}

static enum err whole_read(struct buf *out, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err err = ERR_OK;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? ERR_ABSENT : ERR_IO;
	if (fstat(fd, &st) || st.st_size > FILE_LEN_MAX)
		err = ERR_CORRUPT;
	uint8_t *to = err ? NULL : buf_space(out, (size_t)st.st_size);
	size_t have = 0;
	while (!err && to && have < out->len) {
		ssize_t len = read(fd, to + have, out->len - have);
		if (len <= 0)
			err = len < 0 ? ERR_IO : ERR_CORRUPT;
		else
			have += (size_t)len;
	}
	close(fd);
	return err ? err : out->err;
}

enum err feed_guard_load(struct feed_guard *guard, const char *path)
{
	struct buf whole;

	buf_init(&whole, FILE_LEN_MAX);
	enum err err = whole_read(&whole, path);
	if (!err)
		err = rows_parse(guard, buf_bytes(&whole));
	if (err && err != ERR_ABSENT) {
		feed_guard_fini(guard);
		guard->damaged = true;
	}
	guard->before = !err;
	buf_fini(&whole);
	return err;
}

static enum err rows_write(int fd, struct bytes bytes)
{
	for (size_t at = 0; at < bytes.len;) {
		ssize_t len = write(fd, bytes.ptr + at, bytes.len - at);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return errno == ENOSPC || errno == EDQUOT ? ERR_NOSPACE : ERR_IO;
		at += (size_t)len;
	}
	return fsync(fd) ? ERR_IO : ERR_OK;
}

/* The name of the file lasts once its folder is synced. */
static enum err name_sync(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	enum err err = fd < 0 || fsync(fd) ? ERR_IO : ERR_OK;

	if (fd >= 0)
		close(fd);
	free(folder);
	return err;
}

static enum err rows_exchange(const char *path, struct bytes bytes)
{
	char *beside = NULL;

	if (asprintf(&beside, "%s.new", path) < 0)
		return ERR_NOMEM;
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	enum err err = fd < 0 ? (errno == ENOSPC ? ERR_NOSPACE : ERR_IO) : rows_write(fd, bytes);
	if (fd >= 0 && close(fd) && !err)
		err = ERR_IO;
	if (!err && rename(beside, path))
		err = ERR_IO;
	free(beside);
	return err ? err : name_sync(path);
}

enum err feed_guard_save(const struct feed_guard *guard, const char *path)
{
	uint8_t hash[ID_LEN];
	struct buf out;

	buf_init(&out, FILE_LEN_MAX);
	out_array(&out, 3);
	out_uint(&out, 1);
	out_uint(&out, guard->parts);
	out_array(&out, (uint32_t)guard->count);
	for (size_t i = 0; i < guard->count; i++) {
		out_array(&out, 3);
		out_fixed(&out, guard->rows[i].uuid, GUARD_UUID_LEN);
		out_uint(&out, guard->rows[i].number);
		out_uint(&out, (uint64_t)guard->rows[i].lost_ms);
	}
	hash_plain(hash, buf_bytes(&out));
	buf_add(&out, bytes_of(hash, ID_LEN));
	enum err err = out.err ? out.err : rows_exchange(path, buf_bytes(&out));
	buf_fini(&out);
	return err;
}

/* ---- what is lost ---- */

/* Whether the loss of a row is of today. A clock that was set back makes it no older. */
static bool is_recent(const struct feed_guard_row *row, int64_t now_ms)
{
	return row->lost_ms > now_ms - GUARD_WINDOW_MS;
}

/* The order of two rows; the end of a list comes last. */
static int order(const struct feed_guard_row *a, size_t a_left, const struct feed_guard_row *b,
		 size_t b_left)
{
	if (a_left == 0 || b_left == 0)
		return a_left > 0 ? -1 : b_left > 0;
	return memcmp(a->uuid, b->uuid, GUARD_UUID_LEN);
}

struct feed_guard_verdict feed_guard_judge(const struct feed_guard *guard,
					   const struct feed_guard_row *rows, size_t count,
					   int64_t now_ms)
{
	struct feed_guard_verdict verdict = {.has = count};

	for (size_t i = 0, k = 0; i < guard->count || k < count;) {
		const struct feed_guard_row *old = i < guard->count ? &guard->rows[i] : NULL;
		int cmp = order(old, guard->count - i, k < count ? &rows[k] : NULL, count - k);
		if (cmp <= 0 && (old->lost_ms == 0 || is_recent(old, now_ms))) {
			verdict.had++;
			verdict.lost += cmp < 0;
		}
		i += cmp <= 0;
		k += cmp >= 0;
	}
	verdict.refused = guard->damaged || verdict.lost * TENTH > verdict.had;
	return verdict;
}

void feed_guard_take(struct feed_guard *guard, const struct feed_guard_row *rows, size_t count,
		     bool confirmed, int64_t now_ms)
{
	struct feed_guard_row *all = mem_new(guard->count + count + 1, sizeof(*all));
	size_t kept = 0;

	for (size_t i = 0, k = 0; i < guard->count || k < count;) {
		const struct feed_guard_row *old = i < guard->count ? &guard->rows[i] : NULL;
		int cmp = order(old, guard->count - i, k < count ? &rows[k] : NULL, count - k);
		if (cmp >= 0) {
			all[kept] = rows[k];
			all[kept++].lost_ms = 0;
		} else if (!confirmed && (old->lost_ms == 0 || is_recent(old, now_ms))) {
			all[kept] = *old;
			all[kept].lost_ms = old->lost_ms ? old->lost_ms : now_ms;
			kept++;
		}
		i += cmp <= 0;
		k += cmp >= 0;
	}
	free(guard->rows);
	guard->rows = all;
	guard->count = kept;
	guard->before = true;
	guard->damaged = false;
}

static int row_order(const void *key, const void *row)
{
	return memcmp(key, ((const struct feed_guard_row *)row)->uuid, GUARD_UUID_LEN);
}

const struct feed_guard_row *feed_guard_find(const struct feed_guard *guard,
					     const uint8_t uuid[GUARD_UUID_LEN])
{
	if (guard->count == 0)
		return NULL;
	return bsearch(uuid, guard->rows, guard->count, sizeof(*guard->rows), row_order);
}
