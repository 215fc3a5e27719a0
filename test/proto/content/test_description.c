/* description: every field at its limit and one past it, what comes back, what is refused. */
#include "test/crypto/helpers.h"

#include <stddef.h>

#include "proto/content/description.h"
#include "proto/content/pack.h"
#include "proto/wire/wire_out.h"

static char filler[LIMIT_DESCRIPTION_LEN_MAX + 1], iri[LIMIT_IRI_LEN_MAX + 1],
	email[LIMIT_EMAIL_LEN_MAX + 1], digits[LIMIT_IRI_LEN_MAX];
static char path[LIMIT_PATH_LEN_MAX];

static int setup(void **state)
{
	memset(filler, 'x', sizeof(filler));
	memset(iri, 'x', sizeof(iri));
	memcpy(iri, "http://", 7);
	memset(email, 'x', sizeof(email));
	email[1] = '@';
	memset(digits, '1', sizeof(digits));
	/* 16 components of 64 bytes; the first is a slug */
	memset(path, 'x', sizeof(path));
	for (size_t i = 40; i < sizeof(path); i += 65)
		path[i] = '/';
	return 0;
}

static struct buf last; /* what was decoded last borrows from it */

static int teardown(void **state)
{
	buf_fini(&last);
	return 0;
}

/* One field of text, how long it may be, and a text of every length that has its form. */
struct text {
	const char *name;
	size_t at, len_max;
	const char *of;
};
#define TEXT(member, len, of)                                                                      \
	{                                                                                          \
#member, offsetof(struct description, member), len, of                             \
	}
static const struct text texts[] = {
	TEXT(title, 512, filler),       TEXT(text, 8192, filler),
	TEXT(license, 512, filler),     TEXT(contact_name, 512, filler),
	TEXT(publisher, 128, filler),   TEXT(attribution, 512, filler),
	TEXT(publisher_url, 256, iri),  TEXT(contact_email, 254, email),
	TEXT(contact_url, 256, iri),    TEXT(contact_phone, 64, digits),
	TEXT(place_key, 12, digits),    TEXT(place_name, 128, filler),
	TEXT(frequency, 64, filler),    TEXT(identifier, 256, filler),
	TEXT(level, 64, filler),        TEXT(landing_page, 256, iri),
	TEXT(access, 64, filler),       TEXT(availability, 64, filler),
	TEXT(provenance, 1024, filler),
};

/* One field of several texts. */
struct list {
	const char *name;
	size_t at, count_at, len_max, count_max;
	const char *of;
};
#define LIST(member, count, len, most, of)                                                         \
	{                                                                                          \
#member, offsetof(struct description, member),                                     \
			offsetof(struct description, count), len, most, of                         \
	}
static const struct list lists[] = {
	LIST(keywords, keyword_count, 128, 32, filler),
	LIST(hvd, hvd_count, 64, 16, filler),
	LIST(legislation, legislation_count, 256, 8, iri),
	LIST(contributors, contributor_count, 256, 4, iri),
	LIST(languages, language_count, 64, 8, filler),
};

static enum err goes(const struct description *d, struct description *found)
{
	struct buf out, again;

	buf_fini(&last);
	buf_init(&out, 65536);
	buf_init(&again, 65536);
	enum err err = description_encode(&out, d);
	if (!err) {
		assert_ok(description_decode(found, buf_bytes(&out)));
		assert_ok(description_encode(&again, found));
		assert_true(bytes_eq(buf_bytes(&out), buf_bytes(&again)));
	}
	last = out;
	buf_fini(&again);
	return err;
}

static void every_text_has_its_limit(void **state)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct description d = {.theme_count = 0}, found;
		struct bytes *text = (struct bytes *)(void *)((uint8_t *)&d + texts[i].at);

		*text = bytes_of(texts[i].of, texts[i].len_max);
		if (goes(&d, &found))
			fail_msg("%s of %zu bytes is refused", texts[i].name, text->len);
		text->len++;
		if (goes(&d, &found) != ERR_MALFORMED)
			fail_msg("%s of %zu bytes is taken", texts[i].name, text->len);
	}
}

static void every_list_has_its_limits(void **state)
{
	for (size_t i = 0; i < COUNT(lists); i++) {
		const struct list *l = &lists[i];
		struct description d = {.theme_count = 0}, found;
		struct bytes *list = (struct bytes *)(void *)((uint8_t *)&d + l->at);
		uint32_t *count = (uint32_t *)(void *)((uint8_t *)&d + l->count_at);

		while (*count < l->count_max)
			list[(*count)++] = bytes_of(l->of, l->len_max);
		if (goes(&d, &found))
			fail_msg("%zu %s are refused", l->count_max, l->name);
		list[0].len++;
		if (goes(&d, &found) != ERR_MALFORMED)
			fail_msg("%s of %zu bytes are taken", l->name, list[0].len);
		list[0].len--;
		(*count)++;
		if (goes(&d, &found) != ERR_MALFORMED)
			fail_msg("%u %s are taken", *count, l->name);
	}
}

