#include "proto/audit/came.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/audit/entry.h"
#include "proto/charter/charter.h"
#include "proto/wire/wire_in.h"
#include "store/db.h"

static void id_add(struct came *came, const struct record_id *id)
{
	came->ids = mem_room(came->ids, came->count, &came->cap, sizeof(*came->ids));
	came->ids[came->count++] = *id;
}

/* A line or bar, as it came. */
static void whole_take(struct came *came, struct bytes whole)
{
	struct record record;
	struct record_id id;
	struct line line;

	if (record_decode(&record, whole) ||
	    author_member(record.author) != author_member(came->author))
		return;
	record_id(&id, &record);
	if (record.author == came->author)
		id_add(came, &id);
	if (record.kind != RECORD_LINE || line_get(&line, record.body) || line.verb == VERB_NONE)
		return;
	came->lines =
		mem_room(came->lines, came->line_count, &came->line_cap, sizeof(*came->lines));
	struct came_line *kept = &came->lines[came->line_count++];
	line_id(&kept->id, &line);
	kept->line = line;
	kept->line.prefix = bytes_of(NULL, 0);
}

/* What is about any other record begins with its author and its id. */
static void about_take(struct came *came, struct bytes detail)
{
	struct wire_in w = wire_in(detail);
	struct record_id id;

	wire_array(&w, 2, UINT32_MAX);
	const uint32_t author = (uint32_t)wire_uint(&w, UINT32_MAX);
	wire_fixed(&w, id.b, ID_LEN);
	if (!w.err && author == came->author)
		id_add(came, &id);
}

static void log_entry_take(struct came *came, const struct audit_entry *entry)
{
	struct wire_in w = wire_in(entry->detail);

	if (entry->time_ms >= came->before_ms)
		return;
	switch (entry->kind) {
	case AUDIT_RECORD:
		wire_array(&w, 1, 1);
		whole_take(came, wire_bin(&w, 0, LIMIT_RECORD_LEN_MAX));
		return;
	case AUDIT_EPOCH:
	case AUDIT_WRAP:
	case AUDIT_VERSION:
	case AUDIT_WITHDRAWAL:
	case AUDIT_TAKEN_OVER:
		about_take(came, entry->detail);
		return;
	}
}

static int came_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct record_id));
}

void came_load(struct came *came, struct txn *txn, uint32_t author, int64_t before_ms)
{
	*came = (struct came){.author = author, .before_ms = before_ms};
	struct walk walk = walk_begin(txn, TABLE_LOG_BASE, bytes_of(NULL, 0));
	struct audit_entry entry;

	while (walk_next(&walk)) /* behind number and time of the entry */
		if (walk.value.len > 16 && (int64_t)be64_get(walk.value.ptr + 8) < before_ms)
			whole_take(came, bytes_slice(walk.value, 16, walk.value.len));
	walk = walk_begin(txn, TABLE_LOG, bytes_of(NULL, 0));
	while (walk_next(&walk))
		if (!audit_entry_decode(&entry, walk.value))
			log_entry_take(came, &entry);
	if (came->count > 0)
		qsort(came->ids, came->count, sizeof(*came->ids), came_cmp);
}

void came_fini(struct came *came)
{
	free(came->ids);
	free(came->lines);
	*came = (struct came){0};
}

bool came_has(const struct came *came, const struct record *record)
{
	struct record_id id;

	record_id(&id, record);
	return came->count > 0 &&
	       bsearch(&id, came->ids, came->count, sizeof(*came->ids), came_cmp) != NULL;
}

const struct line *came_line(const struct came *came, const struct digest *id)
{
	for (size_t i = came->line_count; i > 0; i--)
		if (id_eq(&came->lines[i - 1].id, id))
			return &came->lines[i - 1].line;
	return NULL;
}
