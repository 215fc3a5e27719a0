/* identity: what init makes is what the daemon loads, and nothing half made is taken for a node. */
#include <sys/stat.h>

#include "crypto/root.h"
#include "crypto/wrap.h"
#include "proto/charter/identity.h"
#include "test/proto/federation.h"

struct fixture {
	char *base, *dir;
	struct keyring *keyring;
	struct db *db;
	struct random random;
};

static const struct identity_options good = {.name = "Stadt Meißen",
					     .slug = "meissen",
					     .ags = "14627140",
					     .operator= "self",
					     .now_ms = TEST_TIME_MS};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	char why[WHY_LEN];

	f->base = test_dir_init();
	f->dir = dir_file(f->base, "node");
	f->random = random_seeded(42);
	if (dir_create(f->dir, why) ||
	    keyring_create(&f->keyring, f->dir, bytes_of(NULL, 0), &f->random))
		return 1;
	f->db = test_db(f->dir);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	keyring_close(f->keyring);
	db_close(f->db);
	test_dir_fini(f->base);
	free(f->dir);
	free(f);
	return 0;
}

static enum err create(struct fixture *f, const struct identity_options *options)
{
	struct txn *txn = txn_begin(f->db, true);
	enum err err = identity_create(f->keyring, txn, &f->random, options);

	if (err)
		txn_abort(txn);
	else
		assert_int_equal(txn_commit(txn), ERR_OK);
	return err;
}

static enum err load(struct fixture *f, struct identity *identity)
{
	struct txn *txn = txn_begin(f->db, false);
	enum err err = identity_load(identity, f->keyring, txn);

	txn_abort(txn);
	return err;
}

static void made_node_is_loaded(void **state)
{
	struct fixture *f = *state;
	struct identity identity;
	struct orglog log;
	struct key root, recovery;
	struct sign_pk root_pk;
	struct dh_pk recovery_pk;

	assert_int_equal(load(f, &identity), ERR_ABSENT);
	assert_int_equal(create(f, &good), ERR_OK);
	assert_int_equal(create(f, &good), ERR_EXISTS);
	assert_int_equal(load(f, &identity), ERR_OK);
	assert_string_equal(identity.name, "Stadt Meißen");
	assert_string_equal(identity.slug, "meissen");
	assert_string_equal(identity.ags, "14627140");
	assert_string_equal(identity.operator, "self");
	assert_int_equal(identity.node_index, 0);
	assert_true(identity.store_incarnation != 0);

	/* the log says the same: keys, roles, and the recovery key of the root seed */
	struct txn *txn = txn_begin(f->db, false);
	assert_int_equal(orglog_load(txn, &identity.org, &log), ERR_OK);
	txn_abort(txn);
	assert_int_equal(log.number, 1);
	assert_int_equal(log.node_count, 1);
	assert_int_equal(log.nodes[0].roles, 7);
	assert_true(id_eq(&log.nodes[0].sign, &identity.sign_pk));
	assert_true(id_eq(&log.nodes[0].transport, &identity.transport_pk));
	assert_true(id_eq(&log.wrap, &identity.wrap_pk));
	assert_int_equal(identity_root_sign_seed(&root, &identity), ERR_OK);
	sign_pk_of(&root_pk, &root);
	assert_true(id_eq(&root_pk, &log.root));
	root_recovery_key(&recovery, secret_key(identity.root));
	dh_pk_of(&recovery_pk, &recovery);
	assert_true(id_eq(&recovery_pk, &log.recovery));
	assert_false(id_eq(&log.wrap, &log.recovery));
	assert_false(id_eq(&log.wrap, &identity.transport_pk));
	orglog_fini(&log);
	identity_fini(&identity);
}

/* The root seed may be taken offline. */
static void root_may_be_elsewhere(void **state)
{
	struct fixture *f = *state;
	struct identity identity;
	struct key root;
	char *file = dir_file(f->dir, "keys/root");

	assert_int_equal(create(f, &good), ERR_OK);
	assert_int_equal(remove(file), 0);
	assert_int_equal(load(f, &identity), ERR_OK);
	assert_null(identity.root);
	assert_int_equal(identity_root_sign_seed(&root, &identity), ERR_ABSENT);
	identity_fini(&identity);
	free(file);
}

static void keys_of_another_node_are_refused(void **state)
{
	struct fixture *f = *state;
	struct identity identity;
	struct key other = test_key(1);
	char *file = dir_file(f->dir, "keys/sign");

	assert_int_equal(create(f, &good), ERR_OK);
	assert_int_equal(remove(file), 0);
	assert_int_equal(load(f, &identity), ERR_CORRUPT);
	assert_int_equal(keyring_put(f->keyring, "sign", bytes_obj(&other)), ERR_OK);
	assert_int_equal(load(f, &identity), ERR_CORRUPT);
	assert_null(identity.sign);
	free(file);
}

static void wrong_names_are_refused(void **state)
{
	struct fixture *f = *state;
	struct identity_options bad;
	char long_name[LIMIT_NAME_LEN_MAX + 2];

	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	bad = good;
	bad.name = "";
	assert_int_equal(create(f, &bad), ERR_CONFIG);
	bad.name = "Stadt\nMeißen";
	assert_int_equal(create(f, &bad), ERR_CONFIG);
	bad.name = long_name;
	assert_int_equal(create(f, &bad), ERR_CONFIG);
	bad = good;
	bad.slug = "Meißen";
	assert_int_equal(create(f, &bad), ERR_CONFIG);
	bad = good;
	bad.ags = "1462714";
	assert_int_equal(create(f, &bad), ERR_CONFIG);
	bad = good;
	bad.operator= "";
	assert_int_equal(create(f, &bad), ERR_CONFIG);
	/* nothing was left behind */
	assert_int_equal(create(f, &good), ERR_OK);
}

/* A store that fails at any call leaves no node. */
static void failing_store_leaves_no_node(void **state)
{
	struct fixture *f = *state;
	bool struck = true;

	for (uint64_t n = 1; struck; n++) {
		struct identity identity;
		char *keys = dir_file(f->dir, "keys");
		static const char *const names[] = {"root", "sign", "transport", "wrap"};
		for (size_t i = 0; i < COUNT(names); i++) {
			char *file = dir_file(keys, names[i]);
			remove(file);
			free(file);
		}
		free(keys);
		db_fault_at(f->db, n, ERR_IO);
		struct txn *txn = txn_begin(f->db, true);
		enum err err = identity_create(f->keyring, txn, &f->random, &good);
		if (err)
			txn_abort(txn);
		else
			err = txn_commit(txn);
		struck = db_fault_struck(f->db);
		db_fault_at(f->db, 0, ERR_OK);
		assert_int_equal(err, struck ? ERR_IO : ERR_OK);
		assert_int_equal(load(f, &identity), struck ? ERR_ABSENT : ERR_OK);
		identity_fini(&identity);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(made_node_is_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(root_may_be_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_of_another_node_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_names_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(failing_store_leaves_no_node, setup, teardown),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
