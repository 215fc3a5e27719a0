#include "proto/catalog/foreign.h"

#include <stdio.h>

#include "proto/ledger/held.h"
#include "proto/rights/current.h"
#include "proto/transfer/fetch.h"

void foreign_put(struct txn *txn, const struct version_id *of, struct foreign row)
{
	struct row_key key = held_key(of);
	const uint8_t value[2] = {row.flags, (uint8_t)row.keep};

	txn_put(txn, TABLE_FOREIGN, row_key_bytes(&key), bytes_obj(&value));
}

bool foreign_decode(struct foreign *row, struct bytes value)
{
	if (value.len != 2 || value.ptr[1] > KEEPING_ALL)
		return false;
	*row = (struct foreign){value.ptr[0], (enum keeping)value.ptr[1]};
	return true;
}

void foreign_drop(struct txn *txn, const struct version_id *of)
{
	struct row_key key = held_key(of);

	txn_del(txn, TABLE_FOREIGN, row_key_bytes(&key));
}

/* ---- one version ---- */

static bool record_read(struct txn *txn, const struct version_id *of, struct buf *copy,
			struct record *record, struct version *version)
{
	struct bytes whole;

	if (ledger_version_find(txn, &of->dataset, of->number, of->author, &whole))
		return false;
	buf_add(copy, whole);
	return !copy->err && !record_decode(record, buf_bytes(copy)) &&
	       !version_decode(version, record->body);
}

/* Nothing in it names the author: who holds the one holds the other. */
static void held_adopt(struct hub *hub, struct txn *txn, const struct version_id *from,
		       const struct version_id *to, const struct version *version)
{
	char path[LIMIT_PATH_LEN_MAX + 1];
	struct held held;

	if (!held_copy(txn, from, to, held_closed(version)) || !held_get(txn, to, &held))
		return;
	snprintf(path, sizeof(path), "%.*s", (int)version->path.len,
		 (const char *)version->path.ptr);
	if (held.state == HELD_COMPLETE)
		fetch_held(hub, txn, to, path, held.bytes, held.chunks);
}

/*
 * Signs the body of a version as this node's own. PROTOCOL: "A version that is taken over is a
 * record of who stays with the same body, but for `origin` and `grant`." - which is nil in the own
 * namespace, and else the line of who takes it.
 */
enum err foreign_sign(struct hub *hub, struct txn *txn, const struct version_id *of,
		      const struct digest *grant)
{
	const struct version_id own = {of->dataset, of->number, hub->author};
	struct record_slot slot = record_slot_version(&of->dataset, of->number);
	struct record_id id;
	struct version version;
	struct record record;
	struct buf copy, body;

	buf_init(&copy, LIMIT_RECORD_LEN_MAX);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	enum err err = record_read(txn, of, &copy, &record, &version) ? ERR_OK : ERR_ABSENT;
	if (!err) {
		if (!version.has_origin && of->author != hub->author) {
			version.has_origin = true;
			version.origin_author = of->author;
			record_id(&version.origin, &record);
		}
		version.has_grant = grant != NULL;
		if (grant)
			version.grant = *grant;
		version_encode(&body, &version);
		err = body.err;
	}
	if (!err)
		err = ledger_append(&hub->ledger, txn, RECORD_VERSION, record_slot_bytes(&slot),
				    buf_bytes(&body), &id, LEDGER_TELL);
	if (!err && of->author != hub->author)
		held_adopt(hub, txn, of, &own, &version);
	buf_fini(&copy);
	buf_fini(&body);
	return err;
}

bool foreign_own(struct txn *txn, const struct hub *hub, const struct version_id *of)
{
	const struct version_id own = {of->dataset, of->number, hub->author};
	struct ledger_version row;

	return ledger_version_get(txn, &own, &row);
}

void foreign_view(struct hub *hub, struct txn *txn, const struct version_id *of,
		  const struct version *version, struct takeover_view *out)
{
	struct ledger_version current;

	*out = (struct takeover_view){.of = *of, .bytes = version->index.bytes};
	out->current = !current_find(hub, txn, &of->dataset, 0, &current, NULL) &&
		       current.number == of->number;
	snprintf(out->path, sizeof(out->path), "%.*s", (int)version->path.len,
		 (const char *)version->path.ptr);
}
