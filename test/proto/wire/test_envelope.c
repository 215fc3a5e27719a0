/* envelope: what survives a letter, and what is told apart from damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/wire/envelope.h"

static void text_of(struct buf *text, enum envelope kind, size_t len)
{
	struct buf body;

	buf_init(&body, ENVELOPE_LEN_MAX);
	for (size_t i = 0; i < len; i++)
		buf_add_u8(&body, (uint8_t)(i * 7));
	buf_init(text, 2 * ENVELOPE_LEN_MAX);
	envelope_put(text, kind, buf_bytes(&body));
	buf_fini(&body);
}

static enum err get(enum envelope kind, struct bytes text, size_t *len)
{
	struct buf body;

	buf_init(&body, ENVELOPE_LEN_MAX);
	enum err err = envelope_get(&body, kind, text);
	*len = body.len;
	for (size_t i = 0; i < body.len; i++)
		assert_int_equal(body.ptr[i], (uint8_t)(i * 7));
	buf_fini(&body);
	return err;
}

static void comes_back(void **state)
{
	static const size_t lens[] = {1, 2, 3, 100, 60000};
	size_t len;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct buf text;
		text_of(&text, ENVELOPE_GRANT, lens[i]);
		assert_int_equal(text.err, ERR_OK);
		assert_memory_equal(text.ptr, "allmende2g-", 11);
		assert_int_equal(get(ENVELOPE_GRANT, buf_bytes(&text), &len), ERR_OK);
		assert_int_equal(len, lens[i]);
		buf_fini(&text);
	}
}

static void mail_may_break_lines(void **state)
{
	struct buf text, broken;
	size_t len;

	text_of(&text, ENVELOPE_VOTE, 300);
	buf_init(&broken, 4096);
	buf_add(&broken, bytes_str("  \r\n"));
	for (size_t i = 0; i < text.len; i++) {
		buf_add_u8(&broken, text.ptr[i]);
		if (i % 72 == 71)
			buf_add(&broken, bytes_str("\r\n\t"));
	}
	assert_int_equal(get(ENVELOPE_VOTE, buf_bytes(&broken), &len), ERR_OK);
	assert_int_equal(len, 300);
	buf_fini(&broken);
	buf_fini(&text);
}

static void another_kind_is_not_it(void **state)
{
	struct buf text;
	size_t len;

	text_of(&text, ENVELOPE_VOTE, 30);
	assert_false(envelope_is(ENVELOPE_GRANT, buf_bytes(&text)));
	assert_int_equal(get(ENVELOPE_GRANT, buf_bytes(&text), &len), ERR_MALFORMED);
	/* The letter is in the check: who changes it changes nothing else. */
	text.ptr[9] = ENVELOPE_GRANT;
	assert_int_equal(get(ENVELOPE_GRANT, buf_bytes(&text), &len), ERR_DENIED);
	assert_int_equal(get(ENVELOPE_GRANT, bytes_str("hello"), &len), ERR_MALFORMED);
	assert_int_equal(get(ENVELOPE_GRANT, bytes_str("\n allmende1g-AAAA"), &len), ERR_VERSION);
	assert_int_equal(get(ENVELOPE_GRANT, bytes_str("allmende13g-"), &len), ERR_VERSION);
	assert_int_equal(get(ENVELOPE_GRANT, bytes_str("allmende1v-AAAA"), &len), ERR_MALFORMED);
	assert_int_equal(get(ENVELOPE_GRANT, bytes_str("allmendeg-AAAA"), &len), ERR_MALFORMED);
	assert_int_equal(get(ENVELOPE_GRANT, bytes_of(NULL, 0), &len), ERR_MALFORMED);
	buf_fini(&text);
}

static void every_damage_is_seen(void **state)
{
	struct buf text;
	size_t len;

	text_of(&text, ENVELOPE_PROPOSAL, 40);
	for (size_t cut = 11; cut < text.len; cut++)
		assert_int_equal(get(ENVELOPE_PROPOSAL, bytes_of(text.ptr, cut), &len), ERR_DENIED);
	for (size_t i = 11; i < text.len; i++) {
		uint8_t was = text.ptr[i];
		text.ptr[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(get(ENVELOPE_PROPOSAL, buf_bytes(&text), &len), ERR_DENIED);
		text.ptr[i] = was;
	}
	buf_fini(&text);
}

static void nothing_too_long(void **state)
{
	struct buf text;
	size_t len;

	buf_init(&text, 4 * ENVELOPE_LEN_MAX);
	buf_add(&text, bytes_str("allmende2p-"));
	while (text.len <= ENVELOPE_LEN_MAX + 10)
		buf_add_u8(&text, 'A');
	assert_int_equal(get(ENVELOPE_PROPOSAL, buf_bytes(&text), &len), ERR_FULL);
	while (text.len <= 2 * ENVELOPE_LEN_MAX)
		buf_add_u8(&text, ' ');
	assert_int_equal(get(ENVELOPE_PROPOSAL, buf_bytes(&text), &len), ERR_FULL);
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(mail_may_break_lines),
		cmocka_unit_test(another_kind_is_not_it),
		cmocka_unit_test(every_damage_is_seen),
		cmocka_unit_test(nothing_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
