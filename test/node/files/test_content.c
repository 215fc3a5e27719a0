/* Published files read by several threads at a time, from any place in them. */
#include <pthread.h>

#include "test/store/store_test.h"

#include "crypto/path.h"
#include "node/files/content.h"
#include "proto/content/writer.h"
#include "store/chunks.h"

#define PATH         "meissen/flut"
#define LARGE_LEN    (1500u * 1024)
#define THREAD_COUNT 6

struct stand {
	char *dir;
	struct db *db;
	struct random random;
	struct dataset_id dataset;
	uv_loop_t loop;
	struct asker *asker;
	struct contents *contents;
	struct buf body; /* of the version's record */
	uint8_t *large;
	struct chunk_addr some; /* a chunk of it */
};

/* Nobody is asked here, and this is what is told. */
static size_t bad_count;
static struct chunk_addr bad_addr;
void __wrap_turn_push_bad(struct turn *turn, const struct dataset_id *dataset,
			  const struct chunk_addr *addr);
void __wrap_turn_push_bad(struct turn *turn, const struct dataset_id *dataset,
			  const struct chunk_addr *addr)
{
	bad_count++;
	bad_addr = *addr;
}

static void pieces_store(struct stand *s, struct txn *txn, struct writer *writer)
{
	struct packer *packer = packer_open();
	struct piece *piece;

	while ((piece = writer_take(writer))) {
		piece_identify(writer_sealer(writer), piece);
		assert_int_equal(piece_seal(writer_sealer(writer), packer, &s->random, piece), 0);
		chunks_put(txn, &s->dataset, &piece->entry.addr, buf_bytes(&piece->sealed));
		if (piece->kind == BOX_KIND_CONTENT)
			s->some = piece->entry.addr;
		writer_accept(writer, piece);
		piece_close(piece);
	}
	packer_close(packer);
}

static void file_add(struct stand *s, struct txn *txn, struct writer *writer, const char *name,
		     struct bytes text)
{
	writer_file_begin(writer, bytes_str(name), bytes_str("text/csv"), 0);
	while (text.len) {
		size_t taken = writer_feed(writer, text);

		text = bytes_slice(text, taken, text.len);
		pieces_store(s, txn, writer);
	}
	writer_file_end(writer);
	pieces_store(s, txn, writer);
}

static void version_make(struct stand *s)
{
	const struct writer_params params = {.dataset = s->dataset,
					     .number = 1,
					     .tier = TIER_OPEN,
					     .dataset_key = {{7}},
					     .epoch_number = 1,
					     .epoch_prefix = bytes_str(PATH)};
	const struct description text = {
		.title = bytes_str("Flut"), .file_count = 3, .byte_count = LARGE_LEN + 5};
	struct txn *txn = txn_begin(s->db, true);
	struct writer *writer = writer_open(&params);
	struct version version = {0};
	struct buf description;

	file_add(s, txn, writer, "a/empty.csv", bytes_of(NULL, 0));
	file_add(s, txn, writer, "large.bin", bytes_of(s->large, LARGE_LEN));
	file_add(s, txn, writer, "small.csv", bytes_str("a;b\n1"));
	writer_end(writer);
	pieces_store(s, txn, writer);
	assert_int_equal(writer_finish(writer), ERR_OK);
	pieces_store(s, txn, writer);
	assert_int_equal(txn_commit(txn), ERR_OK);
	assert_int_equal(writer_done(writer, &version), ERR_OK);
	buf_init(&description, DESCRIPTION_LEN_MAX);
	assert_int_equal(description_encode(&description, &text), ERR_OK);
	version.path = bytes_str(PATH);
	version.description = buf_bytes(&description);
	buf_init(&s->body, LIMIT_RECORD_LEN_MAX);
	version_encode(&s->body, &version);
	assert_int_equal(s->body.err, ERR_OK);
	writer_close(writer);
	buf_fini(&description);
}

static int stand_open(void **state)
{
	struct stand *s = mem_new(1, sizeof(*s));
	struct org_id org = {{5}};

	assert_int_equal(test_setup(state), 0);
	s->dir = test_dir_memory();
	s->db = test_db(s->dir);
	s->random = random_seeded(11);
	path_dataset_id(&s->dataset, &org, bytes_str(PATH));
	assert_int_equal(uv_loop_init(&s->loop), 0);
	s->asker = asker_open(&s->loop, NULL);
	s->contents = contents_open(s->db, s->asker, NULL);
	s->large = mem_new(1, LARGE_LEN);
	random_fill(&s->random, s->large, LARGE_LEN);
	version_make(s);
	*state = s;
	return 0;
}

static int stand_close(void **state)
{
	struct stand *s = *state;

	contents_close(s->contents);
	uv_run(&s->loop, UV_RUN_NOWAIT); /* what was told and not heard */
	asker_close(s->asker);
	uv_run(&s->loop, UV_RUN_NOWAIT);
	assert_int_equal(uv_loop_close(&s->loop), 0);
	db_close(s->db);
	test_dir_fini(s->dir);
	buf_fini(&s->body);
	free(s->large);
	free(s);
	return 0;
}

static struct reading reading_of(const struct stand *s, uint8_t record)
{
	struct reading reading = {.dataset = s->dataset,
				  .record = {{record}},
				  .number = 1,
				  .described = true,
				  .file_count = 3,
				  .byte_count = LARGE_LEN + 5};

	buf_init(&reading.version_bytes, LIMIT_RECORD_LEN_MAX);
	buf_add(&reading.version_bytes, buf_bytes(&s->body));
	assert_int_equal(version_decode(&reading.version, buf_bytes(&reading.version_bytes)), 0);
	reading.dataset_key = reading.version.dataset_key;
	return reading;
}

