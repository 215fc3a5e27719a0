#include "proto/catalog/lookup.h"

#include <stdio.h>
#include <string.h>

#include "crypto/path.h"
#include "proto/catalog/names.h"
#include "proto/catalog/withdrawal.h"
#include "proto/content/pack.h"
#include "proto/ledger/held.h"
#include "proto/rights/epochs.h"
#include "proto/rights/fedkeys.h"
#include "proto/rights/rights.h"
#include "proto/rights/current.h"

/* ---- by path ---- */

/* The dataset of a path; its id follows from the organisation whose slug comes first. */
static enum err dataset_of(struct hub *hub, struct txn *txn, const char *path,
			   struct dataset_id *dataset, char *why)
{
	char stored[NAMES_PATH_LEN_MAX + 1];
	struct bytes value;
	if (path_check(bytes_str(path))) {
		why_set(why,
			"\"%.200s\" is no dataset: write SLUG/PATH, each part of a-z, 0-9, '.', "
			"'_' and '-'.",
			path);
		return ERR_CONFIG;
	}
	struct row_key key = key_text(bytes_str(path));
	bool found = txn_get(txn, TABLE_PATH, row_key_bytes(&key), &value);
	if (!found) { /* or it is what people call a hidden one */
		enum err err = names_find(hub, txn, path, stored, why);
		if (err && err != ERR_ABSENT)
			return err;
		key = key_text(bytes_str(err ? path : stored));
		found = !err && txn_get(txn, TABLE_PATH, row_key_bytes(&key), &value);
	}
	if (!found || value.len != ID_LEN) {
		why_set(why, "no dataset %.200s is known here: see `allmende ls`.", path);
		return ERR_ABSENT;
	}
	memcpy(dataset->b, value.ptr, ID_LEN);
	return ERR_OK;
}

enum err lookup_dataset(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			uint64_t number, struct lookup *out)
{
	struct ledger_version of;
	struct record record;
	enum err err = current_find(hub, txn, dataset, number, &of, &out->whole);
	if (!err)
		err = record_decode(&record, out->whole);
	if (!err)
		err = version_decode(&out->version, record.body);
	if (err)
		return err;
	out->of = (struct version_id){*dataset, of.number, of.author};
	out->time_ms = record.time_ms;
	record_id(&out->record, &record);
	return ERR_OK;
}

enum err lookup_path(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
		     struct lookup *out, char *why)
{
	struct dataset_id dataset;
	enum err err = dataset_of(hub, txn, path, &dataset, why);
	if (!err) {
		err = lookup_dataset(hub, txn, &dataset, number, out);
		if (err && number)
			why_set(why, "%.200s has no version %llu here: see `allmende log %.200s`.",
				path, (unsigned long long)number, path);
		else if (err)
			why_set(why, "%.200s has no version here any more.", path);
	}
	if (err == ERR_ABSENT)
		withdrawal_why(hub, txn, path, number, why);
	return err;
}

/* ---- for people ---- */

void catalog_entry_fini(struct catalog_entry *entry)
{
	buf_fini(&entry->description_bytes);
	*entry = (struct catalog_entry){0};
}

/* K(dataset), proved by the key check. ERR_ABSENT: not to be had here; ERR_DENIED: not that key. */
static enum err version_key(struct hub *hub, struct txn *txn, const struct version *version,
			    const struct dataset_id *dataset, struct key *out)
{
	if (version->tier == TIER_GRANTED || version->tier == TIER_HIDDEN)
		return epochs_version_key(hub, txn, version, dataset, out);
	return version_dataset_key(out, version, dataset, fedkeys_get(hub, version->epoch_number));
}

/*
 * In tier granted every member reads the description, also who may not read the rest. dataset_key:
 * NULL when it is not to be had. False: *out is empty.
 */
static bool description_read(struct hub *hub, const struct version *version,
			     const struct dataset_id *dataset, const struct key *dataset_key,
			     struct buf *bytes, struct description *out)
{
	const struct key *fed_key = fedkeys_get(hub, version->description_key);
	bool granted = version->tier == TIER_GRANTED;
	struct key key = {{0}};
	bool ok = granted ? fed_key != NULL : dataset_key != NULL;

	*out = (struct description){0};
	if (!ok)
		return false;
	/* Many are read one after the other. */
	if (!hub->packer)
		hub->packer = packer_open();
	version_description_key(&key, version, dataset_key, fed_key);
	ok = !reader_description(bytes, version, dataset, &key, hub->packer) &&
	     !description_decode(out, buf_bytes(bytes)) && version_description_fits(version, out);
	if (!ok)
		*out = (struct description){0};
	key_wipe(&key);
	return ok;
}

static void description_fill(struct hub *hub, struct txn *txn, struct catalog_entry *entry,
			     const struct version *version)
{
	struct key dataset_key = {{0}};

	buf_init(&entry->description_bytes, DESCRIPTION_LEN_MAX);
	entry->readable = !version_key(hub, txn, version, &entry->dataset, &dataset_key);
	bool described = description_read(hub, version, &entry->dataset,
					  entry->readable ? &dataset_key : NULL,
					  &entry->description_bytes, &entry->description);
	entry->readable = entry->readable && (described || version->tier == TIER_GRANTED);
	key_wipe(&dataset_key);
}

