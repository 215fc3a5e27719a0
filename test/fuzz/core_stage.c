#include "test/fuzz/core_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/ledger/held.h"
#include "proto/catalog/granting.h"
#include "proto/catalog/withdrawal.h"
#include "test/sim/decide.h"
#include "test/sim/towns.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECRET   "meissen/geheim"
#define MISTAKE  "meissen/versehen"

/* ---- what was said ---- */

static struct bytes copy_of(struct bytes whole)
{
	uint8_t *copy = mem_new(1, whole.len + 1);
	memcpy(copy, whole.ptr, whole.len);
	return bytes_of(copy, whole.len);
}

bool stage_bytes_has(const struct stage_bytes *list, struct bytes whole)
{
	for (size_t i = 0; i < list->count; i++) {
		if (bytes_eq(list->items[i], whole))
			return true;
	}
	return false;
}

static void keep(struct stage_bytes *list, struct bytes whole)
{
	if (stage_bytes_has(list, whole))
		return;
	list->items = mem_room(list->items, list->count, &list->cap, sizeof(*list->items));
	list->items[list->count++] = copy_of(whole);
}

static void keep_table(struct stage_bytes *list, struct txn *txn, enum table table)
{
	struct walk walk = walk_begin(txn, table, bytes_of(NULL, 0));
	while (walk_next(&walk))
		keep(list, walk.value);
}

static void keep_orglog(struct stage *stage, struct bytes key, struct bytes whole)
{
	for (size_t i = 0; i < stage->orglog_count; i++) {
		if (bytes_eq(stage->orglog[i].whole, whole))
			return;
	}
	stage->orglog = mem_room(stage->orglog, stage->orglog_count, &stage->orglog_cap,
				 sizeof(*stage->orglog));
	struct stage_entry *entry = &stage->orglog[stage->orglog_count++];
	memcpy(entry->org.b, key.ptr, ID_LEN);
	entry->whole = copy_of(whole);
}

static void keep_version(struct stage *stage, struct bytes key)
{
	struct version_id of;
	held_of_key(&of, key);
	for (size_t i = 0; i < stage->version_count; i++) {
		if (held_same(&stage->versions[i], &of))
			return;
	}
	stage->versions = mem_room(stage->versions, stage->version_count, &stage->version_cap,
				   sizeof(*stage->versions));
	stage->versions[stage->version_count++] = of;
}

static void keep_chunk(struct stage *stage, struct bytes key, struct bytes sealed)
{
	struct stage_chunk chunk;
	memcpy(chunk.dataset.b, key.ptr, ID_LEN);
	memcpy(chunk.addr.b, key.ptr + ID_LEN, ID_LEN);
	for (size_t i = 0; i < stage->chunk_count; i++) {
		if (id_eq(&stage->chunks[i].addr, &chunk.addr))
			return;
	}
	chunk.sealed = copy_of(sealed);
	stage->chunks = mem_room(stage->chunks, stage->chunk_count, &stage->chunk_cap,
				 sizeof(*stage->chunks));
	stage->chunks[stage->chunk_count++] = chunk;
}

/* All that a store knows. */
static void keep_store(struct stage *stage, struct db *db)
{
	struct txn *txn = txn_begin(db, false);
	keep_table(&stage->charter, txn, TABLE_CHARTER);
	keep_table(&stage->heads, txn, TABLE_HEAD);
	keep_table(&stage->records, txn, TABLE_RECORD);
	struct walk walk = walk_begin(txn, TABLE_ORGLOG, bytes_of(NULL, 0));
	while (walk_next(&walk))
		keep_orglog(stage, walk.key, walk.value);
	walk = walk_begin(txn, TABLE_VERSION, bytes_of(NULL, 0));
	while (walk_next(&walk))
		keep_version(stage, walk.key);
	walk = walk_begin(txn, TABLE_CHUNK, bytes_of(NULL, 0));
	while (walk_next(&walk))
		keep_chunk(stage, walk.key, walk.value);
	check(!txn_err(txn));
	txn_abort(txn);
}

/* ---- what happened ---- */

static void publish(struct sim_node *node, const char *path, enum tier tier, uint64_t seed,
		    size_t len)
{
	struct buf content = sim_content(seed, len);
	check(!sim_publish(node, path, tier, buf_bytes(&content)));
	buf_fini(&content);
}

static void call_give(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	const struct grant_terms terms = {
		.prefix = SECRET, .to = arg, .verb = VERB_READ, .depth = 1};
	struct digest token;
	char why[WHY_LEN];
	check(!grants_give(hub, txn, &terms, &token, why));
}

static void call_withdraw(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct withdrawal_view view;
	char why[WHY_LEN];
	check(!withdrawal_make(hub, txn, MISTAKE, "aus Versehen veröffentlicht", true, false, &view,
			       why));
}

static void settle(struct towns *towns)
{
	check(sim_run(&towns->sim, 120000, sim_agree, NULL));
	sim_run(&towns->sim, 8000, NULL, NULL);
}

