/*
 * After every turn: the counters of the core are what they count, and no list is longer than its
 * bound.
 */
#include "test/sim/sim_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/catalog/tally.h"
#include "proto/hub/places.h"
#include "proto/sync/gossip.h"
#include "proto/ledger/held.h"
#include "proto/content/index.h"
#include "proto/transfer/scan.h"
#include "proto/transfer/whole.h"
#include "store/chunks.h"

enum { CHECK_PAIRS_MAX = 12, CHECK_PAIRS_EVERY = 16 };

static void peer_check(const struct hub *hub, const struct peer *peer)
{
	uint64_t bytes = 0;
	uint64_t whole_bytes = 0;
	uint32_t count = 0, whole_count = 0, index_count = 0;
	for (size_t i = 0; i < hub->transfer->fetch_count; i++) {
		const struct fetch *fetch = hub->transfer->fetches[i];
		bool asked = fetch->index_link == peer->link;
		index_count += asked && !fetch->whole;
		whole_count += asked && fetch->whole;
		whole_bytes += asked && fetch->whole ? fetch->bytes_all : 0;
		for (size_t k = 0; k < fetch->request_count; k++) {
			if (fetch->requests[k].link != peer->link)
				continue;
			bytes += fetch->requests[k].size;
			count++;
		}
	}
	assert_int_equal(peer->transfer->in_flight_count, count);
	assert_int_equal(peer->transfer->in_flight_bytes, bytes);
	assert_int_equal(peer->transfer->index_count, index_count);
	assert_int_equal(peer->transfer->whole_count, whole_count);
	assert_int_equal(peer->transfer->whole_bytes, whole_bytes);
	assert_true(whole_count <= WHOLE_ASKED_MAX);
	assert_true(peer->transfer->in_flight_count <= hub->options.limits->chunks_in_flight_max);
	assert_true(peer->author == 0 || peer->class == PEER_MEMBER);
	assert_true(peer->class == PEER_GUEST || peer->author != 0);
}

/* One link for each author, and every link once. */
static void pair_check(const struct peer *a, const struct peer *b)
{
	assert_true(a->link != b->link);
	assert_false(a->up && b->up && a->author && a->author == b->author);
}

static void pairs_check(const struct hub *hub)
{
	for (size_t i = 0; i < hub->peers.count; i++) {
		for (size_t k = 0; k < i; k++)
			pair_check(hub->peers.items[i], hub->peers.items[k]);
	}
}

static void fetch_check(const struct hub *hub, const struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->request_count; i++) {
		const struct chunk_request *request = &fetch->requests[i];
		bool found = request->link == 0;
		for (size_t k = 0; k < hub->peers.count; k++)
			found = found || hub->peers.items[k]->link == request->link;
		assert_true(found);
		for (size_t k = 0; k < i; k++)
			assert_false(id_eq(&fetch->requests[k].addr, &request->addr));
	}
	for (size_t i = 0; i < hub->transfer->fetch_count; i++)
		assert_true(hub->transfer->fetches[i] == fetch ||
			    hub->transfer->fetches[i]->of.number != fetch->of.number ||
			    hub->transfer->fetches[i]->of.author != fetch->of.author ||
			    !id_eq(&hub->transfer->fetches[i]->of.dataset, &fetch->of.dataset));
}

void sim_roll_check(struct sim_node *node)
{
	struct hub *hub = node->hub;
	struct txn *txn = txn_begin(node->db, false);
	struct digest kept_content, made_content;
	struct ledger anew;
	ledger_init(&anew, &hub->charter, hub->options.limits);
	ledger_now(&anew, hub->ledger.now_ms);
	ledger_judge(&anew, hub->ledger.judge_ms);
	struct roll *kept = ledger_roll(&hub->ledger, txn), *made = ledger_roll(&anew, txn);
	roll_content(kept, &kept_content);
	roll_content(made, &made_content);
	assert_int_equal(kept->count, made->count);
	assert_true(id_eq(&kept_content, &made_content));
	assert_memory_equal(kept->marks, made->marks, sizeof(made->marks));
	ledger_fini(&anew);
	txn_abort(txn);
}

void core_check(struct sim_node *node)
{
	const struct hub *hub = node->hub;
	uint32_t places = 0;
	for (size_t i = 0; i < hub->peers.count; i++)
		places += !hub->peers.items[i]->leaving;
	assert_true(places <= places_count_max(hub->options.limits));
	assert_int_equal(hub->gossip->announcement_count, 0);
	assert_int_equal(hub->transfer->held_news_count, 0);
	assert_int_equal(hub->ledger.touched_count, 0);
	for (size_t i = 0; i < hub->peers.count; i++)
		peer_check(hub, hub->peers.items[i]);
	/* Among many it takes its time. */
	if (hub->peers.count < CHECK_PAIRS_MAX || node->turns % CHECK_PAIRS_EVERY == 0)
		pairs_check(hub);
	for (size_t i = 0; i < hub->transfer->fetch_count; i++)
		fetch_check(hub, hub->transfer->fetches[i]);
}

