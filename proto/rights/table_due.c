/*
 * The walks over lines that a change has made due (table.h).
 */
#include <string.h>

#include "proto/rights/rights.h"
#include "proto/rights/table.h"
#include "proto/rights/world.h"

enum {
	DUE_LINES_A_TURN = 64,  /* of one payer, each some look-ups */
	DUE_LINES_IN_DEBT = 32, /* and of one who is in debt, but only once in */
	DUE_DEBT_MS = 1000,
	DUE_PAYERS_A_TURN = 8,
	DATES_A_TURN = 256,
	DUE_KEY_LEN = 4 + 1 + ID_LEN,
};

static bool rests_on(struct txn *txn, const uint8_t id[ID_LEN])
{
	struct walk walk = walk_begin(txn, TABLE_LINE_ON, bytes_of(id, ID_LEN));

	return walk_next(&walk);
}

/*
 * A row of LINE_DUE: once more(1), and where the walk goes on after. What is under way goes on to
 * its end and then begins again, as what it has passed may have changed: else who makes it due
 * again and again would hold it at its beginning, and what is behind that would never be looked at.
 */
static void due_put(struct txn *txn, const struct row_key *key, bool again,
		    const struct row_key *at)
{
	uint8_t value[1 + KEY_LEN_MAX] = {again};

	memcpy(value + 1, at->b, at->len);
	txn_put(txn, TABLE_LINE_DUE, row_key_bytes(key), bytes_of(value, 1 + at->len));
}

void table_due(struct hub *hub, struct txn *txn, uint32_t payer, enum table_due kind,
	       const uint8_t id[ID_LEN])
{
	struct row_key key = key_line_due(payer, (uint8_t)kind, id), at = {.len = 0};
	struct bytes value;

	if (kind == TABLE_DUE_ON && !rests_on(txn, id))
		return;
	if (txn_get(txn, TABLE_LINE_DUE, row_key_bytes(&key), &value) && value.len > 1 &&
	    value.len <= 1 + KEY_LEN_MAX) {
		at.len = value.len - 1;
		memcpy(at.b, value.ptr + 1, at.len);
	}
	due_put(txn, &key, at.len > 0, &at);
	hub->rights->due = true;
}

/* ---- one walk ---- */

struct due { /* copied out of the store */
	struct row_key key;
	uint32_t payer;
	enum table_due kind;
	uint8_t id[ID_LEN];
	bool again;        /* it was made due while it was under way */
	struct row_key at; /* the walk goes on after this; len 0: from the first */
};

static bool due_get(struct due *out, const struct walk *walk)
{
	if (walk->key.len != DUE_KEY_LEN || !walk->value.len || walk->value.len > 1 + KEY_LEN_MAX)
		return false;
	*out = (struct due){.payer = be32_get(walk->key.ptr),
			    .kind = (enum table_due)walk->key.ptr[4]};
	out->key.len = walk->key.len;
	memcpy(out->key.b, walk->key.ptr, walk->key.len);
	memcpy(out->id, walk->key.ptr + 5, ID_LEN);
	out->again = walk->value.ptr[0];
	out->at.len = walk->value.len - 1;
	memcpy(out->at.b, walk->value.ptr + 1, out->at.len);
	return true;
}

/* Where the walk of a kind goes, and how its rows name a line. */
static enum table due_table(const struct due *due, struct row_key *prefix)
{
	const uint8_t kind = RECORD_LINE;

	*prefix = (struct row_key){.len = 0};
	switch (due->kind) {
	case TABLE_DUE_ON:
	case TABLE_DUE_TO:
		memcpy(prefix->b, due->id, ID_LEN);
		prefix->len = ID_LEN;
		return due->kind == TABLE_DUE_ON ? TABLE_LINE_ON : TABLE_LINE_TO;
	case TABLE_DUE_ISSUER:
		memcpy(prefix->b, due->id, 4);
		prefix->len = 4;
		return TABLE_LINE;
	case TABLE_DUE_ALL:
	case TABLE_DUE_LINE:
		break;
	}
	prefix->b[0] = kind;
	prefix->len = 1;
	if (due->kind == TABLE_DUE_LINE) {
		memcpy(prefix->b + 1, due->id, ID_LEN);
		prefix->len = 1 + ID_LEN;
	}
	return TABLE_SLOT;
}

/* The line that a row of the walk is about. */
static bool row_line(const struct walk *walk, uint32_t *issuer, struct digest *id)
{
	const uint8_t *key = walk->key.ptr;

	if (walk->table == TABLE_SLOT && walk->key.len == 1 + ID_LEN + 4) {
		*issuer = author_member(be32_get(key + 1 + ID_LEN));
		memcpy(id->b, key + 1, ID_LEN);
	} else if (walk->table == TABLE_LINE && walk->key.len == 4 + ID_LEN) {
		*issuer = be32_get(key);
		memcpy(id->b, key + 4, ID_LEN);
	} else if (walk->key.len == 2 * ID_LEN && walk->value.len == 4) {
		*issuer = be32_get(walk->value.ptr);
		memcpy(id->b, key + ID_LEN, ID_LEN);
	} else {
		return false;
	}
	return true;
}

