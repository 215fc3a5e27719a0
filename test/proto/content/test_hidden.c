/*
 * hidden: what a holder or a member sees of datasets of tier hidden, when it compares all records
 * and all chunks: no name, no equal chunk, no size that depends on what is said, no eight bytes of
 * plain text. The same search finds all of that in other tiers, so it can fail.
 */
#include "test/crypto/helpers.h"
#include "test/store/store_test.h"

#include "crypto/path.h"
#include "proto/content/reader.h"
#include "proto/content/writer.h"
#include "store/chunks.h"

enum { GRAM_LEN = 8, FILE_COUNT = 3, RELEASE_MAX = 8 };

/* One version as it leaves its author. */
struct release {
	struct dataset_id dataset;
	struct key key;
	struct buf body;
	struct version version;
	struct index index;
};

struct shop {
	char *dir;
	struct db *db;
	struct packer *packer;
	struct random random;
	struct release releases[RELEASE_MAX];
	unsigned count;
	struct buf grams; /* of all that was said, GRAM_LEN each, sorted */
};

struct file {
	const char *name;
	struct bytes content;
};

struct said {
	enum tier tier;
	const char *path, *name; /* name: of a hidden path */
	uint64_t number, epoch;
	struct description description;
	struct file files[FILE_COUNT];
};

static int setup(void **state)
{
	struct shop *s = mem_new(1, sizeof(*s));

	test_setup(state);
	s->dir = test_dir_init();
	s->db = test_db(s->dir);
	s->packer = packer_open();
	s->random = random_seeded(45);
	buf_init(&s->grams, 1 << 26);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct shop *s = *state;

	for (unsigned i = 0; i < s->count; i++) {
		buf_fini(&s->releases[i].body);
		index_fini(&s->releases[i].index);
	}
	packer_close(s->packer);
	db_close(s->db);
	test_dir_fini(s->dir);
	buf_fini(&s->grams);
	free(s);
	return 0;
}

/* ---- publishing ---- */

static void pieces_work(struct shop *s, struct txn *txn, struct writer *w)
{
	const struct sealer *sealer = writer_sealer(w);
	struct piece *piece;

	while ((piece = writer_take(w))) {
		piece_identify(sealer, piece);
		if (!seen_get(txn, sealer, s->packer, piece)) {
			assert_ok(piece_seal(sealer, s->packer, &s->random, piece));
			chunks_put(txn, &sealer->dataset, &piece->entry.addr,
				   buf_bytes(&piece->sealed));
			seen_put(txn, sealer, piece);
		}
		writer_accept(w, piece);
		piece_close(piece);
	}
}

static void file_write(struct shop *s, struct txn *txn, struct writer *w, const struct file *file)
{
	assert_ok(writer_file_begin(w, bytes_str(file->name), bytes_str("text/csv"), 77));
	for (size_t at = 0; at < file->content.len;) {
		at += writer_feed(w, bytes_slice(file->content, at, file->content.len));
		pieces_work(s, txn, w);
	}
	writer_file_end(w);
	pieces_work(s, txn, w);
}

static struct writer_params params_of(struct shop *s, const struct said *said)
{
	const struct org_id org = {{5}};
	struct writer_params params = {.number = said->number,
				       .tier = said->tier,
				       .epoch_prefix = bytes_str(said->path),
				       .epoch_number = said->epoch};

	path_dataset_id(&params.dataset, &org, bytes_str(said->path));
	memcpy(params.cut_key.b, params.dataset.b, CUT_KEY_LEN);
	/* as the key of an epoch at the path: one for all versions of a dataset in one epoch */
	params.dataset_key = key_filled((uint8_t)(params.dataset.b[0] + said->epoch));
	return params;
}

static void body_make(struct shop *s, struct writer *w, const struct said *said,
		      struct release *out)
{
	struct description description = said->description;
	struct buf plain, sealed;

