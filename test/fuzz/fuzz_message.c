/* Every message of the protocol, with its list. */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "proto/hub/message.h"
#include "proto/wire/protocol.h"

/* Copies the lists that a message has into a message_list. */
static void list_copy(struct message *m, struct message_list *list)
{
	struct bytes bin;
	struct org_id org;
	uint32_t number;
	struct message_state state;
	struct chunk_addr addr;
	struct version_id of;
	struct message_whole whole;
	list->dataset = m->of.dataset;
	list->has_path = m->type == MESSAGE_RECORDS && m->has_body;
	list->path = m->body;
	if (m->type == MESSAGE_CHARTER || m->type == MESSAGE_RECORDS)
		while (message_next_bin(m, &bin))
			message_list_bin(list, bin);
	if (m->type == MESSAGE_ORGLOG_GET)
		while (message_next_org(m, &org, &number))
			message_list_org(list, &org, number);
	if (m->type == MESSAGE_ORGLOG)
		while (message_next_entry(m, &org, &bin))
			message_list_entry(list, &org, bin);
	if (m->type == MESSAGE_STATES)
		while (message_next_state(m, &state))
			message_list_state(list, &state);
	if (m->type == MESSAGE_CHUNK_GET)
		while (message_next_addr(m, &addr))
			message_list_addr(list, &addr);
	if (m->type == MESSAGE_WHOLE)
		while (message_next_whole(m, &whole))
			message_list_whole(list, &whole);
	if (m->type == MESSAGE_HOLDS || m->type == MESSAGE_WHOLE_GET)
		while (message_next_version(m, &of))
			message_list_version(list, &of);
}

static void hello_make(struct buf *out, struct message *m)
{
	char software[MESSAGE_SOFTWARE_LEN_MAX + 1] = "";
	memcpy(software, m->text.ptr, m->text.len);
	message_hello(out, software, m->number, &m->digest, m->has_body ? m->body.ptr : NULL);
}

static void answer_make(struct buf *out, const struct message *m)
{
	char text[MESSAGE_TEXT_LEN_MAX + 1] = "";
	memcpy(text, m->text.ptr, m->text.len);
	message_join_answer(out, m->code, text, m->has_digest ? &m->digest : NULL);
}

static void leaves_make(struct buf *out, struct message *m)
{
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	page->place = m->place;
	page->depth = (unsigned)(m->body.len / SETDIGEST_STEP_LEN);
	if (page->depth > 0)
		memcpy(page->path, m->body.ptr, m->body.len);
	while (message_next_leaf(m, &page->leaves[page->count]))
		page->count++;
	message_leaves(out, m->author, m->incarnation, &m->digest, page);
	free(page);
}

static void records_get_make(struct buf *out, struct message *m)
{
	struct buf sequences;
	uint64_t sequence;
	buf_init(&sequences, LIMIT_MESSAGE_LEN_MAX);
	while (message_next_sequence(m, &sequence))
		buf_add_be64(&sequences, sequence);
	message_records_get(out, m->author, m->incarnation, buf_bytes(&sequences));
	buf_fini(&sequences);
}

static void list_make(struct buf *out, struct message *m)
{
	struct message_list list = message_list_begin(m->type);
	list_copy(m, &list);
	message_list_end(&list, out);
}

static void make_again(struct buf *out, struct message *m)
{
	switch (m->type) {
	case MESSAGE_HELLO:
		hello_make(out, m);
		break;
	case MESSAGE_SKETCH:
		m->has_body ? message_sketch(out, m->body) : message_sketch_none(out);
		break;
	case MESSAGE_CHARTER_GET:
		message_charter_get(out, m->number);
		break;
	case MESSAGE_CHARTER:
	case MESSAGE_ORGLOG_GET:
	case MESSAGE_ORGLOG:
	case MESSAGE_STATES:
	case MESSAGE_RECORDS:
	case MESSAGE_CHUNK_GET:
	case MESSAGE_HOLDS:
	case MESSAGE_WHOLE_GET:
	case MESSAGE_WHOLE:
		list_make(out, m);
		break;
	case MESSAGE_FORK:
		message_fork(out, m->has_org ? &m->org : NULL, m->entries[0], m->entries[1]);
		break;
	case MESSAGE_TOTALS:
		message_totals(out, m->heads, m->records, m->bytes);
		break;
	case MESSAGE_HEAD:
		message_head(out, m->body);
		break;
	case MESSAGE_EVIDENCE:
		message_evidence(out, m->entries[0], m->entries[1]);
		break;
	case MESSAGE_NOT_HERE:
		message_not_here(out, m->author, m->incarnation);
		break;
	case MESSAGE_LEAVES_GET:
		message_leaves_get(out, m->author, m->incarnation, &m->digest, m->place);
		break;
	case MESSAGE_LEAVES:
		leaves_make(out, m);
		break;
	case MESSAGE_RECORDS_GET:
		records_get_make(out, m);
		break;
	case MESSAGE_SYNC_END:
		message_sync_end(out);
		break;
	case MESSAGE_OWN_HEAD_GET:
		message_own_head_get(out);
		break;
	case MESSAGE_OWN_HEAD:
		message_own_head(out, m->body);
		break;
	case MESSAGE_JOIN:
		message_join(out, m->body);
		break;
	case MESSAGE_JOIN_ANSWER:
		answer_make(out, m);
		break;
	case MESSAGE_JOIN_OPEN:
		message_join_open(out, &m->digest);
		break;
	case MESSAGE_TAKEN:
		message_taken(out, m->bytes);
		break;
	case MESSAGE_INDEX_GET:
		message_index_get(out, &m->of, m->has_addr ? &m->addr : NULL);
		break;
	case MESSAGE_INDEX:
		message_index(out, &m->of, m->body, m->more);
		break;
	case MESSAGE_CHUNK:
		message_chunk(out, &m->of.dataset, &m->addr, m->body, m->has_body);
		break;
	}
}

