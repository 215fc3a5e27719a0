/* writer and reader: files become a version in a store, and files again; or a clear refusal. */
#include "test/crypto/helpers.h"
#include "test/store/store_test.h"

#include "crypto/hash.h"
#include "crypto/path.h"
#include "proto/content/reader.h"
#include "proto/content/writer.h"
#include "test/proto/content/same_files.h"
#include "store/chunks.h"

#define PATH       "meissen/wasser/pegel-elbe"
#define HIDDEN     "meissen/~abcdefghijklmnopqrstuvwxya"
#define FILE_COUNT 8

struct file {
	char name[32];
	struct bytes content;
};

/* A node's content: what it published and can read. */
struct shop {
	char *dir;
	struct db *db;
	struct packer *packer;
	struct aead *aead;
	struct random random;
	struct dataset_id dataset;
	struct key fed_keys[10]; /* by number */
	uint8_t *text;           /* 1 MiB compressible */
	/* the last publication */
	struct buf body;
	struct version version;
	uint64_t sealed_bytes; /* new */
	unsigned sealed_count, known_count;
};

static int shop_setup(void **state)
{
	struct shop *s = calloc(1, sizeof(*s));
	struct org_id org = {{5}};
	assert_non_null(s);
	assert_int_equal(test_setup(state), 0);
	s->dir = test_dir_init();
	s->db = test_db(s->dir);
	s->packer = packer_open();
	s->aead = aead_open();
	s->random = random_seeded(11);
	path_dataset_id(&s->dataset, &org, bytes_str(PATH));
	for (uint8_t i = 0; i < COUNT(s->fed_keys); i++)
		s->fed_keys[i] = key_filled(i);
	s->text = malloc(1 << 20);
	random_fill(&s->random, s->text, 1 << 20);
	for (size_t i = 0; i < 1 << 20; i++)
		s->text[i] = s->text[i] % 16 + 'a';
	buf_init(&s->body, LIMIT_RECORD_LEN_MAX);
	*state = s;
	return 0;
}

static int shop_teardown(void **state)
{
	struct shop *s = *state;
	packer_close(s->packer);
	aead_close(s->aead);
	db_close(s->db);
	test_dir_fini(s->dir);
	free(s->text);
	buf_fini(&s->body);
	free(s);
	return 0;
}

static struct writer_params params_of(const struct shop *s, enum tier tier, uint64_t epoch)
{
	struct writer_params p = {
		.dataset = s->dataset,
		.number = 1,
		.tier = tier,
		.epoch_number = epoch,
		.cut_key = {"the cut key, 16."},
	};
	struct bytes path = bytes_str(PATH);
	p.epoch_prefix = tier == TIER_OPEN      ? path
			 : tier == TIER_MEMBERS ? bytes_of(NULL, 0)
			 : tier == TIER_HIDDEN  ? bytes_str(HIDDEN)
						: path_slug(path);
	if (tier == TIER_MEMBERS)
		version_members_key(&p.dataset_key, &s->fed_keys[epoch], path);
	else
		p.dataset_key = key_filled((uint8_t)(100 + epoch));
	return p;
}

/* What a worker and the owner do with a piece. */
static void piece_work(struct shop *s, struct txn *txn, struct writer *w, struct piece *piece)
{
	const struct sealer *sealer = writer_sealer(w);
	piece_identify(sealer, piece);
	if (seen_get(txn, sealer, s->packer, piece)) {
		s->known_count++;
	} else {
		assert_ok(piece_seal(sealer, s->packer, &s->random, piece));
		chunks_put(txn, &s->dataset, &piece->entry.addr, buf_bytes(&piece->sealed));
		seen_put(txn, sealer, piece);
		s->sealed_count += piece->kind == BOX_KIND_CONTENT;
		s->sealed_bytes += piece->sealed.len;
	}
	writer_accept(w, piece);
	piece_close(piece);
}

/* Up to 4 pieces wait and are worked off in random order. */
struct queue {
	struct piece *pieces[4];
	unsigned count;
};

static void queue_drain(struct shop *s, struct txn *txn, struct writer *w, struct queue *q)
{
	while (q->count > 0) {
		size_t i = random_below(&s->random, q->count);
		struct piece *piece = q->pieces[i];
		q->pieces[i] = q->pieces[--q->count];
		piece_work(s, txn, w, piece);
	}
}

static void queue_fill(struct shop *s, struct txn *txn, struct writer *w, struct queue *q)
{
	struct piece *piece;
	while ((piece = writer_take(w))) {
		if (q->count == COUNT(q->pieces))
			queue_drain(s, txn, w, q);
		q->pieces[q->count++] = piece;
		assert_int_equal(writer_pending(w), q->count);
	}
}