	buf_init(&plain, DESCRIPTION_LEN_MAX);
	buf_init(&sealed, DESCRIPTION_LEN_MAX);
	description.path = bytes_str(said->tier == TIER_HIDDEN ? said->name : "");
	assert_ok(description_encode(&plain, &description));
	out->version.path = bytes_str(said->path);
	out->version.description = buf_bytes(&plain);
	out->version.description_key = 1;
	if (said->tier != TIER_OPEN) {
		assert_ok(writer_description(w, s->packer, &s->random, buf_bytes(&plain), &sealed));
		out->version.description = buf_bytes(&sealed);
	}
	buf_init(&out->body, LIMIT_RECORD_LEN_MAX);
	version_encode(&out->body, &out->version);
	assert_ok(version_decode(&out->version, buf_bytes(&out->body)));
	buf_fini(&plain);
	buf_fini(&sealed);
}

static struct release *publish(struct shop *s, const struct said *said)
{
	struct release *out = &s->releases[s->count++];
	struct writer_params params = params_of(s, said);
	struct writer *w = writer_open(&params);
	struct txn *txn = txn_begin(s->db, true);

	assert_true(s->count <= RELEASE_MAX);
	for (unsigned i = 0; i < FILE_COUNT; i++)
		file_write(s, txn, w, &said->files[i]);
	writer_end(w);
	pieces_work(s, txn, w);
	assert_ok(writer_finish(w));
	pieces_work(s, txn, w);
	*out = (struct release){.dataset = params.dataset, .key = params.dataset_key};
	assert_ok(writer_done(w, &out->version));
	body_make(s, w, said, out);
	index_init(&out->index);
	for (size_t i = 0; i < index_count(writer_index(w)); i++)
		index_add(&out->index, &index_at(writer_index(w), i)->addr,
			  index_at(writer_index(w), i)->size);
	assert_ok(index_sort(&out->index));
	txn_put(txn, TABLE_META, id_bytes(&out->dataset), buf_bytes(&out->body));
	assert_ok(txn_commit(txn));
	writer_close(w);
	return out;
}

/* ---- what was said ---- */

/* Text of few letters, so that it is compressed well where it may be. */
static struct bytes text_make(struct shop *s, size_t len)
{
	uint8_t *text = mem_new(len + 1, 1);

	random_fill(&s->random, text, len);
	for (size_t i = 0; i < len; i++)
		text[i] = text[i] % 16 + 'a';
	return bytes_of(text, len);
}

static struct bytes noise_make(struct shop *s, size_t len)
{
	uint8_t *noise = mem_new(len + 1, 1);

	random_fill(&s->random, noise, len);
	return bytes_of(noise, len);
}

static struct said said_make(struct shop *s, char *path, bool noise)
{
	static const size_t lens[FILE_COUNT] = {700, 90000, 600000};
	static const char *const names[FILE_COUNT] = {"beurteilung/anlass.txt", "gehalt_2026.csv",
						      "stellenplan-entwurf.csv"};
	struct said said = {
		.tier = TIER_HIDDEN,
		.path = path,
		.name = "meissen/personal/stellenplan",
		.number = 1,
		.epoch = 1,
		.description = {.title = bytes_str("Stellenplan Haushaltsjahr 2027"),
				.text = bytes_str("Entwurf des Hauptamtes, vertraulich"),
				.keywords = {bytes_str("Personalrat")},
				.keyword_count = 1,
				.contact_email = bytes_str("hauptamt@meissen.example"),
				.publisher = bytes_str("Stadtverwaltung Meissen")}};

	memcpy(path, "meissen/", 9);
	path_hidden_make(path + 8, &s->random);
	for (unsigned i = 0; i < FILE_COUNT; i++)
		said.files[i] =
			(struct file){names[i], (noise ? noise_make : text_make)(s, lens[i])};
	return said;
}

static void said_free(struct said *said)
{
	for (unsigned i = 0; i < FILE_COUNT; i++)
		free((void *)(uintptr_t)said->files[i].content.ptr);
}

static int gram_cmp(const void *a, const void *b)
{
	return memcmp(a, b, GRAM_LEN);
}

static void grams_add(struct shop *s, struct bytes text)
{
	for (size_t i = 0; i + GRAM_LEN <= text.len; i++)
		buf_add(&s->grams, bytes_slice(text, i, GRAM_LEN));
}

