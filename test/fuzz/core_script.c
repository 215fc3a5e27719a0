#include "test/fuzz/core_script.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/content/index.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { SCRIPT_STEP_COUNT_MAX = 48 };

#define YEAR_MS (INT64_C(365) * 24 * 3600 * 1000)

struct script {
	struct world *world;
	const struct stage *stage;
	struct bytes rest;
	unsigned much;     /* of the step */
	uint64_t sequence; /* of the latest record that Malwine has signed */
};

/* ---- reading ---- */

static uint8_t next_byte(struct script *s)
{
	uint8_t byte = s->rest.len > 0 ? s->rest.ptr[0] : 0;
	s->rest = bytes_slice(s->rest, 1, s->rest.len);
	return byte;
}

static unsigned next_below(struct script *s, size_t bound)
{
	return bound > 1 ? (unsigned)(next_byte(s) % bound) : 0;
}

static struct bytes next_bytes(struct script *s, size_t len)
{
	struct bytes taken = bytes_slice(s->rest, 0, len);
	s->rest = bytes_slice(s->rest, taken.len, s->rest.len);
	return taken;
}

/* Mostly near `near`; also the ends of what there is. */
static uint64_t next_number(struct script *s, uint64_t near)
{
	uint8_t byte = next_byte(s);
	uint8_t b[8];
	if (byte < 0x80)
		return near + byte;
	if (byte < 0xc0)
		return near - (byte - 0x80);
	if (byte < 0xe0)
		return byte - 0xc0;
	if (byte < 0xf0)
		return UINT64_MAX >> (byte - 0xe0) * 4;
	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = next_byte(s);
	return be64_get(b);
}

static void next_digest(struct script *s, uint8_t out[ID_LEN])
{
	memset(out, next_byte(s), ID_LEN);
}

static uint32_t next_author(struct script *s)
{
	static const enum stage_who whose[] = {STAGE_HOME, STAGE_OTHER, STAGE_MEMBER};
	unsigned which = next_below(s, 5);
	if (which < COUNT(whose))
		return s->stage->nodes[whose[which]].author;
	return (uint32_t)next_number(s, which == 3 ? 4 * 256 : 0);
}

static const struct stage_node *next_node(struct script *s)
{
	return &s->stage->nodes[next_below(s, STAGE_COUNT)];
}

static struct version_id next_version(struct script *s)
{
	struct version_id of = s->stage->versions[next_below(s, s->stage->version_count)];
	uint8_t how = next_byte(s);
	if (how >= 0xc0)
		of.number = next_number(s, of.number);
	if (how >= 0xe0)
		of.author = next_author(s);
	return of;
}

static const struct stage_chunk *next_chunk(struct script *s)
{
	return &s->stage->chunks[next_below(s, s->stage->chunk_count)];
}

static struct bytes next_of(struct script *s, const struct stage_bytes *list)
{
	return list->items[next_below(s, list->count)];
}

static struct bytes next_history(struct script *s)
{
	unsigned at = s->world->history_next - 1 - next_below(s, WORLD_HISTORY_COUNT);
	return buf_bytes(&s->world->history[at % WORLD_HISTORY_COUNT].bytes);
}

/* ---- altering ---- */

static void splice(struct script *s, struct buf *b, size_t at)
{
	struct bytes other = next_history(s);
	struct bytes part = bytes_slice(other, other.len * next_byte(s) / 256, next_byte(s));
	if (part.len > b->len - at)
		part.len = b->len - at;
	if (part.len > 0)
		memcpy(b->ptr + at, part.ptr, part.len);
}