/* Whether a version needs the chunk of this CHUNK key. */
static bool chunk_needed(struct txn *txn, struct bytes key)
{
	struct walk walk = walk_begin(txn, TABLE_INDEX, bytes_slice(key, 0, ID_LEN));
	while (walk_next(&walk)) {
		if (bytes_eq(bytes_slice(walk.key, walk.key.len - ID_LEN, ID_LEN),
			     bytes_slice(key, ID_LEN, ID_LEN)))
			return true;
	}
	return false;
}

static void version_audit(struct txn *txn, struct bytes key, struct bytes value)
{
	struct version_id of;
	struct version version;
	struct index_digest digest;
	struct index_sum sum;
	held_of_key(&of, key);
	assert_true(held_complete(txn, &of));
	assert_int_equal(held_version(txn, &of, &version), ERR_OK);
	struct row_key prefix = held_key(&of);
	struct walk walk = walk_begin(txn, TABLE_INDEX, row_key_bytes(&prefix));
	index_digest_init(&digest);
	while (walk_next(&walk)) {
		struct index_entry entry;
		memcpy(entry.addr.b, walk.key.ptr + walk.key.len - ID_LEN, ID_LEN);
		entry.size = be32_get(walk.value.ptr);
		assert_true(chunks_has(txn, &of.dataset, &entry.addr));
		assert_int_equal(index_digest_add(&digest, &entry), ERR_OK);
	}
	index_digest_done(&digest, &sum);
	assert_true(index_sum_eq(&sum, &version.index));
}

/* SHARE counts what INDEX has. */
static void share_audit(struct txn *txn)
{
	uint64_t counted = 0, indexed = 0;
	struct walk walk = walk_begin(txn, TABLE_SHARE, bytes_of(NULL, 0));
	while (walk_next(&walk))
		counted += be32_get(walk.value.ptr) + be32_get(walk.value.ptr + 4);
	walk = walk_begin(txn, TABLE_INDEX, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		struct dataset_id dataset;
		struct chunk_addr addr;
		memcpy(dataset.b, walk.key.ptr, ID_LEN);
		memcpy(addr.b, walk.key.ptr + walk.key.len - ID_LEN, ID_LEN);
		struct held_share share = held_share(txn, &dataset, &addr);
		assert_true(walk.value.ptr[4] ? share.closed > 0 : share.open > 0);
		indexed++;
	}
	assert_int_equal(counted, indexed);
}

/* What of standing follows from the store alone: copies count by time and links. */
static const unsigned standing_stored =
	~(STANDING_FLAG(STANDING_SINGLE) | STANDING_FLAG(STANDING_GONE));

/* What is counted of datasets is what a look at all of them says, once nothing waits to be. */
static void standing_audit(struct sim_node *node, struct txn *txn)
{
	struct standing_counts counts;
	uint64_t known = 0, of[STANDING_COUNT] = {0};
	struct walk walk = walk_begin(txn, TABLE_STANDING, bytes_of(NULL, 0));

	while (walk_next(&walk)) {
		struct dataset_id dataset;
		unsigned flags, now;
		memcpy(dataset.b, walk.key.ptr, ID_LEN);
		assert_true(standing_get(txn, &dataset, &flags));
		assert_true(tally_look(node->hub, txn, &dataset, &now));
		assert_int_equal(flags & standing_stored, now & standing_stored);
		for (unsigned i = 0; i < STANDING_COUNT; i++)
			of[i] += (flags & STANDING_FLAG(i)) != 0;
		known++;
	}
	standing_counts(txn, &counts);
	assert_int_equal(counts.known, known);
	for (unsigned i = 0; i < STANDING_COUNT; i++)
		assert_int_equal(counts.of[i], of[i]);
	walk = walk_begin(txn, TABLE_PATH, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		struct dataset_id dataset;
		unsigned flags;
		memcpy(dataset.b, walk.value.ptr, ID_LEN);
		assert_true(tally_look(node->hub, txn, &dataset, &flags) ==
			    standing_get(txn, &dataset, &flags));
	}
}

void sim_audit(struct sim_node *node)
{
	struct dataset_id none = {{0}};
	uint64_t mark;
	assert_int_equal(sim_rows(node, TABLE_STAGE), 0);
	struct txn *txn = txn_begin(node->db, false);
	assert_false(chunks_sweep_next(txn, &none, &mark));
	share_audit(txn);
	if (node->hub && tally_rests(node->hub))
		standing_audit(node, txn);
	struct walk walk = walk_begin(txn, TABLE_CHUNK, bytes_of(NULL, 0));
	while (walk_next(&walk))
		assert_true(chunk_needed(txn, walk.key));
	walk = walk_begin(txn, TABLE_HELD, bytes_of(NULL, 0));
	while (walk_next(&walk))
		version_audit(txn, walk.key, walk.value);
	walk = walk_begin(txn, TABLE_INDEX, bytes_of(NULL, 0));
	while (walk_next(&walk))
		assert_true(txn_has(txn, TABLE_HELD, bytes_slice(walk.key, 0, ID_LEN + 12)));
	assert_int_equal(txn_err(txn), ERR_OK);
	txn_abort(txn);
}
