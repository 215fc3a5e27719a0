/* message: what is written is read, field by field, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "proto/hub/message.h"
#include "proto/wire/protocol.h"
#include "proto/wire/wire_out.h"

static const struct org_id org = {{1}};
static const struct chunk_addr addr = {{2}};
static const struct version_id of = {{{3}}, UINT64_MAX, UINT32_MAX};
static const struct digest digest = {{4}};
static const uint8_t marks[ROLL_MARK_COUNT] = {1, 255};
static const uint8_t cells[2 * MESSAGE_SKETCH_STEP] = {9};

static const uint8_t way[SETDIGEST_DEPTH_MAX * SETDIGEST_STEP_LEN] = {9};

/* ---- one sample of each type, with every field at its largest ---- */

static void put_list(struct buf *out, enum message_type type, unsigned count)
{
	const struct message_state state = {UINT32_MAX, UINT32_MAX, UINT64_MAX, UINT64_MAX, 6};
	const struct message_whole whole = {of, 2, {bytes_str("chunk"), bytes_str("other")}};
	struct message_list list = message_list_begin(type);
	list.dataset = of.dataset;
	list.has_path = true; /* of RECORDS */
	list.path = bytes_obj(&way);
	for (unsigned i = 0; i < count; i++) {
		if (type == MESSAGE_CHARTER || type == MESSAGE_RECORDS)
			message_list_bin(&list, bytes_str("entry"));
		else if (type == MESSAGE_ORGLOG_GET)
			message_list_org(&list, &org, UINT32_MAX);
		else if (type == MESSAGE_ORGLOG)
			message_list_entry(&list, &org, bytes_str("entry"));
		else if (type == MESSAGE_STATES)
			message_list_state(&list, &state);
		else if (type == MESSAGE_CHUNK_GET)
			message_list_addr(&list, &addr);
		else if (type == MESSAGE_WHOLE)
			message_list_whole(&list, &whole);
		else
			message_list_version(&list, &of);
	}
	message_list_end(&list, out);
}

static void put_leaves(struct buf *out, size_t count)
{
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	page->place = UINT64_MAX;
	page->depth = 2;
	page->count = count;
	for (size_t i = 0; i < count; i++)
		page->leaves[i] =
			(struct setdigest_leaf){.slot_len = LIMIT_SLOT_LEN_MAX, .sequence = i};
	message_leaves(out, 257, 2, &digest, page);
	free(page);
}

static void put_records_get(struct buf *out, size_t count)
{
	struct buf sequences;
	buf_init(&sequences, 8 * count + 8);
	for (size_t i = 0; i < count; i++)
		buf_add_be64(&sequences, UINT64_MAX - i);
	message_records_get(out, 257, 2, buf_bytes(&sequences));
	buf_fini(&sequences);
}