/* How, where, and what else it takes. True: it is heard twice. */
static bool alter(struct script *s, struct buf *b)
{
	unsigned how = next_below(s, ALTER_COUNT);
	if (how == ALTER_NOT || how == ALTER_TWICE || b->len == 0)
		return how == ALTER_TWICE;
	/* Long messages have most of what matters at their beginning. */
	size_t at = next_byte(s);
	at = at < 0x80 || b->len < 0x100 ? at % b->len : b->len * (at - 0x80) / 0x80;
	switch ((enum alter)how) {
	case ALTER_FLIP:
		b->ptr[at] ^= (uint8_t)(1u << next_below(s, 8));
		break;
	case ALTER_BYTE:
		b->ptr[at] = next_byte(s);
		break;
	case ALTER_CUT:
		b->len = at;
		break;
	case ALTER_SPLICE:
		splice(s, b, at);
		break;
	case ALTER_NUMBER:
		b->ptr[at] = (uint8_t)(b->ptr[at] + (next_byte(s) % 2 ? 1 : -1));
		break;
	case ALTER_NOT:
	case ALTER_TWICE:
	case ALTER_COUNT:
		break;
	}
	return false;
}

static void hear_altered(struct script *s, unsigned wire, unsigned from, uint8_t channel,
			 struct bytes message)
{
	struct buf copy;
	buf_init(&copy, LIMIT_MESSAGE_LEN_MAX);
	buf_add(&copy, message);
	bool twice = alter(s, &copy);
	world_hear(s->world, wire, from, channel, buf_bytes(&copy));
	if (twice)
		world_hear(s->world, wire, from, channel, buf_bytes(&copy));
	buf_fini(&copy);
}

/* ---- messages ---- */

static void put_list(struct script *s, struct buf *out, enum message_type type)
{
	struct message_list list = message_list_begin(type);
	const struct stage_chunk *chunk = &s->stage->chunks[0];
	unsigned count = next_below(s, 8);
	if (type == MESSAGE_CHUNK_GET) {
		chunk = next_chunk(s);
		list.dataset = chunk->dataset;
	}
	for (unsigned i = 0; i < count; i++) {
		struct version_id of;
		const struct stage_entry *entry;
		if (type == MESSAGE_CHARTER) {
			message_list_bin(&list, next_of(s, &s->stage->charter));
		} else if (type == MESSAGE_RECORDS) {
			message_list_bin(&list, next_of(s, &s->stage->records));
		} else if (type == MESSAGE_ORGLOG_GET) {
			const struct stage_node *node = next_node(s);
			message_list_org(&list, &node->identity.org, (uint32_t)next_number(s, 1));
		} else if (type == MESSAGE_ORGLOG) {
			entry = &s->stage->orglog[next_below(s, s->stage->orglog_count)];
			message_list_entry(&list, &entry->org, entry->whole);
		} else if (type == MESSAGE_HOLDS) {
			of = next_version(s);
			message_list_version(&list, &of);
		} else {
			message_list_addr(&list, &chunk->addr);
			chunk = next_chunk(s);
		}
	}
	message_list_end(&list, out);
}

static void put_sketch(struct script *s, struct buf *out)
{
	uint8_t cells[3 * MESSAGE_SKETCH_STEP] = {0};
	for (unsigned i = next_below(s, 4); i > 0; i--)
		cells[next_below(s, sizeof(cells))] = next_byte(s);
	unsigned steps = next_below(s, 5);
	if (steps < 4)
		message_sketch(out, bytes_of(cells, steps * MESSAGE_SKETCH_STEP));
	else
		message_sketch_none(out);
}

static void put_states(struct script *s, struct buf *out)
{
	struct message_list list = message_list_begin(MESSAGE_STATES);
	for (unsigned i = next_below(s, 6); i > 0; i--) {
		const struct author_state *own = &next_node(s)->own;
		struct message_state state = {.author = own->author,
					      .incarnation = (uint32_t)next_number(s, 1),
					      .sequence = next_number(s, own->sequence),
					      .counter = next_number(s, own->counter)};
		state.set ^= next_byte(s) % 2;
		message_list_state(&list, &state);
	}
	message_list_end(&list, out);
}