static void file_feed(struct shop *s, struct txn *txn, struct writer *w, struct queue *q,
		      const struct file *file)
{
	assert_ok(writer_file_begin(w, bytes_str(file->name), bytes_str("text/plain"), 99));
	for (size_t at = 0; at < file->content.len;) {
		struct bytes block =
			bytes_slice(file->content, at, 1 + random_below(&s->random, 100000));
		at += writer_feed(w, block);
		queue_fill(s, txn, w, q);
	}
	writer_file_end(w);
	queue_fill(s, txn, w, q);
}

/* Feeds and finishes; the writer is left open for questions. */
static struct writer *publish(struct shop *s, const struct writer_params *params,
			      const struct file *files, unsigned count)
{
	struct writer *w = writer_open(params);
	struct txn *txn = txn_begin(s->db, true);
	struct queue q = {.count = 0};
	s->sealed_bytes = s->sealed_count = s->known_count = 0;
	for (unsigned i = 0; i < count; i++)
		file_feed(s, txn, w, &q, &files[i]);
	writer_end(w);
	queue_fill(s, txn, w, &q);
	queue_drain(s, txn, w, &q);
	assert_ok(writer_finish(w));
	queue_fill(s, txn, w, &q);
	queue_drain(s, txn, w, &q);
	memset(&s->version, 0, sizeof(s->version));
	assert_ok(writer_done(w, &s->version));
	assert_ok(txn_commit(txn));
	return w;
}

/* The record body as it would travel. */
static void record_make(struct shop *s, struct writer *w)
{
	const bool hidden = s->version.tier == TIER_HIDDEN;
	struct description description = {.title = bytes_str("Pegel"),
					  .path = bytes_str(hidden ? PATH : "")};
	struct buf plain, sealed;
	buf_init(&plain, DESCRIPTION_LEN_MAX);
	buf_init(&sealed, DESCRIPTION_LEN_MAX);
	assert_ok(description_encode(&plain, &description));
	s->version.path = bytes_str(hidden ? HIDDEN : PATH);
	s->version.description = buf_bytes(&plain);
	if (s->version.tier != TIER_OPEN) {
		assert_ok(writer_description(w, s->packer, &s->random, buf_bytes(&plain), &sealed));
		s->version.description = buf_bytes(&sealed);
		s->version.description_key = 1;
	}
	buf_reset(&s->body);
	version_encode(&s->body, &s->version);
	assert_ok(version_decode(&s->version, buf_bytes(&s->body)));
	buf_fini(&plain);
	buf_fini(&sealed);
}

static void publish_whole(struct shop *s, const struct writer_params *params,
			  const struct file *files, unsigned count)
{
	struct writer *w = publish(s, params, files, count);
	record_make(s, w);
	writer_close(w);
}

/* A chunk of the store, valid until the transaction ends. */
static struct bytes fetch(struct shop *s, struct txn *txn, const struct chunk_addr *addr)
{
	struct bytes chunk;
	assert_true(chunks_get(txn, &s->dataset, addr, &chunk));
	return chunk;
}

static enum err manifest_read(struct shop *s, struct txn *txn, struct reader *r)
{
	struct index_entry entry;
	enum err err = ERR_OK;
	while (!err && reader_part_next(r, &entry))
		err = reader_part_add(r, s->packer, fetch(s, txn, &entry.addr));
	return err ? err : reader_manifest_done(r);
}

static void file_read(struct shop *s, struct txn *txn, const struct reader *r,
		      const struct manifest_file *file, struct bytes wanted)
{
	const struct manifest *m = reader_manifest(r);
	struct sha256 *sha256 = sha256_open();
	struct buf out, plain;
	buf_init(&out, 1 << 24);
	buf_init(&plain, LIMIT_CHUNK_PLAIN_MAX);
	for (uint32_t i = 0; i < file->chunk_count; i++) {
		const struct chunk_ref *ref = manifest_chunk(m, file, i);
		buf_reset(&plain);
		assert_ok(reader_chunk(r, s->packer, ref, fetch(s, txn, &ref->addr), NULL, &plain));
		struct bytes part = manifest_part(file, ref, buf_bytes(&plain));
		sha256_add(sha256, part);
		buf_add(&out, part);
	}
	assert_ok(reader_file_end(sha256, file));
	assert_true(bytes_eq(buf_bytes(&out), wanted));
	sha256_close(sha256);
	buf_fini(&plain);
	buf_fini(&out);
}

/* Opens what the last publication says with the key a reader has. */
static struct reader *reader_begin(struct shop *s, struct txn *txn, const struct key *key)
{
	struct reader *r = reader_open(&s->version, &s->dataset, key);
	assert_ok(manifest_read(s, txn, r));
	return r;
}

static void read_back(struct shop *s, const struct key *key, const struct file *files,
		      unsigned count)
{
	struct txn *txn = txn_begin(s->db, false);
	struct reader *r = reader_begin(s, txn, key);
	const struct manifest *m = reader_manifest(r);
	assert_null(reader_key_wanted(r));
	assert_int_equal(manifest_file_count(m), count);
	for (unsigned i = 0; i < count; i++) {
		const struct manifest_file *file = manifest_find(m, bytes_str(files[i].name));
		assert_non_null(file);
		assert_int_equal(file->modified_ms, 99);
		file_read(s, txn, r, file, files[i].content);
	}
	reader_close(r);
	txn_abort(txn);
}