/* All that nobody but readers may find. */
static void grams_of(struct shop *s, const struct said *said)
{
	buf_reset(&s->grams);
	grams_add(s, bytes_str(said->name + strlen("meissen/")));
	grams_add(s, said->description.title);
	grams_add(s, said->description.text);
	grams_add(s, said->description.keywords[0]);
	grams_add(s, said->description.contact_email);
	grams_add(s, said->description.publisher);
	for (unsigned i = 0; i < FILE_COUNT; i++) {
		grams_add(s, bytes_str(said->files[i].name));
		grams_add(s, said->files[i].content);
	}
	qsort(s->grams.ptr, s->grams.len / GRAM_LEN, GRAM_LEN, gram_cmp);
}

static bool grams_found(const struct shop *s, struct bytes in)
{
	for (size_t i = 0; i + GRAM_LEN <= in.len; i++)
		if (bsearch(in.ptr + i, s->grams.ptr, s->grams.len / GRAM_LEN, GRAM_LEN, gram_cmp))
			return true;
	return false;
}

/* ---- what is seen ---- */

static bool address_shared(const struct release *a, const struct release *b)
{
	for (size_t i = 0; i < index_count(&a->index); i++)
		for (size_t k = 0; k < index_count(&b->index); k++)
			if (id_eq(&index_at(&a->index, i)->addr, &index_at(&b->index, k)->addr))
				return true;
	return false;
}