static void themes_go_by_two_keys(void **state)
{
	struct description d = {.themes = {bytes_str("Umwelt und Wasser")}, .theme_count = 1};
	struct description found;
	struct buf out;

	buf_init(&out, 1000);
	assert_ok(description_encode(&out, &d));
	assert_int_equal(out.ptr[1], DESCRIPTION_THEME);
	buf_fini(&out);
	while (d.theme_count < LIMIT_THEME_COUNT_MAX)
		d.themes[d.theme_count++] = bytes_str("TRAN");
	assert_ok(goes(&d, &found));
	assert_int_equal(found.theme_count, 14);
	assert_true(bytes_eq(found.themes[0], d.themes[0]) &&
		    bytes_eq(found.themes[13], bytes_str("TRAN")));
	d.theme_count++;
	assert_err(goes(&d, &found), ERR_MALFORMED);
	d.theme_count = 2;
	d.themes[1] = bytes_str("no code");
	assert_err(goes(&d, &found), ERR_MALFORMED);
	/* a theme behind none */
	assert_err(description_decode(&found, bytes_str("\x81\x0e\x91\xa1x")), ERR_MALFORMED);
}

static void places_and_numbers_come_back(void **state)
{
	struct description found, d = {
					  .has_bbox = true,
					  .bbox = {-1800000000, -900000000, 1800000000, 900000000},
					  .file_count = UINT64_MAX,
					  .defaulted = UINT64_MAX,
					  .from = bytes_str("1881"),
					  .to = bytes_str("2026-02-28T23:59:59Z"),
				  };

	assert_ok(goes(&d, &found));
	assert_true(found.has_bbox);
	assert_memory_equal(found.bbox, d.bbox, sizeof(d.bbox));
	assert_true(found.defaulted == UINT64_MAX && found.file_count == UINT64_MAX);
	assert_true(bytes_eq(found.from, d.from) && bytes_eq(found.to, d.to));
	/* across the 180th meridian */
	d.bbox[0] = 1770000000;
	d.bbox[2] = -1770000000;
	assert_ok(goes(&d, &found));
	d.bbox[2] = 1800000001;
	assert_err(goes(&d, &found), ERR_MALFORMED);
	d.bbox[2] = 1;
	d.bbox[1] = 900000000;
	d.bbox[3] = 899999999;
	assert_err(goes(&d, &found), ERR_MALFORMED);
}

static void what_is_longer_than_all_is_refused(void **state)
{
	struct description found, d = {
					  .text = bytes_of(filler, LIMIT_DESCRIPTION_LEN_MAX),
					  .keyword_count = LIMIT_KEYWORD_COUNT_MAX,
					  .path = bytes_of(path, 40 + 15 * 65),
					  .publisher_url = bytes_of(iri, 256),
					  .contact_url = bytes_of(iri, 256),
					  .title = bytes_of(filler, 512),
					  .license = bytes_of(filler, 512),
					  .attribution = bytes_of(filler, 512),
					  .identifier = bytes_of(filler, 256),
				  };
	struct buf out;

	for (size_t i = 0; i < LIMIT_KEYWORD_COUNT_MAX; i++)
		d.keywords[i] = bytes_of(filler, LIMIT_NAME_LEN_MAX);
	buf_init(&out, 65536);
	assert_ok(description_encode(&out, &d));
	const size_t left = DESCRIPTION_MAP_LEN_MAX - out.len;
	assert_in_range(left, 300, LIMIT_PROVENANCE_LEN_MAX);
	d.provenance = bytes_of(filler, left - 4); /* the key, and 3 in front of the text */
	assert_ok(goes(&d, &found));
	buf_reset(&out);
	assert_ok(description_encode(&out, &d));
	assert_int_equal(out.len, DESCRIPTION_MAP_LEN_MAX);
	assert_int_equal(chunk_hidden_len(BOX_KIND_DESCRIPTION, out.len), DESCRIPTION_LEN_MAX);
	d.provenance.len++;
	assert_err(goes(&d, &found), ERR_FULL);
	buf_fini(&out);
}