static void files_of(const struct shop *s, struct file files[FILE_COUNT])
{
	static const size_t lens[FILE_COUNT] = {0, 1, 100, 16384, 300000, 262144, 700000, 1 << 20};
	static const char *const names[FILE_COUNT] = {"z", "a/b/c", "a/b.c", "b",
						      "B", "ä.csv", "0",     "m"};
	for (unsigned i = 0; i < FILE_COUNT; i++) {
		snprintf(files[i].name, sizeof(files[i].name), "%s", names[i]);
		/* from elsewhere in the text, so that few pieces are equal */
		files[i].content = bytes_of(s->text + (lens[i] < 1 << 19 ? 1000 * i : 0), lens[i]);
	}
}

static void every_tier_is_written_and_read(void **state)
{
	struct shop *s = *state;
	struct file files[FILE_COUNT];
	files_of(s, files);
	for (enum tier tier = TIER_OPEN; tier <= TIER_HIDDEN; tier++) {
		struct writer_params params = params_of(s, tier, 3);
		struct key key;
		publish_whole(s, &params, files, FILE_COUNT);
		enum err err = version_dataset_key(&key, &s->version, &s->dataset, &s->fed_keys[3]);
		if (tier >= TIER_GRANTED) {
			assert_err(err, ERR_ABSENT);
			key = params.dataset_key; /* as a grant would give it */
		} else {
			assert_ok(err);
		}
		read_back(s, &key, files, FILE_COUNT);
	}
}

static void no_files_are_a_version_too(void **state)
{
	struct shop *s = *state;
	struct writer_params params = params_of(s, TIER_OPEN, 1);
	publish_whole(s, &params, NULL, 0);
	assert_int_equal(s->version.index.count, 1);
	read_back(s, &params.dataset_key, NULL, 0);
}

static void the_index_is_what_is_stored(void **state)
{
	struct shop *s = *state;
	struct file files[FILE_COUNT];
	files_of(s, files);
	struct writer_params params = params_of(s, TIER_MEMBERS, 2);
	struct writer *w = publish(s, &params, files, FILE_COUNT);
	const struct index *index = writer_index(w);
	struct txn *txn = txn_begin(s->db, false);
	uint64_t bytes = 0;
	assert_int_equal(index_count(index), s->version.index.count);
	for (size_t i = 0; i < index_count(index); i++) {
		struct bytes chunk = fetch(s, txn, &index_at(index, i)->addr);
		assert_int_equal(chunk.len, index_at(index, i)->size);
		bytes += chunk.len;
	}
	assert_int_equal(bytes, s->version.index.bytes);
	txn_abort(txn);
	writer_close(w);
}

/* Fresh dataset, so that nothing of other tests is reused. */
static void dataset_fresh(struct shop *s)
{
	random_fill(&s->random, s->dataset.b, ID_LEN);
}

static void unchanged_text_is_not_sealed_again(void **state)
{
	struct shop *s = *state;
	dataset_fresh(s);
	struct file file = {"m", bytes_of(s->text, 1 << 20)};
	struct writer_params params = params_of(s, TIER_MEMBERS, 2);
	publish_whole(s, &params, &file, 1);
	unsigned all = s->sealed_count;
	assert_true(all > 8);
	uint64_t before = s->sealed_bytes;
	params.number = 2;
	s->text[500000] ^= 1;
	publish_whole(s, &params, &file, 1);
	assert_in_range(s->sealed_count, 1, 3);
	assert_true(s->known_count + s->sealed_count >= all - 2);
	assert_true(s->sealed_bytes < before / 2);
	read_back(s, &params.dataset_key, &file, 1);
	publish_whole(s, &params, &file, 1);
	assert_int_equal(s->sealed_count, 0);
	read_back(s, &params.dataset_key, &file, 1);
}

static void a_chunk_that_is_gone_is_made_again(void **state)
{
	struct shop *s = *state;
	dataset_fresh(s);
	struct file file = {"m", bytes_of(s->text, 100)};
	struct writer_params params = params_of(s, TIER_OPEN, 1);
	struct writer *w = publish(s, &params, &file, 1);
	struct txn *txn = txn_begin(s->db, true);
	const struct manifest_file *found = manifest_file(writer_manifest(w), 0);
	chunks_del(txn, &s->dataset, &manifest_chunk(writer_manifest(w), found, 0)->addr);
	assert_ok(txn_commit(txn));
	writer_close(w);
	publish_whole(s, &params, &file, 1);
	assert_int_equal(s->sealed_count, 1);
	read_back(s, &params.dataset_key, &file, 1);
}