static void put_sample(struct buf *out, enum message_type type)
{
	static const uint8_t entries[72];
	switch (type) {
	case MESSAGE_HELLO:
		message_hello(out, "allmende 0.1", UINT32_MAX, &digest, marks);
		return;
	case MESSAGE_SKETCH:
		message_sketch(out, bytes_obj(&cells));
		return;
	case MESSAGE_CHARTER_GET:
		message_charter_get(out, UINT32_MAX);
		return;
	case MESSAGE_CHARTER:
	case MESSAGE_ORGLOG_GET:
	case MESSAGE_ORGLOG:
	case MESSAGE_STATES:
	case MESSAGE_RECORDS:
	case MESSAGE_CHUNK_GET:
	case MESSAGE_HOLDS:
	case MESSAGE_WHOLE_GET:
	case MESSAGE_WHOLE:
		put_list(out, type, 3);
		return;
	case MESSAGE_FORK:
		message_fork(out, NULL, bytes_str("one"), bytes_str("other"));
		return;
	case MESSAGE_TOTALS:
		message_totals(out, 1, UINT64_MAX, 3);
		return;
	case MESSAGE_HEAD:
		message_head(out, bytes_str("head"));
		return;
	case MESSAGE_EVIDENCE:
		message_evidence(out, bytes_str("one"), bytes_str("other"));
		return;
	case MESSAGE_NOT_HERE:
		message_not_here(out, 257, 2);
		return;
	case MESSAGE_LEAVES_GET:
		message_leaves_get(out, 257, 2, &digest, UINT64_MAX);
		return;
	case MESSAGE_LEAVES:
		put_leaves(out, 2);
		return;
	case MESSAGE_RECORDS_GET:
		put_records_get(out, 3);
		return;
	case MESSAGE_SYNC_END:
		message_sync_end(out);
		return;
	case MESSAGE_OWN_HEAD_GET:
		message_own_head_get(out);
		return;
	case MESSAGE_OWN_HEAD:
		message_own_head(out, bytes_str("head"));
		return;
	case MESSAGE_JOIN:
		message_join(out, bytes_str("request"));
		return;
	case MESSAGE_JOIN_ANSWER:
		message_join_answer(out, MESSAGE_JOIN_REFUSED, "Bitte anrufen: 03521 …", NULL);
		return;
	case MESSAGE_JOIN_OPEN:
		message_join_open(out, &digest);
		return;
	case MESSAGE_TAKEN:
		message_taken(out, UINT64_MAX);
		return;
	case MESSAGE_INDEX_GET:
		message_index_get(out, &of, &addr);
		return;
	case MESSAGE_INDEX:
		message_index(out, &of, bytes_obj(&entries), true);
		return;
	case MESSAGE_CHUNK:
		message_chunk(out, &of.dataset, &addr, bytes_str("chunk"), true);
		return;
	}
}

static const enum message_type types[] = {
#define X(name, number, elements) MESSAGE_##name,
	MESSAGE_LIST(X)
#undef X
};
enum { TYPE_COUNT = sizeof(types) / sizeof(types[0]) };

/* ---- reading them ---- */

static void assert_of(const struct version_id *got)
{
	assert_true(id_eq(&got->dataset, &of.dataset));
	assert_true(got->number == of.number);
	assert_int_equal(got->author, of.author);
}

static void assert_text(struct bytes got, const char *text)
{
	assert_true(bytes_eq(got, bytes_str(text)));
}

static void assert_author(const struct message *m)
{
	assert_int_equal(m->author, 257);
	assert_int_equal(m->incarnation, 2);
}

static void read_hello(struct message *m)
{
	assert_int_equal(m->version, PROTOCOL_VERSION);
	assert_text(m->text, "allmende 0.1");
	assert_int_equal(m->number, UINT32_MAX);
	assert_true(id_eq(&m->digest, &digest));
	assert_true(m->has_body && bytes_eq(m->body, bytes_obj(&marks)));
}

static void read_element_checked(struct message *m)
{
	struct bytes bin;
	struct org_id got_org;
	struct message_whole got_whole;
	struct message_state state;
	struct version_id version;
	struct chunk_addr got_addr;
	uint32_t number;
	if (m->type == MESSAGE_RECORDS)
		assert_true(m->has_body && bytes_eq(m->body, bytes_obj(&way)));
	if (m->type == MESSAGE_CHARTER || m->type == MESSAGE_RECORDS) {
		assert_true(message_next_bin(m, &bin));
		assert_text(bin, "entry");
	} else if (m->type == MESSAGE_ORGLOG_GET) {
		assert_true(message_next_org(m, &got_org, &number));
		assert_true(id_eq(&got_org, &org) && number == UINT32_MAX);
	} else if (m->type == MESSAGE_ORGLOG) {
		assert_true(message_next_entry(m, &got_org, &bin));
		assert_true(id_eq(&got_org, &org));
		assert_text(bin, "entry");
	} else if (m->type == MESSAGE_STATES) {
		assert_true(message_next_state(m, &state));
		assert_true(state.author == UINT32_MAX && state.incarnation == UINT32_MAX);
		assert_true(state.sequence == UINT64_MAX && state.counter == UINT64_MAX);
		assert_int_equal(state.set, 6);
	} else if (m->type == MESSAGE_CHUNK_GET) {
		assert_true(message_next_addr(m, &got_addr));
		assert_true(id_eq(&got_addr, &addr));
		assert_true(id_eq(&m->of.dataset, &of.dataset));
	} else if (m->type == MESSAGE_WHOLE) {
		assert_true(message_next_whole(m, &got_whole));
		assert_of(&got_whole.of);
		assert_int_equal(got_whole.count, 2);
		assert_text(got_whole.chunks[1], "other");
	} else {
		assert_true(message_next_version(m, &version));
		assert_of(&version);
	}
}

