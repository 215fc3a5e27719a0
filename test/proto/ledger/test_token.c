/* Tokens: their bytes, and what follows from the bytes alone. */
#include "proto/ledger/token.h"

#include "proto/wire/wire_out.h"
#include "test/proto/federation.h"

static const struct fed_id fed = {{9}};

struct chain { /* of links that are signed by test_key(1); each is made from its fields */
	struct token_link link[TOKEN_LINK_COUNT_MAX + 1];
	struct buf whole[TOKEN_LINK_COUNT_MAX + 1];
	size_t count;
};

static struct org_id org(unsigned n)
{
	return (struct org_id){{(uint8_t)n, 1}};
}

/*
 * A chain from organisation 1 to organisation count + 1 with room between the links in each field.
 */
static void chain_init(struct chain *chain, size_t count)
{
	static const char *const prefixes[] = {"meissen", "meissen/kita", "meissen/kita/plan"};

	*chain = (struct chain){.count = count};
	for (size_t i = 0; i < count; i++)
		chain->link[i] = (struct token_link){
			.issuer = org((unsigned)i + 1),
			.issuer_node = 3,
			.audience = org((unsigned)i + 2),
			.verb = i == 0 ? VERB_ADMIN : VERB_READ,
			.prefix = bytes_str(prefixes[i < 2 ? i : 2]),
			.not_before_ms = TEST_TIME_MS + (int64_t)i,
			.expiry_ms = TEST_TIME_MS + 1000 - (int64_t)i,
			.depth = 20 - (uint32_t)i,
			.round = 7,
			.has_parent = i > 0,
		};
}

/* Signs all links, each naming the one before. */
static void chain_make(struct chain *chain)
{
	struct key seed = test_key(1);
	struct token_link made;

	for (size_t i = 0; i < chain->count; i++) {
		buf_fini(&chain->whole[i]);
		buf_init(&chain->whole[i], 2 * TOKEN_LINK_LEN_MAX);
		token_link_make(&chain->whole[i], &chain->link[i], &fed, &seed);
		assert_int_equal(token_link_get(&made, buf_bytes(&chain->whole[i])), ERR_OK);
		if (i + 1 < chain->count)
			chain->link[i + 1].parent = made.id;
	}
}

static enum err chain_get(struct chain *chain, struct token *token, struct buf *body)
{
	struct bytes links[TOKEN_LINK_COUNT_MAX + 1];

	for (size_t i = 0; i < chain->count; i++)
		links[i] = buf_bytes(&chain->whole[i]);
	buf_init(body, LIMIT_RECORD_LEN_MAX);
	token_put(body, links, chain->count);
	assert_int_equal(body->err, ERR_OK);
	return token_get(token, buf_bytes(body));
}

static void chain_fini(struct chain *chain, struct buf *body)
{
	for (size_t i = 0; i < chain->count; i++)
		buf_fini(&chain->whole[i]);
	buf_fini(body);
}

static enum err chain_verdict(struct chain *chain)
{
	struct token token;
	struct buf body;

	chain_make(chain);
	enum err err = chain_get(chain, &token, &body);
	chain_fini(chain, &body);
	return err;
}

static void what_was_written_is_read(void **state)
{
	struct sign_pk pk, other;
	struct chain chain;
	struct token token;
	struct buf body;

	sign_pk_of(&pk, &(struct key){{1}});
	for (size_t count = 1; count <= TOKEN_LINK_COUNT_MAX; count++) {
		chain_init(&chain, count);
		chain_make(&chain);
		assert_int_equal(chain_get(&chain, &token, &body), ERR_OK);
		assert_int_equal(token.count, count);
		const struct token_link *last = &token.link[count - 1];
		assert_true(id_eq(&token.id, &last->id));
		assert_true(id_eq(&last->issuer, &chain.link[count - 1].issuer));
		assert_true(id_eq(&last->audience, &chain.link[count - 1].audience));
		assert_int_equal(last->issuer_node, 3);
		assert_int_equal(last->verb, chain.link[count - 1].verb);
		assert_true(bytes_eq(last->prefix, chain.link[count - 1].prefix));
		assert_true(last->expiry_ms == chain.link[count - 1].expiry_ms);
		assert_int_equal(last->round, 7);
		struct key seed = test_key(1), wrong = test_key(2);
		sign_pk_of(&pk, &seed);
		sign_pk_of(&other, &wrong);
		assert_int_equal(token_link_check_sig(last, &pk, &fed), ERR_OK);
		assert_int_equal(token_link_check_sig(last, &other, &fed), ERR_DENIED);
		assert_int_equal(token_link_check_sig(last, &pk, &(struct fed_id){{8}}),
				 ERR_DENIED);
		chain_fini(&chain, &body);
	}
}

