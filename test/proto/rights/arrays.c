#include "test/proto/rights/arrays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"

void arrays_init(struct arrays *arrays)
{
	*arrays = (struct arrays){.member_cap = 0};
}

static void record_forget(struct naive_record *record)
{
	free(record->bars);
	*record = (struct naive_record){.author = 0};
}

void arrays_fini(struct arrays *arrays)
{
	for (size_t i = 0; i < arrays->naive.record_count; i++) {
		record_forget(&arrays->naive.records[i]);
		buf_fini(&arrays->kept[i].body);
	}
	free(arrays->naive.records);
	free(arrays->naive.members);
	free(arrays->naive.nodes);
	free(arrays->kept);
}

struct org_id arrays_org(unsigned n)
{
	return (struct org_id){{(uint8_t)n, (uint8_t)(n >> 8), 1}};
}

struct naive_member *arrays_member(struct arrays *arrays, uint32_t number, struct org_id org,
				   const char *slug)
{
	struct naive *world = &arrays->naive;
	struct naive_member *member = NULL;

	for (size_t i = 0; i < world->member_count; i++)
		if (world->members[i].number == number)
			member = &world->members[i];
	if (!member) {
		world->members = mem_room(world->members, world->member_count, &arrays->member_cap,
					  sizeof(*world->members));
		member = &world->members[world->member_count++];
	}
	*member = (struct naive_member){.number = number, .org = org, .present = true};
	snprintf(member->slug, sizeof(member->slug), "%s", slug);
	return member;
}

struct naive_node *arrays_node(struct arrays *arrays, uint32_t author)
{
	struct naive *world = &arrays->naive;

	for (size_t i = 0; i < world->node_count; i++)
		if (world->nodes[i].author == author)
			return &world->nodes[i];
	world->nodes =
		mem_room(world->nodes, world->node_count, &arrays->node_cap, sizeof(*world->nodes));
	world->nodes[world->node_count] = (struct naive_node){.author = author, .counts = true};
	return &world->nodes[world->node_count++];
}

static size_t place_of(const struct arrays *arrays, uint32_t author, struct bytes slot)
{
	size_t i = 0;

	while (i < arrays->naive.record_count &&
	       (arrays->kept[i].author != author ||
		!bytes_eq(bytes_obj(&arrays->kept[i].slot), slot)))
		i++;
	return i;
}

static void record_read(struct naive_record *out, struct arrays_kept *kept)
{
	struct bytes body = buf_bytes(&kept->body);
	struct bar_list list;

	record_forget(out);
	if (body.len == 0)
		return;
	out->author = kept->author;
	out->is_line = kept->slot[0] == RECORD_LINE;
	if (out->is_line) {
		check(!line_get(&out->line, body));
		memcpy(out->id.b, kept->slot + 1, ID_LEN);
		out->body = body;
		return;
	}
	check(!bar_list_get(&list, body));
	out->org = list.org;
	out->bars = mem_new(list.left, sizeof(*out->bars));
	while (bar_list_next(&list, &out->bars[out->bar_count]))
		out->bar_count++;
}

void arrays_take(struct arrays *arrays, uint32_t author, uint64_t sequence, struct bytes slot,
		 struct bytes body)
{
	struct naive *world = &arrays->naive;
	size_t i = place_of(arrays, author, slot);

	check(slot.len == 1 + ID_LEN);
	if (i == world->record_count) {
		world->records =
			mem_room(world->records, i, &arrays->record_cap, sizeof(*world->records));
		arrays->kept = mem_room(arrays->kept, i, &arrays->kept_cap, sizeof(*arrays->kept));
		world->records[i] = (struct naive_record){.author = 0};
		arrays->kept[i] = (struct arrays_kept){.author = author};
		memcpy(arrays->kept[i].slot, slot.ptr, slot.len);
		buf_init(&arrays->kept[i].body, BAR_LEN_MAX);
		world->record_count++;
	}
	struct arrays_kept *kept = &arrays->kept[i];
	if (sequence <= kept->sequence)
		return;
	kept->sequence = sequence;
	buf_reset(&kept->body);
	buf_add(&kept->body, body);
	check(!kept->body.err);
	record_read(&world->records[i], kept);
}

static uint64_t next_sequence(const struct arrays *arrays)
{
	uint64_t last = 0;

	for (size_t i = 0; i < arrays->naive.record_count; i++)
		if (arrays->kept[i].sequence > last)
			last = arrays->kept[i].sequence;
	return last + 1;
}

