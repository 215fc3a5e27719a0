/*
 * docs/vectors/keys: wraps, key records and binds, for whoever writes another implementation
 * (docs/vectors/README.md).
 *
 * test-proto-vectors_keys [--write]      from the root of the tree
 */
#include <string.h>

#include "crypto/path.h"
#include "proto/ledger/keyrecord.h"
#include "proto/ledger/keywrap.h"
#include "proto/wire/wire_out.h"
#include "test/proto/federation.h"
#include "test/proto/vectors.h"

#define Q      "meissen/kita"
#define PARENT "meissen"

static struct vectors vectors = {.folder = "docs/vectors/keys/"};
static const struct key key_q = {{1, 2}}, key_parent = {{3, 4}}, key_before = {{5, 6}};
static const struct key key_above = {{7, 8}}; /* of epoch 8 at the parent */

/* ---- wraps ---- */

struct wrap_case {
	const char *about;
	struct wrap_context context; /* that who opens it believes */
	struct key secret;
	bool spoilt; /* a bit of the wrap */
};

static json_t *wrap_json(const struct wrap_case *c, const struct wrap *wrap)
{
	struct wrap shown = *wrap;
	struct key key;

	shown.b[WRAP_LEN - 1] ^= c->spoilt;
	bool opens = !wrap_open(&key, &shown, &c->secret, &c->context);
	assert_true(!opens || memcmp(key.b, key_q.b, KEY_LEN) == 0);
	return json_pack("{s:s, s:o, s:o, s:s%, s:I, s:o, s:o, s:b, s:o?}", "about", c->about,
			 "granter", vectors_hex(id_bytes(&c->context.granter)), "grantee",
			 vectors_hex(id_bytes(&c->context.grantee)), "prefix",
			 (const char *)c->context.prefix.ptr, c->context.prefix.len, "number",
			 (json_int_t)c->context.number, "secret",
			 vectors_hex(bytes_of(c->secret.b, KEY_LEN)), "wrap",
			 vectors_hex(bytes_obj(&shown.b)), "opens", opens, "key",
			 opens ? vectors_hex(bytes_of(key.b, KEY_LEN)) : NULL);
}

static void wraps(void **state)
{
	struct random random = random_seeded(1);
	const struct wrap_context right = {
		.granter = {{1}}, .grantee = {{2}}, .prefix = bytes_str(Q), .number = 7};
	const struct key secret = test_key(1), other = test_key(2);
	struct wrap_case cases[] = {
		{"as it was made", right, secret, false},
		{"by another granter", right, secret, false},
		{"to another grantee", right, secret, false},
		{"moved to a path below", right, secret, false},
		{"moved to another epoch", right, secret, false},
		{"with another secret key", right, other, false},
		{"with its last bit changed", right, secret, true},
	};
	json_t *list = json_array();
	struct wrap_key_id id;
	struct wrap wrap;
	struct dh_pk pk;

	(void)state;
	cases[1].context.granter.b[31] = 1;
	cases[2].context.grantee.b[31] = 1;
	cases[3].context.prefix = bytes_str(Q "/x");
	cases[4].context.number = 8;
	dh_pk_of(&pk, &secret);
	wrap_key_id(&id, &pk);
	assert_int_equal(wrap_seal(&wrap, &key_q, &pk, &right, &random), ERR_OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *item = wrap_json(&cases[i], &wrap);
		assert_int_equal(json_is_true(json_object_get(item, "opens")), i == 0);
		json_array_append_new(list, item);
	}
	const struct keywrap body = {.grantee = right.grantee,
				     .prefix = right.prefix,
				     .number = right.number,
				     .key = id,
				     .wrap = wrap};
	struct buf bytes;
	buf_init(&bytes, 1000);
	keywrap_put(&bytes, &body);
	vectors_same(
		&vectors, "wraps",
		json_pack("{s:s, s:o, s:o, s:o, s:o}", "about",
			  "wraps of one key (section 5.2), and the body of a record of the first",
			  "public", vectors_hex(id_bytes(&pk)), "key_id",
			  vectors_hex(bytes_obj(&id.b)), "wraps", list, "body",
			  vectors_hex(buf_bytes(&bytes))));
	buf_fini(&bytes);
}

