#include "test/proto/hub_node.h"

#include "proto/sync/fork.h"
#include "test/proto/charter_draft.h"

enum { MONO_START_MS = 5 * 1000 * 1000 };

/* ---- the node ---- */

static void identity_make(struct identity *out, const struct test_org *org)
{
	*out = (struct identity){.operator= "self", .org = org->id, .store_incarnation = 0x1234};
	strcpy(out->name, org->name);
	strcpy(out->slug, org->slug);
	strcpy(out->ags, org->ags);
	sign_pk_of(&out->sign_pk, &org->sign);
	dh_pk_of(&out->transport_pk, &org->transport);
	dh_pk_of(&out->wrap_pk, &org->wrap);
	out->sign = secret_open(bytes_obj(&org->sign));
	out->transport = secret_open(bytes_obj(&org->transport));
	out->wrap = secret_open(bytes_obj(&org->wrap));
	out->root = secret_open(bytes_obj(&org->seed));
}

static void hub_begin(struct hub_node *node)
{
	const struct hub_options options = {.limits = &node->limits,
					    .random = &node->random,
					    .keyring = node->keyring,
					    .identity = &node->identity,
					    .software = "test 1"};
	assert_int_equal(machines_begin(&node->machines, &node->hub, &options, node->txn), ERR_OK);
}

/* As membership does, but nothing is written. */
static void place_take(struct hub_node *node)
{
	struct hub *hub = &node->hub;
	const struct charter_member *member = charter_by_org(&hub->charter, &node->identity.org);
	if (!member)
		return;
	hub->author = author_of(member->number, node->identity.node_index);
	hub->place = PLACE_MEMBER;
	ledger_own(&hub->ledger, hub->author, secret_key(node->identity.sign));
}

void hub_node_open(struct hub_node *node, const struct test_federation *fed,
		   const struct test_org *org)
{
	*node = (struct hub_node){.limits = limits_default(), .random = random_seeded(1)};
	node->dir = test_dir_memory();
	node->db = test_db(node->dir);
	node->txn = txn_begin(node->db, true);
	char *keys = dir_file(node->dir, "keys");
	assert_int_equal(mkdir(keys, 0700), 0);
	free(keys);
	assert_int_equal(
		keyring_create(&node->keyring, node->dir, bytes_of(NULL, 0), &node->random),
		ERR_OK);
	identity_make(&node->identity, org);
	if (fed)
		test_federation_store(fed, node->txn);
	enum err err = orglog_accept(node->txn, &org->id, buf_bytes(&org->entry), NULL);
	assert_true(!err || err == ERR_EXISTS);
	hub_begin(node);
	hub_node_time(node, TEST_TIME_MS, MONO_START_MS);
	buf_add(&node->hub.own_entry, buf_bytes(&org->entry));
	place_take(node);
	node->hub.effects = &node->effects;
	machines_turn(&node->hub, node->txn);
}

/* From what is stored. */
static void machines_start(struct hub_node *node, int64_t wall_ms, int64_t mono_ms)
{
	struct hub *hub = &node->hub;
	hub_begin(node);
	hub_node_time(node, wall_ms, mono_ms);
	assert_int_equal(machines_open(hub, node->txn), ERR_OK);
	hub->effects = &node->effects;
	machines_turn(hub, node->txn);
}

void hub_node_machines(struct hub_node *node)
{
	const int64_t wall_ms = hub_node_wall(node), mono_ms = hub_node_mono(node);
	hub_node_turn(node);
	machines_close(&node->hub);
	machines_start(node, wall_ms, mono_ms);
}

void hub_node_die(struct hub_node *node)
{
	const int64_t wall_ms = hub_node_wall(node), mono_ms = hub_node_mono(node);
	txn_abort(node->txn);
	db_fault_at(node->db, 0, ERR_OK);
	effects_reset(&node->effects);
	node->txn = txn_begin(node->db, true);
	machines_close(&node->hub);
	machines_start(node, wall_ms, mono_ms);
}

void hub_node_close(struct hub_node *node)
{
	machines_close(&node->hub);
	effects_fini(&node->effects);
	identity_fini(&node->identity);
	keyring_close(node->keyring);
	txn_abort(node->txn);
	db_close(node->db);
	test_dir_fini(node->dir);
}

/* ---- turns ---- */