/* True: it is at its end. */
static bool due_walk(struct hub *hub, struct txn *txn, struct due *due, unsigned *lines)
{
	struct row_key prefix;
	enum table table = due_table(due, &prefix);
	struct walk walk = due->at.len ? walk_begin_at(txn, table, row_key_bytes(&prefix),
						       row_key_bytes(&due->at), false)
				       : walk_begin(txn, table, row_key_bytes(&prefix));
	struct digest id, last = {{0}};
	uint32_t issuer;

	while (*lines > 0) {
		if (!walk_next(&walk))
			return true;
		memcpy(due->at.b, walk.key.ptr, walk.key.len);
		due->at.len = walk.key.len;
		if (!row_line(&walk, &issuer, &id) || id_eq(&id, &last))
			continue;
		last = id;
		(*lines)--;
		table_line(hub, txn, due->payer, issuer, &id);
	}
	return false;
}

/* A record that went: the slot tells nothing any more, who had it does. */
static void due_gone(struct hub *hub, struct txn *txn, const struct due *due)
{
	struct digest id;

	memcpy(id.b, due->id, ID_LEN);
	if (due->payer != METER_OWN)
		table_line(hub, txn, due->payer, due->payer, &id);
}

static void due_do(struct hub *hub, struct txn *txn, struct due *due, unsigned *lines)
{
	/* First, as the walk itself may make it due again. */
	txn_del(txn, TABLE_LINE_DUE, row_key_bytes(&due->key));
	bool end = due_walk(hub, txn, due, lines);
	if (due->kind == TABLE_DUE_LINE)
		due_gone(hub, txn, due);
	bool again = due->again || txn_has(txn, TABLE_LINE_DUE, row_key_bytes(&due->key));
	if (end)
		due->at.len = 0;
	if (!end || again)
		due_put(txn, &due->key, again && !end, &due->at);
}

/* ---- all of them ---- */

/* The first walk of the next payer after `after`; false: there is none. */
static bool due_next(struct txn *txn, uint32_t after, struct due *out)
{
	struct row_key at = key_author(after + 1);
	struct walk walk =
		walk_begin_at(txn, TABLE_LINE_DUE, bytes_of(NULL, 0), row_key_bytes(&at), true);

	if (after == UINT32_MAX)
		return false;
	while (walk_next(&walk))
		if (due_get(out, &walk))
			return true;
	return false;
}

/*
 * The next walk of one payer, in a circle: where it is stands in a row of the payer's number alone.
 * So none of them waits for one that has no end.
 */
static bool due_of(struct txn *txn, uint32_t payer, struct due *out)
{
	struct row_key prefix = key_author(payer), at = prefix;
	struct bytes last;

	if (txn_get(txn, TABLE_LINE_DUE, row_key_bytes(&prefix), &last) &&
	    last.len == DUE_KEY_LEN) {
		at.len = last.len;
		memcpy(at.b, last.ptr, last.len);
	}
	for (unsigned i = 0; i < 2; i++, at = prefix) {
		struct walk walk = walk_begin_at(txn, TABLE_LINE_DUE, row_key_bytes(&prefix),
						 row_key_bytes(&at), false);
		while (walk_next(&walk))
			if (due_get(out, &walk))
				return true;
	}
	txn_del(txn, TABLE_LINE_DUE, row_key_bytes(&prefix));
	return false;
}

/*
 * As much of what one payer has caused as a turn takes. False: it is in debt, and waits; not for
 * ever, as it may keep itself there, and rows that are out of date hide what others have given.
 */
static bool payer_take(struct hub *hub, struct txn *txn, uint32_t payer)
{
	struct row_key place = key_author(payer);
	unsigned lines = DUE_LINES_A_TURN;
	struct due due;

	if (payer != METER_OWN && !meter_may(&hub->meter, payer, hub->mono_ms, NULL)) {
		if (hub->mono_ms < hub->rights->debt_ms + DUE_DEBT_MS)
			return false;
		hub->rights->debt_ms = hub->mono_ms;
		lines = DUE_LINES_IN_DEBT;
	}
	while (lines > 0 && due_of(txn, payer, &due)) {
		unsigned before = lines;
		due_do(hub, txn, &due, &lines);
		lines -= before == lines; /* a walk over nothing is no work for ever */
		txn_put(txn, TABLE_LINE_DUE, row_key_bytes(&place), row_key_bytes(&due.key));
	}
	hub_charge(hub, txn, payer);
	return true;
}

bool table_settle(struct hub *hub, struct txn *txn)
{
	struct due due;
	bool any = false;

	for (unsigned i = 0; i < DUE_PAYERS_A_TURN && !txn_err(txn); i++) {
		if (!due_next(txn, hub->rights->payer, &due)) {
			hub->rights->payer = 0;
			if (!due_next(txn, 0, &due))
				break;
		}
		hub->rights->payer = due.payer;
		any = payer_take(hub, txn, due.payer) || any;
	}
	hub->rights->due = due_next(txn, 0, &due);
	return any;
}

void table_dates(struct hub *hub, struct txn *txn, int64_t *next_ms)
{
	struct walk walk = walk_begin(txn, TABLE_LINE_WHEN, bytes_of(NULL, 0));
	unsigned lines = DATES_A_TURN;
	struct digest id;

	*next_ms = INT64_MAX;
	while (walk_next(&walk)) {
		int64_t at_ms = (int64_t)be64_get(walk.key.ptr);
		if (at_ms > hub->judge_ms || lines-- == 0) {
			*next_ms = at_ms;
			return;
		}
		memcpy(id.b, walk.key.ptr + 8, ID_LEN);
		uint32_t issuer = be32_get(walk.value.ptr);
		table_line(hub, txn, issuer, issuer, &id);
		hub->rights_epoch++;
	}
}
