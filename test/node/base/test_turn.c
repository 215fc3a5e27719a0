#include "test/node/node_test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/check.h"
#include "node/base/turn.h"
#include "proto/membership/membership.h"
#include "store/dir.h"
#include "store/keyfile.h"

/* A core thread without a loop: the test takes the batches itself. */
struct bench {
	char *path;
	struct dir dir;
	struct db *db;
	struct keyring *keyring;
	struct identity identity;
	struct limits limits;
	struct random random;
	const char *addresses[1];
	struct turn *turn;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	unsigned ready;
};

static void ready(void *arg)
{
	struct bench *bench = arg;

	pthread_mutex_lock(&bench->lock);
	bench->ready++;
	pthread_cond_signal(&bench->wake);
	pthread_mutex_unlock(&bench->lock);
}

static void bench_start(struct bench *bench, const char *software)
{
	struct turn_options options = {
		.db = bench->db,
		.dir = bench->path,
		.core = {.limits = &bench->limits,
			 .random = &bench->random,
			 .keyring = bench->keyring,
			 .identity = &bench->identity,
			 .software = software,
			 .addresses = bench->addresses},
		.ready = ready,
		.arg = bench,
	};

	bench->ready = 0;
	assert_int_equal(turn_start(&bench->turn, &options), ERR_OK);
}

static void bench_stop(struct bench *bench)
{
	struct turn_batch *batch;

	turn_stop(bench->turn);
	while ((batch = turn_take(bench->turn)))
		turn_batch_free(batch);
	turn_free(bench->turn);
}

static void bench_init(struct bench *bench)
{
	struct db_options db_options = {0};
	char why[WHY_LEN];
	struct txn *txn;

	*bench = (struct bench){.limits = limits_default(), .random = random_system()};
	pthread_mutex_init(&bench->lock, NULL);
	pthread_cond_init(&bench->wake, NULL);
	bench->path = node_dir_init("meissen", NULL);
	assert_int_equal(dir_open(&bench->dir, bench->path, why), ERR_OK);
	assert_int_equal(keyring_open(&bench->keyring, bench->path, bytes_of(NULL, 0)), ERR_OK);
	assert_int_equal(db_open(&bench->db, bench->path, &db_options), ERR_OK);
	txn = txn_begin(bench->db, false);
	assert_int_equal(identity_load(&bench->identity, bench->keyring, txn), ERR_OK);
	txn_abort(txn);
	bench_start(bench, "test 1");
}

static void bench_fini(struct bench *bench)
{
	bench_stop(bench);
	identity_fini(&bench->identity);
	db_close(bench->db);
	keyring_close(bench->keyring);
	dir_close(&bench->dir);
	node_dir_fini(bench->path);
}

static void wait_for(struct bench *bench, unsigned count)
{
	pthread_mutex_lock(&bench->lock);
	while (bench->ready < count)
		pthread_cond_wait(&bench->wake, &bench->lock);
	pthread_mutex_unlock(&bench->lock);
}

/* The next batch, in which every item has been told. */
static struct turn_batch *take(struct bench *bench)
{
	struct turn_batch *batch;

	wait_for(bench, 1);
	pthread_mutex_lock(&bench->lock);
	bench->ready--;
	pthread_mutex_unlock(&bench->lock);
	batch = turn_take(bench->turn);
	assert_non_null(batch);
	for (struct turn_item *item = batch->items, *next; item; item = next) {
		next = item->next;
		item->done(item);
	}
	return batch;
}

struct call {
	struct turn_item item;
	struct bench *bench;
	uint64_t fault_at;
	enum err err; /* of the verb */
	bool told, struck;
	enum membership_state state;
};

static void told(struct turn_item *item)
{
	struct call *call = item->owner;

	assert_false(call->told);
	call->told = true;
}

static void push(struct call *call, struct bench *bench,
		 void (*run)(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg))
{
	call->bench = bench;
	call->item = (struct turn_item){
		.event = {.type = EVENT_CALL, .run = run, .arg = call},
		.done = told,
		.owner = call,
		.weight = 100,
	};
	turn_push(bench->turn, &call->item);
}

static void found(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct call *call = arg;
	char why[WHY_LEN];

	db_fault_at(call->bench->db, call->fault_at, ERR_NOSPACE);
	call->err = membership_create(hub, txn, now_ms, "Sachsen", why);
}

static void look(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct call *call = arg;
	struct membership_status status;

	call->struck = db_fault_struck(call->bench->db);
	db_fault_at(call->bench->db, 0, ERR_OK);
	membership_status(hub, &status);
	call->state = status.state;
}

/* Until every item of these is back; the fault of the batches on the way, if any. */
static enum err settle(struct bench *bench, const struct call *a, const struct call *b)
{
	enum err err = ERR_OK;

