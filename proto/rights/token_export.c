#include "proto/rights/token_export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/rights/token_file.h"
#include "proto/wire/wire_out.h"

struct asked { /* of one node: the slots that were looked up */
	uint32_t author;
	struct record_slot slots[TOKEN_FILE_SLOTS_MAX];
	size_t slot_count;
};

struct export
{
	const struct facts *facts;
	struct ledger *ledger;
	struct txn *txn;
	char *why;
	struct asked *asked; /* by rising author */
	size_t asked_count;
	uint32_t members[TOKEN_FILE_LOGS_MAX];
	size_t member_count;
};

/* ---- what is asked for ---- */

static struct asked *asked_of(struct export *export, uint32_t author)
{
	size_t i = 0;

	while (i < export->asked_count && export->asked[i].author < author)
		i++;
	if (i < export->asked_count && export->asked[i].author == author)
		return &export->asked[i];
	check(export->asked_count < TOKEN_FILE_STATES_MAX);
	memmove(&export->asked[i + 1], &export->asked[i],
		(export->asked_count - i) * sizeof(export->asked[0]));
	export->asked_count++;
	export->asked[i] = (struct asked){.author = author};
	return &export->asked[i];
}

static bool note_member(void *arg, uint32_t number, struct fact_member *out)
{
	const struct export *export = arg;

	return export->facts->member(export->facts->arg, number, out);
}

static uint32_t note_owner(void *arg, struct bytes slug)
{
	const struct export *export = arg;

	return export->facts->owner(export->facts->arg, slug);
}

static uint32_t note_issuer(void *arg, const struct digest *line)
{
	const struct export *export = arg;

	return export->facts->issuer(export->facts->arg, line);
}

static void note_nodes(void *arg, uint32_t number, struct fact_nodes *out)
{
	struct export *export = arg;
	size_t i = 0;

	while (i < export->member_count && export->members[i] != number)
		i++;
	if (i == export->member_count && i < TOKEN_FILE_LOGS_MAX)
		export->members[export->member_count++] = number;
	export->facts->nodes(export->facts->arg, number, out);
}

static bool note_body(void *arg, uint32_t author, struct bytes slot, struct bytes *body)
{
	struct export *export = arg;
	struct asked *asked = asked_of(export, author);
	size_t i = 0;

	while (i < asked->slot_count && bytes_cmp(record_slot_bytes(&asked->slots[i]), slot) < 0)
		i++;
	if (i == asked->slot_count || !bytes_eq(record_slot_bytes(&asked->slots[i]), slot)) {
		check(asked->slot_count < TOKEN_FILE_SLOTS_MAX);
		memmove(&asked->slots[i + 1], &asked->slots[i],
			(asked->slot_count - i) * sizeof(asked->slots[0]));
		asked->slots[i] = record_slot_copy(slot);
		asked->slot_count++;
	}
	return export->facts->body(export->facts->arg, author, slot, body);
}

/* The verdict, and the heads of who got it, which a proof needs (rights/showing.h). */
static enum err ask_verdict(struct export *export, const struct digest *grant, int64_t t_ms)
{
	const struct facts facts = {.arg = export,
				    .member = note_member,
				    .owner = note_owner,
				    .nodes = note_nodes,
				    .body = note_body,
				    .issuer = note_issuer};
	struct fact_nodes nodes;
	struct verdict verdict;

	verdict_of(&facts, grant, t_ms, &verdict);
	if (verdict.count == 0) {
		snprintf(export->why, WHY_LEN, "%s", fault_text(verdict.fault));
		return ERR_ABSENT;
	}
	note_nodes(export, verdict.audience, &nodes);
	for (size_t i = 0; i < nodes.active_count; i++)
		asked_of(export, nodes.active[i]);
	return ERR_OK;
}

/* ---- the parts ---- */

static void charter_put(struct buf *out, const struct ledger *ledger, struct txn *txn)
{
	uint32_t number = ledger->charter->number;
	struct bytes entry;

	out_array(out, number);
	for (uint32_t i = 1; i <= number; i++) {
		if (!charter_entry(txn, i, &entry)) {
			txn_fail(txn, ERR_CORRUPT);
			return;
		}
		out_bin(out, entry);
	}
}

static void log_put(struct buf *out, struct txn *txn, const struct org_id *org)
{
	uint32_t number = orglog_number(txn, org);
	struct bytes entry;

	out_array(out, 2);
	out_fixed(out, org->b, ID_LEN);
	out_array(out, number);
	for (uint32_t i = 1; i <= number; i++) {
		if (!orglog_entry(txn, org, i, &entry)) {
			txn_fail(txn, ERR_CORRUPT);
			return;
		}
		out_bin(out, entry);
	}
}

static int org_order(const void *a, const void *b)
{
	return memcmp(a, b, ID_LEN);
}

static enum err logs_put(struct buf *out, const struct export *export)
{
	struct org_id orgs[TOKEN_FILE_LOGS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < export->member_count; i++) {
		const struct charter_member *member =
			charter_member(export->ledger->charter, export->members[i]);
		if (member)
			orgs[count++] = member->org;
	}
	qsort(orgs, count, sizeof(orgs[0]), org_order);
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !id_eq(&orgs[kept - 1], &orgs[i]))
			orgs[kept++] = orgs[i];
	out_array(out, (uint32_t)kept);
	for (size_t i = 0; i < kept; i++) {
		if (orglog_number(export->txn, &orgs[i]) == 0) {
			snprintf(export->why, WHY_LEN,
				 "the log of an organisation is not here yet");
			return ERR_AGAIN;
		}
		log_put(out, export->txn, &orgs[i]);
	}
	return ERR_OK;
}