void hub_node_turn(struct hub_node *node)
{
	struct hub *hub = &node->hub;
	struct ledger_arrival arrival;
	ledger_settle(&hub->ledger, node->txn);
	while (ledger_arrival_next(&hub->ledger, &arrival))
		ledger_arrival_fini(&arrival);
	assert_int_equal(txn_commit(node->txn), ERR_OK);
	node->txn = txn_begin(node->db, true);
	effects_reset(&node->effects);
	floor_turn(hub, node->txn);
	machines_turn(hub, node->txn);
}

void hub_node_time(struct hub_node *node, int64_t wall_ms, int64_t mono_ms)
{
	floor_time(&node->hub, (struct times){.wall_ms = wall_ms, .mono_ms = mono_ms});
}

void hub_node_room(struct hub_node *node, const struct room *room)
{
	node->hub.ledger.room = *room;
	node->hub.headroom = room_level(room);
}

int64_t hub_node_wall(const struct hub_node *node)
{
	return node->hub.wall_ms;
}

int64_t hub_node_mono(const struct hub_node *node)
{
	return node->hub.mono_ms;
}

void hub_node_pass(struct hub_node *node, int64_t ms)
{
	hub_node_turn(node);
	hub_node_time(node, hub_node_wall(node) + ms, hub_node_mono(node) + ms);
	floor_turn(&node->hub, node->txn);
}

/* ---- peers ---- */

static struct peer *peer_add(struct hub_node *node, const struct test_org *org, uint32_t author)
{
	struct peers *peers = &node->hub.peers;
	struct peer *peer = mem_new(1, sizeof(*peer));
	*peer = (struct peer){.link = ++node->link_last,
			      .up = true,
			      .class = author ? PEER_MEMBER : PEER_GUEST,
			      .author = author,
			      .org = org->id,
			      .up_ms = hub_node_mono(node),
			      .met = author != 0,
			      .synced = author != 0};
	dh_pk_of(&peer->key, &org->transport);
	memset(peer->session_key, (int)peer->link, sizeof(peer->session_key));
	machines_peer_open(peer);
	peers->items = mem_room(peers->items, peers->count, &peers->cap, sizeof(*peers->items));
	peers->items[peers->count++] = peer;
	return peer;
}

struct peer *hub_node_member(struct hub_node *node, const struct test_org *org)
{
	const struct charter_member *member = charter_by_org(&node->hub.charter, &org->id);
	assert_non_null(member);
	return peer_add(node, org, author_of(member->number, 0));
}

struct peer *hub_node_guest(struct hub_node *node, const struct test_org *org)
{
	return peer_add(node, org, 0);
}

void hub_node_down(struct hub_node *node, struct peer *peer)
{
	struct event event = {
		.type = EVENT_LINK_DOWN, .link = peer->link, .reason = LINK_REASON_LOST};
	assert_ptr_equal(peers_down(&node->hub, &event), peer);
	fetch_down(&node->hub, peer);
	machines_peer_close(peer);
	peer_free(peer);
}

void hub_node_hear(struct hub_node *node, struct peer *peer, hub_node_handler *take,
		   struct buf *message)
{
	struct message m;
	assert_int_equal(message->err, ERR_OK);
	assert_int_equal(message_decode(&m, buf_bytes(message)), ERR_OK);
	take(&node->hub, node->txn, peer, &m);
	buf_fini(message);
}

void hub_node_hear_list(struct hub_node *node, struct peer *peer, hub_node_handler *take,
			struct message_list *list)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(list, &out);
	hub_node_hear(node, peer, take, &out);
}

/* ---- what comes of a turn ---- */

const struct effect *hub_node_effect(const struct hub_node *node, enum effect_type type,
				     size_t index)
{
	for (size_t i = 0; i < node->effects.count; i++) {
		if (node->effects.items[i].type == type && index-- == 0)
			return &node->effects.items[i];
	}
	return NULL;
}

const struct note *hub_node_note(const struct hub_node *node, enum note_type type)
{
	for (size_t i = 0; i < node->effects.count; i++) {
		const struct effect *effect = &node->effects.items[i];
		if (effect->type == EFFECT_NOTE && effect->note->type == type)
			return effect->note;
	}
	return NULL;
}

static void sent_decode(struct message *out, const struct effect *effect)
{
	assert_int_equal(message_decode(out, buf_bytes(&effect->bytes)), ERR_OK);
}

