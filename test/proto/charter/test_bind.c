/*
 * bind: the charter says by which root an organisation's log goes on. A thief of the root is got
 * rid of; stewards that hurry, and times that lie, bind nothing; and all nodes come to one log.
 */
#include "crypto/wrap.h"
#include "proto/charter/orglog.h"
#include "test/proto/federation.h"

enum { OWNER = 2 };

#define DAY_MS (24 * 3600 * INT64_C(1000))

/* One node's store, and the charter that it has. */
struct place {
	char *dir;
	struct db *db;
	struct txn *txn;
	struct charter charter;
};

static struct test_federation fed; /* three members, the first two of which are stewards */

static struct place place_open(void)
{
	struct db_options options = {.volatile_store = true};
	struct place place = {.dir = test_dir_init()};

	assert_int_equal(db_open(&place.db, place.dir, &options), ERR_OK);
	place.txn = txn_begin(place.db, true);
	test_federation_store(&fed, place.txn);
	assert_int_equal(charter_load(place.txn, &place.charter), ERR_OK);
	return place;
}

static void place_close(struct place *place)
{
	charter_fini(&place->charter);
	txn_abort(place->txn);
	db_close(place->db);
	test_dir_fini(place->dir);
}

/* ---- the log ---- */

static const struct org_id *owner_id(void)
{
	return &fed.orgs[OWNER - 1].id;
}

static struct orglog log_of(struct place *place)
{
	struct orglog log;

	assert_int_equal(orglog_load(place->txn, owner_id(), &log), ERR_OK);
	return log;
}

/* What an entry says: node 0 in a state, and node n of the second list, active. */
struct said {
	uint8_t state; /* of node 0 */
	unsigned node; /* keys of node 1; 0: it is not there */
	uint8_t second;
	unsigned wrap; /* key */
	const struct key *root;
};

/* The entry that would follow the latest one here. */
static struct buf entry_make(struct place *place, const struct said *said)
{
	const struct sign_pk *first = &fed.orgs[OWNER - 1].root_pk;
	const struct key wrap = test_key(said->wrap);
	struct orglog_node nodes[2];
	struct orglog now, next;
	struct buf out;

	assert_int_equal(orglog_load(place->txn, owner_id(), &now), ERR_OK);
	next = now;
	nodes[0] = now.nodes[0];
	nodes[0].state = said->state;
	if (said->node)
		nodes[1] = test_node(1, said->node, first);
	nodes[1].state = said->second;
	next.nodes = nodes;
	next.node_count = said->node ? 2 : 1;
	next.time_ms = TEST_TIME_MS + now.number;
	if (said->wrap)
		dh_pk_of(&next.wrap, &wrap);
	buf_init(&out, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&out, &now, &next, said->root);
	orglog_fini(&now);
	return out;
}

static enum err entry_take(struct place *place, const struct buf *entry)
{
	return orglog_accept(place->txn, owner_id(), buf_bytes(entry), NULL);
}

/* Made and taken. */
static struct buf entry_add(struct place *place, struct said said)
{
	struct buf entry = entry_make(place, &said);

	assert_int_equal(entry_take(place, &entry), ERR_OK);
	return entry;
}

static struct digest entry_id(const struct buf *entry)
{
	struct digest id;

	assert_int_equal(orglog_entry_id(&id, buf_bytes(entry)), ERR_OK);
	return id;
}

/* ---- the charter ---- */

/* A bind to the root that was to follow, or one of a stranger. */
static struct charter_change bind_of(const struct sign_pk *root, const struct digest *log_entry)
{
	struct charter_change bind = {.kind = CHARTER_BIND, .log_entry = *log_entry};

	bind.member.number = OWNER;
	bind.member.root = *root;
	bind.member.next_root.b[0] = 0xaa;
	return bind;
}

static struct charter_change bind_signed(struct place *place, const struct digest *log_entry)
{
	struct charter_change bind = bind_of(&fed.orgs[OWNER - 1].next_pk, log_entry);

	charter_bind_sign(&bind, &place->charter, &fed.orgs[OWNER - 1].next);
	return bind;
}

/* With the votes of both stewards, the second by this key, at this time. */
static enum err charter_say(struct place *place, const struct charter_change *change,
			    const struct key *second, int64_t time_ms)
{
	struct charter_vote votes[2];
	struct buf payload, entry;

	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	enum err err = charter_payload_make(&payload, &place->charter, NULL, time_ms,
					    place->charter.threshold, change, 1);
	if (!err) {
		charter_vote(&votes[0], &place->charter, 1, &fed.orgs[0].root, buf_bytes(&payload));
		charter_vote(&votes[1], &place->charter, 2, second, buf_bytes(&payload));
		charter_entry_make(&entry, buf_bytes(&payload), votes, 2);
		err = charter_accept(place->txn, &place->charter, buf_bytes(&entry), NULL);
	}
	buf_fini(&payload);
	buf_fini(&entry);
	return err;
}

/* The second steward, who owns the log, does not vote with a root that is not its own any more. */
static enum err charter_bind(struct place *place, struct charter_change bind)
{
	return charter_say(place, &bind, &fed.orgs[1].root, place->charter.time_ms + 1);
}

/* ---- tests ---- */

/*
 * A thief of the root adds a node, names a wrap key, retires all that the owner has, and goes on.
 * The owner binds back by the key that was to follow: the log ends where the thief began.
 */
