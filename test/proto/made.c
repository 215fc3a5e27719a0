#include "test/proto/made.h"

#include "crypto/path.h"
#include "proto/content/pack.h"
#include "proto/ledger/held.h"
#include "proto/ledger/line.h"
#include "proto/rights/rights.h"
#include "proto/transfer/serve.h"
#include "store/chunks.h"

static void arrivals_take(struct hub_node *node, made_take *take)
{
	struct ledger_arrival arrival;
	while (ledger_arrival_next(&node->hub.ledger, &arrival)) {
		if (take && arrival.tell == LEDGER_TELL)
			take(&node->hub, node->txn, &arrival);
		ledger_arrival_fini(&arrival);
	}
}

/* The own author appends; what others made is accepted. */
enum err made_record(struct hub_node *node, const struct test_federation *fed, unsigned member,
		     enum record_kind kind, struct record_slot slot, struct bytes body,
		     made_take *take)
{
	struct ledger *ledger = &node->hub.ledger;
	uint32_t author = author_of(member, 0);
	struct author_state state;
	struct ledger_news news;
	struct buf whole;
	if (author == node->hub.author) {
		enum err err = ledger_append(ledger, node->txn, kind, record_slot_bytes(&slot),
					     body, NULL, LEDGER_TELL);
		arrivals_take(node, take);
		return err;
	}
	ledger_state(ledger, node->txn, author, &state);
	struct record record = {.author = author,
				.incarnation = 1,
				.sequence = state.sequence + 1,
				.time_ms = hub_node_wall(node),
				.kind = kind,
				.slot = record_slot_bytes(&slot),
				.body = body};
	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	record_make(&whole, &record, &fed->charter.fed, &fed->orgs[member - 1].sign);
	assert_int_equal(whole.err, ERR_OK);
	enum err err = ledger_accept_record(ledger, node->txn, buf_bytes(&whole), &news);
	arrivals_take(node, take);
	buf_fini(&whole);
	return err;
}

void made_copy(struct hub_node *from, struct hub_node *to, uint32_t author, made_take *take)
{
	struct author_state state;
	struct ledger_news news;
	ledger_state(&from->hub.ledger, from->txn, author, &state);
	struct row_key prefix = key_author_incarnation(author, state.incarnation);
	struct walk walk = walk_begin(from->txn, TABLE_RECORD, row_key_bytes(&prefix));
	while (walk_next(&walk)) {
		enum err err = ledger_accept_record(&to->hub.ledger, to->txn, walk.value, &news);
		assert_true(!err || err == ERR_EXISTS);
		arrivals_take(to, take);
	}
}

void made_charter(struct hub_node *node, const struct test_federation *fed,
		  const struct charter_change *changes, size_t count)
{
	struct charter *charter = &node->hub.charter;
	struct charter_vote vote;
	struct buf payload, entry;
	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	assert_int_equal(charter_payload_make(&payload, charter, NULL, hub_node_wall(node), 1,
					      changes, count),
			 ERR_OK);
	charter_vote(&vote, charter, 1, &fed->orgs[0].root, buf_bytes(&payload));
	charter_entry_make(&entry, buf_bytes(&payload), &vote, 1);
	assert_int_equal(charter_accept(node->txn, charter, buf_bytes(&entry), NULL), ERR_OK);
	hub_forget(&node->hub, 0);
	buf_fini(&payload);
	buf_fini(&entry);
}

void made_relay(struct hub_node *node, const struct test_federation *fed, unsigned member)
{
	struct charter_change changes[2] = {
		{.kind = CHARTER_TO_RELAY, .member.number = member},
		{.kind = CHARTER_KEY, .key_number = 2, .has_sealed = true}};
	struct key key = test_key(8);
	fedkey_commitment(&changes[1].key_commitment, &key, 2);
	fedkey_seal_previous(changes[1].sealed, &key, 2, &fed->fed_key, &node->random);
	made_charter(node, fed, changes, 2);
}