/* Questions and answers about the set of one author. */
static void put_reconcile(struct script *s, struct buf *out, enum message_type type)
{
	uint32_t author = next_author(s), incarnation = (uint32_t)next_number(s, 1);
	struct digest set = next_node(s)->own.set;
	if (type == MESSAGE_NOT_HERE) {
		message_not_here(out, author, incarnation);
	} else if (type == MESSAGE_LEAVES_GET) {
		message_leaves_get(out, author, incarnation, &set, next_number(s, 0));
	} else if (type == MESSAGE_LEAVES) {
		struct setdigest_page *page = mem_new(1, sizeof(*page));
		page->place = next_number(s, 0);
		page->depth = next_below(s, 3);
		page->count = 1;
		page->leaves[0].slot_len = 1 + next_below(s, LIMIT_SLOT_LEN_MAX);
		page->leaves[0].sequence = next_number(s, 1);
		memset(page->leaves[0].slot, next_byte(s), page->leaves[0].slot_len);
		message_leaves(out, author, incarnation, &set, page);
		free(page);
	} else {
		uint8_t sequences[4 * 8];
		for (unsigned i = 0; i < 4; i++)
			be64_put(sequences + 8 * (size_t)i, next_number(s, i));
		message_records_get(out, author, incarnation, bytes_obj(&sequences));
	}
}

static void put_index(struct script *s, struct buf *out, enum message_type type)
{
	struct version_id of = next_version(s);
	uint8_t how = next_byte(s);
	if (type == MESSAGE_INDEX_GET) {
		message_index_get(out, &of, how & 1 ? &next_chunk(s)->addr : NULL);
		return;
	}
	struct index index;
	struct buf entries;
	index_init(&index);
	buf_init(&entries, LIMIT_MESSAGE_LEN_MAX);
	for (unsigned i = next_below(s, 8); i > 0; i--) {
		const struct stage_chunk *chunk = next_chunk(s);
		index_add(&index, &chunk->addr, (uint32_t)chunk->sealed.len);
	}
	check(!index_sort(&index));
	for (size_t i = 0; i < index_count(&index); i++)
		index_entry_put(&entries, index_at(&index, i));
	message_index(out, &of, buf_bytes(&entries), how & 4);
	index_fini(&index);
	buf_fini(&entries);
}

static void put_hello(struct script *s, struct buf *out)
{
	uint8_t marks[ROLL_MARK_COUNT];
	uint32_t number = (uint32_t)next_number(s, s->stage->charter_number);
	struct digest content;
	next_digest(s, content.b);
	memset(marks, next_byte(s), sizeof(marks));
	message_hello(out, "fuzz", number, &content, marks[0] % 4 ? marks : NULL);
}

static void put_chunk(struct script *s, struct buf *out)
{
	const struct stage_chunk *chunk = next_chunk(s), *other = next_chunk(s);
	bool here = next_byte(s) % 4 > 0;
	message_chunk(out, &chunk->dataset, &chunk->addr, here ? other->sealed : bytes_of(NULL, 0),
		      here);
}

/* Chunks of one version, or of several, in order or not. */
static void put_whole(struct script *s, struct buf *out)
{
	struct message_list list = message_list_begin(MESSAGE_WHOLE);
	for (unsigned i = next_below(s, 4); i > 0; i--) {
		struct message_whole whole = {.of = next_version(s), .count = next_below(s, 4)};
		for (unsigned k = 0; k < whole.count; k++)
			whole.chunks[k] = next_chunk(s)->sealed;
		message_list_whole(&list, &whole);
	}
	message_list_end(&list, out);
}