static void nine_links_are_too_many(void **state)
{
	struct chain chain;

	chain_init(&chain, TOKEN_LINK_COUNT_MAX + 1);
	assert_int_equal(chain_verdict(&chain), ERR_MALFORMED);
	chain_init(&chain, TOKEN_LINK_COUNT_MAX);
	assert_int_equal(chain_verdict(&chain), ERR_OK);
}

static void no_link_is_no_token(void **state)
{
	struct token token;
	struct buf body;

	buf_init(&body, 100);
	token_put(&body, NULL, 0);
	assert_int_equal(token_get(&token, buf_bytes(&body)), ERR_MALFORMED);
	buf_fini(&body);
}

/* A path fits into 1,024 bytes only when it is not the longest there may be. */
static void a_link_has_1024_bytes(void **state)
{
	char path[LIMIT_PATH_LEN_MAX];
	struct key seed = test_key(1);
	struct token_link link, got;
	struct chain chain;
	struct buf whole;
	size_t len;

	chain_init(&chain, 1);
	link = chain.link[0];
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 64 == 63 ? '/' : 'a';
	memcpy(path, "meissen/", 8);
	for (len = 700;; len++) {
		if (path[len - 1] == '/')
			continue;
		link.prefix = bytes_of(path, len);
		buf_init(&whole, 2 * TOKEN_LINK_LEN_MAX);
		token_link_make(&whole, &link, &fed, &seed);
		if (whole.err)
			break;
		assert_true(whole.len <= TOKEN_LINK_LEN_MAX);
		assert_int_equal(token_link_get(&got, buf_bytes(&whole)), ERR_OK);
		buf_fini(&whole);
	}
	assert_int_equal(whole.err, ERR_FULL);
	assert_true(len > 780);
	buf_fini(&whole);
	struct bytes zeros = bytes_of(mem_new(1, TOKEN_LINK_LEN_MAX + 1), TOKEN_LINK_LEN_MAX + 1);
	assert_int_equal(token_link_get(&got, zeros), ERR_FULL);
	free((void *)zeros.ptr);
}

/* ---- a child lies within its parent ---- */

static void a_child_has_no_higher_verb(void **state)
{
	struct chain chain;

	for (enum verb parent = VERB_RELAY; parent <= VERB_ADMIN; parent++)
		for (enum verb child = VERB_RELAY; child <= VERB_ADMIN; child++) {
			chain_init(&chain, 2);
			chain.link[0].verb = parent;
			chain.link[1].verb = child;
			assert_int_equal(chain_verdict(&chain),
					 child <= parent ? ERR_OK : ERR_PROTOCOL);
		}
}

static void a_prefix_contains_by_component(void **state)
{
	static const struct {
		const char *parent, *child;
		enum err err;
	} cases[] = {
		{"meissen/roads", "meissen/roads", ERR_OK},
		{"meissen/roads", "meissen/roads/a4", ERR_OK},
		{"meissen/roads", "meissen/roads-internal", ERR_PROTOCOL},
		{"meissen/roads", "meissen/roads-internal/a4", ERR_PROTOCOL},
		{"meissen/roads", "meissen/road", ERR_PROTOCOL},
		{"meissen/roads", "meissen", ERR_PROTOCOL},
		{"meissen/roads", "riesa/roads", ERR_PROTOCOL},
	};
	struct chain chain;

	for (size_t i = 0; i < COUNT(cases); i++) {
		chain_init(&chain, 2);
		chain.link[0].prefix = bytes_str(cases[i].parent);
		chain.link[1].prefix = bytes_str(cases[i].child);
		assert_int_equal(chain_verdict(&chain), cases[i].err);
	}
}

static void a_child_keeps_to_its_parents_time(void **state)
{
	static const struct {
		int from, to;
		enum err err;
	} cases[] = {
		{0, 0, ERR_OK},  {1, 0, ERR_OK},        {0, -1, ERR_OK},
		{5, -5, ERR_OK}, {-1, 0, ERR_PROTOCOL}, {0, 1, ERR_PROTOCOL},
	};
	struct chain chain;

	for (size_t i = 0; i < COUNT(cases); i++) {
		chain_init(&chain, 2);
		chain.link[1].not_before_ms = chain.link[0].not_before_ms + cases[i].from;
		chain.link[1].expiry_ms = chain.link[0].expiry_ms + cases[i].to;
		assert_int_equal(chain_verdict(&chain), cases[i].err);
	}
}

static void a_childs_depth_is_smaller(void **state)
{
	struct chain chain;

	for (uint32_t depth = 0; depth < 4; depth++) {
		chain_init(&chain, 2);
		chain.link[0].depth = 2;
		chain.link[1].depth = depth;
		assert_int_equal(chain_verdict(&chain), depth < 2 ? ERR_OK : ERR_PROTOCOL);
	}
	chain_init(&chain, 2);
	chain.link[0].depth = chain.link[1].depth = 0;
	assert_int_equal(chain_verdict(&chain), ERR_PROTOCOL);
}