static void read_leaves(struct message *m)
{
	struct setdigest_leaf leaf;
	assert_author(m);
	assert_true(m->place == UINT64_MAX && id_eq(&m->digest, &digest));
	assert_int_equal(m->body.len, 2 * SETDIGEST_STEP_LEN);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(message_next_leaf(m, &leaf));
		assert_int_equal(leaf.slot_len, LIMIT_SLOT_LEN_MAX);
		assert_true(leaf.sequence == i);
	}
	assert_false(message_next_leaf(m, &leaf));
}

static void read_records_get(struct message *m)
{
	uint64_t sequence;
	assert_author(m);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(message_next_sequence(m, &sequence));
		assert_true(sequence == UINT64_MAX - i);
	}
	assert_false(message_next_sequence(m, &sequence));
}

static void read_list(struct message *m)
{
	struct bytes none;
	assert_int_equal(m->count, 3);
	for (unsigned i = 0; i < 3; i++)
		read_element_checked(m);
	assert_false(message_next_bin(m, &none));
}

static void read_sample(struct message *m)
{
	switch (m->type) {
	case MESSAGE_HELLO:
		read_hello(m);
		return;
	case MESSAGE_SKETCH:
		assert_true(bytes_eq(m->body, bytes_obj(&cells)));
		return;
	case MESSAGE_CHARTER_GET:
		assert_int_equal(m->number, UINT32_MAX);
		return;
	case MESSAGE_CHARTER:
	case MESSAGE_ORGLOG_GET:
	case MESSAGE_ORGLOG:
	case MESSAGE_STATES:
	case MESSAGE_RECORDS:
	case MESSAGE_CHUNK_GET:
	case MESSAGE_HOLDS:
	case MESSAGE_WHOLE_GET:
	case MESSAGE_WHOLE:
		read_list(m);
		return;
	case MESSAGE_FORK:
	case MESSAGE_EVIDENCE:
		assert_false(m->has_org);
		assert_text(m->entries[0], "one");
		assert_text(m->entries[1], "other");
		return;
	case MESSAGE_TOTALS:
		assert_true(m->heads == 1 && m->records == UINT64_MAX && m->bytes == 3);
		return;
	case MESSAGE_HEAD:
		assert_text(m->body, "head");
		return;
	case MESSAGE_NOT_HERE:
		assert_author(m);
		return;
	case MESSAGE_LEAVES_GET:
		assert_author(m);
		assert_true(m->place == UINT64_MAX && id_eq(&m->digest, &digest));
		return;
	case MESSAGE_LEAVES:
		read_leaves(m);
		return;
	case MESSAGE_RECORDS_GET:
		read_records_get(m);
		return;
	case MESSAGE_SYNC_END:
	case MESSAGE_OWN_HEAD_GET:
		return;
	case MESSAGE_OWN_HEAD:
		assert_text(m->body, "head");
		return;
	case MESSAGE_JOIN:
		assert_text(m->body, "request");
		return;
	case MESSAGE_JOIN_ANSWER:
		assert_true(m->code == MESSAGE_JOIN_REFUSED);
		assert_text(m->text, "Bitte anrufen: 03521 …");
		assert_false(m->has_digest);
		return;
	case MESSAGE_JOIN_OPEN:
		assert_true(id_eq(&m->digest, &digest));
		return;
	case MESSAGE_TAKEN:
		assert_true(m->bytes == UINT64_MAX);
		return;
	case MESSAGE_INDEX_GET:
		assert_of(&m->of);
		assert_true(m->has_addr && id_eq(&m->addr, &addr));
		return;
	case MESSAGE_INDEX:
		assert_of(&m->of);
		assert_true(m->body.len == 72 && m->more);
		return;
	case MESSAGE_CHUNK:
		assert_true(id_eq(&m->of.dataset, &of.dataset) && id_eq(&m->addr, &addr));
		assert_true(m->has_body);
		assert_text(m->body, "chunk");
		return;
	}
	fail();
}

