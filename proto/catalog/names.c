#include "proto/catalog/names.h"

#include <stdio.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/rights/current.h"

enum { NAMES_LOOK_MAX = 64 }; /* rows of one name */

static const char key_row[] = "hidden-names"; /* in SEALED */

/* ---- rows: hash of the name(32) dataset(32) -> record(32) path ---- */

/* make: when there is no key yet. False: there is none, so there are no rows. */
static bool name_key(struct hub *hub, struct txn *txn, bool make, struct key *out)
{
	struct row_key row = key_name(key_row);
	struct secret *secret = NULL;
	struct bytes sealed;

	if (txn_get(txn, TABLE_SEALED, row_key_bytes(&row), &sealed)) {
		if (keyring_unseal(hub->options.keyring, &secret, key_row, sealed))
			return false;
		bool ok = secret_bytes(secret).len == KEY_LEN;
		if (ok)
			*out = *secret_key(secret);
		secret_close(secret);
		return ok;
	}
	if (!make)
		return false;
	struct buf value;
	buf_init(&value, 256);
	random_fill(hub->options.random, out->b, KEY_LEN);
	keyring_seal(hub->options.keyring, &value, key_row, bytes_of(out->b, KEY_LEN));
	txn_put_row(txn, TABLE_SEALED, &row, &value);
	return true;
}

static bool name_hash(struct hub *hub, struct txn *txn, bool make, struct bytes name,
		      struct digest *out)
{
	struct key key = {{0}}, hash;

	bool ok = name_key(hub, txn, make, &key);
	if (ok) {
		derive(&hash, &key, "am1.hiddenname", name);
		memcpy(out->b, hash.b, ID_LEN);
		key_wipe(&hash);
	}
	key_wipe(&key);
	return ok;
}

bool names_row(struct name_row *out, const struct walk *walk)
{
	if (walk->key.len != 2 * ID_LEN || walk->value.len <= ID_LEN ||
	    walk->value.len > ID_LEN + NAMES_PATH_LEN_MAX)
		return false;
	memcpy(out->dataset.b, walk->key.ptr + ID_LEN, ID_LEN);
	memcpy(out->record.b, walk->value.ptr, ID_LEN);
	out->path = bytes_slice(walk->value, ID_LEN, walk->value.len);
	return true;
}

void names_put(struct hub *hub, struct txn *txn, struct bytes name,
	       const struct dataset_id *dataset, const struct record_id *record, struct bytes path)
{
	const struct record_id none = {{0}};
	struct digest hash;
	struct buf value;

	check(path.len <= NAMES_PATH_LEN_MAX);
	if (!name_hash(hub, txn, true, name, &hash))
		return;
	struct row_key key = key_hidden(&hash, dataset);
	buf_init(&value, 256);
	buf_add(&value, id_bytes(record ? record : &none));
	buf_add(&value, path);
	txn_put_row(txn, TABLE_NAME, &key, &value);
}

/* ---- finding ---- */

/*
 * How much speaks for a row: its version is the current one; the dataset has another one, which is
 * called otherwise or cannot be opened yet; it was drawn, or withdrawn.
 */
enum standing { STANDS_NOT, STANDS_PAST, STANDS_OTHER, STANDS };

static enum standing standing_of(struct hub *hub, struct txn *txn, const struct name_row *row)
{
	struct ledger_version current;
	struct record_id id;
	struct record record;
	struct bytes whole;

	if (current_find(hub, txn, &row->dataset, 0, &current, &whole) ||
	    record_decode(&record, whole))
		return STANDS_PAST;
	record_id(&id, &record);
	return id_eq(&id, &row->record) ? STANDS : STANDS_OTHER;
}

struct candidates {
	enum standing standing;
	unsigned count;
	struct buf paths; /* for people */
	char path[NAMES_PATH_LEN_MAX + 1];
};

static void candidate_add(struct candidates *all, const struct name_row *row,
			  enum standing standing)
{
	if (standing < all->standing)
		return;
	if (standing > all->standing) {
		all->standing = standing;
		all->count = 0;
		buf_reset(&all->paths);
	}
	if (all->count++ > 0)
		buf_add(&all->paths, bytes_str(", "));
	buf_add(&all->paths, row->path);
	snprintf(all->path, sizeof(all->path), "%.*s", (int)row->path.len,
		 (const char *)row->path.ptr);
}

enum err names_find(struct hub *hub, struct txn *txn, const char *name,
		    char path[NAMES_PATH_LEN_MAX + 1], char *why)
{
	struct candidates all = {.standing = STANDS_NOT};
	struct digest hash;
	struct name_row row;
	enum err err = ERR_OK;

	if (!name_hash(hub, txn, false, bytes_str(name), &hash))
		return ERR_ABSENT;
	buf_init(&all.paths, NAMES_LOOK_MAX * (NAMES_PATH_LEN_MAX + 2));
	struct walk walk = walk_begin(txn, TABLE_NAME, id_bytes(&hash));
	for (unsigned i = 0; i < NAMES_LOOK_MAX && walk_next(&walk); i++)
		if (names_row(&row, &walk))
			candidate_add(&all, &row, standing_of(hub, txn, &row));
	if (all.count == 0) {
		err = ERR_ABSENT;
	} else if (all.count > 1 && all.standing > STANDS_PAST) {
		why_set(why,
			"%u hidden datasets are called %.200s: say which of them, by the path that "
			"it is kept under: %.*s.",
			all.count, name, (int)(all.paths.len < 300 ? all.paths.len : 300),
			(const char *)all.paths.ptr);
		err = ERR_CONFIG;
	}
	if (!err)
		snprintf(path, NAMES_PATH_LEN_MAX + 1, "%s", all.path);
	buf_fini(&all.paths);
	return err;
}

enum err names_draw(struct hub *hub, struct txn *txn, const char *name,
		    char path[NAMES_PATH_LEN_MAX + 1], char *why)
{
	const struct identity *identity = hub->options.identity;
	struct dataset_id dataset;
	char id[PATH_HIDDEN_LEN + 1];
	enum err err = names_find(hub, txn, name, path, why);

	if (err != ERR_ABSENT)
		return err;
	path_hidden_make(id, hub->options.random);
	snprintf(path, NAMES_PATH_LEN_MAX + 1, "%s/%s", identity->slug, id);
	path_dataset_id(&dataset, &identity->org, bytes_str(path));
	names_put(hub, txn, bytes_str(name), &dataset, NULL, bytes_str(path));
	return txn_err(txn);
}

enum err names_resolve(struct hub *hub, struct txn *txn, const char *name,
		       char path[LIMIT_PATH_LEN_MAX + 1], char *why)
{
	struct row_key key = key_text(bytes_str(name));
	char hidden[NAMES_PATH_LEN_MAX + 1];

	snprintf(path, LIMIT_PATH_LEN_MAX + 1, "%s", name);
	if (path_check(bytes_str(name)) || path_is_hidden(bytes_str(name)) ||
	    txn_has(txn, TABLE_PATH, row_key_bytes(&key)))
		return ERR_OK;
	enum err err = names_find(hub, txn, name, hidden, why);
	if (!err)
		snprintf(path, LIMIT_PATH_LEN_MAX + 1, "%s", hidden);
	return err == ERR_ABSENT ? ERR_OK : err;
}
