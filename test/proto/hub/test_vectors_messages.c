/*
 * docs/vectors/messages: one good message of each type, and one fault a file; made here, and
 * compared with what stands there, or written anew (--write).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "proto/hub/message.h"
#include "proto/wire/wire_out.h"
#include "test/proto/federation.h"
#include "test/proto/vectors.h"

static struct vectors vectors = {.folder = "docs/vectors/messages/"};

static const struct org_id org = {{1}};
static const struct chunk_addr addr = {{2}};
static const struct version_id of = {{{3}}, 7, 256};
static const struct digest digest = {{4}};

static void put_list(struct buf *out, enum message_type type)
{
	const struct message_state state = {256, 1, 5, 2, 6};
	const struct message_whole whole = {of, 2, {bytes_str("chunk"), bytes_str("other")}};
	struct message_list list = message_list_begin(type);
	list.dataset = of.dataset;
	if (type == MESSAGE_CHARTER || type == MESSAGE_RECORDS)
		message_list_bin(&list, bytes_str("entry"));
	else if (type == MESSAGE_ORGLOG_GET)
		message_list_org(&list, &org, 2);
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
	message_list_end(&list, out);
}

static void put_leaves(struct buf *out)
{
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	page->place = 1;
	page->depth = 1;
	page->count = 1;
	page->leaves[0] = (struct setdigest_leaf){.slot = {7}, .slot_len = 1, .sequence = 5};
	message_leaves(out, 256, 1, &digest, page);
	free(page);
}

static void put(struct buf *out, enum message_type type)
{
	static const uint8_t marks[ROLL_MARK_COUNT] = {1, 255}, cells[MESSAGE_SKETCH_STEP] = {8};
	static const uint8_t entry[36] = {9}, sequence[8] = {0, 0, 0, 0, 0, 0, 0, 5};
	switch (type) {
	case MESSAGE_HELLO:
		message_hello(out, "example/1", 3, &digest, marks);
		return;
	case MESSAGE_SKETCH:
		message_sketch(out, bytes_obj(&cells));
		return;
	case MESSAGE_CHARTER_GET:
		message_charter_get(out, 2);
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
		put_list(out, type);
		return;
	case MESSAGE_TOTALS:
		message_totals(out, 1, 2, 3);
		return;
	case MESSAGE_HEAD:
		message_head(out, bytes_str("head"));
		return;
	case MESSAGE_EVIDENCE:
		message_evidence(out, bytes_str("one"), bytes_str("other"));
		return;
	case MESSAGE_NOT_HERE:
		message_not_here(out, 256, 1);
		return;
	case MESSAGE_LEAVES_GET:
		message_leaves_get(out, 256, 1, &digest, 1);
		return;
	case MESSAGE_LEAVES:
		put_leaves(out);
		return;
	case MESSAGE_RECORDS_GET:
		message_records_get(out, 256, 1, bytes_obj(&sequence));
		return;
	case MESSAGE_SYNC_END:
		message_sync_end(out);
		return;
	case MESSAGE_JOIN:
		message_join(out, bytes_str("request"));
		return;
	case MESSAGE_JOIN_ANSWER:
		message_join_answer(out, MESSAGE_JOIN_WAITING, "the stewards decide", &digest);
		return;
	case MESSAGE_TAKEN:
		message_taken(out, 65536);
		return;
	case MESSAGE_INDEX_GET:
		message_index_get(out, &of, &addr);
		return;
	case MESSAGE_INDEX:
		message_index(out, &of, bytes_obj(&entry), true);
		return;
	case MESSAGE_CHUNK:
		message_chunk(out, &of.dataset, &addr, bytes_str("chunk"), true);
		return;
	case MESSAGE_FORK:
		message_fork(out, NULL, bytes_str("one"), bytes_str("other"));
		return;
	case MESSAGE_JOIN_OPEN:
		message_join_open(out, &digest);
		return;
	case MESSAGE_OWN_HEAD_GET:
		message_own_head_get(out);
		return;
	case MESSAGE_OWN_HEAD:
		message_own_head(out, bytes_str("head"));
		return;
	}
}

static void message_case(const char *name, const char *about, struct bytes message, enum err wants)
{
	struct message m;
	vectors_case(&vectors, name, about, message, wants, message_decode(&m, message), NULL);
}

static void one_of_each(void **state)
{
	static const enum message_type types[] = {
#define X(name, number, elements) MESSAGE_##name,
		MESSAGE_LIST(X)
#undef X
	};
	char name[40], about[80];
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	for (size_t i = 0; i < COUNT(types); i++) {
		buf_reset(&out);
		put(&out, types[i]);
		snprintf(about, sizeof(about), "%s, type %u", message_name(types[i]), types[i]);
		snprintf(name, sizeof(name), "%s", message_name(types[i]));
		for (char *p = name; *p; p++)
			*p = *p == '_' ? '-' : (char)(*p - 'A' + 'a');
		message_case(name, about, buf_bytes(&out), ERR_OK);
	}
	buf_fini(&out);
}

static void faults(void **state)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	out_array(&out, 2);
	out_uint(&out, 4000);
	out_text(&out, bytes_str("neu"));
	message_case("type-unknown", "a type to come: ignored", buf_bytes(&out), ERR_VERSION);
	buf_reset(&out);
	put(&out, MESSAGE_TOTALS);
	out.len--;
	message_case("cut", "TOTALS, of which the last byte is missing", buf_bytes(&out),
		     ERR_MALFORMED);
	buf_reset(&out);
	put(&out, MESSAGE_TOTALS);
	out_nil(&out);
	message_case("behind", "TOTALS, and a value behind it", buf_bytes(&out), ERR_MALFORMED);
	buf_reset(&out);
	put(&out, MESSAGE_TOTALS);
	out.ptr[0]++;
	out_nil(&out);
	message_case("element-more", "TOTALS with an element more", buf_bytes(&out), ERR_MALFORMED);
	buf_reset(&out);
	out_array(&out, 2);
	out_uint(&out, MESSAGE_HEAD);
	out_text(&out, bytes_str("head"));
	message_case("head-as-text", "HEAD with a text for a bin", buf_bytes(&out), ERR_MALFORMED);
	buf_reset(&out);
	put(&out, MESSAGE_JOIN_ANSWER);
	out.ptr[2] = 4;
	message_case("code-4", "JOIN_ANSWER with a code there is none of", buf_bytes(&out),
		     ERR_MALFORMED);
	buf_reset(&out);
	put(&out, MESSAGE_JOIN_OPEN);
	out.ptr[3]--;
	out.len--;
	message_case("short", "JOIN_OPEN with 31 bytes", buf_bytes(&out), ERR_MALFORMED);
	buf_fini(&out);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_of_each), cmocka_unit_test(faults)};

	vectors.writes = argc > 1 && strcmp(argv[1], "--write") == 0;
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
