/*
 * publish - how a version is made: what it inherits, its key, its record (catalog.h,
 * catalog_publish_*).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/rights/current.h"
#include "proto/rights/rights.h"
#include "proto/rights/fedkeys.h"
#include "proto/transfer/fetch.h"
#include "proto/ledger/held.h"
#include "proto/catalog/aside_say.h"
#include "proto/catalog/lookup.h"
#include "proto/catalog/own_dataset.h"
#include "proto/catalog/publish_hidden.h"
#include "proto/catalog/publish_key.h"
#include "proto/catalog/publish_said.h"
#include "proto/content/pack.h"
#include "proto/transfer/scan.h"
#include "proto/transfer/sweep.h"
#include "proto/catalog/unsigned.h"
#include "proto/catalog/withdrawal.h"
#include "store/chunks.h"

void publication_fini(struct publication *publication)
{
	key_wipe(&publication->params.dataset_key);
	key_wipe(&publication->dataset_key);
	if (publication->older)
		secret_wipe(publication->older,
			    publication->params.older_count * sizeof(struct writer_epoch));
	free(publication->older);
	buf_fini_wipe(&publication->description);
	secret_wipe(publication, sizeof(*publication));
}

/* What a node without the role publishes is listed by nobody. */
static enum err role_check(struct hub *hub, struct txn *txn, char *why)
{
	struct sign_pk pk;
	uint8_t roles;
	if (ledger_author(&hub->ledger, txn, hub->author, &pk, &roles) ||
	    (roles & ORGLOG_ROLE_PUBLISH))
		return ERR_OK;
	why_set(why, "this node may not publish: `allmende node list` shows which nodes of %s may.",
		hub_own_name(hub));
	return ERR_DENIED;
}

/*
 * PROTOCOL: "The writer names its good line with write or more that covers the path and ends last"
 */
static enum err line_find(struct hub *hub, struct txn *txn, const char *path, uint32_t owner,
			  struct verdict *line, char *why)
{
	const struct charter_member *member = charter_member(&hub->charter, owner);

	if (rights_own_line(hub, txn, bytes_str(path), VERB_WRITE, 0, line))
		return ERR_OK;
	why_set(why,
		"%.200s lies in the namespace of %s, which has not granted you to write there, or "
		"not any more: ask for \"write\" (`allmende grants` shows what you have), or "
		"publish "
		"below %s/.",
		path, member ? member->name : "another", hub->options.identity->slug);
	return ERR_DENIED;
}

/* Whose path it is, and by which line this node may write there. */
static enum err path_may(struct hub *hub, struct txn *txn, const struct publish_options *options,
			 struct publication *out, char *why)
{
	const struct identity *identity = hub->options.identity;
	const char *path = options->path;
	struct verdict line;
	uint32_t owner;

	if (path_check(bytes_str(path)) || !strchr(path, '/')) {
		why_set(why,
			"\"%.200s\" is no name for a dataset: write %s/NAME, with parts of a-z, "
			"0-9, '.', '_' and '-' of at most 64 characters.",
			path, identity->slug);
		return ERR_CONFIG;
	}
	enum err err = hub_member_check(hub, why);
	if (err)
		return err;
	if (!current_dataset(hub, bytes_str(path), &out->params.dataset, &owner)) {
		why_set(why,
			"%.200s lies in nobody's namespace: no organisation has that short name. "
			"%s publishes below %s/.",
			path, hub_own_name(hub), identity->slug);
		return ERR_DENIED;
	}
	out->owner = owner;
	if (owner != author_member(hub->author)) {
		err = publish_hidden_foreign(hub, txn, options, why);
		if (!err)
			err = line_find(hub, txn, path, owner, &line, why);
		if (err)
			return err;
		out->has_grant = true;
		out->grant = line.chain[line.count - 1];
		out->widest = (enum tier)line.widest;
	}
	return role_check(hub, txn, why);
}

/*
 * before: of the version before, also of one that was withdrawn; 0: there was none, or its tier is
 * not known here.
 */