void made_roles(struct hub_node *node, const struct test_federation *fed, unsigned member,
		uint8_t roles, int64_t time_ms)
{
	const struct test_org *org = &fed->orgs[member - 1];
	struct orglog log, next;
	struct orglog_node changed;
	struct buf entry;
	assert_int_equal(orglog_load(node->txn, &org->id, &log), ERR_OK);
	changed = log.nodes[0];
	changed.roles = roles;
	next = log;
	next.nodes = &changed;
	next.node_count = 1;
	next.time_ms = time_ms;
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&entry, &log, &next, &org->root);
	assert_int_equal(orglog_accept(node->txn, &org->id, buf_bytes(&entry), NULL), ERR_OK);
	hub_forget(&node->hub, member);
	orglog_fini(&log);
	buf_fini(&entry);
}

/* ---- versions ---- */

static int chunk_cmp(const void *a, const void *b)
{
	struct chunk_addr x, y;
	box_addr(&x, buf_bytes(a));
	box_addr(&y, buf_bytes(b));
	return memcmp(x.b, y.b, ID_LEN);
}

static void chunks_make(struct parcel *p)
{
	struct random random = random_seeded(p->seed + 1000 * p->number + 100000 * p->member);
	for (size_t i = 0; i < p->count; i++) {
		buf_init(&p->chunks[i], p->size);
		random_fill(&random, buf_space(&p->chunks[i], p->size), p->size);
	}
	qsort(p->chunks, p->count, sizeof(p->chunks[0]), chunk_cmp);
	index_init(&p->index);
	for (size_t i = 0; i < p->count; i++) {
		struct chunk_addr addr;
		box_addr(&addr, buf_bytes(&p->chunks[i]));
		index_add(&p->index, &addr, p->size);
	}
	assert_int_equal(index_sort(&p->index), ERR_OK);
}

static void version_fill(struct parcel *p)
{
	struct version *v = &p->version;
	struct bytes path = bytes_str(p->path);
	struct description description = {.title = bytes_str("Plan")};
	const size_t sealed_len = chunk_hidden_len(BOX_KIND_DESCRIPTION, 100);
	*v = (struct version){.path = path,
			      .tier = p->tier,
			      .epoch_number = 1,
			      .number = p->number,
			      .description_key = 1,
			      .manifest_count = 1};
	buf_init(&p->description, DESCRIPTION_LEN_MAX);
	if (p->tier == TIER_OPEN)
		description_encode(&p->description, &description);
	else
		memset(buf_space(&p->description, sealed_len), 0, sealed_len);
	if (p->tier != TIER_MEMBERS)
		v->epoch_prefix = p->tier == TIER_GRANTED ? path_slug(path) : path;
	buf_init(&p->manifest, 256);
	version_part_put(&p->manifest, index_at(&p->index, 0));
	v->description = buf_bytes(&p->description);
	v->manifest = buf_bytes(&p->manifest);
	index_sum(&p->index, &v->index);
}

void parcel_make(struct parcel *p, const struct test_federation *fed)
{
	p->number = p->number ? p->number : 1;
	p->tier = p->tier ? p->tier : TIER_MEMBERS;
	p->count = p->count ? p->count : 1;
	if (!p->size)
		p->size = p->tier == TIER_HIDDEN
				  ? (uint32_t)chunk_hidden_len(BOX_KIND_MANIFEST, 100)
				  : 1000;
	assert_true(p->count <= PARCEL_CHUNK_COUNT_MAX);
	p->of = (struct version_id){test_dataset(fed, p->owner ? p->owner : p->member, p->path),
				    p->number, author_of(p->member, 0)};
	chunks_make(p);
	version_fill(p);
	buf_init(&p->body, LIMIT_RECORD_LEN_MAX);
	version_encode(&p->body, &p->version);
	assert_int_equal(p->body.err, ERR_OK);
}

void parcel_fini(struct parcel *p)
{
	for (size_t i = 0; i < p->count; i++)
		buf_fini(&p->chunks[i]);
	index_fini(&p->index);
	buf_fini(&p->description);
	buf_fini(&p->manifest);
	buf_fini(&p->body);
}