	while (!a->told || !b->told) {
		struct turn_batch *batch = take(bench);

		assert_false(batch->fatal);
		if (batch->err) {
			err = batch->err;
			assert_int_equal(batch->effects.count, 0); /* nothing leaves */
			assert_true(batch->has_certificate);       /* of the core opened anew */
		}
		turn_batch_free(batch);
	}
	return err;
}

/*
 * The n-th call of the store fails, for every n until founding succeeds: whoever asked is told, and
 * what the core then says is what the store has.
 */
static void faults_leave_nothing(void **state)
{
	struct bench bench;
	unsigned failed = 0;
	bool done = false;

	bench_init(&bench);
	for (uint64_t n = 1; !done && n < 1000; n++) {
		struct call call = {.fault_at = n}, after = {0};
		enum err err;

		push(&call, &bench, found);
		err = settle(&bench, &call, &call);
		assert_int_equal(call.item.err, err);
		done = !call.item.err && !call.err;
		push(&after, &bench, look);
		settle(&bench, &after, &after);
		if (done && after.item.err) { /* it struck only now */
			after = (struct call){0};
			push(&after, &bench, look);
			settle(&bench, &after, &after);
		}
		assert_int_equal(after.item.err, ERR_OK);
		failed += call.item.err != ERR_OK;
		assert_int_equal(after.state, done ? MEMBERSHIP_MEMBER : MEMBERSHIP_NONE);
		assert_true(after.struck || done);
	}
	assert_true(done);
	assert_true(failed > 5);
	bench_fini(&bench);
}

static void refuse_commit(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	txn_fail(txn, ERR_IO);
}

static void never(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	fail_msg("run by a core it was not meant for");
}

/* Pushed before the fault was heard of, meant for the core that is gone: told, not run. */
static void late_items_are_told(void **state)
{
	struct call first = {0}, late = {0}, next = {0};
	struct turn_batch *batch;
	struct bench bench;

	bench_init(&bench);
	push(&first, &bench, refuse_commit);
	wait_for(&bench, 2); /* the first batch is that of the certificate */
	push(&late, &bench, never);
	do {
		batch = take(&bench);
		if (!first.told)
			assert_int_equal(batch->err, ERR_OK);
		turn_batch_free(batch);
	} while (!late.told);
	assert_int_equal(first.item.err, ERR_IO);
	assert_int_equal(late.item.err, ERR_IO);
	push(&next, &bench, look);
	settle(&bench, &next, &next);
	assert_int_equal(next.item.err, ERR_OK);
	bench_fini(&bench);
}

struct order {
	struct call call;
	unsigned *count, at;
};

static void note_order(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct order *order = (struct order *)arg;

	order->at = ++*order->count;
}

static void push_bulk(struct call *call, struct bench *bench)
{
	call->item = (struct turn_item){
		.event = {.type = EVENT_CALL, .run = note_order, .arg = call},
		.done = told,
		.owner = call,
		.weight = 1024 * 1024,
		.bulk = true,
	};
	turn_push(bench->turn, &call->item);
}

/* However much bulk waits, a control item is in the next turn; and turn_room() says when to
   wait. */
static void control_goes_first(void **state)
{
	struct order bulk[64] = {0}, control = {0};
	struct bench bench;
	unsigned count = 0;

	bench_init(&bench);
	assert_true(turn_room(bench.turn));
	for (size_t i = 0; i < 64; i++) {
		bulk[i].count = &count;
		push_bulk(&bulk[i].call, &bench);
	}
	assert_false(turn_room(bench.turn));
	control.count = &count;
	push(&control.call, &bench, note_order);
	settle(&bench, &control.call, &bulk[63].call);
	assert_true(control.at > 0 && control.at < 64);
	for (size_t i = 1; i < 64; i++)
		assert_true(bulk[i].at > bulk[i - 1].at);
	assert_true(turn_room(bench.turn));
	bench_fini(&bench);
}

static void push_query(struct call *call, struct bench *bench,
		       void (*run)(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg))
{
	call->bench = bench;
	call->item = (struct turn_item){
		.event = {.type = EVENT_CALL, .run = run, .arg = call},
		.done = told,
		.owner = call,
		.weight = 100,
		.query = true,
	};
	turn_push(bench->turn, &call->item);
}

static void ask(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct call *call = arg;
	struct membership_status status;

	membership_status(hub, &status);
	call->state = status.state;
}

/* When what founding has left to later turns is done. */
static struct turn_stats stats_at_rest(const struct bench *bench)
{
	struct turn_stats now = turn_stats(bench->turn), before;

	do {
		before = now;
		nanosleep(&(struct timespec){.tv_nsec = 300 * 1000 * 1000}, NULL);
		now = turn_stats(bench->turn);
	} while (now.count != before.count);
	return now;
}