static struct buf sample(enum message_type type)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	put_sample(&out, type);
	assert_int_equal(out.err, ERR_OK);
	return out;
}

static void written_is_read(void **state)
{
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		struct buf out = sample(types[i]);
		struct message m;
		assert_int_equal(message_decode(&m, buf_bytes(&out)), ERR_OK);
		assert_int_equal(m.type, types[i]);
		read_sample(&m);
		assert_string_not_equal(message_name(types[i]), "unknown");
		buf_fini(&out);
	}
}

/* ---- what is refused ---- */

static void truncated_and_trailing_are_refused(void **state)
{
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		struct buf out = sample(types[i]);
		struct message m;
		for (size_t len = 0; len < out.len; len++) {
			/*
			 * In memory of its own, so that a sanitizer sees the first byte too many.
			 */
			uint8_t *copy = mem_new(1, len + 1);
			memcpy(copy, out.ptr, len);
			assert_int_equal(message_decode(&m, bytes_of(copy, len)), ERR_MALFORMED);
			free(copy);
		}
		buf_add_u8(&out, 0xc0);
		assert_int_equal(message_decode(&m, buf_bytes(&out)), ERR_MALFORMED);
		buf_fini(&out);
	}
}

/* The first byte is the array of all elements, at most nine. */
static void another_number_of_elements_is_refused(void **state)
{
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		struct buf out = sample(types[i]);
		struct message m;
		assert_int_equal(out.ptr[0] & 0xf0, 0x90);
		out.ptr[0]++;
		buf_add_u8(&out, 0xc0);
		assert_int_equal(message_decode(&m, buf_bytes(&out)), ERR_MALFORMED);
		out.ptr[0] -= 2;
		out.len -= 1;
		assert_int_equal(message_decode(&m, buf_bytes(&out)), ERR_MALFORMED);
		buf_fini(&out);
	}
}

static enum err decode_type(uint64_t type, unsigned elements)
{
	struct message m;
	struct buf out;
	buf_init(&out, 100);
	out_array(&out, elements + 1);
	out_uint(&out, type);
	for (unsigned i = 0; i < elements; i++)
		out_nil(&out);
	enum err err = message_decode(&m, buf_bytes(&out));
	buf_fini(&out);
	return err;
}

static void unknown_types_are_another_version(void **state)
{
	assert_int_equal(decode_type(0, 1), ERR_VERSION);
	assert_int_equal(decode_type((uint64_t)types[TYPE_COUNT - 1] + 1, 1), ERR_VERSION);
	assert_int_equal(decode_type(255, 3), ERR_VERSION);
	assert_int_equal(decode_type(UINT32_MAX, 3), ERR_VERSION);
	assert_int_equal(decode_type((uint64_t)UINT32_MAX + 1, 3), ERR_MALFORMED);
	/* 16 modulo 2^32 is not SYNC_END. */
	assert_int_equal(decode_type(((uint64_t)1 << 32) + 16, 0), ERR_MALFORMED);
	assert_int_equal(decode_type(16, 0), ERR_OK);
	assert_string_equal(message_name((enum message_type)(types[TYPE_COUNT - 1] + 1)),
			    "unknown");
}

/* Nil stands for what may be absent and nothing else. */
static void nil_is_not_a_value(void **state)
{
	static const unsigned counts[] = {
#define X(name, number, elements) elements,
		MESSAGE_LIST(X)
#undef X
	};
	for (unsigned i = 0; i < TYPE_COUNT; i++) {
		enum err expected =
			types[i] == MESSAGE_SYNC_END || types[i] == MESSAGE_OWN_HEAD_GET ||
					types[i] == MESSAGE_OWN_HEAD || types[i] == MESSAGE_SKETCH
				? ERR_OK
				: ERR_MALFORMED;
		assert_int_equal(decode_type(types[i], counts[i]), expected);
	}
}

