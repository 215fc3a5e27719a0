#include "proto/hub/message.h"

#include <string.h>

#include "crypto/check.h"
#include "crypto/utf8.h"
#include "proto/wire/protocol.h"
#include "proto/wire/wire_out.h"

/* PROTOCOL: "Arrays whose first element is the type." Of a type to come they may be longer. */
enum { ELEMENT_COUNT_MAX = 64 };

const char *message_name(enum message_type type)
{
	switch (type) {
#define X(name, number, elements)                                                                  \
	case MESSAGE_##name:                                                                       \
		return #name;
		MESSAGE_LIST(X)
#undef X
	}
	return "unknown";
}

static uint32_t wire_u32(struct wire_in *w)
{
	return (uint32_t)wire_uint(w, UINT32_MAX);
}

static void read_version(struct wire_in *w, struct version_id *of)
{
	wire_fixed(w, of->dataset.b, ID_LEN);
	of->number = wire_uint(w, UINT64_MAX);
	of->author = wire_u32(w);
}

static void read_state(struct wire_in *w, struct message_state *state)
{
	wire_array(w, 5, 5);
	state->author = wire_u32(w);
	state->incarnation = wire_u32(w);
	state->sequence = wire_uint(w, UINT64_MAX);
	state->counter = wire_uint(w, UINT64_MAX);
	state->set = wire_u32(w);
}

static void read_leaf(struct wire_in *w, struct setdigest_leaf *leaf)
{
	wire_array(w, 3, 3);
	struct bytes slot = wire_bin(w, 1, LIMIT_SLOT_LEN_MAX);
	leaf->slot_len = slot.len;
	if (slot.len > 0)
		memcpy(leaf->slot, slot.ptr, slot.len);
	leaf->sequence = wire_uint(w, UINT64_MAX);
	wire_fixed(w, leaf->hash.b, ID_LEN);
}

static void read_whole(struct wire_in *w, struct message_whole *whole)
{
	wire_array(w, 4, 4);
	read_version(w, &whole->of);
	whole->count = wire_array(w, 0, LIMIT_WHOLE_CHUNK_COUNT_MAX);
	for (uint32_t i = 0; i < whole->count && !w->err; i++)
		whole->chunks[i] = wire_bin(w, 1, LIMIT_WHOLE_LEN_MAX);
}

/* One element of the list of a message, by its type; used to check and to read. */
union element {
	struct bytes bin;
	struct {
		struct org_id org;
		uint32_t number;
		struct bytes entry;
	} org;
	struct message_state state;
	struct setdigest_leaf leaf;
	uint64_t sequence;
	struct chunk_addr addr;
	struct version_id version;
	struct message_whole whole;
};

static void read_element(struct wire_in *w, enum message_type type, union element *out)
{
	switch (type) {
	case MESSAGE_CHARTER:
		out->bin = wire_bin(w, 1, LIMIT_CHARTER_ENTRY_LEN_MAX);
		return;
	case MESSAGE_RECORDS:
		out->bin = wire_bin(w, 1, LIMIT_RECORD_LEN_MAX);
		return;
	case MESSAGE_ORGLOG_GET:
		wire_array(w, 2, 2);
		wire_fixed(w, out->org.org.b, ID_LEN);
		out->org.number = wire_u32(w);
		return;
	case MESSAGE_ORGLOG:
		wire_array(w, 2, 2);
		wire_fixed(w, out->org.org.b, ID_LEN);
		out->org.entry = wire_bin(w, 1, LIMIT_ORGLOG_ENTRY_LEN_MAX);
		return;
	case MESSAGE_STATES:
		read_state(w, &out->state);
		return;
	case MESSAGE_LEAVES:
		read_leaf(w, &out->leaf);
		return;
	case MESSAGE_RECORDS_GET:
		out->sequence = wire_uint(w, UINT64_MAX);
		return;
	case MESSAGE_CHUNK_GET:
		wire_fixed(w, out->addr.b, ID_LEN);
		return;
	case MESSAGE_HOLDS:
	case MESSAGE_WHOLE_GET:
		wire_array(w, 3, 3);
		read_version(w, &out->version);
		return;
	case MESSAGE_WHOLE:
		read_whole(w, &out->whole);
		return;
	case MESSAGE_HELLO:
	case MESSAGE_SKETCH:
	case MESSAGE_CHARTER_GET:
	case MESSAGE_TOTALS:
	case MESSAGE_HEAD:
	case MESSAGE_EVIDENCE:
	case MESSAGE_NOT_HERE:
	case MESSAGE_LEAVES_GET:
	case MESSAGE_SYNC_END:
	case MESSAGE_JOIN:
	case MESSAGE_JOIN_ANSWER:
	case MESSAGE_TAKEN:
	case MESSAGE_INDEX_GET:
	case MESSAGE_INDEX:
	case MESSAGE_CHUNK:
	case MESSAGE_FORK:
	case MESSAGE_JOIN_OPEN:
	case MESSAGE_OWN_HEAD_GET:
	case MESSAGE_OWN_HEAD:
		break;
	}
	check(!"a message without a list");
}