/* Malwine is away; she and Meißen each want what only the other has. */
static void part_wanting(struct towns *towns, const char *hers, const char *ours)
{
	sim_cut(towns->m, true);
	sim_run(&towns->sim, 1000, NULL, NULL);
	check(!sim_subscribe(towns->a, hers));
	check(!sim_subscribe(towns->m, ours));
	sim_run(&towns->sim, 1000, NULL, NULL);
	check(!sim_held(towns->a, hers, 0) && !sim_held(towns->m, ours, 0));
}

/* Some of everything. The store of Meißen has a copy made in the middle of it. */
static void make_history(struct towns *towns)
{
	publish(towns->a, "meissen/offen", TIER_OPEN, 1, 30000);
	publish(towns->b, "radebeul/haushalt", TIER_MEMBERS, 2, 30000);
	publish(towns->m, "malwine/alt", TIER_OPEN, 3, 150000);
	check(sim_call(towns->a, call_give, towns->b->identity.slug));
	publish(towns->a, SECRET, TIER_GRANTED, 4, 20000);
	publish(towns->a, MISTAKE, TIER_MEMBERS, 5, 2000);
	settle(towns);
	part_wanting(towns, "malwine/alt", "meissen/offen");
	sim_stop(towns->a);
	sim_backup(towns->a);
	sim_start(towns->a);
	sim_cut(towns->m, false);
	settle(towns);
	publish(towns->a, "meissen/offen", TIER_OPEN, 6, 31000);
	publish(towns->a, "meissen/neu", TIER_MEMBERS, 7, 60000);
	publish(towns->m, "malwine/neu", TIER_MEMBERS, 8, 150000);
	check(sim_call(towns->a, call_withdraw, NULL));
	settle(towns);
	part_wanting(towns, "malwine/neu", "meissen/neu");
}

/* One that was invited and could not call yet, and one that waits for the stewards. */
static struct sim_node *invite(struct towns *towns)
{
	struct sim_node *joiner = sim_add(&towns->sim, "Stadt Coswig", "coswig", "14627060");
	struct sim_node *waiting = sim_add(&towns->sim, "Nossen", "nossen", "14627170");
	struct buf text;
	buf_init(&text, 4096);
	check(!sim_invite_as(towns->a, waiting, true, false, &text));
	check(!sim_join_text(waiting, (const char *)text.ptr, NULL));
	sim_run(&towns->sim, 3000, NULL, NULL);
	sim_stop(waiting);
	buf_reset(&text);
	joiner->deaf = true;
	check(!sim_invite(towns->a, joiner, &text));
	check(!sim_join_text(joiner, (const char *)text.ptr, NULL));
	buf_fini(&text);
	return joiner;
}

/* An entry that could be the next one, and what is said with it; the store does not keep it. */
static void keep_decision(struct stage *stage, struct sim_node *steward, enum decide_verb verb,
			  const char *slug)
{
	struct decision decision = {.verb = verb, .slug = slug};
	sim_backup(steward);
	sim_start(steward);
	sim_confirm(steward); /* nobody else runs who could show it its own head */
	check(!decide(steward, &decision));
	check(decision.accepted);
	keep_store(stage, steward->db);
	sim_stop(steward);
	sim_restore(steward);
}

static void say(struct sim_node *foe, struct buf *message)
{
	check(sim_say(foe, message));
	sim_run(foe->sim, 2000, NULL, NULL);
}

/*
 * Malwine shows that the steward has signed two entries of one number; then the members settle
 * which of them counts.
 */
static void settle_split(struct stage *stage, struct towns *towns)
{
	const struct bytes *entries = stage->charter.items + stage->charter.count - 2;
	const struct digest content = {{1}};
	struct decision settlement = {.verb = DECIDE_SETTLE}, vote = {.verb = DECIDE_VOTE};
	struct buf hello, fork; /* sim_say() releases them */
	buf_init(&hello, LIMIT_MESSAGE_LEN_MAX);
	buf_init(&fork, LIMIT_MESSAGE_LEN_MAX);
	message_hello(&hello, "fuzz", 0, &content, NULL);
	message_fork(&fork, NULL, entries[0], entries[1]);
	towns_possess(towns);
	check(sim_foe_dial(towns->m, towns->a));
	say(towns->m, &hello);
	say(towns->m, &fork);
	check(!decide(towns->a, &settlement));
	sim_run(&towns->sim, 5000, NULL, NULL);
	vote.slug = settlement.hex;
	check(!decide(towns->b, &vote));
	check(vote.accepted);
	sim_run(&towns->sim, 5000, NULL, NULL);
	keep_store(stage, towns->a->db);
}