static void a_thief_of_the_root_is_bound_back(void **state)
{
	const struct key *stolen = &fed.orgs[OWNER - 1].root, *next = &fed.orgs[OWNER - 1].next;
	struct place place = place_open();
	struct orglog log = log_of(&place);
	const struct digest good = log.entry_id;
	const struct dh_pk honest = log.wrap;
	uint8_t id[ORGLOG_WRAP_ID_LEN];

	orglog_fini(&log);
	struct buf added = entry_add(
		&place, (struct said){ORGLOG_NODE_ACTIVE, 700, ORGLOG_NODE_ACTIVE, 0, stolen});
	struct buf named = entry_add(
		&place, (struct said){ORGLOG_NODE_ACTIVE, 700, ORGLOG_NODE_ACTIVE, 71, stolen});
	struct buf retired = entry_add(
		&place, (struct said){ORGLOG_NODE_LOST, 700, ORGLOG_NODE_ACTIVE, 72, stolen});
	log = log_of(&place);
	orglog_wrap_id(id, &honest);
	assert_true(orglog_wrap_is_dead(&log, id));
	assert_int_equal(orglog_node(&log, 0)->state, ORGLOG_NODE_LOST);
	orglog_fini(&log);

	/* neither a next key of the thief's nor the stolen one binds anything */
	struct charter_change bind = bind_of(&fed.orgs[0].next_pk, &good);
	charter_bind_sign(&bind, &place.charter, &fed.orgs[0].next);
	assert_int_equal(charter_bind(&place, bind), ERR_DENIED);
	bind = bind_of(&fed.orgs[OWNER - 1].root_pk, &good);
	charter_bind_sign(&bind, &place.charter, stolen);
	assert_int_equal(charter_bind(&place, bind), ERR_DENIED);
	const struct sign_pk none = {{0}};
	bind = bind_of(&none, &good); /* what everybody can sign by */
	charter_bind_sign(&bind, &place.charter, next);
	assert_int_equal(charter_bind(&place, bind), ERR_DENIED);
	bind = bind_signed(&place, &good);
	bind.sig.b[0] ^= 1;
	assert_int_equal(charter_bind(&place, bind), ERR_DENIED);
	bind = bind_signed(&place, &good);
	bind.member.next_root.b[0] ^= 1; /* what is signed is the whole change */
	assert_int_equal(charter_bind(&place, bind), ERR_DENIED);

	assert_int_equal(charter_bind(&place, bind_signed(&place, &good)), ERR_OK);
	log = log_of(&place);
	assert_true(id_eq(&log.entry_id, &good));
	assert_int_equal(log.number, 1);
	assert_int_equal(orglog_node(&log, 0)->state, ORGLOG_NODE_ACTIVE);
	assert_null(orglog_node(&log, 1));
	assert_int_equal(log.loss_number, 0);
	assert_false(orglog_wrap_is_dead(&log, id));
	/* what was wrapped to the thief's keys is due: nobody has named them */
	for (unsigned n = 71; n <= 72; n++) {
		const struct key key = test_key(n);
		struct dh_pk pk;
		dh_pk_of(&pk, &key);
		orglog_wrap_id(id, &pk);
		assert_true(orglog_wrap_is_dead(&log, id));
	}
	orglog_fini(&log);
	/* the thief's entries are outdated, and no fault of whoever passes them on */
	assert_int_equal(entry_take(&place, &added), ERR_EXISTS);
	assert_int_equal(entry_take(&place, &named), ERR_EXISTS);
	assert_int_equal(entry_take(&place, &retired), ERR_EXISTS);
	assert_false(orglog_is_forked(place.txn, owner_id()));
	/* the log goes on by the root bound alone */
	struct buf gone = entry_make(
		&place, &(struct said){ORGLOG_NODE_ACTIVE, 600, ORGLOG_NODE_ACTIVE, 73, stolen});
	assert_int_equal(entry_take(&place, &gone), ERR_EXISTS);
	struct buf on = entry_add(
		&place, (struct said){ORGLOG_NODE_ACTIVE, 600, ORGLOG_NODE_ACTIVE, 73, next});
	log = log_of(&place);
	assert_int_equal(log.number, 2);
	assert_true(id_eq(&log.root, &fed.orgs[OWNER - 1].next_pk));
	orglog_fini(&log);
	buf_fini(&added);
	buf_fini(&named);
	buf_fini(&retired);
	buf_fini(&gone);
	buf_fini(&on);
	place_close(&place);
}

/* Votes by the root that was bound away count for nothing. */
static void an_old_root_has_no_vote(void **state)
{
	const struct charter_change admit_none = {
		.kind = CHARTER_ANNOUNCE, .member = {.number = 3, .root = fed.orgs[0].root_pk}};
	struct place place = place_open();
	struct orglog log = log_of(&place);

	assert_int_equal(charter_bind(&place, bind_signed(&place, &log.entry_id)), ERR_OK);
	orglog_fini(&log);
	assert_int_equal(charter_say(&place, &admit_none, &fed.orgs[1].root, TEST_TIME_MS + 9),
			 ERR_DENIED);
	assert_int_equal(charter_say(&place, &admit_none, &fed.orgs[1].next, TEST_TIME_MS + 9),
			 ERR_OK);
	place_close(&place);
}

/* Without the signature of the key that was to follow a bind has to be announced in time. */
static void stewards_do_not_bind_in_a_hurry(void **state)
{
	struct place place = place_open();
	struct orglog log = log_of(&place);
	struct charter_change bind = bind_of(&fed.orgs[2].next_pk, &log.entry_id);
	struct charter_change announce = bind;
	const struct key *second = &fed.orgs[1].root;
	int64_t now_ms = TEST_TIME_MS + DAY_MS;

	orglog_fini(&log);
	announce.kind = CHARTER_ANNOUNCE;
	assert_int_equal(charter_say(&place, &bind, second, now_ms), ERR_DENIED);
	assert_int_equal(charter_say(&place, &announce, second, now_ms), ERR_OK);
	assert_true(id_eq(&place.charter.members[OWNER - 1].root, &fed.orgs[1].root_pk));
	assert_int_equal(charter_say(&place, &bind, second, now_ms + 13 * DAY_MS), ERR_DENIED);
	/* another key, another hash, another entry, another member: not what was announced */
	struct charter_change other = bind;
	other.member.root = fed.orgs[0].next_pk;
	assert_int_equal(charter_say(&place, &other, second, now_ms + 14 * DAY_MS), ERR_DENIED);
	other = bind;
	other.member.next_root.b[1] ^= 1;
	assert_int_equal(charter_say(&place, &other, second, now_ms + 14 * DAY_MS), ERR_DENIED);
	other = bind;
	other.log_entry.b[0] ^= 1;
	assert_int_equal(charter_say(&place, &other, second, now_ms + 14 * DAY_MS), ERR_DENIED);
	other = bind;
	other.member.number = 3;
	assert_int_equal(charter_say(&place, &other, second, now_ms + 14 * DAY_MS), ERR_DENIED);
	assert_int_equal(charter_say(&place, &bind, second, now_ms + 14 * DAY_MS), ERR_OK);
	assert_true(id_eq(&place.charter.members[OWNER - 1].root, &fed.orgs[2].next_pk));
	/* between an announcement and its bind there is no other bind */
	second = &fed.orgs[2].next;
	assert_int_equal(charter_say(&place, &bind, second, now_ms + 30 * DAY_MS), ERR_DENIED);
	place_close(&place);
}