void lookup_entry_held(struct txn *txn, struct catalog_entry *entry)
{
	struct version_id of = {entry->dataset, entry->number, entry->author};
	entry->held = held_complete(txn, &of);
	entry->damaged = held_damaged(txn, &of);
}

void lookup_entry(struct hub *hub, struct txn *txn, const struct lookup *found, bool current,
		  struct catalog_entry *out)
{
	const struct version_id *of = &found->of;
	const struct version *version = &found->version;
	const struct charter_member *author = hub_author_member(hub, of->author);
	*out = (struct catalog_entry){
		.dataset = of->dataset,
		.record = found->record,
		.number = of->number,
		.author = of->author,
		.tier = version->tier,
		.time_ms = found->time_ms,
		.index_count = version->index.count,
		.index_bytes = version->index.bytes,
		.own = author_member(of->author) == author_member(hub->author),
		.former = author && !charter_is_present(author),
		.current = current,
	};
	const struct charter_member *origin =
		version->has_origin ? hub_author_member(hub, version->origin_author) : NULL;
	if (author)
		snprintf(out->by, sizeof(out->by), "%s", author->slug);
	if (origin)
		snprintf(out->origin, sizeof(out->origin), "%s", origin->slug);
	out->has_grant = version->has_grant;
	out->grant = version->grant;
	out->tied = current_tied(hub, txn, of);
	snprintf(out->stored, sizeof(out->stored), "%.*s", (int)version->path.len,
		 (const char *)version->path.ptr);
	lookup_entry_held(txn, out);
	description_fill(hub, txn, out, version);
	const struct bytes name = out->description.path.len ? out->description.path : version->path;
	snprintf(out->path, sizeof(out->path), "%.*s", (int)name.len, (const char *)name.ptr);
}

void catalog_denied(struct hub *hub, struct txn *txn, struct bytes path, char *why)
{
	const struct charter_member *owner = charter_by_slug(&hub->charter, path_slug(path));
	struct catalog_entry entry = {0};
	struct lookup found;
	char text[LIMIT_PATH_LEN_MAX + 1], ignored[WHY_LEN];
	struct bytes contact;

	snprintf(text, sizeof(text), "%.*s", (int)path.len, (const char *)path.ptr);
	if (!lookup_path(hub, txn, text, 0, &found, ignored))
		lookup_entry(hub, txn, &found, true, &entry);
	contact = entry.description.contact_email.len ? entry.description.contact_email
						      : entry.description.contact_name;
	if (contact.len == 0 && owner)
		contact = bytes_str(owner->name);
	why_set(why, "%s has not granted you %.200s. Ask %.*s for \"read\".",
		owner ? owner->name : "its owner", text, (int)contact.len,
		(const char *)contact.ptr);
	catalog_entry_fini(&entry);
}

/* ---- for workers ---- */

void reading_fini(struct reading *reading)
{
	key_wipe(&reading->dataset_key);
	buf_fini(&reading->version_bytes);
	*reading = (struct reading){0};
}

/* Why the key of a version is not here: it was granted and is on its way, or whom to ask. */
static enum err key_missing(struct hub *hub, struct txn *txn, const struct version *version,
			    char *why)
{
	const struct charter_member *owner =
		charter_by_slug(&hub->charter, path_slug(version->path));
	const char *name = owner ? owner->name : "its owner";
	int len = version->path.len > 200 ? 200 : (int)version->path.len;
	const char *path = (const char *)version->path.ptr;

	if (version->tier == TIER_OPEN || version->tier == TIER_MEMBERS) {
		why_set(why, "the key for %.*s is not here: ask %s for \"read\".", len, path, name);
		return ERR_DENIED;
	}
	if (rights_of(hub, txn, &hub->options.identity->org, version->path) >= VERB_READ) {
		why_set(why,
			"you may read %.*s, but its key has not come here yet: try again when the "
			"node of %s has been linked.",
			len, path, name);
		return ERR_AGAIN;
	}
	catalog_denied(hub, txn, version->path, why);
	return ERR_DENIED;
}

static void reading_describe(struct hub *hub, struct reading *out)
{
	struct description description;
	struct buf bytes;

	buf_init(&bytes, DESCRIPTION_LEN_MAX);
	out->described = description_read(hub, &out->version, &out->dataset, &out->dataset_key,
					  &bytes, &description);
	out->file_count = description.file_count;
	out->byte_count = description.byte_count;
	out->folder = description.folder;
	buf_fini(&bytes);
}

enum err lookup_reading(struct hub *hub, struct txn *txn, const struct lookup *found,
			struct reading *out, char *why)
{
	struct record record;
	*out = (struct reading){.dataset = found->of.dataset,
				.record = found->record,
				.number = found->of.number,
				.author = found->of.author};
	buf_init(&out->version_bytes, LIMIT_RECORD_LEN_MAX);
	buf_add(&out->version_bytes, found->whole);
	enum err err = out->version_bytes.err;
	if (!err)
		err = record_decode(&record, buf_bytes(&out->version_bytes));
	if (!err)
		err = version_decode(&out->version, record.body);
	if (!err)
		err = version_key(hub, txn, &out->version, &out->dataset, &out->dataset_key);
	if (err == ERR_ABSENT || err == ERR_DENIED)
		err = key_missing(hub, txn, &out->version, why);
	if (err)
		reading_fini(out);
	else
		reading_describe(hub, out);
	return err;
}
