#include "proto/audit/served.h"

#include <string.h>

#include "proto/audit/audit.h"
#include "proto/hub/hub.h"
#include "proto/wire/wire_out.h"

enum { TELL_COUNT = 8 }; /* organisations and days in one turn */

/* The number of rows of a day and member stands in the one that no dataset has. */
static struct row_key count_key(uint32_t day, uint32_t member)
{
	return key_served(day, member, &(struct dataset_id){{0}}, 0, 0);
}

static void pair_put(struct txn *txn, const struct row_key *key, uint64_t a, uint64_t b)
{
	uint8_t row[16];

	be64_put(row, a);
	be64_put(row + 8, b);
	txn_put(txn, TABLE_LOG_SERVED, row_key_bytes(key), bytes_obj(&row));
}

static bool pair_get(struct txn *txn, const struct row_key *key, uint64_t *a, uint64_t *b)
{
	struct bytes row;

	*a = *b = 0;
	if (!txn_get(txn, TABLE_LOG_SERVED, row_key_bytes(key), &row) || row.len != 16)
		return false;
	*a = be64_get(row.ptr);
	*b = be64_get(row.ptr + 8);
	return true;
}

static void element_put(struct buf *out, const struct walk *walk)
{
	const uint8_t *key = walk->key.ptr + 8; /* behind day and member */

	out_array(out, 5);
	out_bin(out, bytes_of(key, ID_LEN));
	out_uint(out, be64_get(key + ID_LEN));
	out_uint(out, be32_get(key + ID_LEN + 8));
	out_uint(out, be64_get(walk->value.ptr));
	out_uint(out, be64_get(walk->value.ptr + 8));
}

static void served_flush(struct hub *hub, struct txn *txn, uint32_t day, uint32_t member)
{
	const struct row_key prefix = key_served_prefix(day, member), none = count_key(day, member);
	struct walk walk = walk_begin(txn, TABLE_LOG_SERVED, row_key_bytes(&prefix));
	struct buf detail;
	uint64_t count, unused;

	pair_get(txn, &none, &count, &unused);
	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	out_array(&detail, 3);
	out_uint(&detail, day);
	out_uint(&detail, member);
	out_array(&detail, (uint32_t)count);
	while (walk_next(&walk)) {
		struct row_key key = {.len = walk.key.len};
		memcpy(key.b, walk.key.ptr, key.len); /* the row's own goes with it */
		if (!bytes_eq(walk.key, row_key_bytes(&none)))
			element_put(&detail, &walk);
		txn_del(txn, TABLE_LOG_SERVED, row_key_bytes(&key));
	}
	audit_add(hub, txn, member, AUDIT_SERVED, &detail);
}

void audit_served(struct hub *hub, struct txn *txn, uint32_t member, const struct version_id *of,
		  uint64_t chunks, uint64_t bytes)
{
	const uint32_t day = (uint32_t)(hub->judge_ms / AUDIT_DAY_MS);
	const struct row_key key = key_served(day, member, &of->dataset, of->number, of->author);
	const struct row_key total = count_key(day, member);
	uint64_t had_chunks, had_bytes, count, unused;

	if (!pair_get(txn, &key, &had_chunks, &had_bytes)) {
		pair_get(txn, &total, &count, &unused);
		if (count >= AUDIT_SERVED_COUNT_MAX) {
			served_flush(hub, txn, day, member);
			count = 0;
		}
		pair_put(txn, &total, count + 1, 0);
	}
	pair_put(txn, &key, had_chunks + chunks, had_bytes + bytes);
}

bool audit_served_tell(struct hub *hub, struct txn *txn, uint32_t today)
{
	for (unsigned i = 0; i < TELL_COUNT; i++) {
		struct walk walk = walk_begin(txn, TABLE_LOG_SERVED, bytes_of(NULL, 0));
		if (!walk_next(&walk) || be32_get(walk.key.ptr) >= today)
			return false;
		served_flush(hub, txn, be32_get(walk.key.ptr), be32_get(walk.key.ptr + 4));
	}
	return !txn_err(txn);
}

enum err audit_served_get(struct audit_served_list *out, struct bytes detail)
{
	out->w = wire_in(detail);
	wire_array(&out->w, 3, 3);
	out->day = (uint32_t)wire_uint(&out->w, UINT32_MAX);
	out->member = (uint32_t)wire_uint(&out->w, UINT32_MAX);
	out->left = wire_array(&out->w, 0, AUDIT_SERVED_COUNT_MAX);
	return out->w.err;
}

bool audit_served_next(struct audit_served_list *list, struct version_id *of, uint64_t *chunks,
		       uint64_t *bytes)
{
	if (list->left == 0)
		return false;
	list->left--;
	wire_array(&list->w, 5, 5);
	wire_fixed(&list->w, of->dataset.b, ID_LEN);
	of->number = wire_uint(&list->w, UINT64_MAX);
	of->author = (uint32_t)wire_uint(&list->w, UINT32_MAX);
	*chunks = wire_uint(&list->w, UINT64_MAX);
	*bytes = wire_uint(&list->w, UINT64_MAX);
	return !list->w.err;
}