static enum err tier_choose(struct publication *out, const struct publish_options *options,
			    enum tier before, char *why)
{
	if (!options->has_tier && !before && out->params.number > 1 && out->tier != TIER_HIDDEN) {
		why_set(why,
			"%s was withdrawn, and for whom it was is not known on this node: say "
			"--tier.",
			out->path);
		return ERR_CONFIG;
	}
	if (out->tier == TIER_HIDDEN) /* its path is: no other will do */
		return ERR_OK;
	const enum tier usual =
		out->has_grant && out->widest > TIER_MEMBERS ? out->widest : TIER_MEMBERS;
	out->tier = options->has_tier ? options->tier : before ? before : usual;
	/* TIER_OPEN is the widest and has the smallest number. */
	if (out->has_grant && out->tier < out->widest) {
		why_set(why,
			"the grant by which you write %.200s lets you publish as widely as \"%s\": "
			"use --tier %s, or ask for more.",
			out->path, tier_name(out->widest), tier_name(out->widest));
		return ERR_DENIED;
	}
	if (before && out->tier < before && !options->widen) {
		why_set(why,
			"%s is \"%s\", and \"%s\" would let more people read it: say --widen if "
			"that is "
			"meant.",
			out->path, tier_name(before), tier_name(out->tier));
		return ERR_DENIED;
	}
	return ERR_OK;
}

static void before_take(struct publication *out, const struct catalog_entry *entry)
{
	out->previous = entry->record;
	out->previous_number = entry->number;
	out->previous_bytes = entry->description.byte_count;
	out->previous_files = entry->description.file_count;
	out->params.number = entry->number + 1;
	out->params.has_previous = true;
	out->params.previous = entry->record;
}

static enum err description_prepare(struct hub *hub, struct publication *out,
				    const struct publish_options *options,
				    const struct catalog_entry *before, char *why)
{
	struct description description = options->description;
	publish_said_inherit(&description, options,
			     before && before->readable ? &before->description : NULL);
	if (before && before->readable && options->anew) /* else it is as it was published now */
		description.folder = before->description.folder;
	/* the organisation may have another name by now */
	if (!description.publisher.len ||
	    (!(options->defaults && options->defaults->publisher.len) &&
	     (description.defaulted & DESCRIPTION_BIT(DESCRIPTION_PUBLISHER)))) {
		description.publisher = bytes_str(hub_own_name(hub));
		description.defaulted |= DESCRIPTION_BIT(DESCRIPTION_PUBLISHER);
	}
	if (before && before->readable) {
		description.modified_ms = before->description.modified_ms;
		out->issued_anew = description.issued_ms != before->description.issued_ms;
	}
	description.path = bytes_str(out->tier == TIER_HIDDEN ? out->name : "");
	buf_init(&out->description, DESCRIPTION_LEN_MAX);
	enum err err = description_encode(&out->description, &description);
	if (err)
		why_set(why,
			"the description is too long or has control characters: titles have at "
			"most %d "
			"bytes, descriptions %d, and there are at most %d keywords.",
			LIMIT_TITLE_LEN_MAX, LIMIT_DESCRIPTION_LEN_MAX, LIMIT_KEYWORD_COUNT_MAX);
	return !err ? ERR_OK : ERR_CONFIG;
}

/* Behind all withdrawals that would reach the new version. */
static uint64_t number_least(struct hub *hub, struct txn *txn, const char *path)
{
	return current_withdrawn(hub, txn, bytes_str(path), author_member(hub->author)) + 1;
}

/* The version before, as people see it and as it can be read. ERR_ABSENT: there is none. */
static enum err before_find(struct hub *hub, struct txn *txn, struct publication *out,
			    struct catalog_entry *entry, struct reading *reading, char *why)
{
	struct lookup found;
	enum err err = lookup_path(hub, txn, out->path, 0, &found, why);
	if (err == ERR_ABSENT) {
		/* PROTOCOL: "A later version has a higher number." */
		out->params.number = number_least(hub, txn, out->path);
	} else if (!err) {
		lookup_entry(hub, txn, &found, true, entry);
		before_take(out, entry);
		uint64_t least = number_least(hub, txn, out->path);
		if (out->params.number < least)
			out->params.number = least;
		err = lookup_reading(hub, txn, &found, reading, why);
	}
	return err;
}