/* ---- states ---- */

struct pages {
	struct setdigest_page *page[TOKEN_FILE_SLOTS_MAX]; /* by rising place */
	size_t count;
};

static bool pages_have(const struct pages *pages, uint64_t place)
{
	for (size_t i = 0; i < pages->count; i++)
		if (place >= setdigest_page_first(pages->page[i]) &&
		    place <= setdigest_page_last(pages->page[i]))
			return true;
	return false;
}

static void pages_add(struct pages *pages, struct setdigest_page *page)
{
	size_t i = pages->count++;

	for (; i > 0 && pages->page[i - 1]->place > page->place; i--)
		pages->page[i] = pages->page[i - 1];
	pages->page[i] = page;
}

static bool pages_find(struct pages *pages, const struct export *export, const struct asked *asked,
		       uint32_t incarnation)
{
	for (size_t i = 0; i < asked->slot_count; i++) {
		uint64_t place = setdigest_place(record_slot_bytes(&asked->slots[i]));
		if (pages_have(pages, place))
			continue;
		struct setdigest_page *page = mem_new(1, sizeof(*page));
		if (!setdigest_page(export->txn, asked->author, incarnation, place, page)) {
			free(page);
			return false;
		}
		pages_add(pages, page);
	}
	return true;
}

static void page_put(struct buf *out, const struct setdigest_page *page)
{
	out_array(out, 3);
	out_uint(out, setdigest_page_first(page));
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

static void records_put(struct buf *out, const struct export *export, const struct asked *asked,
			uint32_t incarnation)
{
	uint64_t sequences[TOKEN_FILE_SLOTS_MAX];
	struct digest hash;
	struct bytes whole;
	uint32_t count = 0;

	for (size_t i = 0; i < asked->slot_count; i++)
		if (setdigest_get(export->txn, asked->author, incarnation,
				  record_slot_bytes(&asked->slots[i]), &sequences[count], &hash))
			count++;
	out_array(out, count);
	for (uint32_t i = 0; i < count; i++) {
		if (!ledger_record(export->txn, asked->author, incarnation, sequences[i], &whole)) {
			txn_fail(export->txn, ERR_CORRUPT);
			return;
		}
		out_bin(out, whole);
	}
}

static enum err asked_put(struct buf *out, const struct export *export, const struct asked *asked)
{
	struct pages pages = {.count = 0};
	struct author_state state;
	struct bytes whole;
	struct head head;
	bool here = ledger_head_last(export->txn, asked->author, &whole) &&
		    !head_decode(&head, whole) &&
		    !ledger_state(export->ledger, export->txn, asked->author, &state);

	if (here && asked->slot_count > 0)
		here = state.incarnation == head.incarnation && id_eq(&state.set, &head.set) &&
		       pages_find(&pages, export, asked, head.incarnation);
	if (here) {
		out_array(out, 3);
		out_bin(out, whole);
		out_array(out, (uint32_t)pages.count);
		for (size_t i = 0; i < pages.count; i++)
			page_put(out, pages.page[i]);
		records_put(out, export, asked, head.incarnation);
	} else { /* nodes are asked for of members alone, and those of before stay in the charter */
		snprintf(export->why, WHY_LEN,
			 "what node %u of %s says is not here in whole, and the file has to prove "
			 "that nothing of it ends the grant",
			 author_node(asked->author),
			 charter_member(export->ledger->charter, author_member(asked->author))
				 ->slug);
	}
	for (size_t i = 0; i < pages.count; i++)
		free(pages.page[i]);
	return here ? ERR_OK : ERR_AGAIN;
}

enum err token_export(struct buf *out, struct ledger *ledger, struct txn *txn,
		      const struct facts *facts, const struct digest *grant, int64_t t_ms,
		      char why[WHY_LEN])
{
	struct export export = {.facts = facts, .ledger = ledger, .txn = txn, .why = why};

	export.asked = mem_new(TOKEN_FILE_STATES_MAX, sizeof(*export.asked));
	enum err err = ask_verdict(&export, grant, t_ms);
	if (!err) {
		out_array(out, 5);
		out_uint(out, 1);
		out_fixed(out, grant->b, ID_LEN);
		charter_put(out, ledger, txn);
		err = logs_put(out, &export);
	}
	if (!err)
		out_array(out, (uint32_t) export.asked_count);
	for (size_t i = 0; i < export.asked_count && !err; i++)
		err = asked_put(out, &export, &export.asked[i]);
	if (!err && out->err) {
		snprintf(why, WHY_LEN, "the file becomes longer than a file may be");
		err = out->err;
	}
	free(export.asked);
	return err;
}

enum err token_export_place(struct buf *out, struct ledger *ledger, struct txn *txn,
			    uint32_t member_number)
{
	const struct charter_member *member = charter_member(ledger->charter, member_number);

	if (!member || orglog_number(txn, &member->org) == 0)
		return ERR_AGAIN;
	charter_put(out, ledger, txn);
	log_put(out, txn, &member->org);
	return txn_err(txn);
}