/* However many ask: no turn, no commit; and what they are told is what the last turn has made. */
static void queries_are_no_turns(void **state)
{
	enum { COUNT = 200 };
	struct call calls[COUNT] = {0};
	struct call founded = {0};
	struct turn_stats before, after;
	struct bench bench;

	bench_init(&bench);
	push(&founded, &bench, found);
	assert_int_equal(settle(&bench, &founded, &founded), ERR_OK);
	assert_int_equal(founded.err, ERR_OK);
	before = stats_at_rest(&bench);
	assert_int_equal(before.query_count, 0);
	for (size_t i = 0; i < COUNT; i++)
		push_query(&calls[i], &bench, ask);
	assert_int_equal(settle(&bench, &calls[0], &calls[COUNT - 1]), ERR_OK);
	after = turn_stats(bench.turn);
	assert_int_equal(after.query_count, COUNT);
	assert_int_equal(after.query_failed, 0);
	assert_int_equal(after.count, before.count);
	assert_int_equal(after.commit_us, before.commit_us);
	for (size_t i = 0; i < COUNT; i++) {
		assert_true(calls[i].told);
		assert_int_equal(calls[i].item.err, ERR_OK);
		assert_int_equal(calls[i].state, MEMBERSHIP_MEMBER);
	}
	bench_fini(&bench);
}

static void write_all_the_same(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	txn_put(txn, TABLE_META, bytes_str("x"), bytes_str("y"));
}

static void look_for_it(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct call *call = arg;

	call->struck = txn_has(txn, TABLE_META, bytes_str("x"));
}

/* One that is marked wrongly is answered with a fault; nothing is written, and the node goes on. */
static void a_query_does_not_write(void **state)
{
	struct call wrong = {0}, later = {0};
	struct turn_stats stats;
	struct bench bench;

	bench_init(&bench);
	push_query(&wrong, &bench, write_all_the_same);
	assert_int_equal(settle(&bench, &wrong, &wrong), ERR_PROTOCOL);
	assert_int_equal(wrong.item.err, ERR_PROTOCOL);
	push_query(&later, &bench, look_for_it);
	assert_int_equal(settle(&bench, &later, &later), ERR_OK);
	assert_int_equal(later.item.err, ERR_OK);
	assert_false(later.struck);
	stats = turn_stats(bench.turn);
	assert_int_equal(stats.query_count, 2);
	assert_int_equal(stats.query_failed, 1);
	bench_fini(&bench);
}

static void look_at_itself(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct call *call = arg;
	struct membership_status status;
	struct member_state member;

	membership_status(hub, &status);
	membership_member(hub, txn, now_ms, status.member_number, &member);
	call->struck = member.self && !strcmp(member.state, "complete");
}

/* What a start begins (here: the contact record tells another version) is settled by a turn
   first. */
static void a_query_right_after_a_start(void **state)
{
	struct call founded = {0}, first = {0};
	struct bench bench;

	bench_init(&bench);
	push(&founded, &bench, found);
	assert_int_equal(settle(&bench, &founded, &founded), ERR_OK);
	bench_stop(&bench);
	bench_start(&bench, "test 2");
	push_query(&first, &bench, look_at_itself);
	assert_int_equal(settle(&bench, &first, &first), ERR_OK);
	assert_int_equal(first.item.err, ERR_OK);
	assert_true(first.struck);
	bench_fini(&bench);
}

static void note_order_slowly(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	note_order(hub, txn, now_ms, arg);
	usleep(2000);
}

/* Neither waits for all of the other. */
static void queries_and_turns_take_turns(void **state)
{
	struct order queries[64] = {0}, bulk[64] = {0}, control = {0}, query = {0};
	struct bench bench;
	unsigned count = 0;

	bench_init(&bench);
	for (size_t i = 0; i < 64; i++) {
		queries[i].count = &count;
		push_query(&queries[i].call, &bench, note_order_slowly);
	}
	control.count = &count;
	push(&control.call, &bench, note_order);
	settle(&bench, &control.call, &queries[63].call);
	assert_true(control.at > 0 && control.at < 64);

	count = 0;
	for (size_t i = 0; i < 64; i++) {
		bulk[i].count = &count;
		push_bulk(&bulk[i].call, &bench);
	}
	query.count = &count;
	push_query(&query.call, &bench, note_order);
	settle(&bench, &query.call, &bulk[63].call);
	assert_true(query.at > 0 && query.at < 64);
	bench_fini(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_leave_nothing),
		cmocka_unit_test(late_items_are_told),
		cmocka_unit_test(control_goes_first),
		cmocka_unit_test(queries_are_no_turns),
		cmocka_unit_test(a_query_does_not_write),
		cmocka_unit_test(a_query_right_after_a_start),
		cmocka_unit_test(queries_and_turns_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
