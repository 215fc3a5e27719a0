#include "proto/rights/epoch_asks.h"

#include <string.h>

#include "crypto/path.h"
#include "proto/ledger/notice.h"
#include "proto/rights/epoch_make.h"
#include "proto/rights/epochs.h"

/* ---- notices ----
 * PROTOCOL: "The text is the paths, at most 7, with one blank between them."
 */

/* The next path; false at the end, and for what is no hidden path of the own namespace. */
static bool path_next(const struct hub *hub, struct bytes *text, struct bytes *path)
{
	const uint8_t *blank = text->len > 0 ? memchr(text->ptr, ' ', text->len) : NULL;

	*path = bytes_slice(*text, 0, blank ? (size_t)(blank - text->ptr) : text->len);
	*text = bytes_slice(*text, path->len + 1, text->len);
	return !path_check(*path) && path_is_hidden(*path) &&
	       bytes_eq(path_slug(*path), bytes_str(hub->options.identity->slug));
}

static bool own_notice(struct hub *hub, struct txn *txn, struct bytes *text)
{
	struct record_slot slot = record_slot_notice(NOTICE_KEY);
	struct record record;

	return !ledger_slot(&hub->ledger, txn, record_slot_bytes(&slot), hub->author, &record) &&
	       !notice_get(text, record.body);
}

static bool is_made(struct hub *hub, struct txn *txn, struct bytes path)
{
	return epoch_last_at(hub, txn, author_member(hub->author), path) > 0;
}

/* ---- who asks ---- */

enum err epoch_asks_add(struct hub *hub, struct txn *txn, struct bytes path)
{
	struct record_slot slot = record_slot_notice(NOTICE_KEY);
	struct bytes before, other;
	struct buf text, body;
	unsigned count = 1;

	buf_init(&text, NOTICE_TEXT_LEN_MAX);
	buf_add(&text, path);
	if (own_notice(hub, txn, &before))
		while (path_next(hub, &before, &other) && count < EPOCH_ASKS_MAX) {
			if (bytes_eq(other, path) && count == 1 && before.len == 0) {
				buf_fini(&text);
				return ERR_OK; /* this is what it says */
			}
			if (bytes_eq(other, path) || is_made(hub, txn, other))
				continue;
			buf_add_u8(&text, ' ');
			buf_add(&text, other);
			count++;
		}
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	enum err err = text.err ? text.err : notice_put(&body, buf_bytes(&text));
	if (!err)
		err = ledger_append(&hub->ledger, txn, RECORD_NOTICE, record_slot_bytes(&slot),
				    buf_bytes(&body), NULL, LEDGER_QUIET);
	buf_fini(&text);
	buf_fini(&body);
	return err;
}

void epoch_asks_done(struct hub *hub, struct txn *txn)
{
	struct record_slot slot = record_slot_notice(NOTICE_KEY);
	struct bytes text, path;

	if (hub->signing != SIGNING_YES || !own_notice(hub, txn, &text))
		return;
	while (path_next(hub, &text, &path))
		if (!is_made(hub, txn, path))
			return;
	ledger_delete(&hub->ledger, txn, record_slot_bytes(&slot));
}

/* ---- who makes them ---- */

void epoch_asks_arrival(struct hub *hub, const struct record *record)
{
	if (record->slot.len == 2 && record->slot.ptr[1] == NOTICE_KEY &&
	    author_member(record->author) == author_member(hub->author))
		hub->epochs->asks.due = true;
}

/*
 * PROTOCOL: "The key author makes them, but not while 64 hidden paths have an epoch and no
 * version."
 */
static unsigned unused_count(struct txn *txn, const struct epoch_list *list)
{
	unsigned count = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct bytes path = epoch_prefix(&list->items[i]);
		struct row_key key = key_text(path);
		count += list->items[i].number == 1 && path_is_hidden(path) &&
			 !txn_has(txn, TABLE_PATH, row_key_bytes(&key));
	}
	return count;
}

static enum err paths_make(struct hub *hub, struct txn *txn, struct epoch_list *list,
			   struct bytes text)
{
	struct bytes path;
	enum err err = ERR_OK;

	for (unsigned i = 0; i < EPOCH_ASKS_MAX && !err && path_next(hub, &text, &path); i++) {
		if (epoch_list_last(list, path) > 0 ||
		    unused_count(txn, list) >= EPOCH_ASKS_UNUSED_MAX)
			continue;
		if (!epoch_list_at(list, path_slug(path)))
			err = epoch_make(hub, txn, list, path_slug(path), false, NULL);
		if (!err)
			err = epoch_make(hub, txn, list, path, false, NULL);
	}
	return err;
}

static void asks_answer(struct hub *hub, struct txn *txn)
{
	struct record_slot slot = record_slot_notice(NOTICE_KEY);
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, record_slot_bytes(&slot));
	char kept[NOTICE_TEXT_LEN_MAX];
	struct epoch_list list;
	struct record record;
	struct bytes text;
	enum err err = ERR_OK;

	epoch_list_load(hub, txn, &list, author_member(hub->author));
	while (!err && ledger_slots_next(&slots, &record)) {
		if (author_member(record.author) != author_member(hub->author) ||
		    !ledger_may_publish(&hub->ledger, txn, record.author) ||
		    notice_get(&text, record.body) || text.len > sizeof(kept))
			continue;
		memcpy(kept, text.ptr, text.len); /* what is written moves what was read */
		err = paths_make(hub, txn, &list, bytes_of(kept, text.len));
	}
	epoch_list_fini(&list);
	/* Without a key that it has to be linked with, or room: when that has changed. */
	if (err && err != ERR_AGAIN && err != ERR_NOSPACE && err != ERR_DENIED)
		txn_fail(txn, err);
}

void epoch_asks_settle(struct hub *hub, struct txn *txn)
{
	struct epoch_asks *asks = &hub->epochs->asks;

	if (!hub->author || hub->signing != SIGNING_YES)
		return;
	/* Who makes the keys follows from the log. */
	if (asks->answer != hub->keys_epoch + 1)
		asks->due = true;
	asks->answer = hub->keys_epoch + 1;
	if (!asks->due)
		return;
	asks->due = false;
	if (epoch_is_author(hub, txn))
		asks_answer(hub, txn);
}

int64_t epoch_asks_wake(const struct hub *hub)
{
	const struct epoch_asks *asks = &hub->epochs->asks;
	bool due = asks->due || asks->answer != hub->keys_epoch + 1;

	return hub->author && hub->signing == SIGNING_YES && due ? hub->mono_ms : INT64_MAX;
}
