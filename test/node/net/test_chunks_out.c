/*
 * Chunks on their way to a peer when its right ends: what is being read may still go, a batch at
 * most; all that was asked for besides is answered as if it were not here.
 *
 * Links and connections are left out: net.c, conn.c and link.c are wrapped by the linker.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "node/net/conn.h"
#include "proto/hub/message.h"
#include "store/chunks.h"
#include "test/store/store_test.h"

enum { BATCH = 16, ASKED = 40 };

struct desk {
	char *dir;
	struct db *db;
	uv_loop_t loop;
	struct net net;
	struct conn conn;
	struct chunk_addr chunks[2]; /* one of each dataset */
	unsigned sent[2], nil[2];    /* CHUNK messages by dataset, with bytes and without */
};

static struct desk desk;
static const struct dataset_id datasets[2] = {{{1}}, {{2}}};

struct conn *__wrap_net_conn(struct net *net, uint64_t id);
void __wrap_net_job_done(struct net *net);
void __wrap_conn_pump(struct conn *conn);
size_t __wrap_link_queued(const struct link *link);
enum err __wrap_link_send_take(struct link *link, uint8_t channel, struct buf *framed);

struct conn *__wrap_net_conn(struct net *net, uint64_t id)
{
	return &desk.conn;
}

void __wrap_net_job_done(struct net *net)
{
	net->job_count--;
}

void __wrap_conn_pump(struct conn *conn)
{
	chunks_out_pump(conn);
}

size_t __wrap_link_queued(const struct link *link)
{
	return 0;
}

enum err __wrap_link_send_take(struct link *link, uint8_t channel, struct buf *framed)
{
	struct bytes message = bytes_slice(buf_bytes(framed), FRAME_HEADER_LEN, framed->len);
	struct message m;

	assert_int_equal(channel, LINK_CHANNEL_BULK);
	assert_int_equal(message_decode(&m, message), ERR_OK);
	assert_int_equal(m.type, MESSAGE_CHUNK);
	const unsigned of = id_eq(&m.addr, &desk.chunks[1]);
	if (m.has_body)
		desk.sent[of]++;
	else
		desk.nil[of]++;
	return ERR_OK;
}

static int setup(void **state)
{
	desk = (struct desk){.dir = test_dir_init()};
	desk.db = test_db(desk.dir);
	struct txn *txn = txn_begin(desk.db, true);
	for (unsigned i = 0; i < 2; i++) {
		uint8_t content[1000] = {(uint8_t)i};
		hash_plain(desk.chunks[i].b, bytes_of(content, sizeof(content)));
		chunks_put(txn, &datasets[i], &desk.chunks[i], bytes_of(content, sizeof(content)));
	}
	assert_int_equal(txn_commit(txn), ERR_OK);
	assert_int_equal(uv_loop_init(&desk.loop), 0);
	desk.net.options.loop = &desk.loop;
	desk.net.options.db = desk.db;
	desk.conn = (struct conn){.net = &desk.net, .id = 1, .up = true};
	return 0;
}

static int teardown(void **state)
{
	assert_int_equal(desk.net.job_count, 0);
	assert_int_equal(uv_loop_close(&desk.loop), 0);
	free(desk.conn.wants);
	db_close(desk.db);
	test_dir_fini(desk.dir);
	return 0;
}

static void ask(unsigned of)
{
	struct effect effect = {.dataset = datasets[of], .addr = desk.chunks[of]};
	chunks_out_add(&desk.conn, &effect);
}

static void ask_for_all(void)
{
	for (unsigned i = 0; i < ASKED; i++) /* of the second one every fourth */
		ask(i % 4 == 3);
}

/* The right to the first one has ended. */
static void recall(void)
{
	chunks_out_recall(&desk.conn, &datasets[0]);
}

static void all_that_may_be_had_is_sent(void **state)
{
	ask_for_all();
	chunks_out_pump(&desk.conn);
	uv_run(&desk.loop, UV_RUN_DEFAULT);
	assert_int_equal(desk.sent[0], 30);
	assert_int_equal(desk.sent[1], 10);
	assert_int_equal(desk.nil[0] + desk.nil[1], 0);
}

/* Between asking and reading: none of it goes. */
static void what_nobody_has_read_yet_is_not_sent(void **state)
{
	ask_for_all();
	recall();
	chunks_out_pump(&desk.conn);
	uv_run(&desk.loop, UV_RUN_DEFAULT);
	assert_int_equal(desk.sent[0], 0);
	assert_int_equal(desk.nil[0], 30);
	assert_int_equal(desk.sent[1], 10);
}

/* The right ends while a batch is read, which goes; of the rest every CHUNK is nil. */
static void a_batch_at_most_goes_when_the_right_ends(void **state)
{
	ask_for_all();
	chunks_out_pump(&desk.conn);
	recall();
	uv_run(&desk.loop, UV_RUN_DEFAULT);
	assert_int_equal(desk.sent[0], BATCH * 3 / 4);
	assert_int_equal(desk.nil[0], 30 - BATCH * 3 / 4);
	assert_int_equal(desk.sent[1], 10);
	assert_int_equal(desk.nil[1], 0);
}

/* A later grant is another matter: what is asked for then is sent. */
static void what_is_asked_for_later_is_sent_again(void **state)
{
	ask_for_all();
	recall();
	ask(0);
	chunks_out_pump(&desk.conn);
	uv_run(&desk.loop, UV_RUN_DEFAULT);
	assert_int_equal(desk.sent[0], 1);
	assert_int_equal(desk.nil[0], 30);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(all_that_may_be_had_is_sent),
		T(what_nobody_has_read_yet_is_not_sent),
		T(a_batch_at_most_goes_when_the_right_ends),
		T(what_is_asked_for_later_is_sent_again),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