/* ---- key records ---- */

static void record_make_up(struct keyrecord *r, struct buf *links)
{
	struct random random = random_seeded(2);

	*r = (struct keyrecord){.prefix = bytes_str(Q),
				.number = 3,
				.recovery = {{WRAP_SUITE}},
				.own_key = {{7}},
				.own_wrap = {{WRAP_SUITE, 8}}};
	epoch_commitment(&r->commitment, &key_q, r->number, r->prefix);
	r->down.prefix = bytes_str(PARENT);
	r->down.number = 9;
	keyrecord_down_seal(r, &key_parent, &key_q, &random);
	buf_init(links, EPOCH_BACK_LEN_MAX);
	assert_true(keyrecord_back_add(r, links, r->prefix, 2, &key_q, &key_before, &random));
}

/*
 * As in the first epoch at a path: the key of one above it, carried on to here.
 * PROTOCOL: "For Q' above Q it is the key of (Q', n') carried on to Q by `am1.path`"
 */
static void back_from_above(struct keyrecord *r, struct buf *links)
{
	struct random random = random_seeded(3);
	struct key carried;

	path_key(&carried, &key_above, bytes_str(PARENT), r->prefix);
	buf_reset(links);
	r->back = (struct epoch_backs){.count = 0};
	assert_true(keyrecord_back_add(r, links, bytes_str(PARENT), 8, &key_q, &carried, &random));
}

/* What the one link back of such a record gives. */
static json_t *carried_json(void)
{
	struct keyrecord r, read;
	struct buf links, body;
	struct epoch_link link;
	struct key opened;

	record_make_up(&r, &links);
	back_from_above(&r, &links);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	keyrecord_put(&body, &r);
	assert_int_equal(keyrecord_get(&read, buf_bytes(&body)), ERR_OK);
	struct back_walk walk = keyrecord_backs(&read);
	assert_true(keyrecord_back_next(&walk, &link));
	assert_int_equal(keyrecord_back_open(&opened, &read, &link, &key_q), ERR_OK);
	buf_fini(&links);
	buf_fini(&body);
	return vectors_hex(bytes_of(opened.b, KEY_LEN));
}

/* The links lead where links may, and nowhere else. */
#define RECORDS(X)                                                                                 \
	X("a key record", (void)r)                                                                 \
	X("back from above", back_from_above(r, &of))                                              \
	X("without links", (r->down.present = false, r->back = (struct epoch_backs){.count = 0}))  \
	X("a link back whose key is lost", r->back = (struct epoch_backs){.lost = true})           \
	X("number 0", r->number = 0)                                                               \
	X("a prefix that is no path", r->prefix = bytes_str("meissen/"))                           \
	X("down from beside", r->down.prefix = bytes_str("riesa"))                                 \
	X("down from itself", r->down.prefix = r->prefix)                                          \
	X("back to its own number", r->number = 2)

static void record_add(json_t *list, const char *about, const struct keyrecord *r)
{
	struct keyrecord read;
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	keyrecord_put(&body, r);
	enum err err = keyrecord_get(&read, buf_bytes(&body));
	assert_true(!err || err == ERR_MALFORMED);
	json_array_append_new(list, json_pack("{s:s, s:o, s:s}", "about", about, "body",
					      vectors_hex(buf_bytes(&body)), "result",
					      err ? "malformed" : "ok"));
	buf_fini(&body);
}

static void records_add(json_t *list)
{
#define X(words, change)                                                                           \
	{                                                                                          \
		struct keyrecord made, *r = &made;                                                 \
		struct buf of;                                                                     \
		record_make_up(r, &of);                                                            \
		change;                                                                            \
		record_add(list, words, r);                                                        \
		buf_fini(&of);                                                                     \
	}
	RECORDS(X)
#undef X
}

