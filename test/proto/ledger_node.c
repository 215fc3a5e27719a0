#include "test/proto/ledger_node.h"

#include "crypto/path.h"
#include "proto/content/version.h"

void ledger_node_open(struct ledger_node *node, const struct test_federation *fed, unsigned number)
{
	*node = (struct ledger_node){.fed = fed, .limits = limits_default()};
	node->dir = test_dir_memory();
	node->db = test_db(node->dir);
	node->txn = txn_begin(node->db, true);
	test_federation_store(fed, node->txn);
	ledger_init(&node->ledger, &fed->charter, &node->limits);
	ledger_now(&node->ledger, TEST_TIME_MS);
	if (number > 0)
		ledger_own(&node->ledger, author_of(number, 0), &fed->orgs[number - 1].sign);
}

void ledger_node_close(struct ledger_node *node)
{
	txn_abort(node->txn);
	ledger_fini(&node->ledger);
	db_close(node->db);
	test_dir_fini(node->dir);
}

void ledger_node_turn(struct ledger_node *node)
{
	ledger_settle(&node->ledger, node->txn);
	assert_int_equal(txn_commit(node->txn), ERR_OK);
	node->txn = txn_begin(node->db, true);
}

void test_version_body(struct buf *out, const char *path, uint64_t number, unsigned variant)
{
	uint8_t description[200] = {0};
	struct index_entry part = {.addr = {{9}}, .size = 200};
	struct buf manifest;
	struct version version = {
		.path = bytes_str(path),
		.tier = TIER_MEMBERS,
		.epoch_number = 1,
		.number = number,
		.description = bytes_obj(&description),
		.manifest_count = 1,
		.index = {.count = 1, .bytes = 200},
	};

	memcpy(version.key_check.b, &variant, sizeof(variant));
	buf_init(&manifest, 256);
	version_part_put(&manifest, &part);
	version.manifest = buf_bytes(&manifest);
	version_encode(out, &version);
	buf_fini(&manifest);
}

struct dataset_id test_dataset(const struct test_federation *fed, unsigned member, const char *path)
{
	struct dataset_id dataset;

	path_dataset_id(&dataset, &fed->orgs[member - 1].id, bytes_str(path));
	return dataset;
}

void test_record_init(struct test_record *record, const struct test_federation *fed,
		      unsigned member, const char *path, uint64_t number, uint64_t sequence)
{
	struct dataset_id dataset = test_dataset(fed, member, path);

	*record = (struct test_record){.fields = {.author = author_of(member, 0),
						  .incarnation = 1,
						  .sequence = sequence,
						  .time_ms = TEST_TIME_MS,
						  .kind = RECORD_VERSION},
				       .slot = record_slot_version(&dataset, number),
				       .seed = fed->orgs[member - 1].sign,
				       .fed = fed->charter.fed};
	buf_init(&record->body, LIMIT_RECORD_LEN_MAX);
	test_version_body(&record->body, path, number, (unsigned)sequence);
}

void test_record_fini(struct test_record *record)
{
	buf_fini(&record->body);
}

void test_record_put(struct buf *out, const struct test_record *record)
{
	struct record fields = record->fields;

	fields.slot = record_slot_bytes(&record->slot);
	fields.body = buf_bytes(&record->body);
	record_make(out, &fields, &record->fed, &record->seed);
	assert_int_equal(out->err, ERR_OK);
}

void test_publish(struct ledger_node *node, const char *path, uint64_t number, unsigned variant)
{
	struct dataset_id dataset =
		test_dataset(node->fed, author_member(node->ledger.own_author), path);
	struct record_slot slot = record_slot_version(&dataset, number);
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	test_version_body(&body, path, number, variant);
	assert_int_equal(ledger_append(&node->ledger, node->txn, RECORD_VERSION,
				       record_slot_bytes(&slot), buf_bytes(&body), NULL,
				       LEDGER_QUIET),
			 ERR_OK);
	buf_fini(&body);
}

void test_append(struct ledger *ledger, struct txn *txn, uint32_t n, size_t len)
{
	uint8_t slot[5] = {120};
	uint8_t *body = mem_new(1, len + 1);

	be32_put(slot + 1, n);
	assert_int_equal(ledger_append(ledger, txn, slot[0], bytes_obj(&slot), bytes_of(body, len),
				       NULL, LEDGER_QUIET),
			 ERR_OK);
	free(body);
}

struct author_state test_state(struct ledger_node *node, uint32_t author)
{
	struct author_state state;
	enum err err = ledger_state(&node->ledger, node->txn, author, &state);

	assert_true(err == ERR_OK || err == ERR_ABSENT);
	return state;
}

size_t test_copy_into(struct ledger_node *from, struct ledger *to, struct txn *txn, uint32_t author)
{
	struct author_state state = test_state(from, author);
	struct row_key prefix = key_author_incarnation(author, state.incarnation);
	struct walk walk = walk_begin(from->txn, TABLE_RECORD, row_key_bytes(&prefix));
	struct ledger_news news;
	struct bytes head;
	size_t stored = 0;

	if (ledger_head(from->txn, author, state.incarnation, &head))
		ledger_accept_head(to, txn, head, NULL);
	while (walk_next(&walk))
		if (!ledger_accept_record(to, txn, walk.value, &news))
			stored += news.stored;
	return stored;
}

size_t test_copy(struct ledger_node *from, struct ledger_node *to, uint32_t author)
{
	return test_copy_into(from, &to->ledger, to->txn, author);
}