/* Numbers are taken from the store many at a time: a publication that begins writes nothing. */
static uint64_t job_new(struct hub *hub, struct txn *txn)
{
	enum { JOBS = 1024 };
	struct transfer *transfer = hub->transfer;

	if (transfer->job_next == transfer->job_end) {
		transfer->job_next = chunks_job_new(txn, JOBS);
		transfer->job_end = transfer->job_next + JOBS;
	}
	return transfer->job_next++;
}

enum err catalog_publish_begin(struct hub *hub, struct txn *txn, int64_t now_ms,
			       const struct publish_options *options, struct publication *out,
			       char *why)
{
	struct catalog_entry before = {0};
	struct own_dataset memory;
	struct reading reading = {0};
	*out = (struct publication){.allow_shrink = options->allow_shrink};
	enum err err = path_may(hub, txn, options, out, why);
	if (err)
		return err;
	if (hub->headroom == HEADROOM_NONE) {
		why_set(why,
			"the store has reached its size limit, or the disk is full: make room "
			"(`allmende space` shows what takes it), or raise size-limit in the node's "
			"config.");
		return ERR_NOSPACE;
	}
	err = hub_quota_check(hub, txn, why);
	if (err)
		return err;
	err = publish_hidden_place(hub, txn, options, out, why);
	if (err)
		return err;
	err = before_find(hub, txn, out, &before, &reading, why);
	bool again = !err;
	err = err == ERR_ABSENT ? ERR_OK : err;
	const struct version *version = again ? &reading.version : NULL;
	bool remembers = own_dataset_get(hub, txn, &out->params.dataset, &memory);
	if (!err)
		err = tier_choose(out, options, version ? version->tier : memory.tier, why);
	if (!err && !options->dry)
		err = publish_key(hub, txn, out, version, &reading.dataset_key, why);
	if (!err)
		err = description_prepare(hub, out, options, again ? &before : NULL, why);
	if (!err && !options->dry) {
		out->anew = options->anew || options->recut;
		if (remembers && !options->recut)
			out->params.cut_key = memory.cut_key;
		else
			random_fill(hub->options.random, out->params.cut_key.b,
				    sizeof(out->params.cut_key.b));
		/* What was said once holds until something else is said. */
		out->keep = options->keep_all                           ? (struct keep){0}
			    : options->keep.count || options->keep.days ? options->keep
									: memory.keep;
		publish_older(hub, txn, out);
		out->job = job_new(hub, txn);
		sweep_pause(hub, &out->params.dataset, true);
	}
	secret_wipe(&memory, sizeof(memory));
	catalog_entry_fini(&before);
	reading_fini(&reading);
	if (err)
		publication_fini(out);
	return err;
}

void catalog_publish_chunk(struct hub *hub, struct txn *txn, const struct publication *publication,
			   const struct chunk_addr *addr, uint32_t size, struct bytes chunk)
{
	const struct dataset_id *dataset = &publication->params.dataset;
	chunks_stage(txn, publication->job, dataset, addr, size);
	if (chunk.len && !chunks_has(txn, dataset, addr))
		chunks_put(txn, dataset, addr, chunk);
}

static void unstage(struct txn *txn, uint64_t job)
{
	while (chunks_unstage(txn, job, 4096))
		;
}

void catalog_publish_abort(struct hub *hub, struct txn *txn, const struct publication *publication)
{
	unstage(txn, publication->job);
	sweep_pause(hub, &publication->params.dataset, false);
	chunks_sweep_later(txn, &publication->params.dataset);
}

static void hash_files(struct hash *hash, const struct manifest *manifest)
{
	for (uint32_t i = 0; i < manifest_file_count(manifest); i++) {
		const struct manifest_file *file = manifest_file(manifest, i);

		hash_add_be64(hash, file->name.len);
		hash_add(hash, file->name);
		hash_add_be64(hash, file->size);
		hash_add(hash, id_bytes(&file->sha256));
	}
}