/* A fingerprint only proposes: an edit between the places that it looks at is no equal text. */
static void a_fingerprint_is_not_believed(void **state)
{
	struct shop *s = *state;
	dataset_fresh(s);
	uint8_t text[10000];
	struct file file = {"m", bytes_obj(&text)};
	struct writer_params params = params_of(s, TIER_OPEN, 1);
	memcpy(text, s->text, sizeof(text));
	publish_whole(s, &params, &file, 1);
	for (unsigned i = 0; i < 2; i++) {
		text[100] ^= 1;
		publish_whole(s, &params, &file, 1);
		assert_int_equal(s->sealed_count, 1);
		read_back(s, &params.dataset_key, &file, 1);
		publish_whole(s, &params, &file, 1);
		assert_int_equal(s->known_count, 1);
	}
}

static void old_epochs_stay_in_use_and_want_their_keys(void **state)
{
	struct shop *s = *state;
	dataset_fresh(s);
	struct file files[2] = {{"m", bytes_of(s->text, 1 << 20)},
				{"n", bytes_of(s->text + 7, 50)}};
	struct writer_params older = params_of(s, TIER_MEMBERS, 2);
	struct writer_params params = params_of(s, TIER_MEMBERS, 3);
	const struct writer_epoch before = {2, 0, older.dataset_key};
	params.older = &before;
	params.older_count = 1;
	publish_whole(s, &older, files, 1);
	publish_whole(s, &params, files, 2);
	assert_int_equal(s->sealed_count, 1);
	struct txn *txn = txn_begin(s->db, false);
	struct reader *r = reader_begin(s, txn, &params.dataset_key);
	const struct manifest *m = reader_manifest(r);
	const struct chunk_ref *ref = manifest_chunk(m, manifest_file(m, 0), 0);
	struct buf out;
	buf_init(&out, 1 << 20);
	const struct manifest_epoch *epoch = reader_key_wanted(r);
	assert_non_null(epoch);
	assert_int_equal(epoch->number, 2);
	file_read(s, txn, r, manifest_file(m, 1), files[1].content);
	assert_err(reader_chunk(r, s->packer, ref, fetch(s, txn, &ref->addr), NULL, &out),
		   ERR_ABSENT);
	reader_key_add(r, &older.dataset_key);
	assert_null(reader_key_wanted(r));
	file_read(s, txn, r, manifest_file(m, 0), files[0].content);
	reader_close(r);
	txn_abort(txn);
	buf_fini(&out);
}

/*
 * An epoch at the path itself follows one above it; a reader of the new one has the old one's key.
 */
static void epochs_above_stay_in_use_too(void **state)
{
	struct shop *s = *state;
	dataset_fresh(s);
	struct file files[2] = {{"m", bytes_of(s->text, 1 << 20)},
				{"n", bytes_of(s->text + 7, 50)}};
	struct writer_params above = params_of(s, TIER_GRANTED, 5);
	struct writer_params params = params_of(s, TIER_GRANTED, 1);
	params.epoch_prefix = bytes_str(PATH);
	const struct writer_epoch before = {5, above.epoch_prefix.len, above.dataset_key};
	params.older = &before;
	params.older_count = 1;
	publish_whole(s, &above, files, 1);
	publish_whole(s, &params, files, 2);
	assert_int_equal(s->sealed_count, 1);
	struct txn *txn = txn_begin(s->db, false);
	struct reader *r = reader_begin(s, txn, &params.dataset_key);
	const struct manifest_epoch *epoch = reader_key_wanted(r);
	assert_non_null(epoch);
	assert_int_equal(epoch->number, 5);
	assert_true(bytes_eq(epoch->prefix, above.epoch_prefix));
	reader_key_add(r, &above.dataset_key);
	assert_null(reader_key_wanted(r));
	file_read(s, txn, r, manifest_file(reader_manifest(r), 0), files[0].content);
	reader_close(r);
	txn_abort(txn);
	/* but never one below: whose readers have no key for what is above */
	publish_whole(s, &above, files, 2);
	assert_int_equal(s->sealed_count, 1);
}

/* Whoever reads the new version must be able to open all its chunks. */
static void other_readers_get_other_chunks(void **state)
{
	struct shop *s = *state;
	struct file file = {"m", bytes_of(s->text, 300000)};
	static const struct {
		enum tier from, to;
		uint64_t epoch_from, epoch_to;
	} cases[] = {
		{TIER_OPEN, TIER_OPEN, 1, 2}, /* the old key stands in old records only */
		{TIER_MEMBERS, TIER_OPEN, 1, 1},    {TIER_OPEN, TIER_MEMBERS, 1, 1},
		{TIER_GRANTED, TIER_OPEN, 1, 1},    {TIER_MEMBERS, TIER_HIDDEN, 1, 1},
		{TIER_GRANTED, TIER_HIDDEN, 1, 1},  {TIER_HIDDEN, TIER_HIDDEN, 1, 1},
		{TIER_MEMBERS, TIER_MEMBERS, 3, 2}, /* a key number never falls; if it did */
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		dataset_fresh(s);
		struct writer_params from = params_of(s, cases[i].from, cases[i].epoch_from);
		struct writer_params to = params_of(s, cases[i].to, cases[i].epoch_to);
		publish_whole(s, &from, &file, 1);
		publish_whole(s, &to, &file, 1);
		assert_int_equal(s->known_count, 0);
		read_back(s, &to.dataset_key, &file, 1);
	}
}