static struct content *content_of(struct stand *s, uint8_t record)
{
	struct reading reading = reading_of(s, record);
	struct content *content = NULL;
	char why[WHY_LEN];

	assert_int_equal(content_take(s->contents, &reading, &content, why), ERR_OK);
	return content;
}

static void files_are_found_by_name(void **state)
{
	struct stand *s = *state;
	struct content *content = content_of(s, 1);
	struct content_stream *stream;
	char text[100];

	assert_int_equal(manifest_file_count(content_manifest(content)), 3);
	assert_int_equal(content_reading(content)->number, 1);
	assert_null(content_file(content, "large"));
	assert_null(content_file(content, "a/"));
	stream = content_stream_open(content, content_file(content, "small.csv"));
	content_put(content); /* the stream keeps it */
	assert_int_equal(content_stream_read(stream, 0, text, sizeof(text)), 5);
	assert_memory_equal(text, "a;b\n1", 5);
	assert_int_equal(content_stream_read(stream, 4, text, sizeof(text)), 1);
	assert_int_equal(content_stream_read(stream, 5, text, sizeof(text)), 0);
	assert_int_equal(content_stream_read(stream, UINT64_MAX - 10, text, sizeof(text)), 0);
	content_stream_close(stream);
	content = content_kept(s->contents, &(struct record_id){{1}});
	assert_non_null(content);
	stream = content_stream_open(content, content_file(content, "a/empty.csv"));
	assert_int_equal(content_stream_read(stream, 0, text, sizeof(text)), 0);
	content_stream_close(stream);
	content_put(content);
	assert_null(content_kept(s->contents, &(struct record_id){{2}}));
}

struct reads {
	pthread_t thread;
	struct stand *stand;
	uint8_t seed;
	bool right;
};

/* All threads open the same version at once, and each reads here and there. */
static void *reads_anywhere(void *arg)
{
	struct reads *reads = arg;
	struct content *content = content_of(reads->stand, 9);
	struct content_stream *stream =
		content_stream_open(content, content_file(content, "large.bin"));
	uint8_t *got = mem_new(1, LARGE_LEN);
	uint32_t at = reads->seed * 7919u;

	reads->right = true;
	for (size_t i = 0; i < 40 && reads->right; i++) {
		size_t len = (at % 5) * 70000 + 1;
		size_t there = LARGE_LEN - at < len ? LARGE_LEN - at : len;

		reads->right = content_stream_read(stream, at, got, len) == (ssize_t)there &&
			       !memcmp(got, reads->stand->large + at, there);
		at = (at * 48271u + 11) % LARGE_LEN;
	}
	free(got);
	content_stream_close(stream);
	content_put(content);
	return NULL;
}

static void threads_read_at_any_place(void **state)
{
	struct reads reads[THREAD_COUNT];

	for (uint8_t i = 0; i < THREAD_COUNT; i++) {
		reads[i] = (struct reads){.stand = *state, .seed = i};
		pthread_create(&reads[i].thread, NULL, reads_anywhere, &reads[i]);
	}
	for (size_t i = 0; i < THREAD_COUNT; i++) {
		pthread_join(reads[i].thread, NULL);
		assert_true(reads[i].right);
	}
}

static void few_stay_open(void **state)
{
	struct stand *s = *state;
	struct content *used = content_of(s, 100), *kept;

	for (uint8_t i = 0; i < CONTENT_KEPT_MAX + 3; i++)
		content_put(content_of(s, i));
	for (uint8_t i = 0; i < CONTENT_KEPT_MAX + 3; i++) {
		kept = content_kept(s->contents, &(struct record_id){{i}});
		assert_int_equal(kept != NULL, i >= 3);
		if (kept)
			content_put(kept);
	}
	kept = content_kept(s->contents, &(struct record_id){{100}});
	assert_ptr_equal(kept, used);
	content_put(kept);
	content_put(used);
}

/* A version whose chunks are gone, as after a withdrawal, ends in the middle. */
static void what_is_gone_ends_the_stream(void **state)
{
	struct stand *s = *state;
	struct content *content = content_of(s, 1);
	struct content_stream *stream =
		content_stream_open(content, content_file(content, "small.csv"));
	struct txn *txn = txn_begin(s->db, true);
	char text[10];

	chunks_del(txn, &s->dataset, &s->some);
	assert_int_equal(txn_commit(txn), ERR_OK);
	assert_int_equal(content_stream_read(stream, 0, text, sizeof(text)), -1);
	assert_int_equal(content_stream_read(stream, 0, text, sizeof(text)), -1);
	content_stream_close(stream);
	content_put(content);
	bad_count = 0;
	uv_run(&s->loop, UV_RUN_ONCE);
	assert_int_equal(bad_count, 2);
	assert_true(id_eq(&bad_addr, &s->some));
}

static void what_is_not_described_so_is_refused(void **state)
{
	struct stand *s = *state;
	struct reading reading = reading_of(s, 1);
	struct content *content = NULL;
	char why[WHY_LEN] = "";

	reading.byte_count--;
	assert_int_equal(content_take(s->contents, &reading, &content, why), ERR_MALFORMED);
	assert_null(content);
	assert_non_null(strstr(why, "not what the author signed"));
	/* and it is not remembered as that */
	content_put(content_of(s, 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stand_open, stand_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_are_found_by_name),
		TEST(threads_read_at_any_place),
		TEST(few_stay_open),
		TEST(what_is_gone_ends_the_stream),
		TEST(what_is_not_described_so_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