/* Names the contents of a publication: same digest, nothing new to say. */
static void contents_digest(struct digest *out, const struct publication *publication,
			    const struct manifest *manifest)
{
	struct hash hash;
	struct description said;
	struct buf description;
	/* What people said counts, not when. */
	buf_init(&description, DESCRIPTION_LEN_MAX);
	if (!description_decode(&said, buf_bytes(&publication->description))) {
		said.issued_ms = said.modified_ms = said.file_count = said.byte_count = 0;
		description_encode(&description, &said);
	}
	/* Another epoch is nothing new either, so not under K(dataset). */
	hash_init(&hash, "am1.contents", NULL, ID_LEN);
	hash_add(&hash, bytes_of(publication->params.cut_key.b, CUT_KEY_LEN));
	hash_add_be64(&hash, publication->tier);
	hash_add_be64(&hash, description.len);
	hash_add(&hash, buf_bytes(&description));
	buf_fini_wipe(&description);
	hash_files(&hash, manifest);
	hash_done(&hash, out->b, ID_LEN);
}

/* Of its files alone: while this stays they have not changed. */
static void files_digest(struct digest *out, const struct manifest *manifest)
{
	struct hash hash;

	hash_init(&hash, "am1.files", NULL, ID_LEN);
	hash_files(&hash, manifest);
	hash_done(&hash, out->b, ID_LEN);
}

/* Whether this node has published the version that there is, with these files. */
static bool same_files(struct hub *hub, struct txn *txn, const struct lookup *found,
		       const struct digest *files)
{
	struct own_dataset memory;
	bool same = own_dataset_get(hub, txn, &found->of.dataset, &memory) &&
		    own_dataset_has_files(&memory, &found->version, files);

	secret_wipe(&memory, sizeof(memory));
	return same;
}

static enum err shrink_check(const struct publication *publication, const struct manifest *manifest,
			     char *why)
{
	uint64_t bytes = manifest_bytes(manifest);
	if (publication->allow_shrink || publication->previous_bytes == 0 ||
	    bytes >= (publication->previous_bytes + 1) / 2)
		return ERR_OK;
	why_set(why,
		"the files have %llu bytes, version %llu had %llu: less than half may be a "
		"mistake; say "
		"--allow-shrink if it is not.",
		(unsigned long long)bytes, (unsigned long long)publication->previous_number,
		(unsigned long long)publication->previous_bytes);
	return ERR_DENIED;
}

/* In tier granted: under the federation key, as every member may read it. */
static enum err description_seal(struct hub *hub, const struct publication *publication,
				 struct packer *packer, struct bytes encoded, struct buf *out)
{
	const struct version version = {.path = bytes_str(publication->path),
					.tier = TIER_GRANTED,
					.description_key = hub->charter.key_number};
	const struct key *fed_key = fedkeys_get(hub, hub->charter.key_number);
	struct box_context context;
	struct box_keys keys;
	struct key key;
	if (!fed_key)
		return ERR_AGAIN;
	version_description_key(&key, &version, NULL, fed_key);
	version_description_context(&context, &version, &publication->params.dataset);
	box_keys_derive(&keys, &key);
	enum err err = chunk_seal(packer, out, &keys, &context, encoded, hub->options.random);
	box_keys_wipe(&keys);
	key_wipe(&key);
	return err;
}

/* The final description, as it stands in the record: in clear, or sealed. */
static enum err description_finish(struct hub *hub, const struct publication *publication,
				   const struct writer *writer, struct buf *out)
{
	struct description description;
	struct buf encoded;
	const struct manifest *manifest = writer_manifest(writer);
	enum err err = description_decode(&description, buf_bytes(&publication->description));
	if (err)
		return err;
	description.file_count = manifest_real_count(manifest);
	description.byte_count = manifest_bytes(manifest);
	/* PROTOCOL: "modified that of the first one with these files" */
	if (!publication->same_files || !description.modified_ms)
		description.modified_ms = (uint64_t)hub->wall_ms;
	if (!description.issued_ms)
		description.issued_ms = (uint64_t)hub->wall_ms;
	buf_init(&encoded, DESCRIPTION_LEN_MAX);
	err = description_encode(&encoded, &description);
	if (!err && publication->tier == TIER_OPEN) {
		buf_add(out, buf_bytes(&encoded));
		err = out->err;
	} else if (!err) {
		struct packer *packer = packer_open();
		err = publication->tier == TIER_GRANTED
			      ? description_seal(hub, publication, packer, buf_bytes(&encoded), out)
			      : writer_description(writer, packer, hub->options.random,
						   buf_bytes(&encoded), out);
		packer_close(packer);
	}
	buf_fini_wipe(&encoded);
	return err;
}