/* Of what stands in a settlement the members decide, at once. */
static void a_settlement_binds_unannounced(void **state)
{
	struct place place = place_open();
	struct orglog log = log_of(&place);
	const struct charter_change changes[] = {{.kind = CHARTER_SETTLE},
						 bind_of(&fed.orgs[2].next_pk, &log.entry_id)};
	struct charter_vote votes[2];
	struct buf payload, entry;

	orglog_fini(&log);
	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	assert_int_equal(charter_payload_make(&payload, &place.charter, NULL, TEST_TIME_MS + 1, 2,
					      changes, 2),
			 ERR_OK);
	charter_vote(&votes[0], &place.charter, 1, &fed.orgs[0].root, buf_bytes(&payload));
	charter_vote(&votes[1], &place.charter, 77, &fed.orgs[2].root, buf_bytes(&payload));
	charter_entry_make(&entry, buf_bytes(&payload), votes, 2);
	assert_int_equal(charter_accept(place.txn, &place.charter, buf_bytes(&entry), NULL),
			 ERR_DENIED); /* nobody has that number */
	buf_reset(&entry);
	charter_vote(&votes[1], &place.charter, 3, &fed.orgs[2].root, buf_bytes(&payload));
	charter_entry_make(&entry, buf_bytes(&payload), votes, 2);
	assert_int_equal(charter_accept(place.txn, &place.charter, buf_bytes(&entry), NULL),
			 ERR_OK);
	assert_true(id_eq(&place.charter.members[OWNER - 1].root, &fed.orgs[2].next_pk));
	buf_fini(&payload);
	buf_fini(&entry);
	place_close(&place);
}

/* Seventeen that nothing comes of are too many; a bind makes room. */
static void announcements_are_bounded(void **state)
{
	struct place place = place_open();
	struct orglog log = log_of(&place);
	struct charter_change announce = bind_of(&fed.orgs[2].next_pk, &log.entry_id);
	int64_t now_ms = TEST_TIME_MS;

	announce.kind = CHARTER_ANNOUNCE;
	for (unsigned i = 0; i < LIMIT_ANNOUNCED_MAX; i++) {
		announce.member.next_root.b[2] = (uint8_t)i;
		assert_int_equal(charter_say(&place, &announce, &fed.orgs[1].root, ++now_ms),
				 ERR_OK);
	}
	announce.member.next_root.b[2] = 99;
	assert_int_equal(charter_say(&place, &announce, &fed.orgs[1].root, ++now_ms), ERR_FULL);
	assert_int_equal(charter_bind(&place, bind_signed(&place, &log.entry_id)), ERR_OK);
	assert_int_equal(charter_say(&place, &announce, &fed.orgs[1].next, now_ms + 9), ERR_OK);
	/* what is loaded is the same */
	struct charter loaded;
	assert_int_equal(charter_load(place.txn, &loaded), ERR_OK);
	assert_int_equal(loaded.bind_count, place.charter.bind_count);
	assert_memory_equal(&loaded.members[OWNER - 1].root, &place.charter.members[OWNER - 1].root,
			    ID_LEN);
	charter_fini(&loaded);
	orglog_fini(&log);
	place_close(&place);
}

/* ---- forks ---- */

/* An entry that says nothing new but this wrap key, after `now`, by this root. */
static struct buf entry_after(const struct orglog *now, unsigned wrap, const struct key *root)
{
	const struct key key = test_key(wrap);
	struct orglog next = *now;
	struct buf out;

	next.time_ms = TEST_TIME_MS + now->number;
	dh_pk_of(&next.wrap, &key);
	buf_init(&out, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&out, now, &next, root);
	return out;
}

/* Two that follow `now` by this root: the first is the one that counts. */
static void rivals_make(const struct orglog *now, unsigned wrap, const struct key *root,
			struct buf out[2])
{
	for (unsigned i = 0; i < 2; i++)
		out[i] = entry_after(now, wrap + i, root);
	const struct digest ids[] = {entry_id(&out[0]), entry_id(&out[1])};
	if (memcmp(ids[0].b, ids[1].b, ID_LEN) > 0) {
		struct buf first = out[0];
		out[0] = out[1];
		out[1] = first;
	}
}

/* Two branches from entry 1, by one root: two entries of one, one of the other. */
struct branches {
	struct buf entries[3];
	struct digest ids[3];
	bool long_wins; /* 0 and 1 are of one branch, 2 is the other */
};

static struct branches branches_make(unsigned variant)
{
	const struct key *root = &fed.orgs[OWNER - 1].root;
	struct place one = place_open(), other = place_open();
	struct branches b = {.long_wins = false};

	b.entries[0] = entry_add(
		&one, (struct said){ORGLOG_NODE_ACTIVE, 700, ORGLOG_NODE_ACTIVE, 0, root});
	b.entries[1] =
		entry_add(&one, (struct said){ORGLOG_NODE_ACTIVE, 700, ORGLOG_NODE_LOST, 74, root});
	b.entries[2] = entry_add(&other, (struct said){ORGLOG_NODE_ACTIVE, 720 + 2 * variant,
						       ORGLOG_NODE_ACTIVE, 0, root});
	for (unsigned i = 0; i < 3; i++)
		b.ids[i] = entry_id(&b.entries[i]);
	b.long_wins = memcmp(b.ids[0].b, b.ids[2].b, ID_LEN) < 0;
	place_close(&one);
	place_close(&other);
	return b;
}

static void branches_fini(struct branches *b)
{
	for (unsigned i = 0; i < 3; i++)
		buf_fini(&b->entries[i]);
}

