/*
 * Manifests that unfold: a few kilobytes of store are tens of megabytes of memory. However many are
 * asked for at once, they are read one after the other, and never on the loop thread.
 */
#include <malloc.h>
#include <time.h>

#include "test/store/store_test.h"

#include "crypto/path.h"
#include "node/files/download.h"
#include "proto/content/reader.h"
#include "proto/content/writer.h"
#include "store/chunks.h"

/* Sanitizers keep what was released. */
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITIZED true
#else
#define SANITIZED false
#endif

#define PATH         "meissen/flut"
#define COUNT_LARGE  940000 /* empty files: a manifest of about 44 MiB */
#define COUNT_SMALL  100
#define AT_ONCE      5
#define ANON_KIB_MAX (256u * 1024)
#define LOOP_NS_MAX  50000000
#define USE_MS       20 /* how long each keeps what it has opened */

struct stand {
	char *dir;
	struct db *db;
	struct random random;
	struct dataset_id dataset;
	uv_loop_t loop;
	uv_timer_t look;
	struct packers packers;
	struct downloads downloads;
	size_t open_count, done_count, most_open;
	uint64_t anon_kib_max;
	int64_t cpu_ns, loop_ns_max; /* of one turn of the loop */
};

/* One who asks. */
struct asker {
	struct stand *stand;
	uv_timer_t timer;
	struct opened *opened;
	enum err err;
	uint32_t file_count;
};

static int stand_open(void **state)
{
	struct stand *s = calloc(1, sizeof(*s));
	struct org_id org = {{5}};

	assert_non_null(s);
	assert_int_equal(test_setup(state), 0);
	s->dir = test_dir_init();
	s->db = test_db(s->dir);
	s->random = random_seeded(11);
	path_dataset_id(&s->dataset, &org, bytes_str(PATH));
	assert_int_equal(uv_loop_init(&s->loop), 0);
	packers_init(&s->packers, &s->loop);
	s->downloads = (struct downloads){.loop = &s->loop, .db = s->db, .packers = &s->packers};
	*state = s;
	return 0;
}

static int stand_close(void **state)
{
	struct stand *s = *state;

	packers_close(&s->packers);
	assert_int_equal(uv_run(&s->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&s->loop), 0);
	packers_fini(&s->packers);
	db_close(s->db);
	test_dir_fini(s->dir);
	free(s);
	return 0;
}

/* Seals the manifest's pieces and stores them. */
static void manifest_store(struct stand *s, struct writer *writer)
{
	struct txn *txn = txn_begin(s->db, true);
	struct packer *packer = packer_open();
	struct piece *piece;

	while ((piece = writer_take(writer))) {
		piece_identify(writer_sealer(writer), piece);
		assert_int_equal(piece_seal(writer_sealer(writer), packer, &s->random, piece), 0);
		chunks_put(txn, &s->dataset, &piece->entry.addr, buf_bytes(&piece->sealed));
		writer_accept(writer, piece);
		piece_close(piece);
	}
	packer_close(packer);
	assert_int_equal(txn_commit(txn), ERR_OK);
}

/* A version of so many empty files, as its body. */
static void flood_make(struct stand *s, unsigned count, struct buf *body)
{
	const struct writer_params params = {.dataset = s->dataset,
					     .number = 1,
					     .tier = TIER_OPEN,
					     .dataset_key = {{7}},
					     .epoch_number = 1,
					     .epoch_prefix = bytes_str(PATH)};
	const struct description text = {.title = bytes_str("Flut"), .file_count = count};
	struct writer *writer = writer_open(&params);
	struct version version = {0};
	struct buf description;
	char name[16];

	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%07u", i);
		writer_file_begin(writer, bytes_str(name), bytes_of(NULL, 0), 0);
		writer_file_end(writer);
	}
	writer_end(writer);
	assert_int_equal(writer_finish(writer), ERR_OK);
	manifest_store(s, writer);
	assert_int_equal(writer_done(writer, &version), ERR_OK);
	buf_init(&description, DESCRIPTION_LEN_MAX);
	assert_int_equal(description_encode(&description, &text), ERR_OK);
	version.path = bytes_str(PATH);
	version.description = buf_bytes(&description);
	buf_init(body, LIMIT_RECORD_LEN_MAX);
	version_encode(body, &version);
	assert_int_equal(body->err, ERR_OK);
	writer_close(writer);
	buf_fini(&description);
}

static struct reading reading_of(const struct stand *s, const struct buf *body, uint8_t record)
{
	struct reading reading = {.dataset = s->dataset, .record = {{record}}, .number = 1};

	buf_init(&reading.version_bytes, LIMIT_RECORD_LEN_MAX);
	buf_add(&reading.version_bytes, buf_bytes(body));
	assert_int_equal(version_decode(&reading.version, buf_bytes(&reading.version_bytes)), 0);
	reading.dataset_key = reading.version.dataset_key;
	return reading;
}