/* What is about to be published is here. ERR_CORRUPT: a chunk is missing. */
static enum err index_check(struct txn *txn, const struct dataset_id *dataset,
			    const struct index *index)
{
	for (size_t i = 0; i < index_count(index); i++) {
		if (!chunks_has(txn, dataset, &index_at(index, i)->addr))
			return txn_err(txn) ? txn_err(txn) : ERR_CORRUPT;
	}
	return ERR_OK;
}

/* Staged rows become index rows. */
static void index_write(struct txn *txn, const struct publication *publication,
			const struct version_id *of, bool closed, const struct index *index)
{
	for (size_t i = 0; i < index_count(index); i++)
		held_index_put(txn, of, index_at(index, i), closed);
	unstage(txn, publication->job);
}

/* What is to be published. It borrows from the writer and from description. */
static enum err version_prepare(struct hub *hub, struct txn *txn,
				const struct publication *publication, struct writer *writer,
				struct version *version, struct buf *description)
{
	enum err err = writer_done(writer, version);
	if (!err)
		err = index_check(txn, &publication->params.dataset, writer_index(writer));
	if (!err)
		err = description_finish(hub, publication, writer, description);
	version->path = bytes_str(publication->path);
	version->description = buf_bytes(description);
	version->description_key = hub->charter.key_number;
	version->has_grant = publication->has_grant;
	version->grant = publication->grant;
	return err;
}

static void too_large(char *why)
{
	why_set(why,
		"the dataset is too large for one version (its record would exceed %d bytes): "
		"publish it in parts.",
		LIMIT_RECORD_LEN_MAX);
}

/* PROTOCOL: "then it goes on under the old key, and says so and who has that" */
static void note_old_key(struct hub *hub, const struct publication *publication)
{
	struct note *note = publication->old_key ? hub_note(hub, NOTE_OLD_KEY) : NULL;

	if (!note)
		return;
	note->author = hub->author;
	note->dataset = publication->params.dataset;
	note->number = publication->params.number;
	snprintf(note->path, sizeof(note->path), "%s", publication->path);
	snprintf(note->text, sizeof(note->text), "can be read by %s", publication->old_readers);
}

static enum err version_make(struct hub *hub, struct txn *txn, struct publication *publication,
			     struct writer *writer, struct own_dataset *memory,
			     struct catalog_entry *out, char *why)
{
	struct lookup made = {
		.of = {publication->params.dataset, publication->params.number, hub->author},
		.time_ms = hub->ledger.now_ms};
	struct buf description;
	struct index_sum sum;
	buf_init(&description, DESCRIPTION_LEN_MAX + 1024);
	enum err err = version_prepare(hub, txn, publication, writer, &made.version, &description);
	if (!err)
		err = own_dataset_sign(hub, txn, &made.of, &made.version, &made.record);
	if (err == ERR_NOSPACE)
		hub_quota_why(hub, txn, why);
	if (err == ERR_FULL)
		too_large(why);
	if (!err) {
		index_write(txn, publication, &made.of, held_closed(&made.version),
			    writer_index(writer));
		index_sum(writer_index(writer), &sum);
		aside_forget(hub, txn, made.version.path);
		own_dataset_version(&memory->version, &made.version);
		memory->cut_key = publication->params.cut_key;
		memory->tier = publication->tier;
		memory->keep = publication->keep;
		own_dataset_put(hub, txn, &made.of.dataset, memory);
		note_old_key(hub, publication);
		fetch_held(hub, txn, &made.of, publication->path, sum.bytes, sum.count);
		own_dataset_keep(hub, txn, &publication->keep, &made.of.dataset, made.of.number);
		err = txn_err(txn);
	}
	if (!err)
		lookup_entry(hub, txn, &made, true, out);
	buf_fini(&description);
	return err;
}

/* The same, but for the signature. */
static enum err version_keep(struct hub *hub, struct txn *txn,
			     const struct publication *publication, struct writer *writer,
			     const struct own_dataset *memory, char *why)
{
	struct version version = {0};
	struct buf description;

	buf_init(&description, DESCRIPTION_LEN_MAX + 1024);
	enum err err = version_prepare(hub, txn, publication, writer, &version, &description);
	if (!err)
		err = unsigned_put(hub, txn, publication, &version, writer_index(writer), memory);
	if (!err)
		hub_sign_check(hub, why);
	else if (err == ERR_FULL)
		too_large(why);
	buf_fini(&description);
	return err;
}