/* What one node counts and keeps that hears of them in this order, three times. */
static void heard_in_order(const struct branches *b, const unsigned order[3], struct digest *told)
{
	struct place place = place_open();
	struct orglog_lost lost = {.number = 0};
	uint8_t id[ORGLOG_WRAP_ID_LEN];

	for (unsigned i = 0; i < 9; i++)
		entry_take(&place, &b->entries[order[i % 3]]);
	struct orglog log = log_of(&place);
	assert_true(id_eq(&log.entry_id, &b->ids[b->long_wins ? 1 : 2]));
	/* the loss that either branch tells of makes the keys before it and beside it dead */
	orglog_wrap_id(id, &log.wraps[0].pk);
	assert_true(orglog_wrap_is_dead(&log, id));
	orglog_fini(&log);
	/* the longer one has named a new key since, and so mended what it knew nothing of */
	assert_int_equal(orglog_is_forked(place.txn, owner_id()), !b->long_wins);
	if (orglog_lost_next(place.txn, &lost))
		*told = lost.id;
	place_close(&place);
}

/*
 * Three nodes hear of two entries of one number in different orders, a newcomer of the one that
 * counts first: all count the smaller id, and know of the other.
 */
static void a_fork_is_the_same_everywhere(void **state)
{
	static const unsigned orders[4][3] = {{0, 1, 2}, {2, 0, 1}, {2, 1, 0}, {0, 2, 1}};
	unsigned seen[2] = {0};

	for (unsigned variant = 0; variant < 8; variant++) {
		struct branches b = branches_make(variant);
		struct digest told[4] = {{{0}}};
		for (unsigned n = 0; n < 4; n++) {
			heard_in_order(&b, orders[n], &told[n]);
			assert_true(id_eq(&told[n], &told[0]));
		}
		seen[b.long_wins]++;
		branches_fini(&b);
	}
	assert_true(seen[0] > 0 && seen[1] > 0);
}

/* Whichever branch won: a bind to an entry of the other one wins everywhere, heard of or not. */
static void a_bind_chooses_the_branch(void **state)
{
	struct branches b = branches_make(0);

	for (unsigned target = 0; target < 3; target++) {
		for (unsigned heard = 0; heard < 8; heard++) {
			struct place place = place_open();
			struct digest wanted;
			uint32_t number;
			bool changed = false;
			for (unsigned i = 0; i < 3; i++)
				if (heard & 1u << i)
					entry_take(&place, &b.entries[i]);
			assert_int_equal(charter_bind(&place, bind_signed(&place, &b.ids[target])),
					 ERR_OK);
			/* what is not here is asked for backwards, each entry by its id */
			for (unsigned i = 0;
			     i < 3 && orglog_bind_wants(place.txn, owner_id(), &wanted, &number);
			     i++)
				for (unsigned n = 0; n < 3; n++)
					orglog_bind_take(place.txn, owner_id(),
							 buf_bytes(&b.entries[n]), &changed);
			assert_false(orglog_bind_wants(place.txn, owner_id(), &wanted, &number));
			struct orglog log = log_of(&place);
			assert_true(id_eq(&log.entry_id, &b.ids[target]));
			assert_int_equal(log.bound_number, log.number);
			orglog_fini(&log);
			/* the entries up to it cannot be forked any more */
			for (unsigned i = 0; i < 6; i++)
				assert_int_not_equal(entry_take(&place, &b.entries[i % 3]), ERR_OK);
			assert_false(orglog_is_forked(place.txn, owner_id()));
			place_close(&place);
		}
	}
	branches_fini(&b);
}

/* They may as well come as any entry comes; what is not kept then is asked for. */
static void a_bind_is_reached_by_what_comes(void **state)
{
	for (unsigned variant = 0; variant < 4; variant++) {
		struct branches b = branches_make(variant);
		for (unsigned at = 0; at < 9; at++) {
			const unsigned target = at / 3, first = at % 3;
			struct place place = place_open();
			struct digest wanted;
			uint32_t number;
			bool changed;
			entry_take(&place, &b.entries[first]);
			assert_int_equal(charter_bind(&place, bind_signed(&place, &b.ids[target])),
					 ERR_OK);
			for (unsigned i = 0; i < 6; i++)
				entry_take(&place, &b.entries[i % 3]);
			if (orglog_bind_wants(place.txn, owner_id(), &wanted, &number))
				for (unsigned n = 0; n < 3; n++)
					orglog_bind_take(place.txn, owner_id(),
							 buf_bytes(&b.entries[n]), &changed);
			struct orglog log = log_of(&place);
			assert_true(id_eq(&log.entry_id, &b.ids[target]));
			assert_int_equal(log.bound_number, log.number);
			orglog_fini(&log);
			place_close(&place);
		}
		branches_fini(&b);
	}
}

/* What is proved to be the entry bound, and may not follow: then nothing is bound. */
static void a_bind_to_what_does_not_count_changes_nothing(void **state)
{
	const struct key *root = &fed.orgs[OWNER - 1].root;

	for (unsigned how = 0; how < 4; how++) {
		struct place place = place_open();
		struct orglog log = log_of(&place), next = log;
		struct orglog_node node = log.nodes[0];
		const struct digest good = log.entry_id;
		struct buf bad, mid = entry_after(&log, 71, root);
		struct digest wanted;
		uint32_t number;
		bool changed = true;

		next.nodes = &node;
		buf_init(&bad, LIMIT_ORGLOG_ENTRY_LEN_MAX);
		if (how == 1) /* puts a node out that knows the wrap key */
			node.state = ORGLOG_NODE_LOST;
		if (how >= 2) /* of another number than the one that follows */
			log.number = 4;
		if (how == 3)
			log.entry_id = entry_id(&mid);
		orglog_make(&bad, &log, &next, how == 0 ? &fed.orgs[0].root : root);
		log.number = 1;
		const struct digest id = entry_id(&bad);
		assert_int_equal(charter_bind(&place, bind_signed(&place, &id)), ERR_OK);
		assert_true(orglog_bind_wants(place.txn, owner_id(), &wanted, &number));
		assert_true(id_eq(&wanted, &id) && number == 0);
		assert_false(orglog_bind_take(place.txn, owner_id(), buf_bytes(&mid), &changed));
		assert_true(orglog_bind_take(place.txn, owner_id(), buf_bytes(&bad), &changed));
		assert_false(changed);
		assert_int_equal(orglog_bind_wants(place.txn, owner_id(), &wanted, &number),
				 how >= 2);
		if (how >= 2) { /* the one before it would be another one */
			assert_true(id_eq(&wanted, how == 2 ? &good : &log.entry_id));
			assert_int_equal(number, 4);
			assert_false(
				orglog_bind_take(place.txn, owner_id(), buf_bytes(&mid), &changed));
		}
		orglog_fini(&log);
		log = log_of(&place);
		assert_true(id_eq(&log.entry_id, &good));
		assert_int_equal(log.bound_number, 0);
		orglog_fini(&log);
		assert_int_equal(entry_take(&place, &mid), ERR_OK);
		buf_fini(&bad);
		buf_fini(&mid);
		place_close(&place);
	}
}

