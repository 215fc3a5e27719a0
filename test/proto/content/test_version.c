/* version: bodies, and which of them are refused; keys and their check. */
#include "test/crypto/helpers.h"

#include "crypto/hash.h"
#include "crypto/path.h"
#include "crypto/selftest.h"
#include "proto/content/pack.h"
#include "proto/content/version.h"
#include "proto/wire/wire_out.h"

struct sample {
	struct version version;
	struct dataset_id dataset;
	struct key fed_key;
	struct buf description;
	struct buf parts;
	struct buf body;
};

static int setup(void **state)
{
	const char *what;
	struct sample *s = calloc(1, sizeof(*s));
	struct org_id org = {{9}};
	assert_non_null(s);
	assert_ok(selftest_run(&what));
	path_dataset_id(&s->dataset, &org, bytes_str("meissen/wasser/pegel-elbe"));
	s->fed_key = key_counting();
	buf_init(&s->description, DESCRIPTION_LEN_MAX);
	buf_init(&s->parts, 65536);
	buf_init(&s->body, 65536);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct sample *s = *state;
	buf_fini(&s->description);
	buf_fini(&s->parts);
	buf_fini(&s->body);
	free(s);
	return 0;
}

#define PATH   "meissen/wasser/pegel-elbe"
#define HIDDEN "meissen/~abcdefghijklmnopqrstuvwxya"

/* A version of the tier that version_decode() accepts. */
static void sample_make(struct sample *s, enum tier tier)
{
	struct version *v = &s->version;
	struct description description = {.title = bytes_str("Pegel Elbe"), .file_count = 1};
	struct index_entry part = {.size = 500};
	const bool hidden = tier == TIER_HIDDEN;
	const size_t sealed_len = hidden ? chunk_hidden_len(BOX_KIND_DESCRIPTION, 120) : 200;
	buf_reset(&s->description);
	buf_reset(&s->parts);
	if (tier == TIER_OPEN)
		assert_ok(description_encode(&s->description, &description));
	else
		memset(buf_space(&s->description, sealed_len), 7, sealed_len);
	for (unsigned i = 0; i < 3; i++) {
		part.addr.b[0] = (uint8_t)i;
		if (hidden)
			part.size = i < 2 ? LIMIT_CHUNK_LEN_MAX
					  : (uint32_t)chunk_hidden_len(BOX_KIND_MANIFEST, 77);
		version_part_put(&s->parts, &part);
	}
	*v = (struct version){
		.path = bytes_str(hidden ? HIDDEN : PATH),
		.tier = tier,
		.epoch_prefix = bytes_str(hidden                 ? HIDDEN
					  : tier == TIER_OPEN    ? PATH
					  : tier == TIER_MEMBERS ? ""
								 : "meissen/wasser"),
		.epoch_number = 3,
		.number = 7,
		.has_replaces = true,
		.replaces = {{4, 5}},
		.description = buf_bytes(&s->description),
		.description_key = tier == TIER_GRANTED ? 2 : 0,
		.manifest = buf_bytes(&s->parts),
		.manifest_count = 3,
		.index = {{{1, 2}}, 4, hidden ? 2 * LIMIT_CHUNK_LEN_MAX + 5000 : 2000},
	};
	struct key key;
	if (tier == TIER_MEMBERS)
		version_members_key(&key, &s->fed_key, v->path);
	else
		key = key_filled(6);
	if (tier == TIER_OPEN)
		v->dataset_key = key;
	version_key_check(&v->key_check, &key, &s->dataset, v->epoch_number, v->epoch_prefix);
}

static enum err decode_again(struct sample *s, struct version *out)
{
	buf_reset(&s->body);
	version_encode(&s->body, &s->version);
	assert_ok(s->body.err);
	return version_decode(out, buf_bytes(&s->body));
}

static void every_tier_comes_back(void **state)
{
	struct sample *s = *state;
	for (enum tier tier = TIER_OPEN; tier <= TIER_HIDDEN; tier++) {
		struct version v;
		struct buf again;
		sample_make(s, tier);
		assert_ok(decode_again(s, &v));
		assert_true(bytes_eq(v.path, s->version.path));
		assert_int_equal(v.tier, tier);
		assert_int_equal(v.number, 7);
		assert_int_equal(v.description_key, s->version.description_key);
		assert_true(bytes_eq(v.description, s->version.description));
		assert_true(key_eq(&v.dataset_key, &s->version.dataset_key));
		assert_true(index_sum_eq(&v.index, &s->version.index));
		buf_init(&again, 65536);
		version_encode(&again, &v);
		assert_true(bytes_eq(buf_bytes(&again), buf_bytes(&s->body)));
		buf_fini(&again);
	}
}