static void read_list(struct message *m, struct wire_in *w, uint32_t max)
{
	m->count = wire_array(w, 0, max);
	m->list = *w;
	for (uint32_t i = 0; i < m->count && !w->err; i++) {
		union element ignored;
		read_element(w, m->type, &ignored);
	}
}

static void read_hello(struct message *m, struct wire_in *w)
{
	m->version = wire_uint(w, UINT32_MAX);
	m->text = wire_text(w, 0, MESSAGE_SOFTWARE_LEN_MAX);
	m->number = wire_u32(w);
	wire_fixed(w, m->digest.b, ID_LEN);
	m->has_body = !wire_nil(w);
	if (m->has_body)
		m->body = wire_bin(w, ROLL_MARK_COUNT, ROLL_MARK_COUNT);
}

static void read_sketch(struct message *m, struct wire_in *w)
{
	m->has_body = !wire_nil(w);
	if (m->has_body)
		m->body = wire_bin(w, 0, MESSAGE_SKETCH_LEN_MAX);
	if (!w->err && m->body.len % MESSAGE_SKETCH_STEP != 0)
		w->err = ERR_MALFORMED;
}

static void read_author(struct message *m, struct wire_in *w)
{
	m->author = wire_u32(w);
	m->incarnation = wire_u32(w);
}

static void read_index(struct message *m, struct wire_in *w)
{
	read_version(w, &m->of);
	if (m->type == MESSAGE_INDEX) {
		m->body = wire_bin(w, 0, MESSAGE_LIST_COUNT_MAX * 36);
		m->more = wire_bool(w);
		return;
	}
	m->has_addr = !wire_nil(w);
	if (m->has_addr)
		wire_fixed(w, m->addr.b, ID_LEN);
}

static void read_chunk(struct message *m, struct wire_in *w)
{
	wire_fixed(w, m->of.dataset.b, ID_LEN);
	if (m->type == MESSAGE_CHUNK_GET) {
		read_list(m, w, MESSAGE_LIST_COUNT_MAX);
		return;
	}
	wire_fixed(w, m->addr.b, ID_LEN);
	m->has_body = !wire_nil(w);
	if (m->has_body)
		m->body = wire_bin(w, 1, LIMIT_CHUNK_LEN_MAX);
}

/* UINT32_MAX: an unknown type. */
static uint32_t element_count(enum message_type type)
{
	switch (type) {
#define X(name, number, elements)                                                                  \
	case MESSAGE_##name:                                                                       \
		return elements;
		MESSAGE_LIST(X)
#undef X
	}
	return UINT32_MAX;
}

static void read_path(struct message *m, struct wire_in *w)
{
	m->body = wire_bin(w, 0, SETDIGEST_DEPTH_MAX * SETDIGEST_STEP_LEN);
	if (!w->err && m->body.len % SETDIGEST_STEP_LEN != 0)
		w->err = ERR_MALFORMED;
}

static void read_leaves(struct message *m, struct wire_in *w)
{
	read_author(m, w);
	if (m->type == MESSAGE_NOT_HERE)
		return;
	wire_fixed(w, m->digest.b, ID_LEN);
	m->place = wire_uint(w, UINT64_MAX);
	if (m->type == MESSAGE_LEAVES_GET)
		return;
	read_path(m, w);
	read_list(m, w, SETDIGEST_LEAVES_MAX);
}

static void read_records(struct message *m, struct wire_in *w)
{
	m->has_body = !wire_nil(w);
	if (m->has_body)
		read_path(m, w);
	read_list(m, w, MESSAGE_RECORD_COUNT_MAX);
}

static void read_two(struct message *m, struct wire_in *w, size_t max)
{
	m->entries[0] = wire_bin(w, 1, max);
	m->entries[1] = wire_bin(w, 1, max);
}

static void read_fork(struct message *m, struct wire_in *w)
{
	m->has_org = !wire_nil(w);
	if (m->has_org)
		wire_fixed(w, m->org.b, ID_LEN);
	read_two(m, w, LIMIT_CHARTER_ENTRY_LEN_MAX);
}