/* Nothing falls over, and what is accepted can be read to its end. */
static void any_byte_changed(void **state)
{
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		struct buf out = sample(types[i]);
		size_t len = out.len < 300 ? out.len : 300;
		for (size_t at = 0; at < len; at++) {
			uint8_t was = out.ptr[at];
			for (unsigned v = 0; v < 256; v++) {
				struct message m;
				struct setdigest_leaf leaf;
				out.ptr[at] = (uint8_t)v;
				if (message_decode(&m, buf_bytes(&out)) == ERR_OK &&
				    m.type == MESSAGE_LEAVES)
					while (message_next_leaf(&m, &leaf))
						assert_in_range(leaf.slot_len, 1,
								LIMIT_SLOT_LEN_MAX);
			}
			out.ptr[at] = was;
		}
		buf_fini(&out);
	}
}

/* ---- limits: the largest is taken, one more is not ---- */

static enum err decode(struct buf *out)
{
	struct message m;
	enum err err = out->err != ERR_OK ? out->err : message_decode(&m, buf_bytes(out));
	buf_fini(out);
	return err;
}

static enum err try_bin(enum message_type type, size_t len)
{
	struct buf out;
	uint8_t *bytes = mem_new(1, len + 1);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	if (type == MESSAGE_CHARTER || type == MESSAGE_RECORDS || type == MESSAGE_ORGLOG) {
		struct message_list list = message_list_begin(type);
		if (type == MESSAGE_ORGLOG)
			message_list_entry(&list, &org, bytes_of(bytes, len));
		else
			message_list_bin(&list, bytes_of(bytes, len));
		message_list_end(&list, &out);
	} else if (type == MESSAGE_HEAD) {
		message_head(&out, bytes_of(bytes, len));
	} else if (type == MESSAGE_JOIN) {
		message_join(&out, bytes_of(bytes, len));
	} else if (type == MESSAGE_INDEX) {
		message_index(&out, &of, bytes_of(bytes, len), false);
	} else {
		message_chunk(&out, &of.dataset, &addr, bytes_of(bytes, len), true);
	}
	free(bytes);
	return decode(&out);
}

static void lengths_are_limited(void **state)
{
	static const struct {
		enum message_type type;
		size_t min, max;
	} cases[] = {
		{MESSAGE_CHARTER, 1, LIMIT_CHARTER_ENTRY_LEN_MAX},
		{MESSAGE_RECORDS, 1, LIMIT_RECORD_LEN_MAX},
		{MESSAGE_ORGLOG, 1, LIMIT_ORGLOG_ENTRY_LEN_MAX},
		{MESSAGE_HEAD, 1, LIMIT_HEAD_LEN_MAX},
		{MESSAGE_JOIN, 1, LIMIT_JOIN_REQUEST_LEN_MAX},
		{MESSAGE_INDEX, 0, MESSAGE_LIST_COUNT_MAX * 36},
		{MESSAGE_CHUNK, 1, LIMIT_CHUNK_LEN_MAX},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].min > 0)
			assert_int_equal(try_bin(cases[i].type, cases[i].min - 1), ERR_MALFORMED);
		assert_int_equal(try_bin(cases[i].type, cases[i].min), ERR_OK);
		assert_int_equal(try_bin(cases[i].type, cases[i].max), ERR_OK);
		assert_int_equal(try_bin(cases[i].type, cases[i].max + 1), ERR_MALFORMED);
	}
}

static enum err try_list(enum message_type type, unsigned count)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	put_list(&out, type, count);
	return decode(&out);
}