/*
 * All of the way to the entry bound is here, as branches that have lost, and it does not count: the
 * log stays. Of the same branch what says nothing of a node is mended by the key named since.
 */
static void a_whole_way_that_does_not_count_binds_nothing(void **state)
{
	const struct key *root = &fed.orgs[OWNER - 1].root;
	struct place place = place_open(), other = place_open();
	struct orglog log = log_of(&place);
	struct buf first[2], third, plain, bad;
	struct digest wanted, id;
	uint32_t number;
	bool told = true;

	rivals_make(&log, 70, root, first);
	orglog_fini(&log);
	assert_int_equal(entry_take(&place, &first[0]), ERR_OK);
	assert_int_equal(entry_take(&place, &first[1]), ERR_EXISTS);
	assert_int_equal(entry_take(&other, &first[1]), ERR_OK);
	third = entry_add(&place, (struct said){ORGLOG_NODE_ACTIVE, 0, 0, 73, root});
	plain = entry_make(&other, &(struct said){ORGLOG_NODE_ACTIVE, 0, 0, 75, root});
	assert_int_equal(orglog_accept(place.txn, owner_id(), buf_bytes(&plain), &told), ERR_AGAIN);
	assert_false(told || orglog_is_forked(place.txn, owner_id()));
	/* the node that it puts out knows the key that it names */
	bad = entry_make(&other, &(struct said){ORGLOG_NODE_LOST, 0, 0, 0, root});
	id = entry_id(&bad);
	assert_int_equal(charter_bind(&place, bind_signed(&place, &id)), ERR_OK);
	assert_true(orglog_bind_wants(place.txn, owner_id(), &wanted, &number));
	assert_int_equal(entry_take(&place, &bad), ERR_AGAIN);
	assert_false(orglog_bind_wants(place.txn, owner_id(), &wanted, &number));
	log = log_of(&place);
	id = entry_id(&third);
	assert_true(id_eq(&log.entry_id, &id));
	assert_int_equal(log.bound_number, 0);
	orglog_fini(&log);
	for (unsigned i = 0; i < 2; i++)
		buf_fini(&first[i]);
	buf_fini(&third);
	buf_fini(&plain);
	buf_fini(&bad);
	place_close(&place);
	place_close(&other);
}

/* The first entry of another log is on no way; and of a log that is not here nothing is wanted. */
static void a_bind_to_another_log_is_not_looked_for_there(void **state)
{
	struct place place = place_open();
	const struct org_id unknown = {{9}};
	struct orglog_bind bind = {.root = fed.orgs[OWNER - 1].next_pk};
	struct digest wanted;
	uint32_t number;
	bool changed = true;

	bind.entry_id = entry_id(&fed.orgs[0].entry);
	orglog_bind(place.txn, owner_id(), &bind, 1, &changed);
	assert_false(changed);
	assert_true(orglog_bind_wants(place.txn, owner_id(), &wanted, &number));
	assert_false(
		orglog_bind_take(place.txn, owner_id(), buf_bytes(&fed.orgs[0].entry), &changed));
	assert_true(orglog_bind_wants(place.txn, owner_id(), &wanted, &number));
	orglog_bind(place.txn, &unknown, &bind, 1, &changed);
	assert_false(changed);
	assert_false(orglog_bind_wants(place.txn, &unknown, &wanted, &number));
	place_close(&place);
}

/* The charter has these binds of the owner now; what the log then says. */
static struct orglog bound_by(struct place *place, const struct orglog_bind *binds, size_t count,
			      bool changes)
{
	bool changed = !changes;

	orglog_bind(place->txn, owner_id(), binds, count, &changed);
	assert_int_equal(changed, changes);
	return log_of(place);
}

static void assert_bound(struct orglog log, uint32_t number, uint32_t bound,
			 const struct sign_pk *root)
{
	assert_int_equal(log.number, number);
	assert_int_equal(log.bound_number, bound);
	assert_true(id_eq(&log.bound_root, root));
	orglog_fini(&log);
}

/* One bind after the other, to the same entry and to others, and some of them taken back. */
static void the_last_bind_that_is_known_counts(void **state)
{
	const struct test_org *orgs = fed.orgs;
	const struct sign_pk *x = &orgs[OWNER - 1].next_pk, *y = &orgs[0].next_pk,
			     *z = &orgs[2].next_pk;
	struct place place = place_open();
	struct orglog log = log_of(&place);
	struct orglog_bind binds[4] = {{.root = *x}, {.root = *y}, {.root = *z}, {.root = *x}};
	const struct digest first = log.entry_id;
	struct buf entries[4];

	orglog_fini(&log);
	entries[0] = entry_add(&place,
			       (struct said){ORGLOG_NODE_ACTIVE, 0, 0, 71, &orgs[OWNER - 1].root});
	binds[0].entry_id = binds[1].entry_id = entry_id(&entries[0]);
	assert_bound(bound_by(&place, binds, 1, false), 2, 2, x);
	entries[1] = entry_add(&place,
			       (struct said){ORGLOG_NODE_ACTIVE, 0, 0, 72, &orgs[OWNER - 1].next});
	/* to the same entry by another root: what the first one has signed is gone */
	assert_bound(bound_by(&place, binds, 2, true), 2, 2, y);
	assert_int_equal(entry_take(&place, &entries[1]), ERR_EXISTS);
	entries[2] = entry_add(&place, (struct said){ORGLOG_NODE_ACTIVE, 0, 0, 73, &orgs[0].next});
	entries[3] = entry_add(&place, (struct said){ORGLOG_NODE_ACTIVE, 0, 0, 74, &orgs[0].next});
	binds[2].entry_id = entry_id(&entries[2]);
	assert_bound(bound_by(&place, binds, 3, true), 3, 3, z);
	/* one that names what nobody has: the one before it counts on */
	binds[3].entry_id.b[0] = 1;
	assert_bound(bound_by(&place, binds, 4, false), 3, 3, z);
	/* taken back, and others in their place */
	assert_bound(bound_by(&place, binds, 2, false), 3, 2, y);
	assert_bound(bound_by(&place, binds, 1, true), 2, 2, x);
	assert_bound(bound_by(&place, binds + 1, 1, false), 2, 2, y);
	binds[1].entry_id = first;
	assert_bound(bound_by(&place, binds + 1, 1, true), 1, 1, y);
	for (unsigned i = 0; i < 4; i++)
		buf_fini(&entries[i]);
	place_close(&place);
}