/* Nothing new is said: the version there is stays. False: something is, or it is damaged still. */
static bool unchanged_take(struct hub *hub, struct txn *txn, const struct publication *publication,
			   const struct lookup *found, const struct digest *contents,
			   struct catalog_entry *out)
{
	struct own_dataset memory;
	struct version_id same = {found->of.dataset, found->of.number, hub->author};
	if (!own_dataset_get(hub, txn, &same.dataset, &memory) ||
	    !own_dataset_is(&memory, &found->version, contents))
		return false;
	lookup_entry(hub, txn, found, true, out);
	/* What is damaged may just have been sealed again; when not, a new version replaces it. */
	if (!fetch_healed(hub, txn, &same, publication->path)) {
		catalog_entry_fini(out);
		return false;
	}
	memory.keep = publication->keep;
	own_dataset_put(hub, txn, &same.dataset, &memory);
	own_dataset_keep(hub, txn, &publication->keep, &same.dataset, same.number);
	catalog_publish_abort(hub, txn, publication);
	lookup_entry_held(txn, out);
	return true;
}

/* The right may have ended, or another line may have come, while the files were taken. */
static enum err line_again(struct hub *hub, struct txn *txn, struct publication *publication,
			   char *why)
{
	struct verdict line;

	if (!publication->has_grant)
		return ERR_OK;
	enum err err = line_find(hub, txn, publication->path, publication->owner, &line, why);
	if (!err && line.widest > publication->tier) {
		why_set(why, "the grant for %s was narrowed meanwhile: publish again.",
			publication->path);
		err = ERR_BUSY;
	}
	if (!err)
		publication->grant = line.chain[line.count - 1];
	return err;
}

enum err catalog_publish_commit(struct hub *hub, struct txn *txn, int64_t now_ms,
				struct publication *publication, struct writer *writer,
				enum publish_outcome *outcome, struct catalog_entry *out, char *why)
{
	struct own_dataset memory;
	struct lookup found;
	const struct manifest *manifest = writer_manifest(writer);
	*outcome = PUBLISH_MADE;
	if (!hub->author) {
		why_set(why, "%s is no member of the federation any more.", hub_own_name(hub));
		return ERR_DENIED;
	}
	bool exists = !lookup_path(hub, txn, publication->path, 0, &found, why);
	why[0] = 0;
	uint64_t number = exists ? found.of.number : 0;
	if (number != publication->previous_number) {
		why_set(why, "version %llu of %s was published meanwhile: publish again.",
			(unsigned long long)number, publication->name);
		return ERR_BUSY;
	}
	if (number_least(hub, txn, publication->path) > publication->params.number) {
		why_set(why, "%s was withdrawn meanwhile: publish again.", publication->name);
		return ERR_BUSY;
	}
	enum err err = line_again(hub, txn, publication, why);
	if (!err)
		err = role_check(hub, txn, why);
	if (err)
		return err;
	contents_digest(&memory.contents, publication, manifest);
	files_digest(&memory.files, manifest);
	publication->same_files = exists && same_files(hub, txn, &found, &memory.files);
	if (exists && !publication->anew && !publication->issued_anew &&
	    unchanged_take(hub, txn, publication, &found, &memory.contents, out)) {
		*outcome = PUBLISH_UNCHANGED;
		return txn_err(txn);
	}
	err = shrink_check(publication, manifest, why);
	if (!err && hub->signing != SIGNING_YES)
		*outcome = PUBLISH_WAITS;
	if (!err)
		err = *outcome == PUBLISH_WAITS
			      ? version_keep(hub, txn, publication, writer, &memory, why)
			      : version_make(hub, txn, publication, writer, &memory, out, why);
	if (err) {
		if (!why[0])
			why_set(why, "the version could not be made: %s.", err_text(err));
		return err;
	}
	sweep_pause(hub, &publication->params.dataset, false);
	return ERR_OK;
}