static void a_childs_issuer_is_the_audience_before(void **state)
{
	struct chain chain;

	chain_init(&chain, 2);
	chain.link[1].issuer = org(1);
	assert_int_equal(chain_verdict(&chain), ERR_PROTOCOL);
}

static void a_child_names_its_parent(void **state)
{
	struct chain chain;
	struct token token;
	struct buf body;

	for (unsigned wrong = 0; wrong < 3; wrong++) {
		struct key seed = test_key(1);
		chain_init(&chain, 2);
		chain_make(&chain);
		if (wrong == 1)
			chain.link[1].parent.b[31] ^= 1;
		chain.link[1].has_parent = wrong != 2;
		buf_reset(&chain.whole[1]);
		token_link_make(&chain.whole[1], &chain.link[1], &fed, &seed);
		assert_int_equal(chain_get(&chain, &token, &body), wrong ? ERR_PROTOCOL : ERR_OK);
		chain_fini(&chain, &body);
	}
	chain_init(&chain, 1);
	chain.link[0].has_parent = true;
	assert_int_equal(chain_verdict(&chain), ERR_PROTOCOL);
}

static void nobody_is_its_own_audience(void **state)
{
	struct chain chain;

	chain_init(&chain, 1);
	chain.link[0].audience = org(1);
	assert_int_equal(chain_verdict(&chain), ERR_PROTOCOL);
	chain_init(&chain, 2);
	chain.link[1].audience = org(2);
	assert_int_equal(chain_verdict(&chain), ERR_PROTOCOL);
}

/* ---- form ---- */

static void values_have_their_range(void **state)
{
	struct key seed = test_key(1);
	struct token_link got;
	struct chain chain;

	for (unsigned i = 0; i < 5; i++) {
		chain_init(&chain, 1);
		struct token_link link = chain.link[0];
		struct buf whole;
		if (i == 0)
			link.verb = VERB_NONE;
		if (i == 1)
			link.verb = (enum verb)(VERB_ADMIN + 1);
		if (i == 2)
			link.prefix = bytes_str("Meissen");
		if (i == 3)
			link.prefix = bytes_str("");
		if (i == 4)
			link.prefix = bytes_str("meissen/");
		buf_init(&whole, TOKEN_LINK_LEN_MAX);
		token_link_make(&whole, &link, &fed, &seed);
		assert_int_equal(token_link_get(&got, buf_bytes(&whole)), ERR_MALFORMED);
		buf_fini(&whole);
	}
}

static void another_form_is_another_version(void **state)
{
	struct chain chain;
	struct token token;
	struct buf body;

	chain_init(&chain, 1);
	chain_make(&chain);
	assert_int_equal(chain_get(&chain, &token, &body), ERR_OK);
	body.ptr[1] = 2;
	assert_int_equal(token_get(&token, buf_bytes(&body)), ERR_VERSION);
	body.ptr[1] = 1;
	for (size_t len = 0; len < body.len; len++)
		assert_int_not_equal(token_get(&token, bytes_of(body.ptr, len)), ERR_OK);
	buf_add_u8(&body, 0);
	assert_int_equal(token_get(&token, buf_bytes(&body)), ERR_MALFORMED);
	chain_fini(&chain, &body);
}

static void verbs_have_names(void **state)
{
	enum verb verb;

	for (enum verb i = VERB_RELAY; i <= VERB_ADMIN; i++) {
		assert_int_equal(verb_parse(&verb, bytes_str(verb_name(i))), ERR_OK);
		assert_int_equal(verb, i);
	}
	assert_int_equal(verb_parse(&verb, bytes_str("nothing")), ERR_MALFORMED);
	assert_int_equal(verb_parse(&verb, bytes_str("Read")), ERR_MALFORMED);
	assert_int_equal(verb_parse(&verb, bytes_str("")), ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(nine_links_are_too_many),
		cmocka_unit_test(no_link_is_no_token),
		cmocka_unit_test(a_link_has_1024_bytes),
		cmocka_unit_test(a_child_has_no_higher_verb),
		cmocka_unit_test(a_prefix_contains_by_component),
		cmocka_unit_test(a_child_keeps_to_its_parents_time),
		cmocka_unit_test(a_childs_depth_is_smaller),
		cmocka_unit_test(a_childs_issuer_is_the_audience_before),
		cmocka_unit_test(a_child_names_its_parent),
		cmocka_unit_test(nobody_is_its_own_audience),
		cmocka_unit_test(values_have_their_range),
		cmocka_unit_test(another_form_is_another_version),
		cmocka_unit_test(verbs_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