/* A fork behind the entry bound stays one, whatever else is bound; one by the old root ends. */
static void a_bind_ends_the_forks_of_the_root_before(void **state)
{
	const struct test_org *org = &fed.orgs[OWNER - 1];
	struct place place = place_open();
	struct orglog log;
	struct orglog_bind binds[2] = {{.root = org->next_pk}, {.root = fed.orgs[0].next_pk}};
	struct buf rivals[2],
		second = entry_add(&place, (struct said){ORGLOG_NODE_ACTIVE, 0, 0, 71, &org->root});

	binds[0].entry_id = entry_id(&second);
	for (unsigned i = 0; i < 2; i++) {
		log = log_of(&place);
		rivals_make(&log, 80, i == 0 ? &org->root : &org->next, rivals);
		orglog_fini(&log);
		assert_int_equal(entry_take(&place, &rivals[0]), ERR_OK);
		assert_int_equal(entry_take(&place, &rivals[1]), ERR_EXISTS);
		assert_true(orglog_is_forked(place.txn, owner_id()));
		if (i == 0)
			orglog_fini((log = bound_by(&place, binds, 1, true), &log));
		else /* one that nobody has */
			assert_bound(bound_by(&place, binds, 2, false), 3, 2, &org->next_pk);
		assert_int_equal(orglog_is_forked(place.txn, owner_id()), i);
		buf_fini(&rivals[0]);
		buf_fini(&rivals[1]);
	}
	buf_fini(&second);
	place_close(&place);
}

/* A newcomer has the charter first, and gets the log of who is bound from the beginning. */
static void a_newcomer_walks_over_the_bind(void **state)
{
	const struct key *root = &fed.orgs[OWNER - 1].root, *next = &fed.orgs[OWNER - 1].next;
	struct place place = place_open(), newcomer = place_open();
	struct orglog log = log_of(&place);
	struct buf entries[3];

	orglog_fini(&log);
	entries[0] = entry_add(&place,
			       (struct said){ORGLOG_NODE_ACTIVE, 700, ORGLOG_NODE_ACTIVE, 0, root});
	const struct digest id = entry_id(&entries[0]);
	assert_int_equal(charter_bind(&place, bind_signed(&place, &id)), ERR_OK);
	entries[1] = entry_add(
		&place, (struct said){ORGLOG_NODE_ACTIVE, 700, ORGLOG_NODE_ACTIVE, 75, next});
	entries[2] = entry_add(&place,
			       (struct said){ORGLOG_NODE_ACTIVE, 700, ORGLOG_NODE_LOST, 76, next});
	assert_int_equal(charter_bind(&newcomer, bind_signed(&newcomer, &id)), ERR_OK);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(entry_take(&newcomer, &entries[i]), ERR_OK);
	log = log_of(&newcomer);
	assert_int_equal(log.number, 4);
	assert_int_equal(log.bound_number, 2);
	assert_int_equal(log.wrap_count, 3);
	assert_int_equal(log.loss_number, 4);
	orglog_fini(&log);
	/* the charter goes back behind the bind: what was signed by the root bound goes */
	charter_back(newcomer.txn, &newcomer.charter, 2);
	log = log_of(&newcomer);
	assert_int_equal(log.number, 2);
	assert_int_equal(log.bound_number, 0);
	assert_int_equal(log.wrap_count, 1);
	orglog_fini(&log);
	for (unsigned i = 0; i < 3; i++)
		buf_fini(&entries[i]);
	place_close(&place);
	place_close(&newcomer);
}

static void mended_at_both(const struct branches *b, unsigned other)
{
	const struct key *root = &fed.orgs[OWNER - 1].root;
	struct place places[2] = {place_open(), place_open()};

	for (unsigned n = 0; n < 2; n++)
		for (unsigned i = 0; i < 6; i++)
			entry_take(&places[n], &b->entries[n ? i % 3 : 2 - i % 3]);
	for (unsigned step = 0; step < 2 && orglog_is_forked(places[0].txn, owner_id()); step++) {
		struct orglog log = log_of(&places[0]);
		struct said said = {ORGLOG_NODE_ACTIVE, b->long_wins ? 700 : other,
				    log.nodes[1].state, 80 + step, root};
		orglog_fini(&log);
		struct buf entry = entry_add(&places[0], said);
		assert_int_equal(entry_take(&places[1], &entry), ERR_OK);
		buf_fini(&entry);
		assert_int_equal(orglog_is_forked(places[0].txn, owner_id()),
				 orglog_is_forked(places[1].txn, owner_id()));
	}
	/* who tells of it late tells nothing new */
	for (unsigned n = 0; n < 2; n++) {
		bool forked = false;
		assert_false(orglog_is_forked(places[n].txn, owner_id()));
		for (unsigned i = 0; i < 3 && !forked; i++)
			orglog_accept(places[n].txn, owner_id(), buf_bytes(&b->entries[i]),
				      &forked);
		assert_false(forked);
		assert_false(orglog_is_forked(places[n].txn, owner_id()));
		place_close(&places[n]);
	}
}

/* Mended for one that has heard of the second entry of a branch alone, too. */
static void a_fork_is_mended_for_all(void **state)
{
	for (unsigned variant = 0; variant < 4; variant++) {
		struct branches b = branches_make(variant);
		mended_at_both(&b, 720 + 2 * variant);
		branches_fini(&b);
	}
}