static uint32_t count_max(enum message_type type)
{
	return type == MESSAGE_WHOLE_GET || type == MESSAGE_WHOLE ? MESSAGE_WHOLE_COUNT_MAX
								  : MESSAGE_LIST_COUNT_MAX;
}

static void read_head(struct message *m, struct wire_in *w)
{
	m->has_body = m->type == MESSAGE_HEAD || !wire_nil(w);
	if (m->has_body)
		m->body = wire_bin(w, 1, LIMIT_HEAD_LEN_MAX);
}

static void read_answer(struct message *m, struct wire_in *w)
{
	m->code = (enum message_join)wire_uint(w, MESSAGE_JOIN_WAITING);
	m->text = wire_text(w, 0, MESSAGE_TEXT_LEN_MAX);
	m->has_digest = !wire_nil(w);
	if (m->has_digest)
		wire_fixed(w, m->digest.b, ID_LEN);
}

static void read_totals(struct message *m, struct wire_in *w)
{
	if (m->type == MESSAGE_TOTALS) {
		m->heads = wire_uint(w, UINT64_MAX);
		m->records = wire_uint(w, UINT64_MAX);
	}
	m->bytes = wire_uint(w, UINT64_MAX);
}

static void read_body(struct message *m, struct wire_in *w)
{
	switch (m->type) {
	case MESSAGE_HELLO:
		read_hello(m, w);
		break;
	case MESSAGE_CHARTER_GET:
		m->number = wire_u32(w);
		break;
	case MESSAGE_SKETCH:
		read_sketch(m, w);
		break;
	case MESSAGE_CHARTER:
	case MESSAGE_ORGLOG_GET:
	case MESSAGE_ORGLOG:
	case MESSAGE_STATES:
	case MESSAGE_HOLDS:
	case MESSAGE_WHOLE_GET:
	case MESSAGE_WHOLE:
		read_list(m, w, count_max(m->type));
		break;
	case MESSAGE_RECORDS:
		read_records(m, w);
		break;
	case MESSAGE_TOTALS:
	case MESSAGE_TAKEN:
		read_totals(m, w);
		break;
	case MESSAGE_HEAD:
	case MESSAGE_OWN_HEAD:
		read_head(m, w);
		break;
	case MESSAGE_EVIDENCE:
		read_two(m, w, LIMIT_HEAD_LEN_MAX);
		break;
	case MESSAGE_NOT_HERE:
	case MESSAGE_LEAVES_GET:
	case MESSAGE_LEAVES:
		read_leaves(m, w);
		break;
	case MESSAGE_RECORDS_GET:
		read_author(m, w);
		read_list(m, w, MESSAGE_LIST_COUNT_MAX);
		break;
	case MESSAGE_SYNC_END:
	case MESSAGE_OWN_HEAD_GET:
		break;
	case MESSAGE_JOIN:
		m->body = wire_bin(w, 1, LIMIT_JOIN_REQUEST_LEN_MAX);
		break;
	case MESSAGE_JOIN_ANSWER:
		read_answer(m, w);
		break;
	case MESSAGE_JOIN_OPEN:
		wire_fixed(w, m->digest.b, ID_LEN);
		break;
	case MESSAGE_INDEX_GET:
	case MESSAGE_INDEX:
		read_index(m, w);
		break;
	case MESSAGE_CHUNK_GET:
	case MESSAGE_CHUNK:
		read_chunk(m, w);
		break;
	case MESSAGE_FORK:
		read_fork(m, w);
		break;
	}
}

enum err message_decode(struct message *out, struct bytes in)
{
	*out = (struct message){0};
	struct wire_in w = wire_in(in);
	uint32_t count = wire_array(&w, 1, ELEMENT_COUNT_MAX);
	uint64_t type = wire_uint(&w, UINT32_MAX);
	if (w.err)
		return w.err;
	out->type = (enum message_type)type;
	out->len = in.len;
	uint32_t expected = element_count(out->type);
	if (expected == UINT32_MAX)
		return ERR_VERSION;
	if (count != expected + 1)
		return ERR_MALFORMED;
	read_body(out, &w);
	return wire_end(&w);
}

static bool next_element(struct message *m, union element *out)
{
	if (m->count == 0)
		return false;
	m->count--;
	read_element(&m->list, m->type, out);
	check(!m->list.err);
	return true;
}