static void absent_fields_come_back_absent(void **state)
{
	struct sample *s = *state;
	struct version v;
	sample_make(s, TIER_OPEN);
	s->version.has_replaces = false;
	assert_ok(decode_again(s, &v));
	assert_false(v.has_replaces || v.has_grant || v.has_origin);
	s->version.has_grant = true;
	s->version.grant.b[0] = 8;
	assert_ok(decode_again(s, &v));
	assert_true(v.has_grant && v.grant.b[0] == 8 && !v.has_origin);
	s->version.has_origin = true;
	s->version.origin_author = 515;
	s->version.origin.b[31] = 9;
	assert_ok(decode_again(s, &v));
	assert_true(v.has_origin && v.origin_author == 515 && v.origin.b[31] == 9);
}

static void the_manifest_is_read_in_order(void **state)
{
	struct sample *s = *state;
	struct version v;
	struct index_entry entry;
	uint8_t i = 0;
	sample_make(s, TIER_MEMBERS);
	assert_ok(decode_again(s, &v));
	struct version_parts parts = version_parts(&v);
	while (version_parts_next(&parts, &entry)) {
		assert_int_equal(entry.addr.b[0], i++);
		assert_int_equal(entry.size, 500);
	}
	assert_int_equal(i, 3);
}

static void set_path(struct version *v)
{
	v->path = v->epoch_prefix = bytes_str("meissen/../dresden");
}
static void set_path_lone(struct version *v)
{
	v->path = bytes_str("meissen/wasser/pegel-elbe-2");
}
static void set_description_key_0(struct version *v)
{
	v->description_key = 0;
}
static void set_tier_0(struct version *v)
{
	v->tier = 0;
}
static void set_tier_5(struct version *v)
{
	v->tier = 5;
}
static void set_prefix_parent(struct version *v)
{
	v->epoch_prefix = bytes_str("meissen");
}
static void set_prefix_beside(struct version *v)
{
	v->epoch_prefix = bytes_str("meissen/was");
}
static void set_prefix_none(struct version *v)
{
	v->epoch_prefix = bytes_str("");
}
static void set_epoch_0(struct version *v)
{
	v->epoch_number = 0;
}
static void set_number_0(struct version *v)
{
	v->number = 0;
}
static void set_description_none(struct version *v)
{
	v->description = bytes_str("");
}
static void set_description_other(struct version *v)
{
	v->description = bytes_str("\x81\x0e\x81"); /* key 14, cut off */
}
static void set_description_named(struct version *v)
{
	v->description = bytes_str("\x81\x0c\xa3"
				   "a/b"); /* what hidden ones are called */
}
static void set_path_plain(struct version *v)
{
	v->path = v->epoch_prefix = bytes_str(PATH);
}
static void set_path_hidden(struct version *v)
{
	v->path = bytes_str(HIDDEN);
	if (v->tier == TIER_OPEN)
		v->epoch_prefix = v->path;
	else if (v->tier == TIER_GRANTED)
		v->epoch_prefix = bytes_str("meissen");
}
static void set_path_deep(struct version *v)
{
	v->path = v->epoch_prefix = bytes_str("meissen/wasser/~abcdefghijklmnopqrstuvwxya");
}
static void set_path_folder(struct version *v)
{
	v->path = v->epoch_prefix = bytes_str(HIDDEN "/x");
}
static void set_description_shorter(struct version *v)
{
	v->description.len -= 1;
}
static void set_manifest_last(struct version *v)
{
	/* the last two bytes are the size of the last chunk */
	((uint8_t *)(uintptr_t)v->manifest.ptr)[v->manifest.len - 1] ^= 1;
}
static void set_manifest_first(struct version *v)
{
	((uint8_t *)(uintptr_t)v->manifest.ptr)[1 + 2 + ID_LEN + 4] ^= 0x40;
}
static void set_description_short(struct version *v)
{
	v->description = bytes_slice(v->description, 0, 83);
}
static void set_manifest_none(struct version *v)
{
	v->manifest = bytes_str("");
	v->manifest_count = 0;
}
static void set_manifest_count(struct version *v)
{
	v->manifest_count = 2;
}
static void set_index_count_0(struct version *v)
{
	v->index.count = v->index.bytes = 0;
}
static void set_index_bytes_few(struct version *v)
{
	v->index.bytes = 4 * 84 - 1;
}
static void set_index_bytes_many(struct version *v)
{
	v->index.bytes = 4 * LIMIT_CHUNK_LEN_MAX + 1;
}
static void set_index_count_much(struct version *v)
{
	v->index.count = UINT64_C(1) << 32;
	v->index.bytes = UINT64_C(1) << 40;
}