static void records(void **state)
{
	json_t *list = json_array();
	struct keyrecord r, read;
	struct buf links, body;
	struct back_walk walk;
	struct epoch_link link;
	struct key opened;

	(void)state;
	records_add(list);
	record_make_up(&r, &links);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	keyrecord_put(&body, &r);
	assert_int_equal(keyrecord_get(&read, buf_bytes(&body)), ERR_OK);
	assert_int_equal(keyrecord_down_open(&opened, &read, &key_parent), ERR_OK);
	assert_memory_equal(opened.b, key_q.b, KEY_LEN);
	walk = keyrecord_backs(&read);
	assert_true(keyrecord_back_next(&walk, &link));
	assert_int_equal(keyrecord_back_open(&opened, &read, &link, &key_q), ERR_OK);
	assert_memory_equal(opened.b, key_before.b, KEY_LEN);
	vectors_same(
		&vectors, "key_records",
		json_pack(
			"{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "about",
			"bodies of key records (section 5.6); of the first the keys that its "
			"commitment, its link down (from meissen, epoch 9) and its link back hold; "
			"the second has one back from meissen, epoch 8, whose key is key_above",
			"prefix", Q, "number", 3, "key", vectors_hex(bytes_of(key_q.b, KEY_LEN)),
			"commitment", vectors_hex(id_bytes(&r.commitment)), "parent_key",
			vectors_hex(bytes_of(key_parent.b, KEY_LEN)), "key_before",
			vectors_hex(bytes_of(key_before.b, KEY_LEN)), "key_above",
			vectors_hex(bytes_of(key_above.b, KEY_LEN)), "key_above_carried",
			carried_json(), "bodies", list));
	buf_fini(&links);
	buf_fini(&body);
}

/* ---- binds ---- */

/* A charter of three stewards' votes, and the bind that follows by the key announced in it. */
static void binds(void **state)
{
	struct test_federation *fed = mem_new(1, sizeof(*fed));
	struct charter_change bind = {.kind = CHARTER_BIND};
	struct buf entry;

	(void)state;
	test_federation_init(fed, 3, 1, 1);
	bind.member.number = 2;
	bind.member.root = fed->orgs[1].next_pk;
	charter_next_root(&bind.member.next_root, &bind.member.root);
	bind.log_entry = (struct digest){{0}};
	memcpy(bind.log_entry.b, fed->orgs[1].id.b, ID_LEN);
	charter_bind_sign(&bind, &fed->charter, &fed->orgs[1].next);
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	test_charter_next(&entry, fed, &fed->charter, &bind, 1);
	json_t *json = json_pack(
		"{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o}", "about",
		"a charter, and the entry that binds another root key of member 2 to entry 1 of "
		"its "
		"log, signed by the key whose hash stands in the table (section 4.5)",
		"federation", vectors_hex(id_bytes(&fed->charter.fed)), "entry1",
		vectors_hex(buf_bytes(&fed->entry)), "entry2", vectors_hex(buf_bytes(&entry)),
		"root", vectors_hex(id_bytes(&bind.member.root)), "next_root",
		vectors_hex(id_bytes(&bind.member.next_root)), "log_entry",
		vectors_hex(id_bytes(&bind.log_entry)), "member", 2, "signature",
		vectors_hex(bytes_obj(&bind.sig.b)));
	assert_int_equal(charter_apply(&fed->charter, buf_bytes(&entry)), ERR_OK);
	const struct charter_member *member = charter_member(&fed->charter, 2);
	assert_true(id_eq(&member->root, &bind.member.root));
	vectors_same(&vectors, "bind", json);
	buf_fini(&entry);
	test_federation_fini(fed);
	free(fed);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wraps),
		cmocka_unit_test(records),
		cmocka_unit_test(binds),
	};

	vectors.writes = argc > 1 && strcmp(argv[1], "--write") == 0;
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