static int size_cmp(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void sizes_of(const struct release *r, uint32_t sizes[64])
{
	memset(sizes, 0, 64 * sizeof(*sizes));
	assert_true(index_count(&r->index) <= 64);
	for (size_t i = 0; i < index_count(&r->index); i++)
		sizes[i] = index_at(&r->index, i)->size;
	qsort(sizes, 64, sizeof(*sizes), size_cmp);
}

/* Whether two versions look alike to who has no key: number and sizes of chunks, and the record. */
static bool sizes_equal(const struct release *a, const struct release *b)
{
	uint32_t x[64], y[64];

	sizes_of(a, x);
	sizes_of(b, y);
	return memcmp(x, y, sizeof(x)) == 0 && a->body.len == b->body.len &&
	       a->version.description.len == b->version.description.len &&
	       a->version.index.bytes == b->version.index.bytes;
}

/* Record, chunks, and the file of the store in which all of it lies. */
static bool plain_found(struct shop *s, const struct release *r)
{
	struct txn *txn = txn_begin(s->db, false);
	bool found = grams_found(s, buf_bytes(&r->body));

	for (size_t i = 0; i < index_count(&r->index); i++) {
		struct bytes chunk;
		assert_true(chunks_get(txn, &r->dataset, &index_at(&r->index, i)->addr, &chunk));
		found = found || grams_found(s, chunk);
	}
	txn_abort(txn);
	return found;
}

static bool store_found(struct shop *s)
{
	char path[512];
	struct buf all;
	uint8_t block[4096];
	size_t len;

	snprintf(path, sizeof(path), "%s/data.mdb", s->dir);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	buf_init(&all, 1 << 30);
	while ((len = fread(block, 1, sizeof(block), file)) > 0)
		buf_add(&all, bytes_of(block, len));
	fclose(file);
	assert_true(all.len > 100000);
	bool found = grams_found(s, buf_bytes(&all));
	buf_fini(&all);
	return found;
}

/* ---- reading ---- */

static enum err read_back(struct shop *s, const struct release *r, const struct said *said)
{
	struct txn *txn = txn_begin(s->db, false);
	struct reader *reader = reader_open(&r->version, &r->dataset, &r->key);
	struct index_entry entry;
	struct bytes chunk;
	struct buf out;
	enum err err = ERR_OK;

	while (!err && reader_part_next(reader, &entry)) {
		assert_true(chunks_get(txn, &r->dataset, &entry.addr, &chunk));
		err = reader_part_add(reader, s->packer, chunk);
	}
	if (!err)
		err = reader_manifest_done(reader);
	for (unsigned i = 0; i < FILE_COUNT && !err; i++) {
		const struct manifest *m = reader_manifest(reader);
		const struct manifest_file *file = manifest_find(m, bytes_str(said->files[i].name));
		struct buf plain;
		buf_init(&out, 1 << 24);
		buf_init(&plain, LIMIT_CHUNK_PLAIN_MAX);
		for (uint32_t k = 0; k < file->chunk_count && !err; k++) {
			const struct chunk_ref *ref = manifest_chunk(m, file, k);
			assert_true(chunks_get(txn, &r->dataset, &ref->addr, &chunk));
			buf_reset(&plain);
			err = reader_chunk(reader, s->packer, ref, chunk, NULL, &plain);
			buf_add(&out, manifest_part(file, ref, buf_bytes(&plain)));
		}
		assert_true(err || bytes_eq(buf_bytes(&out), said->files[i].content));
		buf_fini(&plain);
		buf_fini(&out);
	}
	reader_close(reader);
	txn_abort(txn);
	return err;
}

/* ---- tests ---- */

/* The same content twice, in two datasets, and once more with one byte changed. */
static void nothing_is_equal_and_nothing_is_said(void **state)
{
	struct shop *s = *state;
	char path[2][8 + PATH_HIDDEN_LEN + 1];
	struct said said = said_make(s, path[0], false), other = said;

	memcpy(path[1], path[0], sizeof(path[1]));
	path_hidden_make(path[1] + 8, &s->random);
	other.path = path[1];
	struct release *a = publish(s, &said), *b = publish(s, &other);
	said.number = 2;
	((uint8_t *)(uintptr_t)said.files[2].content.ptr)[300000] ^= 1;
	struct release *changed = publish(s, &said);
	said.number = 3;
	struct release *again = publish(s, &said);
	said.number = 4;
	said.epoch = 2;
	struct release *rotated = publish(s, &said);
	const struct release *all[] = {a, b, changed, again, rotated};
	grams_of(s, &said);
	for (unsigned i = 0; i < COUNT(all); i++) {
		assert_false(plain_found(s, all[i]));
		for (unsigned k = 0; k < i; k++) {
			assert_false(address_shared(all[i], all[k]));
			assert_false(id_eq(&all[i]->version.index.digest,
					   &all[k]->version.index.digest));
			/* what changed does not show either: not where, not how much */
			assert_true(sizes_equal(all[i], all[k]));
		}
	}
	assert_false(store_found(s));
	assert_ok(read_back(s, changed, &said));
	assert_ok(read_back(s, rotated, &said));
	said_free(&said);
}

/* Other words of the same length look the same, also where one is compressed well and one not. */
static void sizes_depend_on_lengths_alone(void **state)
{
	struct shop *s = *state;
	char path[2][8 + PATH_HIDDEN_LEN + 1];
	struct said text = said_make(s, path[0], false), noise = said_make(s, path[1], true);
	const char *plain[2] = {"meissen/personal/a", "meissen/personal/b"};

	noise.description.title = bytes_str("Ein anderer, deutlich laengerer Titel, der mehr sagt");
	noise.name = "meissen/b";
	noise.files[0].name = "x";
	struct release *a = publish(s, &text), *b = publish(s, &noise);
	assert_true(sizes_equal(a, b));
	/* and the same in another tier, so that this test can fail */
	text.tier = noise.tier = TIER_GRANTED;
	text.path = plain[0];
	noise.path = plain[1];
	assert_false(sizes_equal(publish(s, &text), publish(s, &noise)));
	said_free(&text);
	said_free(&noise);
}

/* What another tier shows and hidden does not: equal chunks, and a name. */
static void the_search_sees_what_other_tiers_show(void **state)
{
	struct shop *s = *state;
	char path[8 + PATH_HIDDEN_LEN + 1];
	struct said said = said_make(s, path, false);

	said.tier = TIER_OPEN;
	said.path = said.name;
	struct release *first = publish(s, &said);
	said.number = 2;
	((uint8_t *)(uintptr_t)said.files[2].content.ptr)[300000] ^= 1;
	struct release *second = publish(s, &said);
	grams_of(s, &said);
	assert_true(address_shared(first, second));
	assert_true(plain_found(s, first));
	assert_true(store_found(s));
	said_free(&said);
}

static void set_epoch_more(struct manifest *m)
{
	const struct manifest_epoch more = {bytes_str("meissen"), 1};

	buf_add(&m->epochs, bytes_obj(&more));
}
static void set_epoch_other(struct manifest *m)
{
	((struct manifest_epoch *)(void *)m->epochs.ptr)->number++;
}
static void set_epoch_above(struct manifest *m)
{
	((struct manifest_epoch *)(void *)m->epochs.ptr)->prefix = bytes_str("meissen");
}
static struct chunk_ref *ref_at(struct manifest *m, uint32_t i)
{
	return (struct chunk_ref *)(void *)m->chunks.ptr + i;
}
static void set_base(struct manifest *m)
{
	const struct chunk_ref base = *ref_at(m, 0);

	buf_add(&m->bases, bytes_obj(&base));
	ref_at(m, 1)->base_count = 1;
}
static void set_cut(struct manifest *m)
{
	ref_at(m, 0)->plain_len--;
	ref_at(m, manifest_chunk_count(m) - 1)->plain_len++;
}
static void set_swollen(struct manifest *m)
{
	ref_at(m, 0)->plain_len = 5000;
}

/* A manifest that takes up what was sealed before, or is cut by content, is refused by readers. */
static void readers_refuse_what_gives_away(void **state)
{
	static const struct {
		const char *name;
		void (*set)(struct manifest *);
	} cases[] = {
		{"one more epoch", set_epoch_more},   {"another epoch", set_epoch_other},
		{"the epoch above", set_epoch_above}, {"a base", set_base},
		{"a cut elsewhere", set_cut},         {"a size of another length", set_swollen}};
	struct shop *s = *state;
	char path[8 + PATH_HIDDEN_LEN + 1];
	struct said said = said_make(s, path, false);
	struct release *r = publish(s, &said);
	struct writer_params params = params_of(s, &said);

	for (size_t i = 0; i <= COUNT(cases); i++) {
		struct txn *txn = txn_begin(s->db, false);
		struct reader *reader = reader_open(&r->version, &r->dataset, &r->key);
		struct index_entry entry;
		struct bytes chunk;
		while (reader_part_next(reader, &entry)) {
			assert_true(chunks_get(txn, &r->dataset, &entry.addr, &chunk));
			assert_ok(reader_part_add(reader, s->packer, chunk));
		}
		assert_ok(reader_manifest_done(reader));
		struct manifest *m = (struct manifest *)(uintptr_t)reader_manifest(reader);
		if (i < COUNT(cases))
			cases[i].set(m);
		enum err err = manifest_check(m, &r->version, &params.dataset);
		if (err != (i < COUNT(cases) ? ERR_MALFORMED : ERR_OK))
			fail_msg("%s", i < COUNT(cases) ? cases[i].name : "as it is");
		if (i == 0)
			m->epochs.len -= sizeof(struct manifest_epoch); /* it has keys for one */
		reader_close(reader);
		txn_abort(txn);
	}
	said_free(&said);
}

/* The name is in the description of hidden versions, in the same namespace, and nowhere else. */
static void names_belong_to_hidden_versions(void **state)
{
	static const struct {
		enum tier tier;
		const char *path, *name;
		bool fits;
	} cases[] = {
		{TIER_HIDDEN, "meissen/~abcdefghijklmnopqrstuvwxya", "meissen/personal/plan", true},
		{TIER_HIDDEN, "meissen/~abcdefghijklmnopqrstuvwxya", "riesa/personal/plan", false},
		{TIER_HIDDEN, "meissen/~abcdefghijklmnopqrstuvwxya", "meissen-2/plan", false},
		{TIER_HIDDEN, "meissen/~abcdefghijklmnopqrstuvwxya", "", false},
		{TIER_GRANTED, "meissen/kita", "", true},
		{TIER_GRANTED, "meissen/kita", "meissen/kita", false},
		{TIER_MEMBERS, "meissen/kita", "meissen/kita", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct version version = {.tier = cases[i].tier,
						.path = bytes_str(cases[i].path)};
		const struct description description = {.path = bytes_str(cases[i].name)};
		assert_int_equal(version_description_fits(&version, &description), cases[i].fits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_equal_and_nothing_is_said, setup,
						teardown),
		cmocka_unit_test_setup_teardown(sizes_depend_on_lengths_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(the_search_sees_what_other_tiers_show, setup,
						teardown),
		cmocka_unit_test_setup_teardown(readers_refuse_what_gives_away, setup, teardown),
		cmocka_unit_test(names_belong_to_hidden_versions),
	};
	return cmocka_run_group_tests_name("hidden", tests, NULL, NULL);
}
