#include "proto/rights/past.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/charter/charter_entry.h"
#include "proto/wire/wire_in.h"

void past_fini(struct past *past)
{
	for (size_t i = 0; i < past->org_count; i++) {
		orglog_fini(&past->orgs[i].log);
		free(past->orgs[i].entries);
	}
	free(past->orgs);
	free(past->records);
	charter_fini(&past->charter);
}

/* ---- what had come ---- */

static struct past_org *org_of(struct past *past, const struct org_id *org)
{
	for (size_t i = 0; i < past->org_count; i++)
		if (id_eq(&past->orgs[i].org, org))
			return &past->orgs[i];
	past->orgs = mem_room(past->orgs, past->org_count, &past->org_cap, sizeof(*past->orgs));
	struct past_org *out = &past->orgs[past->org_count++];
	*out = (struct past_org){.org = *org};
	orglog_init(&out->log);
	return out;
}

/* [entry], [organisation id, entry] and [record]. */
static struct bytes past_part(struct bytes in, struct org_id *org)
{
	struct wire_in w = wire_in(in);

	wire_array(&w, org ? 2 : 1, org ? 2 : 1);
	if (org)
		wire_fixed(&w, org->b, ID_LEN);
	struct bytes part = wire_bin(&w, 0, LIMIT_LOG_ENTRY_LEN_MAX);
	return wire_end(&w) ? bytes_of(NULL, 0) : part;
}

/* Kept whether it had come or not: the same among what is known now is not taken for old then. */
static void past_entry_add(struct past *past, struct bytes part, bool logged, bool had_come)
{
	struct past_entry entry = {.logged = logged, .had_come = had_come};
	struct org_id org;

	entry.whole = past_part(part, &org);
	if (orglog_entry_place(&entry.at, entry.whole))
		return;
	struct past_org *of = org_of(past, &org);
	of->entries = mem_room(of->entries, of->entry_count, &of->entry_cap, sizeof(*of->entries));
	of->entries[of->entry_count++] = entry;
}

static void number_note(uint32_t number, bool had_come, uint32_t *known, uint32_t *late)
{
	if (had_come)
		*known = number; /* the last one: a log may have gone back */
	else if (*late == 0 || number < *late)
		*late = number;
}

static bool number_had_come(uint32_t number, uint32_t known, uint32_t late)
{
	return known ? number <= known : late == 0 || number < late;
}

void past_late(struct past *past, enum audit_frame type, struct bytes body)
{
	struct charter_entry charter;
	struct audit_entry entry;

	if (type != AUDIT_FRAME_ENTRY || audit_entry_decode(&entry, body))
		return;
	const bool had_come = entry.time_ms <= past->at_ms;
	if (entry.kind == AUDIT_CHARTER &&
	    !charter_entry_decode(&charter, past_part(entry.detail, NULL)))
		number_note(charter.number, had_come, &past->known, &past->late);
	if (entry.kind == AUDIT_ORGLOG)
		past_entry_add(past, entry.detail, true, had_come);
}

/* ---- taking ---- */

static void past_charter_take(struct past *past, struct bytes body)
{
	struct charter_entry entry;

	if (!charter_entry_decode(&entry, body) &&
	    number_had_come(entry.number, past->known, past->late))
		charter_apply(&past->charter, body);
}

static void past_record_take(struct past *past, struct bytes whole)
{
	struct past_record taken = {.order = past->record_count};

	if (record_decode(&taken.record, whole))
		return;
	past->records = mem_room(past->records, past->record_count, &past->record_cap,
				 sizeof(*past->records));
	past->records[past->record_count++] = taken;
}

static void past_gone_take(struct past *past, struct bytes detail)
{
	struct past_record taken = {.order = past->record_count, .gone = true};
	struct wire_in w = wire_in(detail);

	wire_array(&w, 2, 2);
	taken.record.author = (uint32_t)wire_uint(&w, UINT32_MAX);
	taken.record.slot = wire_bin(&w, 1, LIMIT_SLOT_LEN_MAX);
	if (wire_end(&w))
		return;
	past->records = mem_room(past->records, past->record_count, &past->record_cap,
				 sizeof(*past->records));
	past->records[past->record_count++] = taken;
}

void past_take(struct past *past, enum audit_frame type, struct bytes body)
{
	struct audit_entry entry;

	if (type == AUDIT_FRAME_CHARTER)
		past_charter_take(past, body);
	else if (type == AUDIT_FRAME_OTHER)
		past_entry_add(past, body, false, true);
	else if (type == AUDIT_FRAME_BASE)
		past_record_take(past, body);
	else if (type == AUDIT_FRAME_ENTRY && !audit_entry_decode(&entry, body) &&
		 entry.time_ms <= past->at_ms) {
		if (entry.kind == AUDIT_RECORD)
			past_record_take(past, past_part(entry.detail, NULL));
		if (entry.kind == AUDIT_GONE)
			past_gone_take(past, entry.detail);
	}
}