static void put_message(struct script *s, struct buf *out, enum message_type type)
{
	static const char *const texts[] = {"", "nein", "später"};
	switch (type) {
	case MESSAGE_HELLO:
		put_hello(s, out);
		break;
	case MESSAGE_CHARTER_GET:
		message_charter_get(out, (uint32_t)next_number(s, 1));
		break;
	case MESSAGE_CHARTER:
	case MESSAGE_RECORDS:
	case MESSAGE_ORGLOG_GET:
	case MESSAGE_ORGLOG:
	case MESSAGE_HOLDS:
	case MESSAGE_WHOLE_GET:
	case MESSAGE_CHUNK_GET:
		put_list(s, out, type);
		break;
	case MESSAGE_SKETCH:
		put_sketch(s, out);
		break;
	case MESSAGE_STATES:
		put_states(s, out);
		break;
	case MESSAGE_TOTALS:
		message_totals(out, next_number(s, 0), next_number(s, 0), next_number(s, 0));
		break;
	case MESSAGE_HEAD:
		message_head(out, next_of(s, &s->stage->heads));
		break;
	case MESSAGE_NOT_HERE:
	case MESSAGE_LEAVES_GET:
	case MESSAGE_LEAVES:
	case MESSAGE_RECORDS_GET:
		put_reconcile(s, out, type);
		break;
	case MESSAGE_SYNC_END:
		message_sync_end(out);
		break;
	case MESSAGE_OWN_HEAD_GET:
		message_own_head_get(out);
		break;
	case MESSAGE_OWN_HEAD:
		message_own_head(out, next_of(s, &s->stage->heads));
		break;
	case MESSAGE_JOIN: /* what a joiner says is replayed and altered; this is none */
		message_join(out, next_bytes(s, next_byte(s)));
		break;
	case MESSAGE_JOIN_ANSWER:
		message_join_answer(out, (enum message_join)next_below(s, 4),
				    texts[next_below(s, COUNT(texts))], NULL);
		break;
	case MESSAGE_JOIN_OPEN: /* as above */
		message_join_open(out, &(struct digest){{next_byte(s)}});
		break;
	case MESSAGE_TAKEN:
		message_taken(out, next_number(s, 0));
		break;
	case MESSAGE_INDEX_GET:
	case MESSAGE_INDEX:
		put_index(s, out, type);
		break;
	case MESSAGE_CHUNK:
		put_chunk(s, out);
		break;
	case MESSAGE_WHOLE:
		put_whole(s, out);
		break;
	case MESSAGE_FORK:
		message_fork(out, NULL, next_of(s, &s->stage->charter),
			     next_of(s, &s->stage->charter));
		break;
	case MESSAGE_EVIDENCE:
		message_evidence(out, next_of(s, &s->stage->heads), next_of(s, &s->stage->heads));
		break;
	}
}

static void say(struct script *s, unsigned wire)
{
	static const enum message_type types[] = {
#define X(name, number, elements) MESSAGE_##name,
		MESSAGE_LIST(X)
#undef X
	};
	struct buf out;
	uint8_t byte = next_byte(s);
	enum message_type type = types[byte % COUNT(types)];
	bool bulk = (type == MESSAGE_CHUNK || type == MESSAGE_WHOLE) != (byte >= 8 * COUNT(types));
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	put_message(s, &out, type);
	check(!out.err);
	hear_altered(s, wire, 1, bulk ? LINK_CHANNEL_BULK : LINK_CHANNEL_SYNC, buf_bytes(&out));
	buf_fini(&out);
}

/* ---- what Malwine signs ---- */