/* Of an element that is one thing. */
static bool next_copy(struct message *m, void *out, size_t len)
{
	union element element;
	if (!next_element(m, &element))
		return false;
	memcpy(out, &element, len);
	return true;
}

bool message_next_bin(struct message *m, struct bytes *out)
{
	return next_copy(m, out, sizeof(*out));
}

bool message_next_org(struct message *m, struct org_id *org, uint32_t *number)
{
	union element element;
	if (!next_element(m, &element))
		return false;
	*org = element.org.org;
	*number = element.org.number;
	return true;
}

bool message_next_entry(struct message *m, struct org_id *org, struct bytes *entry)
{
	union element element;
	if (!next_element(m, &element))
		return false;
	*org = element.org.org;
	*entry = element.org.entry;
	return true;
}

bool message_next_state(struct message *m, struct message_state *out)
{
	if (!next_copy(m, out, sizeof(*out)))
		return false;
	/* What goes beyond the highest number is in disorder, as who reads it will find. */
	out->author = m->author += out->author;
	return true;
}

bool message_next_leaf(struct message *m, struct setdigest_leaf *out)
{
	return next_copy(m, out, sizeof(*out));
}

bool message_next_sequence(struct message *m, uint64_t *out)
{
	return next_copy(m, out, sizeof(*out));
}

bool message_next_addr(struct message *m, struct chunk_addr *out)
{
	return next_copy(m, out, sizeof(*out));
}

bool message_next_version(struct message *m, struct version_id *out)
{
	return next_copy(m, out, sizeof(*out));
}

bool message_next_whole(struct message *m, struct message_whole *out)
{
	return next_copy(m, out, sizeof(*out));
}

static void begin(struct buf *out, enum message_type type)
{
	out_array(out, element_count(type) + 1);
	out_uint(out, type);
}

void message_hello(struct buf *out, const char *software, uint32_t charter_number,
		   const struct digest *content, const uint8_t *marks)
{
	begin(out, MESSAGE_HELLO);
	out_uint(out, PROTOCOL_VERSION);
	out_text(out, bytes_str(software));
	out_uint(out, charter_number);
	out_fixed(out, content->b, ID_LEN);
	out_fixed_or_nil(out, marks, ROLL_MARK_COUNT);
}

void message_sketch(struct buf *out, struct bytes cells)
{
	begin(out, MESSAGE_SKETCH);
	out_bin(out, cells);
}

void message_sketch_none(struct buf *out)
{
	begin(out, MESSAGE_SKETCH);
	out_nil(out);
}

void message_charter_get(struct buf *out, uint32_t first)
{
	begin(out, MESSAGE_CHARTER_GET);
	out_uint(out, first);
}

void message_join(struct buf *out, struct bytes request)
{
	begin(out, MESSAGE_JOIN);
	out_bin(out, request);
}

void message_join_answer(struct buf *out, enum message_join code, const char *text,
			 const struct digest *b)
{
	begin(out, MESSAGE_JOIN_ANSWER);
	out_uint(out, code);
	out_text(out, utf8_cut(bytes_str(text), MESSAGE_TEXT_LEN_MAX));
	out_fixed_or_nil(out, b ? b->b : NULL, ID_LEN);
}

void message_join_open(struct buf *out, const struct digest *a)
{
	begin(out, MESSAGE_JOIN_OPEN);
	out_fixed(out, a->b, ID_LEN);
}

void message_totals(struct buf *out, uint64_t heads, uint64_t records, uint64_t bytes)
{
	begin(out, MESSAGE_TOTALS);
	out_uint(out, heads);
	out_uint(out, records);
	out_uint(out, bytes);
}

void message_head(struct buf *out, struct bytes head)
{
	begin(out, MESSAGE_HEAD);
	out_bin(out, head);
}

static void begin_author(struct buf *out, enum message_type type, uint32_t author,
			 uint32_t incarnation)
{
	begin(out, type);
	out_uint(out, author);
	out_uint(out, incarnation);
}

void message_not_here(struct buf *out, uint32_t author, uint32_t incarnation)
{
	begin_author(out, MESSAGE_NOT_HERE, author, incarnation);
}

static void begin_leaves(struct buf *out, enum message_type type, uint32_t author,
			 uint32_t incarnation, const struct digest *set, uint64_t place)
{
	begin_author(out, type, author, incarnation);
	out_fixed(out, set->b, ID_LEN);
	out_uint(out, place);
}

void message_leaves_get(struct buf *out, uint32_t author, uint32_t incarnation,
			const struct digest *set, uint64_t place)
{
	begin_leaves(out, MESSAGE_LEAVES_GET, author, incarnation, set, place);
}