static void keep_split(struct stage *stage, struct towns *towns)
{
	struct sim_node *nodes[] = {towns->a, towns->b, towns->m};
	for (size_t i = 0; i < COUNT(nodes); i++) {
		sim_backup(nodes[i]);
		sim_start(nodes[i]);
	}
	sim_run(&towns->sim, 15000, NULL, NULL); /* then they may sign */
	settle_split(stage, towns);
	for (size_t i = 0; i < COUNT(nodes); i++) {
		sim_stop(nodes[i]);
		sim_restore(nodes[i]);
	}
}

/* ---- the stores ---- */

static void node_load(struct stage *stage, struct stage_node *node, struct txn *txn)
{
	struct charter charter;
	struct ledger ledger;
	struct bytes entry;
	enum err err = charter_load(txn, &charter);
	const struct charter_member *member = charter_by_org(&charter, &node->identity.org);
	check(!err || err == ERR_ABSENT);
	if (member)
		node->author = author_of(member->number, node->identity.node_index);
	if (node->who == STAGE_HOME) {
		stage->fed = charter.fed;
		stage->charter_number = charter.number;
	}
	buf_init(&node->entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	check(orglog_entry(txn, &node->identity.org, orglog_number(txn, &node->identity.org),
			   &entry));
	buf_add(&node->entry, entry);
	ledger_init(&ledger, &charter, &node->limits);
	if (member)
		check(!ledger_state(&ledger, txn, node->author, &node->own));
	ledger_fini(&ledger);
	charter_fini(&charter);
}

/* The versions of this store that are still in the latest one of Meißen. */
static void keep_versions(struct stage *stage, struct stage_node *node)
{
	struct txn *txn = txn_begin(node->db, false);
	struct txn *latest = txn_begin(stage->nodes[STAGE_HOME].db, false);
	struct walk walk = walk_begin(txn, TABLE_VERSION, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		if (txn_has(latest, TABLE_VERSION, walk.key))
			keep(&node->versions, walk.key);
	}
	txn_abort(latest);
	txn_abort(txn);
}

/* Opens the store of a node that has stopped, as file of its directory. */
static void node_open(struct stage *stage, enum stage_who who, const struct sim_node *from,
		      const char *dir)
{
	struct db_options options = {.volatile_store = true, .map_bytes = 1u << 30};
	struct stage_node *node = &stage->nodes[who];
	node->who = who;
	node->limits = limits_default();
	node->limits.peer_count_max = 16;
	/* what was said is taken at once */
	node->limits.cost_turn_max = node->limits.cost_burst = INT64_C(1) << 40;
	node->limits.turn_sent_bytes_max = SIZE_MAX;
	node->limits.peer_queue_bytes_max = 32 * 1024; /* so that it can be reached */
	memcpy(node->address, from->address, sizeof(node->address));
	node->addresses[0] = node->address;
	check(!keyring_open(&node->keyring, from->dir, bytes_of(NULL, 0)));
	check(!db_open(&node->db, dir, &options));
	keep_store(stage, node->db);
	keep_versions(stage, node);
	struct txn *txn = txn_begin(node->db, true);
	check(!identity_load(&node->identity, node->keyring, txn));
	node_load(stage, node, txn);
	txn_abort(txn);
}

/* The older copy in a directory of its own. */
static void old_copy(const struct sim_node *home, char *dir, size_t size)
{
	char command[1200];
	snprintf(dir, size, "%s-old", home->dir);
	snprintf(command, sizeof(command), "mkdir '%s' && cp '%s/backup' '%s/data.mdb'", dir,
		 home->dir, dir);
	check(system(command) == 0);
}

static struct stage *stage_make(void)
{
	struct stage *stage = mem_new(1, sizeof(*stage));
	struct towns *towns = towns_open(1, 3);
	char old_dir[300];
	make_history(towns);
	old_copy(towns->a, old_dir, sizeof(old_dir));
	struct sim_node *joiner = invite(towns);
	struct sim_node *nodes[] = {towns->a, towns->b, towns->m, joiner};
	for (size_t i = 0; i < COUNT(nodes); i++)
		sim_stop(nodes[i]);
	stage->now_ms = towns->sim.epoch_ms + towns->sim.now_ms;
	keep_decision(stage, towns->a, DECIDE_RELAY, "malwine");
	keep_decision(stage, towns->a, DECIDE_REMOVE, "radebeul");
	keep_split(stage, towns);
	node_open(stage, STAGE_HOME, towns->a, towns->a->dir);
	node_open(stage, STAGE_HOME_OLD, towns->a, old_dir);
	node_open(stage, STAGE_MEMBER, towns->m, towns->m->dir);
	node_open(stage, STAGE_JOINER, joiner, joiner->dir);
	node_open(stage, STAGE_OTHER, towns->b, towns->b->dir);
	path_dataset_id(&stage->secret, &stage->nodes[STAGE_HOME].identity.org, bytes_str(SECRET));
	towns_close(towns);
	return stage;
}

const struct stage *stage_open(void)
{
	static struct stage *stage;
	if (!stage)
		stage = stage_make();
	return stage;
}