/* The version is read and not kept, as there is one only: then out differs. */
static bool keeps_all(const struct message *m)
{
	return m->type != MESSAGE_HELLO || m->version == PROTOCOL_VERSION;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct message message;
	struct buf out;
	if (message_decode(&message, in) != ERR_OK)
		return 0;
	fuzz_accepted();
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	make_again(&out, &message);
	if (keeps_all(&message))
		fuzz_same(buf_bytes(&out), in);
	buf_fini(&out);
	return 0;
}

static void seed_take(struct fuzz_corpus *corpus, struct buf *out)
{
	fuzz_seed(corpus, buf_bytes(out));
	buf_reset(out);
}

static void seed_lists(struct fuzz_corpus *corpus, struct buf *out)
{
	static const enum message_type types[] = {
		MESSAGE_CHARTER, MESSAGE_RECORDS,   MESSAGE_ORGLOG_GET,
		MESSAGE_ORGLOG,  MESSAGE_STATES,    MESSAGE_CHUNK_GET,
		MESSAGE_HOLDS,   MESSAGE_WHOLE_GET, MESSAGE_WHOLE};
	const struct message_whole whole = {
		{{{3}}, 4, 257}, 2, {bytes_str("a chunk"), bytes_str("another")}};
	const struct org_id org = {{1}};
	const struct chunk_addr addr = {{2}};
	const struct version_id of = {{{3}}, 4, 257};
	const struct message_state state = {257, 1, 70000, 5, 6};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct message_list list = message_list_begin(types[i]);
		const uint8_t path[SETDIGEST_STEP_LEN] = {8};
		list.has_path = true; /* of RECORDS */
		list.path = bytes_obj(&path);
		for (unsigned k = 0; k < 2; k++) {
			if (i < 2)
				message_list_bin(&list, bytes_str("an entry"));
			else if (types[i] == MESSAGE_ORGLOG_GET)
				message_list_org(&list, &org, k);
			else if (types[i] == MESSAGE_ORGLOG)
				message_list_entry(&list, &org, bytes_str("an entry"));
			else if (types[i] == MESSAGE_STATES)
				message_list_state(&list, &state);
			else if (types[i] == MESSAGE_CHUNK_GET)
				message_list_addr(&list, &addr);
			else if (types[i] == MESSAGE_WHOLE)
				message_list_whole(&list, &whole);
			else
				message_list_version(&list, &of);
		}
		message_list_end(&list, out);
		seed_take(corpus, out);
	}
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	static const uint8_t marks[ROLL_MARK_COUNT] = {1, 255},
			     cells[2 * MESSAGE_SKETCH_STEP] = {9};
	static const uint8_t entries[72];
	static const uint8_t sequences[24] = {[7] = 1, [14] = 1, [16] = 1};
	const struct digest digest = {{1}};
	const struct version_id of = {{{3}}, 4, 257};
	const struct chunk_addr addr = {{2}};
	static const struct setdigest_page page = {
		.place = 200, .depth = 1, .count = 1, .leaves = {{.slot_len = 3, .sequence = 9}}};
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_hello(&out, "allmende 0.1", 3, &digest, marks);
	seed_take(corpus, &out);
	message_hello(&out, "", 3, &digest, NULL);
	seed_take(corpus, &out);
	message_sketch(&out, bytes_obj(&cells));
	seed_take(corpus, &out);
	message_sketch_none(&out);
	seed_take(corpus, &out);
	message_charter_get(&out, 2);
	seed_take(corpus, &out);
	message_join(&out, bytes_str("a request"));
	seed_take(corpus, &out);
	message_join_answer(&out, MESSAGE_JOIN_REFUSED, "Bitte rufen Sie uns an.", NULL);
	seed_take(corpus, &out);
	message_join_answer(&out, MESSAGE_JOIN_WAITING, "", &(struct digest){{7}});
	seed_take(corpus, &out);
	message_join_open(&out, &(struct digest){{8}});
	seed_take(corpus, &out);
	message_totals(&out, 1, 300, 70000);
	seed_take(corpus, &out);
	message_head(&out, bytes_str("a head"));
	seed_take(corpus, &out);
	message_evidence(&out, bytes_str("a head"), bytes_str("another"));
	seed_take(corpus, &out);
	message_not_here(&out, 257, 1);
	seed_take(corpus, &out);
	message_leaves_get(&out, 257, 1, &digest, 200);
	seed_take(corpus, &out);
	message_leaves(&out, 257, 1, &digest, &page);
	seed_take(corpus, &out);
	message_records_get(&out, 257, 1, bytes_of(sequences, sizeof(sequences)));
	seed_take(corpus, &out);
	message_sync_end(&out);
	seed_take(corpus, &out);
	message_fork(&out, NULL, bytes_str("an entry"), bytes_str("another"));
	seed_take(corpus, &out);
	message_taken(&out, 4096);
	seed_take(corpus, &out);
	message_index_get(&out, &of, &addr);
	seed_take(corpus, &out);
	message_index_get(&out, &of, NULL);
	seed_take(corpus, &out);
	message_index(&out, &of, bytes_obj(&entries), true);
	seed_take(corpus, &out);
	message_chunk(&out, &of.dataset, &addr, bytes_str("a chunk"), true);
	seed_take(corpus, &out);
	message_chunk(&out, &of.dataset, &addr, bytes_str(""), false);
	seed_take(corpus, &out);
	seed_lists(corpus, &out);
	buf_fini(&out);
}