struct digest arrays_line(struct arrays *arrays, uint32_t author, const struct line *line)
{
	struct digest id;
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	line_put(&body, line);
	line_id(&id, line);
	struct record_slot slot = line_slot(&id);
	check(!line_fits(line, record_slot_bytes(&slot), author));
	arrays_take(arrays, author, next_sequence(arrays), record_slot_bytes(&slot),
		    buf_bytes(&body));
	buf_fini(&body);
	return id;
}

static int bar_order(const void *a, const void *b)
{
	return bar_cmp(a, b);
}

void arrays_bars(struct arrays *arrays, uint32_t author, struct org_id org, struct bar *bars,
		 size_t count)
{
	struct record_slot slot = bar_slot(&org);
	struct buf body;

	buf_init(&body, BAR_LEN_MAX);
	qsort(bars, count, sizeof(*bars), bar_order);
	if (count > 0)
		bar_list_put(&body, &org, bars, count);
	arrays_take(arrays, author, next_sequence(arrays), record_slot_bytes(&slot),
		    buf_bytes(&body));
	buf_fini(&body);
}

const struct naive_record *arrays_find(const struct arrays *arrays, uint32_t author,
				       struct bytes slot)
{
	size_t i = place_of(arrays, author, slot);

	return i < arrays->naive.record_count && arrays->naive.records[i].author != 0
		       ? &arrays->naive.records[i]
		       : NULL;
}

/* ---- the facts ---- */

static bool fact_member(void *arg, uint32_t number, struct fact_member *out)
{
	const struct naive *world = &((struct arrays *)arg)->naive;

	for (size_t i = 0; i < world->member_count; i++) {
		const struct naive_member *member = &world->members[i];
		if (member->number != number)
			continue;
		*out = (struct fact_member){
			.org = member->org, .present = member->present, .relay = member->relay};
		return true;
	}
	return false;
}

static uint32_t fact_owner(void *arg, struct bytes slug)
{
	const struct naive *world = &((struct arrays *)arg)->naive;

	for (size_t i = 0; i < world->member_count; i++)
		if (world->members[i].present && bytes_eq(bytes_str(world->members[i].slug), slug))
			return world->members[i].number;
	return 0;
}

static int number_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void fact_nodes(void *arg, uint32_t number, struct fact_nodes *out)
{
	const struct naive *world = &((struct arrays *)arg)->naive;
	uint32_t active[256];
	size_t count = 0;

	*out = (struct fact_nodes){.active_count = 0};
	for (size_t i = 0; i < world->node_count; i++) {
		const struct naive_node *node = &world->nodes[i];
		if (node->author / 256 != number)
			continue;
		if (node->counts)
			active[count++] = node->author;
		else if (node->leaving && out->leaving_count < VERDICT_LEAVING_MAX)
			out->leaving[out->leaving_count++] = node->author;
	}
	qsort(active, count, sizeof(active[0]), number_order);
	qsort(out->leaving, out->leaving_count, sizeof(out->leaving[0]), number_order);
	out->active_count = count < VERDICT_NODES_MAX ? count : VERDICT_NODES_MAX;
	memcpy(out->active, active, out->active_count * sizeof(active[0]));
}

static bool fact_body(void *arg, uint32_t author, struct bytes slot, struct bytes *body)
{
	const struct arrays *arrays = arg;
	size_t i = place_of(arrays, author, slot);

	if (i == arrays->naive.record_count || arrays->kept[i].body.len == 0)
		return false;
	*body = buf_bytes(&arrays->kept[i].body);
	return true;
}

static uint32_t fact_issuer(void *arg, const struct digest *line)
{
	const struct naive *world = &((struct arrays *)arg)->naive;

	for (size_t i = 0; i < world->record_count; i++)
		if (world->records[i].is_line && id_eq(&world->records[i].id, line))
			return world->records[i].line.issuer;
	return 0;
}

struct facts arrays_facts(struct arrays *arrays)
{
	return (struct facts){.arg = arrays,
			      .member = fact_member,
			      .owner = fact_owner,
			      .nodes = fact_nodes,
			      .body = fact_body,
			      .issuer = fact_issuer};
}

/* ---- comparing ---- */