/* It is mended, and then the root signs a second entry where the mending one stands. */
static void a_second_fork_behind_the_first_is_one(void **state)
{
	const struct key *root = &fed.orgs[OWNER - 1].root;
	struct place place = place_open();
	struct orglog log = log_of(&place);
	struct buf first[2], second[2], third;

	rivals_make(&log, 80, root, first);
	orglog_fini(&log);
	assert_int_equal(entry_take(&place, &first[0]), ERR_OK);
	assert_int_equal(entry_take(&place, &first[1]), ERR_EXISTS);
	log = log_of(&place);
	rivals_make(&log, 90, root, second);
	orglog_fini(&log);
	assert_true(orglog_is_forked(place.txn, owner_id()));
	assert_int_equal(entry_take(&place, &second[0]), ERR_OK);
	assert_false(orglog_is_forked(place.txn, owner_id()));
	assert_int_equal(entry_take(&place, &second[1]), ERR_EXISTS);
	assert_true(orglog_is_forked(place.txn, owner_id()));
	third = entry_add(&place, (struct said){ORGLOG_NODE_ACTIVE, 0, 0, 95, root});
	assert_false(orglog_is_forked(place.txn, owner_id()));
	for (unsigned i = 0; i < 2; i++) {
		buf_fini(&first[i]);
		buf_fini(&second[i]);
	}
	buf_fini(&third);
	place_close(&place);
}

/*
 * Entry n + 1 of another branch has lost a node, and is the first of it that is heard, but (begun)
 * for its beginning, which is mended: a key that the log names up to that number does not mend it.
 */
static void loss_heard(bool begun)
{
	const struct key *root = &fed.orgs[OWNER - 1].root;
	struct said said = {ORGLOG_NODE_ACTIVE, 720, ORGLOG_NODE_ACTIVE, 61, root};
	struct place place = place_open(), other = place_open();
	struct orglog log = log_of(&place);
	struct buf begin[2], entries[5];
	bool told = false;

	rivals_make(&log, 70, root, begin);
	orglog_fini(&log);
	assert_int_equal(entry_take(&place, &begin[0]), ERR_OK);
	assert_int_equal(entry_take(&other, &begin[1]), ERR_OK);
	entries[0] = entry_add(&other, said);
	said.second = ORGLOG_NODE_LOST;
	said.wrap = 62;
	entries[1] = entry_add(&other, said);
	if (begun)
		assert_int_equal(entry_take(&place, &begin[1]), ERR_EXISTS);
	for (unsigned number = 3; number <= 5; number++) {
		entries[number - 1] = entry_add(
			&place, (struct said){ORGLOG_NODE_ACTIVE, 0, 0, 70 + number, root});
		assert_int_equal(orglog_is_forked(place.txn, owner_id()), number == 4);
		if (number > 3)
			continue;
		assert_int_equal(
			orglog_accept(place.txn, owner_id(), buf_bytes(&entries[1]), &told),
			ERR_AGAIN);
		assert_true((told || begun) && orglog_is_forked(place.txn, owner_id()));
		log = log_of(&place);
		assert_int_equal(log.branch_loss_number, 4);
		orglog_fini(&log);
	}
	for (unsigned i = 0; i < 2; i++)
		buf_fini(&begin[i]);
	for (unsigned i = 0; i < 5; i++)
		buf_fini(&entries[i]);
	place_close(&place);
	place_close(&other);
}

static void a_loss_further_along_wants_a_later_key(void **state)
{
	loss_heard(false);
	loss_heard(true);
}

/* Whether an entry of a branch whose beginning is not here is kept. */
static bool stray_told(struct place *place, const struct buf *entry)
{
	bool told = false;

	assert_int_equal(orglog_accept(place->txn, owner_id(), buf_bytes(entry), &told), ERR_AGAIN);
	return told;
}

/* Only of a number that is next, only when it puts out who is in, once, and when it is signed. */
static void what_is_kept_of_a_branch_without_its_beginning(void **state)
{
	const struct test_org *org = &fed.orgs[OWNER - 1];
	const struct key *root = &org->root;
	struct place place = place_open(), other = place_open();
	struct buf one, mine;
	struct said said = {ORGLOG_NODE_ACTIVE, 720, ORGLOG_NODE_ACTIVE, 60, root};

	one = entry_add(&other, said);
	buf_fini(&one);
	mine = entry_add(&place, (struct said){ORGLOG_NODE_ACTIVE, 0, 0, 70, root});
	/* it puts nobody out */
	one = entry_make(&other, &said);
	assert_false(stray_told(&place, &one));
	buf_fini(&one);
	/* it is not signed by whom it names */
	said.second = ORGLOG_NODE_LOST;
	said.wrap = 61;
	one = entry_make(&other, &said);
	one.ptr[one.len - 1] ^= 1;
	assert_false(stray_told(&place, &one));
	one.ptr[one.len - 1] ^= 1;
	/* it is, and is told of once */
	assert_true(stray_told(&place, &one));
	assert_false(stray_told(&place, &one));
	buf_fini(&one);
	/* it is the one after the next */
	said.second = ORGLOG_NODE_ACTIVE;
	said.wrap = 62;
	one = entry_add(&other, said);
	buf_fini(&one);
	said.second = ORGLOG_NODE_LOST;
	said.wrap = 63;
	one = entry_make(&other, &said);
	assert_false(stray_told(&place, &one));
	buf_fini(&one);
	buf_fini(&mine);
	place_close(&place);
	place_close(&other);
}

/* What would follow another entry than the one bound is of no branch: that one is not forked. */
static void nothing_is_kept_beside_the_entry_bound(void **state)
{
	const struct test_org *org = &fed.orgs[OWNER - 1];
	struct place place = place_open(), other = place_open();
	struct orglog_bind bind = {.root = org->next_pk};
	struct orglog log = log_of(&place);
	struct buf first[2], stray;

	rivals_make(&log, 70, &org->root, first);
	orglog_fini(&log);
	assert_int_equal(entry_take(&place, &first[0]), ERR_OK);
	assert_int_equal(entry_take(&other, &first[1]), ERR_OK);
	stray = entry_make(&other, &(struct said){ORGLOG_NODE_LOST, 0, 0, 76, &org->next});
	bind.entry_id = entry_id(&first[0]);
	orglog_bind(place.txn, owner_id(), &bind, 1, NULL);
	assert_false(stray_told(&place, &stray));
	assert_false(orglog_is_forked(place.txn, owner_id()));
	for (unsigned i = 0; i < 2; i++)
		buf_fini(&first[i]);
	buf_fini(&stray);
	place_close(&place);
	place_close(&other);
}