static void counts_are_limited(void **state)
{
	static const enum message_type lists[] = {MESSAGE_CHARTER, MESSAGE_ORGLOG_GET,
						  MESSAGE_STATES, MESSAGE_CHUNK_GET, MESSAGE_HOLDS};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		assert_int_equal(try_list(lists[i], 0), ERR_OK);
		assert_int_equal(try_list(lists[i], MESSAGE_LIST_COUNT_MAX + 1), ERR_MALFORMED);
		assert_int_equal(try_list(lists[i], MESSAGE_LIST_COUNT_MAX), ERR_OK);
	}
	assert_int_equal(try_list(MESSAGE_RECORDS, MESSAGE_RECORD_COUNT_MAX), ERR_OK);
	assert_int_equal(try_list(MESSAGE_RECORDS, MESSAGE_RECORD_COUNT_MAX + 1), ERR_MALFORMED);
	assert_int_equal(try_list(MESSAGE_CHUNK_GET, MESSAGE_LIST_COUNT_MAX), ERR_OK);
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	put_records_get(&out, MESSAGE_LIST_COUNT_MAX);
	assert_int_equal(decode(&out), ERR_OK);
}

/* A writer that has more to say than a message holds says as much as it may. */
static void sequences_are_cut(void **state)
{
	struct message m;
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	put_records_get(&out, MESSAGE_LIST_COUNT_MAX + 1);
	assert_int_equal(message_decode(&m, buf_bytes(&out)), ERR_OK);
	assert_int_equal(m.count, MESSAGE_LIST_COUNT_MAX);
	buf_fini(&out);
}

static enum err try_hello(size_t software_len, size_t mark_count)
{
	struct buf out;
	char software[MESSAGE_SOFTWARE_LEN_MAX + 2] = "";
	const uint8_t many[ROLL_MARK_COUNT + 1] = {0};
	memset(software, 's', software_len);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	out_array(&out, 6);
	out_uint(&out, MESSAGE_HELLO);
	out_uint(&out, 1);
	out_text(&out, bytes_of(software, software_len));
	out_uint(&out, 1);
	out_fixed(&out, digest.b, ID_LEN);
	out_bin(&out, bytes_of(many, mark_count));
	return decode(&out);
}

static void hello_is_limited(void **state)
{
	assert_int_equal(try_hello(0, ROLL_MARK_COUNT), ERR_OK);
	assert_int_equal(try_hello(MESSAGE_SOFTWARE_LEN_MAX, ROLL_MARK_COUNT), ERR_OK);
	assert_int_equal(try_hello(MESSAGE_SOFTWARE_LEN_MAX + 1, ROLL_MARK_COUNT), ERR_MALFORMED);
	assert_int_equal(try_hello(1, ROLL_MARK_COUNT + 1), ERR_MALFORMED);
	assert_int_equal(try_hello(1, ROLL_MARK_COUNT - 1), ERR_MALFORMED);
	assert_int_equal(try_hello(1, 0), ERR_MALFORMED);
}

static enum err try_sketch(size_t len)
{
	uint8_t *many = mem_new(1, len + 1);
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_sketch(&out, bytes_of(many, len));
	free(many);
	return decode(&out);
}

static void sketch_is_limited(void **state)
{
	assert_int_equal(try_sketch(0), ERR_OK);
	assert_int_equal(try_sketch(MESSAGE_SKETCH_STEP - 1), ERR_MALFORMED);
	assert_int_equal(try_sketch(MESSAGE_SKETCH_LEN_MAX), ERR_OK);
	assert_int_equal(try_sketch(MESSAGE_SKETCH_LEN_MAX + MESSAGE_SKETCH_STEP), ERR_MALFORMED);
}

/* An answer that a person will read never has control characters, and is cut to what is allowed. */
static void answers_are_texts(void **state)
{
	char text[MESSAGE_TEXT_LEN_MAX + 50];
	struct message m;
	struct buf out;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_join_answer(&out, MESSAGE_JOIN_BUSY, text, NULL);
	assert_int_equal(message_decode(&m, buf_bytes(&out)), ERR_OK);
	assert_int_equal(m.text.len, MESSAGE_TEXT_LEN_MAX);
	buf_reset(&out);
	message_join_answer(&out, MESSAGE_JOIN_BUSY, "\033[31mred", NULL);
	assert_int_equal(decode(&out), ERR_MALFORMED);
}