/* ---- organisations' logs ---- */

static int past_entry_cmp(const void *a, const void *b)
{
	const struct past_entry *x = a, *y = b;

	if (x->at.number != y->at.number)
		return x->at.number < y->at.number ? -1 : 1;
	return memcmp(x->at.id.b, y->at.id.b, ID_LEN);
}

/* In order, each once. When the log tells of an entry, it tells when it came. */
static void entries_order(struct past_org *of)
{
	size_t kept = 0;

	qsort(of->entries, of->entry_count, sizeof(*of->entries), past_entry_cmp);
	for (size_t i = 0; i < of->entry_count; i++) {
		const struct past_entry *entry = &of->entries[i];
		struct past_entry *before = kept > 0 ? &of->entries[kept - 1] : NULL;
		if (!before || past_entry_cmp(before, entry) != 0) {
			of->entries[kept++] = *entry;
			continue;
		}
		before->had_come =
			(before->logged && before->had_come) || (entry->logged && entry->had_come);
		before->logged = true; /* what is known now has it once alone */
	}
	of->entry_count = kept;
}

/* Marks the way back from the entry that the charter names last. */
static void entries_bind(const struct past *past, struct past_org *of)
{
	const struct charter_member *member = charter_last_of(&past->charter, &of->org);
	struct orglog_bind *binds = NULL;
	const size_t count = member ? charter_binds_of(&past->charter, member, &binds) : 0;
	struct digest wanted = {{0}};

	if (count > 0)
		wanted = binds[count - 1].entry_id;
	for (size_t i = of->entry_count; count > 0 && i > 0; i--) {
		struct past_entry *entry = &of->entries[i - 1];
		if (!entry->had_come || !id_eq(&entry->at.id, &wanted))
			continue;
		entry->bound = true;
		wanted = entry->at.previous;
	}
	free(binds);
}

/*
 * The next entry that follows; NULL: none.
 * PROTOCOL: "Of two entries of one number that follow the same one the one with the smaller id
 * counts"
 */
static const struct past_entry *past_entry_next(const struct past *past, struct past_org *of,
						size_t *at)
{
	const uint32_t number = of->log.number + 1;
	size_t first = *at, end;

	while (first < of->entry_count && of->entries[first].at.number < number)
		first++;
	for (end = first; end < of->entry_count && of->entries[end].at.number == number;)
		end++;
	*at = first;
	charter_bound(&past->charter, &of->log);
	for (unsigned bound = 2; bound-- > 0;)
		for (size_t i = first; i < end; i++) {
			const struct past_entry *entry = &of->entries[i];
			if (entry->had_come && entry->bound == (bound == 1) &&
			    !orglog_apply(&of->log, entry->whole))
				return entry;
		}
	return NULL;
}

static void orgs_ready(struct past *past)
{
	for (size_t i = 0; i < past->org_count; i++) {
		struct past_org *of = &past->orgs[i];
		size_t at = 0;
		entries_order(of);
		entries_bind(past, of);
		while (past_entry_next(past, of, &at))
			;
	}
}

/* ---- order ---- */

static int place_cmp(const struct record *a, struct bytes slot, uint32_t author)
{
	int order = bytes_cmp(a->slot, slot);

	return order ? order : (a->author > author) - (a->author < author);
}

static int past_cmp(const void *a, const void *b)
{
	const struct past_record *x = a, *y = b;
	int order = place_cmp(&x->record, y->record.slot, y->record.author);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* The highest incarnation of each author that has come: records of others count no more. */
struct past_author {
	uint32_t author, incarnation;
};

static int author_cmp(const void *a, const void *b)
{
	const struct past_author *x = a, *y = b;

	if (x->author != y->author)
		return (x->author > y->author) - (x->author < y->author);
	return (x->incarnation < y->incarnation) - (x->incarnation > y->incarnation);
}

static struct past_author *authors_make(const struct past *past, size_t *count)
{
	struct past_author *authors = mem_new(past->record_count + 1, sizeof(*authors));
	size_t kept = 0;

	for (size_t i = 0; i < past->record_count; i++)
		authors[i] = (struct past_author){past->records[i].record.author,
						  past->records[i].record.incarnation};
	qsort(authors, past->record_count, sizeof(*authors), author_cmp);
	for (size_t i = 0; i < past->record_count; i++)
		if (kept == 0 || authors[kept - 1].author != authors[i].author)
			authors[kept++] = authors[i];
	*count = kept;
	return authors;
}

/* Each author of a record is among them. */
static uint32_t incarnation_of(const struct past_author *authors, size_t count, uint32_t author)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (authors[middle].author < author)
			low = middle + 1;
		else
			high = middle;
	}
	return authors[low].incarnation;
}