void parcel_known(struct parcel *p, struct hub_node *node, const struct test_federation *fed,
		  made_take *take)
{
	assert_int_equal(made_record(node, fed, p->member, RECORD_VERSION,
				     record_slot_version(&p->of.dataset, p->number),
				     buf_bytes(&p->body), take),
			 ERR_OK);
}

void parcel_held(struct parcel *p, struct hub_node *node)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct index_entry *entry = index_at(&p->index, i);
		held_index_put(node->txn, &p->of, entry, held_closed(&p->version));
		chunks_put(node->txn, &p->of.dataset, &entry->addr, buf_bytes(&p->chunks[i]));
	}
	held_put(node->txn, &p->of,
		 &(struct held){HELD_COMPLETE, hub_node_wall(node), p->version.index.bytes,
				p->version.index.count});
}

const struct chunk_addr *parcel_addr(const struct parcel *p, size_t i)
{
	return &index_at(&p->index, i)->addr;
}

struct buf parcel_index(const struct parcel *p, size_t first, size_t last, bool more)
{
	struct buf entries, out;
	buf_init(&entries, LIMIT_MESSAGE_LEN_MAX);
	for (size_t i = first; i < last; i++)
		index_entry_put(&entries, index_at(&p->index, i));
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_index(&out, &p->of, buf_bytes(&entries), more);
	buf_fini(&entries);
	return out;
}

struct event parcel_chunk(const struct parcel *p, size_t i, const struct peer *peer)
{
	return (struct event){.type = EVENT_CHUNK,
			      .link = peer->link,
			      .dataset = p->of.dataset,
			      .addr = *parcel_addr(p, i),
			      .bytes = buf_bytes(&p->chunks[i])};
}

struct event parcel_nil(const struct parcel *p, size_t i, const struct peer *peer)
{
	struct event event = parcel_chunk(p, i, peer);
	event.bytes = bytes_of(NULL, 0);
	event.err = ERR_ABSENT;
	return event;
}

void parcel_offer(const struct parcel *p, struct hub_node *node, struct peer *peer)
{
	struct message_list list = message_list_begin(MESSAGE_HOLDS);
	struct buf out;
	message_list_version(&list, &p->of);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &out);
	hub_node_hear(node, peer, serve_holds_take, &out);
}

/* ---- lines ---- */

static void line_take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	rights_arrival(hub, txn, &arrival->record);
}

void gift_made(struct gift *gift, struct hub_node *node, const struct test_federation *fed,
	       made_take *take)
{
	const int64_t begin_ms = gift->not_before_ms ? gift->not_before_ms : TEST_TIME_MS;
	const int64_t span_ms = 30 * 24 * 3600 * INT64_C(1000);
	struct line line = {.issuer = gift->from,
			    .audience = gift->to,
			    .org = fed->orgs[gift->to - 1].id,
			    .prefix = bytes_str(gift->prefix),
			    .nonce = {gift->nonce},
			    .has_parent = gift->parent != NULL,
			    .round = gift->round ? gift->round : 1,
			    .verb = gift->ended  ? VERB_NONE
				    : gift->verb ? gift->verb
						 : VERB_READ,
			    .not_before_ms = begin_ms,
			    .expiry_ms = gift->expiry_ms ? gift->expiry_ms : begin_ms + span_ms,
			    .depth = gift->depth ? gift->depth : 1,
			    .widest = LINE_TIER_USUAL,
			    .keep = KEEPING_CURRENT};
	struct buf body;
	if (gift->parent)
		line.parent = *gift->parent;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	line_put(&body, &line);
	line_id(&gift->id, &line);
	assert_int_equal(made_record(node, fed, gift->from, RECORD_LINE, line_slot(&gift->id),
				     buf_bytes(&body), take ? take : line_take),
			 ERR_OK);
	buf_fini(&body);
}