static uint64_t anon_kib(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	unsigned long kib = 0;
	char line[200];

	while (file && !kib && fgets(line, sizeof(line), file))
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtoul(line + 8, NULL, 10);
	if (file)
		fclose(file);
	assert_true(kib > 0);
	return kib;
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void look(uv_timer_t *timer)
{
	struct stand *s = timer->data;
	uint64_t kib = anon_kib();

	s->anon_kib_max = kib > s->anon_kib_max ? kib : s->anon_kib_max;
}

static void done_with(uv_timer_t *timer)
{
	struct asker *asker = timer->data;
	struct stand *s = asker->stand;

	s->open_count--;
	s->done_count++;
	opened_put(&s->downloads, asker->opened);
	uv_close((uv_handle_t *)&asker->timer, NULL);
}

static void is_ready(void *arg, struct opened *opened)
{
	struct asker *asker = arg;
	struct stand *s = asker->stand;

	asker->opened = opened;
	asker->err = opened->err;
	if (!opened->err)
		asker->file_count = manifest_file_count(reader_manifest(opened->reader));
	if (++s->open_count > s->most_open)
		s->most_open = s->open_count;
	uv_timer_start(&asker->timer, done_with, USE_MS, 0);
}

static void ask(struct stand *s, struct asker *asker, struct reading reading)
{
	*asker = (struct asker){.stand = s};
	uv_timer_init(&s->loop, &asker->timer);
	asker->timer.data = asker;
	opened_get(&s->downloads, &reading, is_ready, asker);
}

/* Until so many have been served. */
static void run(struct stand *s, size_t count)
{
	uv_timer_init(&s->loop, &s->look);
	s->look.data = s;
	uv_timer_start(&s->look, look, 0, 2);
	while (s->done_count < count || s->downloads.job_count) {
		int64_t before = cpu_ns(), taken;

		uv_run(&s->loop, UV_RUN_ONCE);
		taken = cpu_ns() - before;
		s->loop_ns_max = taken > s->loop_ns_max ? taken : s->loop_ns_max;
	}
	uv_close((uv_handle_t *)&s->look, NULL);
	for (size_t i = 0; i < 3; i++) /* all that is closed is gone before the caller is */
		uv_run(&s->loop, UV_RUN_NOWAIT);
	downloads_fini(&s->downloads);
}

static void large_ones_wait_their_turn(void **state)
{
	struct stand *s = *state;
	struct asker askers[AT_ONCE + 1];
	struct buf flood, small;

	flood_make(s, COUNT_LARGE, &flood);
	flood_make(s, COUNT_SMALL, &small);
	malloc_trim(0);
	uint64_t before_kib = anon_kib();
	for (uint8_t i = 0; i < AT_ONCE; i++)
		ask(s, &askers[i], reading_of(s, &flood, i));
	/* who wants little does not wait for them */
	ask(s, &askers[AT_ONCE], reading_of(s, &small, AT_ONCE));
	while (!askers[AT_ONCE].opened)
		uv_run(&s->loop, UV_RUN_ONCE);
	assert_int_equal(s->done_count, 0);
	run(s, AT_ONCE + 1);
	for (size_t i = 0; i < AT_ONCE; i++) {
		assert_int_equal(askers[i].err, ERR_OK);
		assert_int_equal(askers[i].file_count, COUNT_LARGE);
	}
	assert_int_equal(askers[AT_ONCE].file_count, COUNT_SMALL);
	print_message("%llu MiB before, %llu MiB at most; %.1f ms of the loop at once\n",
		      (unsigned long long)before_kib / 1024,
		      (unsigned long long)s->anon_kib_max / 1024, (double)s->loop_ns_max / 1e6);
	assert_true(s->most_open <= 2);
	assert_true(SANITIZED || s->anon_kib_max < ANON_KIB_MAX);
	assert_true(SANITIZED || s->loop_ns_max < LOOP_NS_MAX);
	buf_fini(&flood);
	buf_fini(&small);
}

/* The first is being read; the others hear that they will not be, and so does who comes later. */
static void who_waits_is_told_at_the_end(void **state)
{
	struct stand *s = *state;
	struct asker askers[AT_ONCE + 1];
	struct buf flood;

	flood_make(s, COUNT_LARGE / 2, &flood);
	for (uint8_t i = 0; i < AT_ONCE; i++)
		ask(s, &askers[i], reading_of(s, &flood, i));
	downloads_stop(&s->downloads);
	ask(s, &askers[AT_ONCE], reading_of(s, &flood, AT_ONCE));
	for (size_t i = 1; i <= AT_ONCE; i++)
		assert_int_equal(askers[i].err, ERR_AGAIN);
	run(s, AT_ONCE + 1);
	assert_int_equal(askers[0].err, ERR_OK);
	assert_int_equal(s->downloads.job_count, 0);
	buf_fini(&flood);
}

static void what_is_not_described_so_is_refused(void **state)
{
	struct stand *s = *state;
	struct asker askers[3];
	struct reading reading;
	struct buf small;

	flood_make(s, COUNT_SMALL, &small);
	for (uint8_t i = 0; i < 3; i++) {
		reading = reading_of(s, &small, i);
		reading.described = true;
		reading.file_count = i == 1 ? COUNT_SMALL - 1 : COUNT_SMALL;
		reading.byte_count = i == 2 ? 1 : 0;
		ask(s, &askers[i], reading);
	}
	run(s, 3);
	assert_int_equal(askers[0].err, ERR_OK);
	assert_int_equal(askers[1].err, ERR_MALFORMED);
	assert_int_equal(askers[2].err, ERR_MALFORMED);
	buf_fini(&small);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stand_open, stand_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(large_ones_wait_their_turn),
		TEST(who_waits_is_told_at_the_end),
		TEST(what_is_not_described_so_is_refused),
	};

	mallopt(M_ARENA_MAX, 2); /* as allmended does */
	mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