/* A letter of several bytes that would be cut in the middle goes as a whole. */
static void answers_are_cut_between_letters(void **state)
{
	char text[MESSAGE_TEXT_LEN_MAX + 4];
	struct message m;
	struct buf out;
	memset(text, 'x', MESSAGE_TEXT_LEN_MAX - 1);
	memcpy(text + MESSAGE_TEXT_LEN_MAX - 1, "ß", 3);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_join_answer(&out, MESSAGE_JOIN_BUSY, text, NULL);
	assert_int_equal(message_decode(&m, buf_bytes(&out)), ERR_OK);
	assert_int_equal(m.text.len, MESSAGE_TEXT_LEN_MAX - 1);
	buf_fini(&out);
}

static enum err try_leaves(size_t slot_len, size_t path_len, uint32_t count)
{
	static const uint8_t path[SETDIGEST_DEPTH_MAX * SETDIGEST_STEP_LEN + SETDIGEST_STEP_LEN];
	struct buf out;
	uint8_t slot[LIMIT_SLOT_LEN_MAX + 1] = {0};
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	out_array(&out, 7);
	out_uint(&out, MESSAGE_LEAVES);
	out_uint(&out, 257);
	out_uint(&out, 1);
	out_fixed(&out, digest.b, ID_LEN);
	out_uint(&out, 1);
	out_bin(&out, bytes_of(path, path_len));
	out_array(&out, count);
	for (uint32_t i = 0; i < count; i++) {
		out_array(&out, 3);
		out_bin(&out, bytes_of(slot, slot_len));
		out_uint(&out, 1);
		out_fixed(&out, digest.b, ID_LEN);
	}
	return decode(&out);
}

static void leaves_are_limited(void **state)
{
	const size_t path = SETDIGEST_DEPTH_MAX * SETDIGEST_STEP_LEN;
	assert_int_equal(try_leaves(0, 0, 1), ERR_MALFORMED);
	assert_int_equal(try_leaves(1, 0, 1), ERR_OK);
	assert_int_equal(try_leaves(LIMIT_SLOT_LEN_MAX, path, SETDIGEST_LEAVES_MAX), ERR_OK);
	assert_int_equal(try_leaves(LIMIT_SLOT_LEN_MAX + 1, 0, 1), ERR_MALFORMED);
	assert_int_equal(try_leaves(1, 0, SETDIGEST_LEAVES_MAX + 1), ERR_MALFORMED);
	assert_int_equal(try_leaves(1, path + SETDIGEST_STEP_LEN, 1), ERR_MALFORMED);
	assert_int_equal(try_leaves(1, SETDIGEST_STEP_LEN - 1, 1), ERR_MALFORMED);
}

/* Five bytes must not make anybody reserve gigabytes or spin. */
static void a_count_without_elements_is_refused(void **state)
{
	static const uint8_t cases[][7] = {
		{0x92, 10, 0xdd, 0xff, 0xff, 0xff, 0xff}, {0x92, 10, 0xdd, 0x00, 0x00, 0x40, 0x00},
		{0x92, 9, 0xc6, 0xff, 0xff, 0xff, 0xff},  {0xdd, 0xff, 0xff, 0xff, 0xff, 10, 0x90},
		{0x92, 10, 0xdc, 0x00, 0x01, 0xc4, 0x00}, {0x82, 0x01, 10, 0x02, 0x90, 0xc0, 0xc0},
	};
	struct message m;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(message_decode(&m, bytes_obj(&cases[i])), ERR_MALFORMED);
	assert_int_equal(message_decode(&m, bytes_of(NULL, 0)), ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_is_read),
		cmocka_unit_test(truncated_and_trailing_are_refused),
		cmocka_unit_test(another_number_of_elements_is_refused),
		cmocka_unit_test(unknown_types_are_another_version),
		cmocka_unit_test(nil_is_not_a_value),
		cmocka_unit_test(any_byte_changed),
		cmocka_unit_test(lengths_are_limited),
		cmocka_unit_test(counts_are_limited),
		cmocka_unit_test(sequences_are_cut),
		cmocka_unit_test(hello_is_limited),
		cmocka_unit_test(sketch_is_limited),
		cmocka_unit_test(answers_are_texts),
		cmocka_unit_test(answers_are_cut_between_letters),
		cmocka_unit_test(leaves_are_limited),
		cmocka_unit_test(a_count_without_elements_is_refused),
	};
	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