/* A record in the manner of a real one, or with its body altered or strange. */
static void sign_record(struct script *s, unsigned wire)
{
	const struct stage_node *member = &s->stage->nodes[STAGE_MEMBER];
	struct record fields;
	struct buf body, whole, out;
	check(!record_decode(&fields, next_of(s, &s->stage->records)));
	uint8_t how = next_byte(s);
	fields.author = how & 1 ? next_author(s) : member->author;
	fields.incarnation = how & 2 ? (uint32_t)next_number(s, 1) : 1;
	fields.sequence = how & 4 ? next_number(s, fields.sequence) : ++s->sequence;
	fields.time_ms = s->world->now_ms;
	if (how & 8)
		fields.time_ms = (int64_t)(next_number(s, (uint64_t)fields.time_ms) & INT64_MAX);
	if (how & 16)
		fields.kind = next_byte(s);
	if (how & 32)
		fields.slot = next_bytes(s, 1 + next_below(s, LIMIT_SLOT_LEN_MAX));
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	buf_add(&body, fields.body);
	if (how & 64)
		alter(s, &body);
	fields.body = buf_bytes(&body);
	record_make(&whole, &fields, &s->stage->fed, secret_key(member->identity.sign));
	if (!whole.err) {
		struct message_list list = message_list_begin(MESSAGE_RECORDS);
		message_list_bin(&list, buf_bytes(&whole));
		message_list_end(&list, &out);
		world_hear(s->world, wire, 1, LINK_CHANNEL_SYNC, buf_bytes(&out));
	}
	buf_fini(&body);
	buf_fini(&whole);
	buf_fini(&out);
}

/* The latest head of an author; zero: it has none. */
static struct head head_of(const struct stage *stage, uint32_t author)
{
	struct head latest = {.author = author, .incarnation = 1};
	for (size_t i = 0; i < stage->heads.count; i++) {
		struct head head;
		check(!head_decode(&head, stage->heads.items[i]));
		if (head.author == author && head.counter > latest.counter)
			latest = head;
	}
	return latest;
}

/* A head as the next one of an author, hers or another, or not quite. */
static void sign_head(struct script *s, unsigned wire)
{
	const struct stage_node *member = &s->stage->nodes[STAGE_MEMBER];
	struct buf whole, out;
	uint8_t how = next_byte(s);
	struct head fields = head_of(s->stage, how & 1 ? next_author(s) : member->author);
	fields.has_previous = fields.counter > 0;
	if (fields.has_previous)
		head_id(&fields.previous, &fields);
	fields.counter = how & 2 ? next_number(s, fields.counter) : fields.counter + 1;
	fields.time_ms = s->world->now_ms;
	if (how & 4)
		fields.time_ms = (int64_t)(next_number(s, (uint64_t)fields.time_ms) & INT64_MAX);
	fields.valid_until_ms = fields.time_ms;
	if (how & 8)
		fields.valid_until_ms |= (int64_t)(next_number(s, 0) & INT64_MAX);
	if (how & 16)
		fields.incarnation = (uint32_t)next_number(s, 1);
	if (how & 32)
		next_digest(s, fields.set.b);
	if (how & 64)
		fields.last_sequence = next_number(s, fields.last_sequence);
	if (how & 128)
		fields.orglog_number++;
	buf_init(&whole, LIMIT_HEAD_LEN_MAX);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	head_make(&whole, &fields, &s->stage->fed, secret_key(member->identity.sign));
	if (!whole.err) {
		message_head(&out, buf_bytes(&whole));
		world_hear(s->world, wire, 1, LINK_CHANNEL_SYNC, buf_bytes(&out));
	}
	buf_fini(&whole);
	buf_fini(&out);
}

/* ---- steps ---- */

static void link_step(struct script *s, unsigned wire)
{
	static const enum stage_who whose[] = {STAGE_MEMBER, STAGE_JOINER, STAGE_OTHER};
	uint8_t how = next_byte(s);
	enum stage_who who = whose[how % COUNT(whose)];
	world_link(s->world, wire, who, how & 0x40, how & 0x80 ? next_byte(s) : 0);
}

/* Malwine's next message to Meißen, or that of another end, is lost or heard altered. */
static void take_step(struct script *s, bool lost)
{
	uint8_t where = next_byte(s);
	unsigned wire = where / 2 % WORLD_WIRE_COUNT, end = !(where & 1);
	struct world_said said;
	if (!world_take(s->world, wire, end, &said))
		return;
	if (!lost)
		hear_altered(s, wire, end, said.channel, buf_bytes(&said.bytes));
	buf_fini(&said.bytes);
}