static void what_is_empty_is_left_out(void **state)
{
	struct buf out;
	struct description d = {.title = bytes_str(""),
				.contact_name = bytes_str("it@meissen.example")};
	buf_init(&out, 1000);
	assert_ok(description_encode(&out, &d));
	assert_int_equal(out.len, 1 + 1 + 1 + 18);
	buf_reset(&out);
	d.contact_name = bytes_str("");
	assert_ok(description_encode(&out, &d));
	assert_true(bytes_eq(buf_bytes(&out), bytes_str("\x80")));
	buf_fini(&out);
}

static void descriptions_by_hand_are_refused(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
	} cases[] = {
		{"an empty title", "\x81\x01\xa0", 3},
		{"no keywords", "\x81\x03\x90", 3},
		{"an empty keyword", "\x81\x03\x91\xa0", 4},
		{"no bytes", "\x81\x0a\x00", 3},
		{"a name without a namespace", "\x81\x0c\xa1x", 4},
		{"a name of no form", "\x81\x0c\xa3x/X", 6},
		{"a hidden name for a hidden path", "\x81\x0c\xbdx/~abcdefghijklmnopqrstuvwxya",
		 32},
		{"key 37 with half a text", "\x81\x25\xa2x", 4},
		{"key 37 with a number that is not the shortest", "\x81\x25\xcc\x05", 4},
		{"key 37 nine deep", "\x81\x25\x91\x91\x91\x91\x91\x91\x91\x91\x01", 11},
		{"key 0", "\x81\x00\xa1x", 4},
		{"two titles", "\x82\x01\xa1x\x01\xa1x", 7},
		{"a line feed in the title", "\x81\x01\xa1\n", 4},
		{"a number as title", "\x81\x01\x05", 3},
		{"an array around it", "\x91\x81\x01\xa1x", 5},
		{"a place of three numbers", "\x81\x16\x93\x01\x01\x01", 6},
		{"a day that no year has", "\x81\x17\xaa\x32\x30\x32\x35-02-29", 13},
		{"a page that is none", "\x81\x20\xa3www", 6},
		{"no defaults, and said so", "\x81\x24\x00", 3},
		{"nothing", "", 0},
	};
	struct description d;
	assert_ok(description_decode(&d, bytes_str("\x81\x02\xa3x\ny")));
	assert_ok(description_decode(&d, bytes_str("\x81\x23\xa3x\ny")));
	/* what a later version of the text has added */
	assert_ok(description_decode(&d, bytes_str("\x82\x01\xa1x\x25\x92\xc0\x81\x01\x05")));
	assert_int_equal(d.title.len, 1);
	assert_ok(description_decode(&d, bytes_str("\x81\x25\x91\x91\x91\x91\x91\x91\x91\x01")));
	for (size_t i = 0; i < COUNT(cases); i++)
		if (description_decode(&d, bytes_of(cases[i].bytes, cases[i].len)) != ERR_MALFORMED)
			fail_msg("accepted: %s", cases[i].name);
}

/* What a person typed is refused before it is published. */
static void texts_of_people_are_checked(void **state)
{
	struct description found;
	struct description latin1 = {.title = bytes_str("Stra\xdf"
							"e")};
	assert_err(goes(&latin1, &found), ERR_MALFORMED);
	struct description tab = {.text = bytes_str("a\tb")};
	assert_err(goes(&tab, &found), ERR_MALFORMED);
}

static void one_field_is_taken_over(void **state)
{
	struct description from = {
		.title = bytes_str("Pegel"),
		.themes = {bytes_str("ENVI"), bytes_str("TRAN")},
		.theme_count = 2,
		.has_bbox = true,
		.bbox = {1, 2, 3, 4},
		.issued_ms = 5,
	};
	struct description to = {.themes = {bytes_str("GOVE")}, .theme_count = 1};

	for (enum description_key key = 1; key < DESCRIPTION_KEY_END; key++)
		if (description_has(&from, key))
			description_copy(&to, &from, key);
	assert_true(bytes_eq(to.title, from.title) && to.theme_count == 2 && to.issued_ms == 5);
	assert_true(bytes_eq(to.themes[1], bytes_str("TRAN")) && to.has_bbox && to.bbox[3] == 4);
	assert_false(description_has(&to, DESCRIPTION_TEXT));
	assert_true(description_has(&to, DESCRIPTION_THEME));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_text_has_its_limit),
		cmocka_unit_test(every_list_has_its_limits),
		cmocka_unit_test(themes_go_by_two_keys),
		cmocka_unit_test(places_and_numbers_come_back),
		cmocka_unit_test(what_is_longer_than_all_is_refused),
		cmocka_unit_test(what_is_empty_is_left_out),
		cmocka_unit_test(descriptions_by_hand_are_refused),
		cmocka_unit_test(texts_of_people_are_checked),
		cmocka_unit_test(one_field_is_taken_over),
	};
	return cmocka_run_group_tests_name("description", tests, setup, teardown);
}