void message_leaves(struct buf *out, uint32_t author, uint32_t incarnation,
		    const struct digest *set, const struct setdigest_page *page)
{
	begin_leaves(out, MESSAGE_LEAVES, author, incarnation, set, page->place);
	out_bin(out, bytes_of(page->path, page->depth * SETDIGEST_STEP_LEN));
	out_array(out, (uint32_t)page->count);
	for (size_t i = 0; i < page->count; i++) {
		const struct setdigest_leaf *leaf = &page->leaves[i];
		out_array(out, 3);
		out_bin(out, bytes_of(leaf->slot, leaf->slot_len));
		out_uint(out, leaf->sequence);
		out_fixed(out, leaf->hash.b, ID_LEN);
	}
}

void message_records_get(struct buf *out, uint32_t author, uint32_t incarnation,
			 struct bytes sequences)
{
	begin_author(out, MESSAGE_RECORDS_GET, author, incarnation);
	uint32_t count = (uint32_t)(sequences.len / 8);
	if (count > MESSAGE_LIST_COUNT_MAX)
		count = MESSAGE_LIST_COUNT_MAX;
	out_array(out, count);
	for (uint32_t i = 0; i < count; i++)
		out_uint(out, be64_get(sequences.ptr + 8 * (size_t)i));
}

void message_sync_end(struct buf *out)
{
	begin(out, MESSAGE_SYNC_END);
}

void message_own_head_get(struct buf *out)
{
	begin(out, MESSAGE_OWN_HEAD_GET);
}

void message_own_head(struct buf *out, struct bytes head)
{
	begin(out, MESSAGE_OWN_HEAD);
	head.len ? out_bin(out, head) : out_nil(out);
}

static void put_two(struct buf *out, struct bytes one, struct bytes other)
{
	out_bin(out, one);
	out_bin(out, other);
}

void message_fork(struct buf *out, const struct org_id *org, struct bytes one, struct bytes other)
{
	begin(out, MESSAGE_FORK);
	out_fixed_or_nil(out, org ? org->b : NULL, ID_LEN);
	put_two(out, one, other);
}

void message_evidence(struct buf *out, struct bytes one, struct bytes other)
{
	begin(out, MESSAGE_EVIDENCE);
	put_two(out, one, other);
}

void message_taken(struct buf *out, uint64_t bytes)
{
	begin(out, MESSAGE_TAKEN);
	out_uint(out, bytes);
}

static void put_version(struct buf *out, const struct version_id *of)
{
	out_fixed(out, of->dataset.b, ID_LEN);
	out_uint(out, of->number);
	out_uint(out, of->author);
}

void message_index_get(struct buf *out, const struct version_id *of, const struct chunk_addr *after)
{
	begin(out, MESSAGE_INDEX_GET);
	put_version(out, of);
	out_fixed_or_nil(out, after ? after->b : NULL, ID_LEN);
}

void message_index(struct buf *out, const struct version_id *of, struct bytes entries, bool more)
{
	begin(out, MESSAGE_INDEX);
	put_version(out, of);
	out_bin(out, entries);
	out_bool(out, more);
}

void message_chunk(struct buf *out, const struct dataset_id *dataset, const struct chunk_addr *addr,
		   struct bytes chunk, bool here)
{
	begin(out, MESSAGE_CHUNK);
	out_fixed(out, dataset->b, ID_LEN);
	out_fixed(out, addr->b, ID_LEN);
	if (here)
		out_bin(out, chunk);
	else
		out_nil(out);
}

void message_list_version(struct message_list *list, const struct version_id *of)
{
	list->count++;
	out_array(&list->items, 3);
	put_version(&list->items, of);
}

void message_list_whole(struct message_list *list, const struct message_whole *whole)
{
	list->count++;
	out_array(&list->items, 4);
	put_version(&list->items, &whole->of);
	out_array(&list->items, whole->count);
	for (uint32_t i = 0; i < whole->count; i++)
		out_bin(&list->items, whole->chunks[i]);
}

void message_list_end(struct message_list *list, struct buf *out)
{
	begin(out, list->type);
	if (list->type == MESSAGE_CHUNK_GET)
		out_fixed(out, list->dataset.b, ID_LEN);
	if (list->type == MESSAGE_RECORDS)
		list->has_path ? out_bin(out, list->path) : out_nil(out);
	out_array(out, list->count);
	buf_add(out, buf_bytes(&list->items));
	if (list->items.err && !out->err)
		out->err = list->items.err;
	buf_fini(&list->items);
}