/* Seconds to years. */
static int64_t next_ms(struct script *s)
{
	return (int64_t)(1 + s->much) << (next_byte(s) % 32);
}

static void time_step(struct script *s)
{
	struct world *world = s->world;
	int64_t ms = next_ms(s);
	if (world->now_ms + ms < s->stage->now_ms + 50 * YEAR_MS)
		world->now_ms += ms;
	world_tick(world);
}

static void wake_step(struct script *s)
{
	for (unsigned i = 0; i <= s->much && s->world->turns_left > 0; i++) {
		int64_t wake_ms = actor_wake(world_home(s->world));
		if (wake_ms > s->stage->now_ms + 50 * YEAR_MS)
			return;
		if (s->world->now_ms < wake_ms)
			s->world->now_ms = wake_ms;
		world_tick(s->world);
		world_settle(s->world);
	}
}

static void back_step(struct script *s)
{
	int64_t ms = next_ms(s);
	if (s->world->home_ahead_ms - ms > -10 * YEAR_MS)
		s->world->home_ahead_ms -= ms;
	world_tick(s->world);
}

static void other_step(struct script *s)
{
	struct event bad = {.type = EVENT_CHUNK_BAD};
	if (s->much % 4 < 3) {
		actor_headroom(world_home(s->world), (enum headroom)(s->much % 4));
		return;
	}
	const struct stage_chunk *chunk = next_chunk(s);
	bad.dataset = chunk->dataset;
	bad.addr = chunk->addr;
	world_tell(s->world, &bad);
}

static void step_do(struct script *s, enum step step)
{
	struct world *world = s->world;
	unsigned wire = s->much % WORLD_WIRE_COUNT;
	switch (step) {
	case STEP_RUN:
		world_run(world, 8 * (1 + s->much));
		break;
	case STEP_LINK:
		link_step(s, wire);
		break;
	case STEP_PASS:
		take_step(s, false);
		break;
	case STEP_DROP:
		take_step(s, true);
		break;
	case STEP_REPLAY:
		hear_altered(s, wire, 1, LINK_CHANNEL_SYNC, next_history(s));
		break;
	case STEP_SAY:
		say(s, wire);
		break;
	case STEP_RAW:
		world_hear(world, wire, 1, s->much & 8 ? LINK_CHANNEL_BULK : LINK_CHANNEL_SYNC,
			   next_bytes(s, next_byte(s)));
		break;
	case STEP_SIGN:
		sign_record(s, wire);
		break;
	case STEP_HEAD:
		sign_head(s, wire);
		break;
	case STEP_TIME:
		time_step(s);
		break;
	case STEP_WAKE:
		wake_step(s);
		break;
	case STEP_BACK:
		back_step(s);
		break;
	case STEP_UNLINK:
		world_unlink(world, wire);
		break;
	case STEP_BATCH:
		world->batch = 2 + s->much % (WORLD_PENDING_MAX - 1);
		break;
	case STEP_RESTART:
		world_restart(world);
		break;
	case STEP_OTHER:
		other_step(s);
		break;
	case STEP_COUNT:
		break;
	}
}

void script_run(struct world *world, struct bytes script)
{
	const struct stage_node *member = &world->stage->nodes[STAGE_MEMBER];
	struct script s = {.world = world,
			   .stage = world->stage,
			   .rest = script,
			   .sequence = member->own.sequence};
	for (unsigned i = 0; i < SCRIPT_STEP_COUNT_MAX && s.rest.len > 0 && world->turns_left > 0;
	     i++) {
		uint8_t byte = next_byte(&s);
		s.much = byte / STEP_COUNT;
		step_do(&s, (enum step)(byte % STEP_COUNT));
		if (world->batch == 0)
			world_settle(world);
	}
}