void past_ready(struct past *past)
{
	size_t kept = 0, count;

	orgs_ready(past);
	struct past_author *authors = authors_make(past, &count);

	if (past->record_count > 0)
		qsort(past->records, past->record_count, sizeof(*past->records), past_cmp);
	/* Of each slot and author the last. */
	for (size_t i = 0; i < past->record_count; i++) {
		const struct past_record *at = &past->records[i];
		const bool last = i + 1 == past->record_count ||
				  place_cmp(&past->records[i + 1].record, at->record.slot,
					    at->record.author) != 0;
		if (last && !at->gone &&
		    at->record.incarnation >= incarnation_of(authors, count, at->record.author))
			past->records[kept++] = *at;
	}
	past->record_count = kept;
	free(authors);
}

/* The first record at or after a slot and author. */
static size_t past_find(const struct past *past, struct bytes slot, uint32_t author)
{
	size_t low = 0, high = past->record_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (place_cmp(&past->records[middle].record, slot, author) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool past_line_next(const struct past *past, size_t *index, struct digest *id)
{
	while (*index < past->record_count) {
		const struct record *record = &past->records[(*index)++].record;
		const bool again =
			*index > 1 && bytes_eq(past->records[*index - 2].record.slot, record->slot);
		if (record->kind != RECORD_LINE || record->slot.len != 1 + ID_LEN || again)
			continue;
		memcpy(id->b, record->slot.ptr + 1, ID_LEN);
		return true;
	}
	return false;
}

/* ---- facts ---- */

static bool past_member(void *arg, uint32_t number, struct fact_member *out)
{
	const struct past *past = arg;
	const struct charter_member *member = charter_member(&past->charter, number);

	if (!member)
		return false;
	*out = (struct fact_member){.org = member->org,
				    .present = charter_is_present(member),
				    .relay = member->state == CHARTER_RELAY};
	return true;
}

static uint32_t past_owner(void *arg, struct bytes slug)
{
	const struct past *past = arg;
	const struct charter_member *member = charter_by_slug(&past->charter, slug);

	return member && charter_is_present(member) ? member->number : 0;
}

static void past_nodes(void *arg, uint32_t number, struct fact_nodes *out)
{
	struct past *past = arg;
	const struct charter_member *member = charter_member(&past->charter, number);

	*out = (struct fact_nodes){.active_count = 0};
	if (!member || !charter_is_present(member))
		return;
	const struct orglog *log = &org_of(past, &member->org)->log;
	for (size_t i = 0; i < log->node_count; i++) {
		const struct orglog_node *node = &log->nodes[i];
		const uint32_t author = author_of(number, node->index);
		if (orglog_has_role(node, ORGLOG_ROLE_ADMIN) &&
		    out->active_count < VERDICT_NODES_MAX)
			out->active[out->active_count++] = author;
		else if (orglog_is_leaving(node, ORGLOG_ROLE_ADMIN, past->at_ms) &&
			 out->leaving_count < VERDICT_LEAVING_MAX)
			out->leaving[out->leaving_count++] = author;
	}
}

static bool past_body(void *arg, uint32_t author, struct bytes slot, struct bytes *body)
{
	const struct past *past = arg;
	const size_t at = past_find(past, slot, author);

	if (at == past->record_count || place_cmp(&past->records[at].record, slot, author) != 0)
		return false;
	*body = past->records[at].record.body;
	return true;
}

static uint32_t past_issuer(void *arg, const struct digest *line)
{
	const struct past *past = arg;
	const struct record_slot slot = line_slot(line);
	const size_t at = past_find(past, record_slot_bytes(&slot), 0);

	if (at == past->record_count ||
	    !bytes_eq(past->records[at].record.slot, record_slot_bytes(&slot)))
		return 0;
	return author_member(past->records[at].record.author);
}

void past_init(struct past *past, int64_t at_ms)
{
	*past = (struct past){.at_ms = at_ms,
			      .facts = {.member = past_member,
					.owner = past_owner,
					.nodes = past_nodes,
					.body = past_body,
					.issuer = past_issuer}};
	past->facts.arg = past;
	charter_init(&past->charter);
}