/* Both branches have lost the same node; and what breaks a rule begins no branch. */
static void a_loss_that_both_know_of_is_one_of_the_log(void **state)
{
	const struct key *root = &fed.orgs[OWNER - 1].root;
	struct said said = {ORGLOG_NODE_LOST, 0, 0, 60, root};
	struct place place = place_open();
	struct orglog log;
	struct buf entries[2], bad, third;
	bool told = true;

	for (unsigned i = 0; i < 2; i++, said.wrap++)
		entries[i] = entry_make(&place, &said);
	said.wrap = 0; /* the node that is lost knows the key */
	bad = entry_make(&place, &said);
	for (unsigned i = 0; i < 2; i++) {
		entry_take(&place, &entries[i]);
		assert_int_equal(orglog_accept(place.txn, owner_id(), buf_bytes(&bad), &told),
				 ERR_PROTOCOL);
		assert_false(told);
		assert_int_equal(orglog_is_forked(place.txn, owner_id()), i);
	}
	log = log_of(&place);
	assert_int_equal(log.loss_number, 2);
	assert_int_equal(log.branch_loss_number, 0);
	orglog_fini(&log);
	third = entry_add(&place, (struct said){ORGLOG_NODE_LOST, 0, 0, 65, root});
	assert_false(orglog_is_forked(place.txn, owner_id()));
	buf_fini(&entries[0]);
	buf_fini(&entries[1]);
	buf_fini(&bad);
	buf_fini(&third);
	place_close(&place);
}

/* A former member comes back as what it was, not with a root that was stolen from it. */
static void who_comes_back_has_the_root_it_had(void **state)
{
	struct place place = place_open();
	struct orglog log = log_of(&place);
	struct charter_change admit, announce, bind;
	const struct charter_change leave[] = {
		{.kind = CHARTER_REMOVE, .member.number = 3},
		{.kind = CHARTER_KEY, .key_number = 2, .has_sealed = true}};
	struct charter_vote votes[2];
	struct buf payload, entry;

	announce = bind_of(&fed.orgs[0].next_pk, &log.entry_id);
	announce.kind = CHARTER_ANNOUNCE;
	announce.member.number = 3;
	orglog_fini(&log);
	assert_int_equal(charter_say(&place, &announce, &fed.orgs[1].root, TEST_TIME_MS), ERR_OK);
	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	assert_int_equal(
		charter_payload_make(&payload, &place.charter, NULL, TEST_TIME_MS + 1, 2, leave, 2),
		ERR_OK);
	for (uint32_t i = 0; i < 2; i++)
		charter_vote(&votes[i], &place.charter, i + 1, &fed.orgs[i].root,
			     buf_bytes(&payload));
	charter_entry_make(&entry, buf_bytes(&payload), votes, 2);
	assert_int_equal(charter_accept(place.txn, &place.charter, buf_bytes(&entry), NULL),
			 ERR_OK);
	test_admit(&admit, &fed.orgs[2], 4);
	strcpy(admit.member.slug, "wieder-da");
	admit.member.root = fed.orgs[0].next_pk;
	assert_int_equal(charter_say(&place, &admit, &fed.orgs[1].root, TEST_TIME_MS + 2),
			 ERR_PROTOCOL);
	admit.member.root = fed.orgs[2].root_pk;
	admit.member.next_root.b[0] ^= 1;
	assert_int_equal(charter_say(&place, &admit, &fed.orgs[1].root, TEST_TIME_MS + 2),
			 ERR_PROTOCOL);
	admit.member.next_root.b[0] ^= 1;
	assert_int_equal(charter_say(&place, &admit, &fed.orgs[1].root, TEST_TIME_MS + 2), ERR_OK);
	/* what was announced of the former number is not of this one */
	bind = announce;
	bind.kind = CHARTER_BIND;
	bind.member.number = 4;
	assert_int_equal(charter_say(&place, &bind, &fed.orgs[1].root, TEST_TIME_MS + 20 * DAY_MS),
			 ERR_DENIED);
	assert_null(charter_announcement(&place.charter, &bind));
	buf_fini(&payload);
	buf_fini(&entry);
	place_close(&place);
}

static int setup(void **state)
{
	if (test_setup(state))
		return 1;
	test_federation_init(&fed, 3, 2, 2);
	return 0;
}

static int teardown(void **state)
{
	test_federation_fini(&fed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thief_of_the_root_is_bound_back),
		cmocka_unit_test(an_old_root_has_no_vote),
		cmocka_unit_test(stewards_do_not_bind_in_a_hurry),
		cmocka_unit_test(a_settlement_binds_unannounced),
		cmocka_unit_test(announcements_are_bounded),
		cmocka_unit_test(a_fork_is_the_same_everywhere),
		cmocka_unit_test(a_bind_chooses_the_branch),
		cmocka_unit_test(a_bind_is_reached_by_what_comes),
		cmocka_unit_test(a_bind_to_what_does_not_count_changes_nothing),
		cmocka_unit_test(a_whole_way_that_does_not_count_binds_nothing),
		cmocka_unit_test(a_bind_to_another_log_is_not_looked_for_there),
		cmocka_unit_test(the_last_bind_that_is_known_counts),
		cmocka_unit_test(a_bind_ends_the_forks_of_the_root_before),
		cmocka_unit_test(a_newcomer_walks_over_the_bind),
		cmocka_unit_test(a_fork_is_mended_for_all),
		cmocka_unit_test(a_second_fork_behind_the_first_is_one),
		cmocka_unit_test(a_loss_further_along_wants_a_later_key),
		cmocka_unit_test(what_is_kept_of_a_branch_without_its_beginning),
		cmocka_unit_test(nothing_is_kept_beside_the_entry_bound),
		cmocka_unit_test(a_loss_that_both_know_of_is_one_of_the_log),
		cmocka_unit_test(who_comes_back_has_the_root_it_had),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