static void bodies_that_contradict_themselves_are_refused(void **state)
{
	struct sample *s = *state;
	static const struct {
		const char *name;
		enum tier tier;
		void (*set)(struct version *);
	} cases[] = {
		{"a path with ..", TIER_OPEN, set_path},
		{"open, but the epoch is another path's", TIER_OPEN, set_path_lone},
		{"open, but the epoch is the parent's", TIER_OPEN, set_prefix_parent},
		{"members, but an epoch of a path", TIER_MEMBERS, set_prefix_parent},
		{"granted in an epoch beside the path", TIER_GRANTED, set_prefix_beside},
		{"granted in the epoch of the federation", TIER_GRANTED, set_prefix_none},
		{"tier 0", TIER_MEMBERS, set_tier_0},
		{"tier 5", TIER_MEMBERS, set_tier_5},
		{"epoch 0", TIER_MEMBERS, set_epoch_0},
		{"version 0", TIER_MEMBERS, set_number_0},
		{"no description, open", TIER_OPEN, set_description_none},
		{"no description, hidden", TIER_HIDDEN, set_description_none},
		{"an open description that is none", TIER_OPEN, set_description_other},
		{"a sealed description too short", TIER_GRANTED, set_description_short},
		{"a description under no key", TIER_GRANTED, set_description_key_0},
		{"no manifest", TIER_OPEN, set_manifest_none},
		{"a manifest of two with three chunks", TIER_OPEN, set_manifest_count},
		{"hidden at a plain path", TIER_HIDDEN, set_path_plain},
		{"open at a hidden path", TIER_OPEN, set_path_hidden},
		{"members at a hidden path", TIER_MEMBERS, set_path_hidden},
		{"granted at a hidden path", TIER_GRANTED, set_path_hidden},
		{"hidden below a folder", TIER_HIDDEN, set_path_deep},
		{"hidden as a folder", TIER_HIDDEN, set_path_folder},
		{"hidden in the epoch of the namespace", TIER_HIDDEN, set_prefix_parent},
		{"hidden in the epoch of the federation", TIER_HIDDEN, set_prefix_none},
		{"hidden, a description as long as it is", TIER_HIDDEN, set_description_shorter},
		{"hidden, a manifest as long as it is", TIER_HIDDEN, set_manifest_last},
		{"hidden, a manifest cut where it likes", TIER_HIDDEN, set_manifest_first},
		{"open, with another name", TIER_OPEN, set_description_named},
		{"an empty index", TIER_OPEN, set_index_count_0},
		{"an index of too few bytes", TIER_OPEN, set_index_bytes_few},
		{"an index of too many bytes", TIER_OPEN, set_index_bytes_many},
		{"an index of 2^32 chunks", TIER_OPEN, set_index_count_much},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct version v;
		sample_make(s, cases[i].tier);
		assert_ok(decode_again(s, &v));
		cases[i].set(&s->version);
		if (decode_again(s, &v) != ERR_MALFORMED)
			fail_msg("accepted: %s", cases[i].name);
	}
}

/* As many as the table of limits says, and one more. */
static void a_manifest_of_many_chunks(void **state)
{
	struct sample *s = *state;
	for (uint32_t count = LIMIT_MANIFEST_CHUNK_COUNT_MAX;
	     count <= LIMIT_MANIFEST_CHUNK_COUNT_MAX + 1; count++) {
		const bool fits = count == LIMIT_MANIFEST_CHUNK_COUNT_MAX;
		struct version v;
		struct buf list;
		sample_make(s, TIER_OPEN);
		buf_init(&list, LIMIT_RECORD_LEN_MAX);
		for (uint32_t i = 0; i < count; i++) {
			struct chunk_addr addr = {{(uint8_t)(i >> 8), (uint8_t)i}};
			out_array(&list, 2);
			out_fixed(&list, addr.b, ID_LEN);
			out_uint(&list, LIMIT_CHUNK_LEN_MAX);
		}
		s->version.manifest = buf_bytes(&list);
		s->version.manifest_count = count;
		s->version.index.count = count;
		s->version.index.bytes = (uint64_t)count * LIMIT_CHUNK_LEN_MAX;
		assert_err(decode_again(s, &v), fits ? ERR_OK : ERR_MALFORMED);
		buf_fini(&list);
	}
}

/* The key stands where only tier open has it, and the other way round. */
static void the_dataset_key_stands_in_open_versions_only(void **state)
{
	struct sample *s = *state;
	struct version v;
	sample_make(s, TIER_OPEN);
	assert_ok(decode_again(s, &v));
	/* 1, path(2 + 25), tier: set another tier behind the same bytes */
	uint8_t *tier = s->body.ptr + 3 + 1 + 1 + 25;
	assert_int_equal(*tier, TIER_OPEN);
	*tier = TIER_GRANTED;
	assert_err(version_decode(&v, buf_bytes(&s->body)), ERR_MALFORMED);
	sample_make(s, TIER_GRANTED);
	assert_ok(decode_again(s, &v));
	assert_int_equal(*tier, TIER_GRANTED);
	*tier = TIER_OPEN;
	assert_err(version_decode(&v, buf_bytes(&s->body)), ERR_MALFORMED);
}