static const char *difference(const struct naive_verdict *n, const struct verdict *v, bool good,
			      int64_t t_ms)
{
	bool timely =
		v->fault == FAULT_NONE || v->fault == FAULT_NOT_YET || v->fault == FAULT_EXPIRED;

	if (good != (v->fault == FAULT_NONE))
		return "what it returns and its fault";
	if (good != (n->has_chain && n->good))
		return "good";
	if (!n->has_chain)
		return v->count == 0 ? NULL : "count of what has no chain";
	if (v->count != n->count)
		return "count";
	for (size_t i = 0; i < n->count; i++)
		if (v->issuers[i] != n->chain[i]->issuer)
			return "issuers";
	if (!bytes_eq(v->prefix, n->chain[n->count - 1]->prefix))
		return "prefix";
	if (timely != (n->holds && !n->ended))
		return "whether it holds but for the time";
	if (!n->strays && v->keep != n->keep)
		return "keep";
	if (!timely)
		return v->fault_at < n->count ? NULL : "place of the fault";
	if (v->verb != n->verb || v->widest != n->widest)
		return "verb or widest";
	if (v->from_ms != n->from_ms || v->to_ms != n->to_ms)
		return "from or to";
	bool never = n->to_ms <= n->from_ms;
	if ((v->fault == FAULT_NOT_YET && t_ms >= n->from_ms) ||
	    (v->fault == FAULT_EXPIRED && t_ms < n->to_ms && !never))
		return "which fault of time";
	return NULL;
}

static bool line_agrees(struct arrays *arrays, const struct facts *facts, const struct digest *id,
			int64_t t_ms, bool *good, struct verdict *v)
{
	struct naive_verdict n = naive_verdict(&arrays->naive, id, t_ms);
	*good = verdict_of(facts, id, t_ms, v);
	const char *what = difference(&n, v, *good, t_ms);

	if (what)
		printf("line %02x%02x%02x%02x at %lld: %s differs: naive %s%s%s verb %d widest %u "
		       "keep %d "
		       "count %zu; verdict %s at %zu, verb %d widest %u keep %d count %zu\n",
		       id->b[0], id->b[1], id->b[2], id->b[3], (long long)t_ms, what,
		       n.has_chain ? "" : "no chain ", n.ended ? "ended " : "",
		       n.has_chain && n.good ? "good" : "void", n.verb, n.widest, n.keep, n.count,
		       fault_text(v->fault), v->fault_at, v->verb, v->widest, v->keep, v->count);
	return !what;
}

bool arrays_lines_agree(struct arrays *arrays, const struct facts *facts, int64_t t_ms)
{
	const struct naive *world = &arrays->naive;
	bool same = true;

	for (size_t i = 0; i < world->record_count && same; i++) {
		struct verdict v;
		bool good;
		if (world->records[i].is_line)
			same = line_agrees(arrays, facts, &world->records[i].id, t_ms, &good, &v);
	}
	return same;
}

bool arrays_agree(struct arrays *arrays, int64_t t_ms, const char *const *paths, size_t path_count)
{
	struct naive *world = &arrays->naive;
	struct facts facts = arrays_facts(arrays);
	enum verb *rights = mem_new(world->member_count * path_count + 1, sizeof(*rights));
	bool same = true;

	for (size_t i = 0; i < world->record_count && same; i++) {
		struct verdict v;
		bool good;
		if (!world->records[i].is_line)
			continue;
		same = line_agrees(arrays, &facts, &world->records[i].id, t_ms, &good, &v);
		for (size_t m = 0; m < world->member_count * path_count && good; m++) {
			const struct naive_member *member = &world->members[m / path_count];
			struct bytes path = bytes_str(paths[m % path_count]);
			if (v.audience == member->number && path_contains(v.prefix, path) &&
			    v.verb > rights[m])
				rights[m] = v.verb;
		}
	}
	for (size_t m = 0; m < world->member_count * path_count && same; m++) {
		const struct naive_member *member = &world->members[m / path_count];
		const char *path = paths[m % path_count];
		uint32_t owner = fact_owner(arrays, path_slug(bytes_str(path)));
		if (!member->present)
			continue;
		enum verb found = owner == member->number ? VERB_ADMIN : rights[m];
		enum verb wanted = naive_right(world, &member->org, bytes_str(path), t_ms);
		same = found == wanted;
		if (!same)
			printf("right of member %u at %s: %d, naive %d\n", member->number, path,
			       found, wanted);
	}
	free(rights);
	return same;
}