bool hub_node_sent(const struct hub_node *node, const struct peer *peer, enum message_type type,
		   size_t index, struct message *out)
{
	for (size_t i = 0; i < node->effects.count; i++) {
		const struct effect *effect = &node->effects.items[i];
		if (effect->type != EFFECT_SEND || effect->link != peer->link)
			continue;
		sent_decode(out, effect);
		if (out->type == type && index-- == 0)
			return true;
	}
	return false;
}

static const char *const reason_names[] = {
#define X(NAME, refusal, close, text) [LINK_REASON_##NAME] = #NAME,
	LINK_REASON_LIST(X)
#undef X
};

/* One effect in words; NULL: no peer notices it. */
static const char *effect_words(const struct effect *effect, const char **reason)
{
	struct message m;
	*reason = "";
	switch (effect->type) {
	case EFFECT_SEND:
		sent_decode(&m, effect);
		return message_name(m.type);
	case EFFECT_SERVE:
		return "SERVE";
	case EFFECT_RECALL:
		return "RECALL";
	case EFFECT_ADMIT:
		*reason = effect->ok ? "" : reason_names[effect->reason];
		return effect->ok ? "ADMIT" : "REFUSE:";
	case EFFECT_CLOSE:
		*reason = reason_names[effect->reason];
		return "CLOSE:";
	case EFFECT_DIAL:
	case EFFECT_CERTIFICATE:
	case EFFECT_NOTE:
		return NULL;
	}
	return NULL;
}

const char *hub_node_heard(struct hub_node *node, uint64_t link)
{
	size_t len = 0;
	node->heard[0] = 0;
	for (size_t i = 0; i < node->effects.count; i++) {
		const struct effect *effect = &node->effects.items[i];
		const char *reason, *words = effect_words(effect, &reason);
		if (!words || effect->link != link)
			continue;
		len += (size_t)snprintf(node->heard + len, sizeof(node->heard) - len, "%s%s%s",
					len ? " " : "", words, reason);
		assert_true(len < sizeof(node->heard));
	}
	return node->heard;
}

void hub_node_forget(struct hub_node *node)
{
	effects_reset(&node->effects);
}

size_t hub_node_copy(struct ledger_node *from, struct hub_node *to, uint32_t author)
{
	return test_copy_into(from, &to->hub.ledger, to->txn, author);
}

static void fill(struct ledger *ledger, struct txn *txn, unsigned count, size_t len)
{
	for (unsigned i = 0; i < count; i++)
		test_append(ledger, txn, i, len);
	assert_int_equal(ledger_head_make(ledger, txn, NULL), ERR_OK);
}

void hub_node_fill(struct hub_node *node, const struct test_federation *fed, uint32_t member,
		   unsigned count, size_t len)
{
	struct ledger_node other;
	if (member == author_member(node->hub.author)) {
		fill(&node->hub.ledger, node->txn, count, len);
		return;
	}
	ledger_node_open(&other, fed, member);
	ledger_now(&other.ledger, hub_node_wall(node));
	fill(&other.ledger, other.txn, count, len);
	assert_int_equal(hub_node_copy(&other, node, author_of(member, 0)), count);
	ledger_node_close(&other);
}

/* ---- the charter ---- */

void hub_node_charter(struct hub_node *node, const struct test_federation *fed,
		      const struct charter_change *changes, size_t count)
{
	struct buf entry;
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	test_charter_next(&entry, fed, &node->hub.charter, changes, count);
	assert_int_equal(fork_accept(&node->hub, node->txn, buf_bytes(&entry), 0), ERR_OK);
	buf_fini(&entry);
}

void hub_node_remove(struct hub_node *node, const struct test_federation *fed, uint32_t member)
{
	struct charter_change changes[2] = {{.kind = CHARTER_REMOVE, .member.number = member}};
	draft_change_key(&changes[1], node->hub.charter.key_number + 1);
	hub_node_charter(node, fed, changes, COUNT(changes));
}

/* ---- what most tests begin with ---- */

int hub_fixture_setup(void **state)
{
	struct hub_fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 4, 3, 2);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[0]);
	f->peer = hub_node_member(&f->node, &f->fed.orgs[1]);
	*state = f;
	return 0;
}

int hub_fixture_teardown(void **state)
{
	struct hub_fixture *f = *state;
	hub_node_close(&f->node);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}