static void a_cut_off_body_is_refused(void **state)
{
	struct sample *s = *state;
	struct version v;
	sample_make(s, TIER_OPEN);
	assert_ok(decode_again(s, &v));
	for (size_t len = 0; len < s->body.len; len++)
		assert_err(version_decode(&v, bytes_slice(buf_bytes(&s->body), 0, len)),
			   ERR_MALFORMED);
	buf_add_u8(&s->body, 0xc0);
	assert_err(version_decode(&v, buf_bytes(&s->body)), ERR_MALFORMED);
}

static void keys_are_proved(void **state)
{
	struct sample *s = *state;
	struct key key, wanted, other = key_filled(1);
	sample_make(s, TIER_OPEN);
	assert_ok(version_dataset_key(&key, &s->version, &s->dataset, NULL));
	assert_true(key_eq(&key, &s->version.dataset_key));
	struct dataset_id elsewhere = {{1}};
	assert_err(version_dataset_key(&key, &s->version, &elsewhere, NULL), ERR_DENIED);
	s->version.epoch_number++;
	assert_err(version_dataset_key(&key, &s->version, &s->dataset, NULL), ERR_DENIED);

	sample_make(s, TIER_MEMBERS);
	assert_err(version_dataset_key(&key, &s->version, &s->dataset, NULL), ERR_ABSENT);
	assert_err(version_dataset_key(&key, &s->version, &s->dataset, &other), ERR_DENIED);
	assert_ok(version_dataset_key(&key, &s->version, &s->dataset, &s->fed_key));
	/* the path of the key, step by step */
	derive(&wanted, &s->fed_key, "am1.pathroot", bytes_str(""));
	derive(&wanted, &wanted, "am1.path", bytes_str("meissen"));
	derive(&wanted, &wanted, "am1.path", bytes_str("wasser"));
	derive(&wanted, &wanted, "am1.path", bytes_str("pegel-elbe"));
	assert_true(key_eq(&key, &wanted));

	sample_make(s, TIER_GRANTED);
	assert_err(version_dataset_key(&key, &s->version, &s->dataset, &s->fed_key), ERR_ABSENT);
	sample_make(s, TIER_HIDDEN);
	assert_err(version_dataset_key(&key, &s->version, &s->dataset, &s->fed_key), ERR_ABSENT);
}

static void slots_come_back(void **state)
{
	const struct sample *s = *state;
	uint8_t slot[VERSION_SLOT_LEN];
	struct dataset_id dataset;
	uint64_t number;
	version_slot(slot, &s->dataset, 0x0102030405060708);
	assert_int_equal(slot[0], 1);
	assert_memory_equal(slot + 33, "\1\2\3\4\5\6\7\10", 8);
	assert_ok(version_slot_get(bytes_of(slot, sizeof(slot)), &dataset, &number));
	assert_true(id_eq(&dataset, &s->dataset) && number == 0x0102030405060708);
	assert_err(version_slot_get(bytes_of(slot, sizeof(slot) - 1), &dataset, &number),
		   ERR_MALFORMED);
	slot[0] = 2;
	assert_err(version_slot_get(bytes_of(slot, sizeof(slot)), &dataset, &number),
		   ERR_MALFORMED);
	version_slot(slot, &s->dataset, 0);
	assert_err(version_slot_get(bytes_of(slot, sizeof(slot)), &dataset, &number),
		   ERR_MALFORMED);
}

static void tiers_have_names(void **state)
{
	enum tier tier;
	for (enum tier t = TIER_OPEN; t <= TIER_HIDDEN; t++) {
		assert_ok(tier_parse(&tier, bytes_str(tier_name(t))));
		assert_int_equal(tier, t);
	}
	assert_err(tier_parse(&tier, bytes_str("Open")), ERR_MALFORMED);
	assert_err(tier_parse(&tier, bytes_str("")), ERR_MALFORMED);
	assert_err(tier_parse(&tier, bytes_str("opening")), ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_tier_comes_back),
		cmocka_unit_test(absent_fields_come_back_absent),
		cmocka_unit_test(the_manifest_is_read_in_order),
		cmocka_unit_test(bodies_that_contradict_themselves_are_refused),
		cmocka_unit_test(a_manifest_of_many_chunks),
		cmocka_unit_test(the_dataset_key_stands_in_open_versions_only),
		cmocka_unit_test(a_cut_off_body_is_refused),
		cmocka_unit_test(keys_are_proved),
		cmocka_unit_test(slots_come_back),
		cmocka_unit_test(tiers_have_names),
	};
	return cmocka_run_group_tests_name("version", tests, setup, teardown);
}