static void hidden_files_are_cut_at_fixed_places(void **state)
{
	struct shop *s = *state;
	struct file file = {"m", bytes_of(s->text, (1 << 20) - 5)};
	struct writer_params params = params_of(s, TIER_HIDDEN, 1);
	struct writer *w = publish(s, &params, &file, 1);
	const struct manifest_file *found = manifest_file(writer_manifest(w), 0);
	assert_int_equal(found->chunk_count, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(manifest_chunk(writer_manifest(w), found, i)->plain_len,
				 LIMIT_CHUNK_PLAIN_MAX - (i == 3 ? 5 : 0));
	writer_close(w);
}

/*
 * A grant of exactly this path has the prefix and the number that tier open would have, and another
 * key.
 */
static void an_open_version_takes_nothing_from_a_granted_one(void **state)
{
	struct shop *s = *state;
	dataset_fresh(s);
	struct file file = {"m", bytes_of(s->text, 300000)};
	struct writer_params open = params_of(s, TIER_OPEN, 1);
	struct writer_params granted = params_of(s, TIER_GRANTED, 1);
	granted.epoch_prefix = open.epoch_prefix;
	open.dataset_key.b[0]++;
	publish_whole(s, &granted, &file, 1);
	publish_whole(s, &open, &file, 1);
	assert_int_equal(s->known_count, 0);
	read_back(s, &open.dataset_key, &file, 1);
}

static void what_was_seen_goes_with_its_chunks(void **state)
{
	struct shop *s = *state;
	dataset_fresh(s);
	struct dataset_id other = s->dataset;
	struct file file = {"m", bytes_of(s->text, 1 << 20)};
	struct writer_params params = params_of(s, TIER_OPEN, 1);
	publish_whole(s, &params, &file, 1);
	dataset_fresh(s);
	params.dataset = s->dataset;
	struct writer *w = publish(s, &params, &file, 1);
	const struct manifest *m = writer_manifest(w);
	const struct manifest_file *found = manifest_file(m, 0);
	struct txn *txn = txn_begin(s->db, true);
	uint64_t rows = txn_count(txn, TABLE_SEEN);
	struct digest from = {{0}};
	unsigned steps = 1;
	while (seen_sweep(txn, &s->dataset, &from, 3))
		steps++;
	assert_int_equal(txn_count(txn, TABLE_SEEN), rows);
	assert_int_equal(steps, (s->sealed_count + 2) / 3);
	chunks_del(txn, &s->dataset, &manifest_chunk(m, found, 0)->addr);
	chunks_del(txn, &s->dataset, &manifest_chunk(m, found, 3)->addr);
	from = (struct digest){{0}};
	assert_false(seen_sweep(txn, &other, &from, 1000));
	assert_int_equal(txn_count(txn, TABLE_SEEN), rows);
	from = (struct digest){{0}};
	while (seen_sweep(txn, &s->dataset, &from, 3))
		;
	assert_int_equal(txn_count(txn, TABLE_SEEN), rows - 2);
	assert_ok(txn_commit(txn));
	writer_close(w);
}

static void the_previous_version_tells_what_is_unchanged(void **state)
{
	struct shop *s = *state;
	struct file files[FILE_COUNT], swapped[2];
	files_of(s, files);
	struct writer_params params = params_of(s, TIER_OPEN, 1);
	struct writer *a = publish(s, &params, files, 2);
	swapped[0] = files[1];
	swapped[1] = files[0];
	struct writer *b = publish(s, &params, swapped, 2);
	assert_true(same_files(writer_manifest(a), writer_manifest(b)));
	writer_close(b);
	b = publish(s, &params, files, 3);
	assert_false(same_files(writer_manifest(a), writer_manifest(b)));
	writer_close(a);
	writer_close(b);
}

static void names_are_checked(void **state)
{
	struct shop *s = *state;
	struct writer_params params = params_of(s, TIER_OPEN, 1);
	struct writer *w = writer_open(&params);
	assert_err(writer_file_begin(w, bytes_str("../x"), bytes_str(""), 0), ERR_MALFORMED);
	assert_err(writer_err(w), ERR_MALFORMED);
	/* it sticks, and what comes later does nothing */
	assert_err(writer_file_begin(w, bytes_str("x"), bytes_str(""), 0), ERR_MALFORMED);
	assert_int_equal(writer_feed(w, bytes_str("text")), 4);
	writer_file_end(w);
	assert_null(writer_take(w));
	assert_err(writer_finish(w), ERR_MALFORMED);
	writer_close(w);
	w = writer_open(&params);
	assert_err(writer_file_begin(w, bytes_str("x"), bytes_str("text\n"), 0), ERR_MALFORMED);
	writer_close(w);
	w = writer_open(&params);
	for (unsigned i = 0; i < 2; i++) {
		assert_ok(writer_file_begin(w, bytes_str("x"), bytes_str(""), 0));
		writer_file_end(w);
	}
	assert_err(writer_finish(w), ERR_EXISTS);
	writer_close(w);
	/* an empty folder is bare, and nothing is written into it */
	w = writer_open(&params);
	assert_ok(writer_file_begin(w, bytes_str("x/"), bytes_str("text/csv"), 7));
	writer_file_end(w);
	assert_ok(writer_finish(w));
	assert_int_equal(manifest_file(writer_manifest(w), 0)->modified_ms, 0);
	assert_int_equal(manifest_file(writer_manifest(w), 0)->media_type.len, 0);
	writer_close(w);
	w = writer_open(&params);
	assert_ok(writer_file_begin(w, bytes_str("x/"), bytes_str(""), 0));
	assert_int_equal(writer_feed(w, bytes_str("text")), 4);
	assert_err(writer_err(w), ERR_MALFORMED);
	writer_close(w);
	/* a file, and a folder of its name */
	w = writer_open(&params);
	assert_ok(writer_file_begin(w, bytes_str("x/y"), bytes_str(""), 0));
	writer_file_end(w);
	assert_ok(writer_file_begin(w, bytes_str("x"), bytes_str(""), 0));
	writer_file_end(w);
	assert_err(writer_finish(w), ERR_EXISTS);
	writer_close(w);
}

/* What its readers would refuse is not written: a manifest of more than 64 MiB. */
static void names_are_not_too_much(void **state)
{
	struct shop *s = *state;
	struct writer_params params = params_of(s, TIER_OPEN, 1);
	struct writer *w = writer_open(&params);
	const unsigned fit = LIMIT_MANIFEST_LEN_MAX / LIMIT_FILE_NAME_LEN_MAX;
	char name[LIMIT_FILE_NAME_LEN_MAX + 1];
	memset(name, 'n', sizeof(name));
	for (size_t i = 255; i < sizeof(name); i += 250)
		name[i] = '/';
	for (unsigned i = 0; i < fit; i++) {
		char number[9];
		snprintf(number, sizeof(number), "%08u", i);
		memcpy(name, number, 8);
		assert_ok(writer_file_begin(w, bytes_of(name, LIMIT_FILE_NAME_LEN_MAX),
					    bytes_str(""), 0));
		writer_file_end(w);
	}
	assert_err(writer_file_begin(w, bytes_str("z"), bytes_str(""), 0), ERR_FULL);
	writer_close(w);
}

/* Random sizes and contents, some of them repeated. */
static void random_publications_come_back(void **state)
{
	struct shop *s = *state;
	for (unsigned round = 0; round < 30; round++) {
		struct file files[FILE_COUNT];
		unsigned count = 1 + (unsigned)random_below(&s->random, FILE_COUNT);
		struct writer_params params =
			params_of(s, TIER_OPEN + (enum tier)random_below(&s->random, 4), 5);
		random_fill(&s->random, params.cut_key.b, CUT_KEY_LEN);
		for (unsigned i = 0; i < count; i++) {
			size_t from = random_below(&s->random, 4) * 100;
			size_t bits = random_below(&s->random, 20);
			snprintf(files[i].name, sizeof(files[i].name), "%u",
				 (unsigned)random_below(&s->random, 1000) * 10 + i);
			files[i].content =
				bytes_of(s->text + from, random_below(&s->random, 1u << bits));
		}
		publish_whole(s, &params, files, count);
		read_back(s, &params.dataset_key, files, count);
	}
}

static void a_manifest_is_opened_only_whole_and_right(void **state)
{
	struct shop *s = *state;
	struct file file = {"m", bytes_of(s->text, 1000)};
	struct writer_params params = params_of(s, TIER_MEMBERS, 2);
	struct index_entry entry;
	struct buf chunk;
	publish_whole(s, &params, &file, 1);
	struct txn *txn = txn_begin(s->db, false);
	buf_init(&chunk, LIMIT_CHUNK_LEN_MAX);

	struct reader *r = reader_open(&s->version, &s->dataset, &params.dataset_key);
	assert_true(reader_part_next(r, &entry));
	buf_add(&chunk, fetch(s, txn, &entry.addr));
	chunk.ptr[100] ^= 1;
	assert_err(reader_part_add(r, s->packer, buf_bytes(&chunk)), ERR_CORRUPT);
	chunk.ptr[100] ^= 1;
	/* after a fault the same chunk is wanted, from elsewhere */
	assert_true(reader_part_next(r, &entry));
	assert_ok(reader_part_add(r, s->packer, buf_bytes(&chunk)));
	assert_false(reader_part_next(r, &entry));
	assert_ok(reader_manifest_done(r));
	reader_close(r);

	r = reader_open(&s->version, &s->dataset, &s->fed_keys[1]);
	assert_err(reader_part_add(r, s->packer, buf_bytes(&chunk)), ERR_DENIED);
	reader_close(r);
	struct dataset_id other = {{1}};
	r = reader_open(&s->version, &other, &params.dataset_key);
	assert_err(reader_part_add(r, s->packer, buf_bytes(&chunk)), ERR_DENIED);
	reader_close(r);
	/* the same manifest under another version number, or another index */
	s->version.number++;
	r = reader_open(&s->version, &s->dataset, &params.dataset_key);
	assert_err(manifest_read(s, txn, r), ERR_MALFORMED);
	reader_close(r);
	s->version.number--;
	s->version.index.bytes++;
	r = reader_open(&s->version, &s->dataset, &params.dataset_key);
	assert_err(manifest_read(s, txn, r), ERR_MALFORMED);
	reader_close(r);
	buf_fini(&chunk);
	txn_abort(txn);
}

static void a_chunk_is_opened_only_where_it_belongs(void **state)
{
	struct shop *s = *state;
	struct file files[2] = {{"m", bytes_of(s->text, 300000)},
				{"n", bytes_of(s->text + 300000, 300000)}};
	struct writer_params params = params_of(s, TIER_MEMBERS, 2);
	struct buf out;
	publish_whole(s, &params, files, 2);
	struct txn *txn = txn_begin(s->db, false);
	struct reader *r = reader_begin(s, txn, &params.dataset_key);
	const struct manifest *m = reader_manifest(r);
	struct chunk_ref ref = *manifest_chunk(m, manifest_file(m, 0), 0);
	const struct chunk_ref *other = manifest_chunk(m, manifest_file(m, 1), 1);
	struct bytes chunk = fetch(s, txn, &ref.addr);
	buf_init(&out, 1 << 20);
	assert_err(reader_chunk(r, s->packer, other, chunk, NULL, &out), ERR_CORRUPT);
	ref.plain_len++;
	assert_err(reader_chunk(r, s->packer, &ref, chunk, NULL, &out), ERR_MALFORMED);
	assert_int_equal(out.len, 0);
	ref.plain_len--;
	assert_ok(reader_chunk(r, s->packer, &ref, chunk, NULL, &out));
	/* one file's text under the other's name */
	struct sha256 *sha256 = sha256_open();
	sha256_add(sha256, files[0].content);
	assert_err(reader_file_end(sha256, manifest_file(m, 1)), ERR_MALFORMED);
	sha256_add(sha256, bytes_slice(files[0].content, 0, 299999));
	assert_err(reader_file_end(sha256, manifest_file(m, 0)), ERR_MALFORMED);
	sha256_close(sha256);
	buf_fini(&out);
	reader_close(r);
	txn_abort(txn);
}

static void descriptions_are_read_by_those_who_have_the_key(void **state)
{
	struct shop *s = *state;
	struct description description;
	struct buf out;
	buf_init(&out, DESCRIPTION_LEN_MAX);
	for (enum tier tier = TIER_OPEN; tier <= TIER_HIDDEN; tier++) {
		struct writer_params params = params_of(s, tier, 2);
		if (tier == TIER_GRANTED) /* under another key than the rest: publish.c */
			continue;
		publish_whole(s, &params, NULL, 0);
		buf_reset(&out);
		assert_err(reader_description(&out, &s->version, &s->dataset, NULL, s->packer),
			   tier == TIER_OPEN ? ERR_OK : ERR_ABSENT);
		if (tier != TIER_OPEN) {
			assert_err(reader_description(&out, &s->version, &s->dataset,
						      &s->fed_keys[9], s->packer),
				   ERR_DENIED);
			assert_ok(reader_description(&out, &s->version, &s->dataset,
						     &params.dataset_key, s->packer));
			assert_null(memmem(s->body.ptr, s->body.len, "Pegel", 5));
		}
		assert_ok(description_decode(&description, buf_bytes(&out)));
		assert_true(bytes_eq(description.title, bytes_str("Pegel")));
	}
	buf_fini(&out);
}

/* No writer makes deltas yet; a reader of version 1 has to read them. */
static struct chunk_ref delta_put(struct shop *s, struct txn *txn,
				  const struct writer_params *params, struct bytes raw,
				  struct bytes prefix)
{
	struct buf text, chunk;
	struct box_keys keys;
	struct box_context context = {.dataset = s->dataset,
				      .epoch_number = params->epoch_number,
				      .kind = BOX_KIND_CONTENT};
	hash_once(context.epoch_prefix.b, "am1.prefix", params->epoch_prefix);
	box_keys_derive(&keys, &params->dataset_key);
	buf_init(&text, PACK_LEN_MAX);
	buf_init(&chunk, LIMIT_CHUNK_LEN_MAX);
	assert_ok(pack(s->packer, &text, prefix.len > 0 ? PACK_DELTA : PACK_ZSTD, raw, prefix));
	box_seal(&chunk, s->aead, &keys, &context, buf_bytes(&text), &s->random);
	struct chunk_ref ref = {.size = (uint32_t)chunk.len, .plain_len = (uint32_t)raw.len};
	box_addr(&ref.addr, buf_bytes(&chunk));
	chunks_put(txn, &s->dataset, &ref.addr, buf_bytes(&chunk));
	buf_fini(&text);
	buf_fini(&chunk);
	return ref;
}

static void deltas_are_read(void **state)
{
	struct shop *s = *state;
	struct writer_params params = params_of(s, TIER_MEMBERS, 2);
	struct writer *w = publish(s, &params, NULL, 0);
	record_make(s, w);
	writer_close(w);
	struct txn *txn = txn_begin(s->db, true);
	struct reader *r = reader_begin(s, txn, &params.dataset_key);
	/* two bases, and a piece made of parts of both */
	struct bytes one = bytes_of(s->text, 60000), two = bytes_of(s->text + 100000, 60000);
	struct buf joined, piece, out;
	buf_init(&joined, 1 << 20);
	buf_init(&piece, 1 << 20);
	buf_init(&out, 1 << 20);
	buf_add(&joined, one);
	buf_add(&joined, two);
	buf_add(&piece, bytes_slice(two, 100, 30000));
	buf_add(&piece, bytes_slice(one, 100, 30000));
	struct chunk_ref bases[2] = {delta_put(s, txn, &params, one, bytes_of(NULL, 0)),
				     delta_put(s, txn, &params, two, bytes_of(NULL, 0))};
	struct chunk_ref ref = delta_put(s, txn, &params, buf_bytes(&piece), buf_bytes(&joined));
	assert_true(ref.size < 500);
	/* as the manifest would say it */
	struct manifest *m = (struct manifest *)(uintptr_t)reader_manifest(r);
	buf_add(&m->bases, bytes_of(bases, sizeof(bases)));
	ref.base_count = 2;
	struct bytes chunks[2];
	for (unsigned i = 0; i < 2; i++)
		chunks[i] = fetch(s, txn, &bases[i].addr);
	struct bytes chunk = fetch(s, txn, &ref.addr);
	assert_ok(reader_chunk(r, s->packer, &ref, chunk, chunks, &out));
	assert_true(bytes_eq(buf_bytes(&out), buf_bytes(&piece)));
	/* a base that is not the one named */
	struct bytes swapped[2] = {chunks[1], chunks[0]};
	assert_err(reader_chunk(r, s->packer, &ref, chunk, swapped, &out), ERR_CORRUPT);
	/* a delta is no base */
	((struct chunk_ref *)(void *)m->bases.ptr)[0] = ref;
	struct bytes deltas[2] = {chunk, chunks[1]};
	assert_err(reader_chunk(r, s->packer, &ref, chunk, deltas, &out), ERR_MALFORMED);
	reader_close(r);
	assert_ok(txn_commit(txn));
	buf_fini(&joined);
	buf_fini(&piece);
	buf_fini(&out);
}

/* A manifest of more than one chunk: many small files. */
static void many_files(void **state)
{
	struct shop *s = *state;
	enum { MANY = 6000 };
	struct file *files = calloc(MANY, sizeof(*files));
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(files[i].name, sizeof(files[i].name), "folder %u/%u", i % 7, i);
		files[i].content = bytes_of(s->text + i, 20);
	}
	struct writer_params params = params_of(s, TIER_MEMBERS, 2);
	publish_whole(s, &params, files, MANY);
	assert_true(s->version.manifest_count > 2);
	read_back(s, &params.dataset_key, files, MANY);
	free(files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_tier_is_written_and_read),
		cmocka_unit_test(no_files_are_a_version_too),
		cmocka_unit_test(the_index_is_what_is_stored),
		cmocka_unit_test(unchanged_text_is_not_sealed_again),
		cmocka_unit_test(a_chunk_that_is_gone_is_made_again),
		cmocka_unit_test(a_fingerprint_is_not_believed),
		cmocka_unit_test(old_epochs_stay_in_use_and_want_their_keys),
		cmocka_unit_test(other_readers_get_other_chunks),
		cmocka_unit_test(hidden_files_are_cut_at_fixed_places),
		cmocka_unit_test(an_open_version_takes_nothing_from_a_granted_one),
		cmocka_unit_test(what_was_seen_goes_with_its_chunks),
		cmocka_unit_test(the_previous_version_tells_what_is_unchanged),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(names_are_not_too_much),
		cmocka_unit_test(random_publications_come_back),
		cmocka_unit_test(a_manifest_is_opened_only_whole_and_right),
		cmocka_unit_test(a_chunk_is_opened_only_where_it_belongs),
		cmocka_unit_test(epochs_above_stay_in_use_too),
		cmocka_unit_test(descriptions_are_read_by_those_who_have_the_key),
		cmocka_unit_test(deltas_are_read),
		cmocka_unit_test(many_files),
	};
	return cmocka_run_group_tests_name("writer", tests, shop_setup, shop_teardown);
}
