#include "proto/rights/token_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/rights/showing.h"
#include "proto/wire/envelope.h"
#include "proto/wire/payload.h"

enum { AHEAD_MS = 600000 };

__attribute__((format(printf, 3, 4))) static enum err
file_refuse(struct token_file *file, enum err err, const char *format, ...)
{
	va_list args;

	if (file->why[0])
		return err; /* the first thing that is wrong */
	va_start(args, format);
	vsnprintf(file->why, sizeof(file->why), format, args);
	va_end(args);
	return err;
}

static const char *slug_of(const struct token_file *file, uint32_t member)
{
	const struct charter_member *found = charter_member(&file->charter, member);

	return found ? found->slug : "nobody";
}

/* ---- charter ---- */

static enum err charter_take(struct token_file *file, struct bytes entry, const struct fed_id *fed)
{
	uint32_t number = file->charter.number + 1;
	enum err err = charter_apply(&file->charter, entry);

	if (err)
		return file_refuse(file, ERR_DENIED, "entry %u of the charter is not valid: %s",
				   number, err_text(err));
	if (!id_eq(&file->charter.fed, fed))
		return file_refuse(file, ERR_DENIED,
				   "it is of another federation: %02x%02x%02x%02x...",
				   file->charter.fed.b[0], file->charter.fed.b[1],
				   file->charter.fed.b[2], file->charter.fed.b[3]);
	return ERR_OK;
}

static enum err charter_read(struct token_file *file, struct wire_in *w, const struct fed_id *fed)
{
	uint32_t count = wire_array(w, 1, LIMIT_CHARTER_NUMBER_MAX);
	enum err err = ERR_OK;

	for (uint32_t i = 0; i < count && !w->err && !err; i++) {
		struct bytes entry = wire_bin(w, 1, LIMIT_CHARTER_ENTRY_LEN_MAX);
		err = w->err ? w->err : charter_take(file, entry, fed);
	}
	return err;
}

/* ---- organisation logs ---- */

static enum err log_take(struct token_log *log, struct bytes entry, const struct orglog_bind *binds,
			 size_t bind_count)
{
	enum err err = orglog_apply(&log->log, entry);

	if (!err)
		orglog_bound(&log->log, binds, bind_count);
	return err;
}

static enum err log_read(struct token_file *file, struct wire_in *w, struct token_log *log)
{
	struct orglog_bind *binds = NULL;
	size_t bind_count = 0;
	enum err err = ERR_OK;

	wire_array(w, 2, 2);
	wire_fixed(w, log->org.b, ID_LEN);
	const struct charter_member *member = charter_last_of(&file->charter, &log->org);
	if (member)
		bind_count = charter_binds_of(&file->charter, member, &binds);
	uint32_t count = wire_array(w, 1, LIMIT_ORGLOG_NUMBER_MAX);
	for (uint32_t i = 0; i < count && !w->err && !err; i++) {
		struct bytes entry = wire_bin(w, 1, LIMIT_ORGLOG_ENTRY_LEN_MAX);
		err = w->err ? w->err : log_take(log, entry, binds, bind_count);
		if (err && !w->err)
			err = file_refuse(file, ERR_DENIED,
					  "entry %u of an organisation's log is not valid: %s",
					  i + 1, err_text(err));
	}
	const bool bound =
		bind_count == 0 || (log->log.bound_number > 0 &&
				    id_eq(&log->log.bound_root, &binds[bind_count - 1].root));
	free(binds);
	if (w->err || err)
		return w->err ? w->err : err;
	if (!bound)
		return file_refuse(
			file, ERR_DENIED,
			"a log does not go on from where the charter has bound its root");
	if (!id_eq(&log->log.id, &log->org))
		return file_refuse(file, ERR_DENIED,
				   "a log is of another organisation than it says");
	return ERR_OK;
}

static enum err logs_read(struct token_file *file, struct wire_in *w)
{
	uint32_t count = wire_array(w, 0, TOKEN_FILE_LOGS_MAX);
	enum err err = ERR_OK;

	file->logs = mem_new(count + 1, sizeof(*file->logs));
	for (uint32_t i = 0; i < count && !w->err && !err; i++) {
		orglog_init(&file->logs[i].log);
		file->log_count++;
		err = log_read(file, w, &file->logs[i]);
		if (!err && i > 0 &&
		    bytes_cmp(id_bytes(&file->logs[i - 1].org), id_bytes(&file->logs[i].org)) >= 0)
			err = ERR_MALFORMED;
	}
	return err;
}

static const struct token_log *log_of(const struct token_file *file, uint32_t member)
{
	const struct charter_member *found = charter_member(&file->charter, member);

	for (size_t i = 0; found && i < file->log_count; i++)
		if (id_eq(&file->logs[i].org, &found->org))
			return &file->logs[i];
	return NULL;
}

/* ---- states ---- */

static void leaf_read(struct wire_in *w, struct setdigest_leaf *leaf)
{
	wire_array(w, 3, 3);
	struct bytes slot = wire_bin(w, 1, LIMIT_SLOT_LEN_MAX);
	leaf->slot_len = slot.len;
	if (slot.len > 0)
		memcpy(leaf->slot, slot.ptr, slot.len);
	leaf->sequence = wire_uint(w, UINT64_MAX);
	wire_fixed(w, leaf->hash.b, ID_LEN);
}

/* PROTOCOL: "page = [place, path as bin, [[slot, sequence, hash(32)], ...]]" */
static enum err page_read(struct wire_in *w, const struct digest *set, struct token_page *out)
{
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	enum err err = ERR_OK;

	wire_array(w, 3, 3);
	page->place = wire_uint(w, UINT64_MAX);
	struct bytes path = wire_bin(w, 0, SETDIGEST_DEPTH_MAX * SETDIGEST_STEP_LEN);
	page->depth = (unsigned)(path.len / SETDIGEST_STEP_LEN);
	if (path.len % SETDIGEST_STEP_LEN != 0)
		wire_fail(w);
	else if (path.len > 0)
		memcpy(page->path, path.ptr, path.len);
	page->count = wire_array(w, 0, SETDIGEST_LEAVES_MAX);
	for (size_t i = 0; i < page->count && !w->err; i++)
		leaf_read(w, &page->leaves[i]);
	if (w->err)
		err = w->err;
	else if (page->place != setdigest_page_first(page) || !setdigest_page_check(page, set))
		err = ERR_DENIED;
	if (!err) {
		out->first = setdigest_page_first(page);
		out->last = setdigest_page_last(page);
		out->count = page->count;
		out->leaves = mem_new(page->count + 1, sizeof(*out->leaves));
		memcpy(out->leaves, page->leaves, page->count * sizeof(*out->leaves));
	}
	free(page);
	return err;
}

/* NULL: the set does not have it, or no page says; *proved tells which. */
static const struct setdigest_leaf *leaf_of(const struct token_state *state, struct bytes slot,
					    bool *proved)
{
	uint64_t place = setdigest_place(slot);

	*proved = false;
	for (size_t i = 0; i < state->page_count; i++) {
		const struct token_page *page = &state->pages[i];
		if (place < page->first || place > page->last)
			continue;
		*proved = true;
		for (size_t k = 0; k < page->count; k++)
			if (bytes_eq(bytes_of(page->leaves[k].slot, page->leaves[k].slot_len),
				     slot))
				return &page->leaves[k];
	}
	return NULL;
}

static enum err pages_read(struct token_file *file, struct wire_in *w, struct token_state *state)
{
	uint32_t count = wire_array(w, 0, TOKEN_FILE_SLOTS_MAX);

	state->pages = mem_new(count + 1, sizeof(*state->pages));
	for (uint32_t i = 0; i < count; i++) {
		struct token_page *page = &state->pages[i];
		enum err err = page_read(w, &state->head.set, page);
		if (err == ERR_DENIED)
			return file_refuse(file, err,
					   "a page is not of the set that its head names");
		if (err)
			return err;
		state->page_count++;
		if (i > 0 && page[-1].last >= page->first)
			return ERR_MALFORMED;
	}
	return ERR_OK;
}

static enum err proved_record(struct token_file *file, struct token_state *state,
			      const struct sign_pk *pk, struct bytes whole, struct record *out)
{
	struct digest hash;
	bool proved;
	enum err err = record_decode(out, whole);

	if (err)
		return err;
	const struct setdigest_leaf *leaf = leaf_of(state, out->slot, &proved);
	record_leaf_hash(&hash, whole);
	if (out->author != state->head.author || out->incarnation != state->head.incarnation ||
	    !leaf || leaf->sequence != out->sequence || !id_eq(&leaf->hash, &hash))
		return file_refuse(file, ERR_DENIED, "a record is not in its author's set");
	if (out->slot.ptr[0] == RECORD_BAR && bar_list_get(NULL, out->body))
		return file_refuse(file, ERR_DENIED, "a record of bars is no such record");
	if (record_check_sig(out, pk, &file->charter.fed))
		return file_refuse(file, ERR_DENIED, "the signature of a record is wrong");
	return ERR_OK;
}

static enum err records_read(struct token_file *file, struct wire_in *w, struct token_state *state,
			     const struct sign_pk *pk)
{
	uint32_t count = wire_array(w, 0, TOKEN_FILE_SLOTS_MAX);
	enum err err = ERR_OK;

	state->records = mem_new(count + 1, sizeof(*state->records));
	for (uint32_t i = 0; i < count && !w->err && !err; i++) {
		struct record *record = &state->records[i];
		struct bytes whole = wire_bin(w, 1, LIMIT_RECORD_LEN_MAX);
		err = w->err ? w->err : proved_record(file, state, pk, whole, record);
		if (!err && i > 0 && bytes_cmp(record[-1].slot, record->slot) >= 0)
			err = ERR_MALFORMED;
		state->record_count += !err;
	}
	return err;
}

/* The key of a node, whether it still counts or not. */
const struct orglog_node *token_file_node(const struct token_file *file, uint32_t author)
{
	const struct token_log *log = log_of(file, author_member(author));

	return log ? orglog_node(&log->log, author_node(author)) : NULL;
}

static enum err head_take(struct token_file *file, struct token_state *state, struct bytes whole,
			  int64_t now_ms)
{
	struct head *head = &state->head;
	enum err err = head_decode(head, whole);

	if (err)
		return err;
	uint32_t member = author_member(head->author);
	const struct orglog_node *node = token_file_node(file, head->author);
	if (!node)
		return file_refuse(file, ERR_DENIED, "the log of %s, or its node %u, is missing",
				   slug_of(file, member), author_node(head->author));
	if (head_check_sig(head, &node->sign, &file->charter.fed))
		return file_refuse(file, ERR_DENIED,
				   "the head of node %u of %s has a wrong signature",
				   author_node(head->author), slug_of(file, member));
	/*
	 * PROTOCOL: "A file whose heads name a higher charter or log number than it has is refused"
	 */
	if (head->charter_number > file->charter.number)
		return file_refuse(file, ERR_DENIED,
				   "%s has seen entry %u of the charter, the file ends with %u",
				   slug_of(file, member), head->charter_number,
				   file->charter.number);
	if (head->orglog_number > log_of(file, member)->log.number)
		return file_refuse(file, ERR_DENIED,
				   "%s has entry %u of its log, the file ends with %u",
				   slug_of(file, member), head->orglog_number,
				   log_of(file, member)->log.number);
	if (head->time_ms > now_ms + AHEAD_MS)
		return file_refuse(file, ERR_DENIED, "the head of node %u of %s lies in the future",
				   author_node(head->author), slug_of(file, member));
	return ERR_OK;
}

/* PROTOCOL: "state  = [head as bin, [page, ...], [record as bin, ...]]" */
static enum err state_read(struct token_file *file, struct wire_in *w, struct token_state *state,
			   int64_t now_ms)
{
	wire_array(w, 3, 3);
	struct bytes whole = wire_bin(w, 1, LIMIT_HEAD_LEN_MAX);
	enum err err = w->err ? w->err : head_take(file, state, whole, now_ms);

	if (!err)
		err = pages_read(file, w, state);
	if (!err)
		err = records_read(file, w, state,
				   &token_file_node(file, state->head.author)->sign);
	return err;
}

static enum err states_read(struct token_file *file, struct wire_in *w, int64_t now_ms)
{
	uint32_t count = wire_array(w, 1, TOKEN_FILE_STATES_MAX);
	enum err err = ERR_OK;

	file->states = mem_new(count + 1, sizeof(*file->states));
	for (uint32_t i = 0; i < count && !w->err && !err; i++) {
		struct token_state *state = &file->states[i];
		file->state_count++;
		err = state_read(file, w, state, now_ms);
		if (!err && i > 0 && state[-1].head.author >= state->head.author)
			err = ERR_MALFORMED;
	}
	return err;
}

/* ---- the file ---- */

/*
 * PROTOCOL: "export = [1, grant id(32), [charter entry as bin, ...], [[organisation id(32), [log
 * entry as bin, ...]], ...], [state, ...]]"
 */
enum err token_file_read(struct token_file *out, struct bytes whole, const struct fed_id *fed,
			 int64_t now_ms)
{
	struct wire_in w = wire_in(whole);

	*out = (struct token_file){.log_count = 0};
	charter_init(&out->charter);
	enum err err = whole.len > TOKEN_FILE_LEN_MAX ? ERR_FULL : payload_begin(&w, 5);
	if (err)
		return file_refuse(out, err, "it is no exported grant");
	wire_fixed(&w, out->grant.b, ID_LEN);
	err = charter_read(out, &w, fed);
	if (!err && !w.err)
		err = logs_read(out, &w);
	if (!err && !w.err)
		err = states_read(out, &w, now_ms);
	if (!err)
		err = wire_end(&w);
	if (err == ERR_MALFORMED || err == ERR_VERSION)
		file_refuse(out, err, "it is damaged, or no exported grant");
	return err;
}

enum err token_file_place(struct token_file *out, struct wire_in *w, const struct fed_id *fed)
{
	*out = (struct token_file){.log_count = 0};
	charter_init(&out->charter);
	enum err err = charter_read(out, w, fed);
	if (!err && !w->err) {
		out->logs = mem_new(1, sizeof(*out->logs));
		orglog_init(&out->logs[0].log);
		out->log_count = 1;
		err = log_read(out, w, &out->logs[0]);
	}
	return err ? err : wire_end(w);
}

void token_file_fini(struct token_file *file)
{
	for (size_t i = 0; i < file->log_count; i++)
		orglog_fini(&file->logs[i].log);
	for (size_t i = 0; i < file->state_count; i++) {
		struct token_state *state = &file->states[i];
		for (size_t k = 0; k < state->page_count; k++)
			free(state->pages[k].leaves);
		free(state->pages);
		free(state->records);
	}
	free(file->logs);
	free(file->states);
	charter_fini(&file->charter);
}

/* ---- the facts ---- */

static bool fact_member(void *arg, uint32_t number, struct fact_member *out)
{
	const struct token_file *file = arg;
	const struct charter_member *member = charter_member(&file->charter, number);

	if (!member)
		return false;
	*out = (struct fact_member){.org = member->org,
				    .present = charter_is_present(member),
				    .relay = member->state == CHARTER_RELAY};
	return true;
}

static uint32_t fact_owner(void *arg, struct bytes slug)
{
	const struct token_file *file = arg;
	const struct charter_member *member = charter_by_slug(&file->charter, slug);

	return member && charter_is_present(member) ? member->number : 0;
}

/* A log that is not there leaves the words of nobody; so it is a thing that is missing. */
static void fact_nodes(void *arg, uint32_t number, struct fact_nodes *out)
{
	struct token_file *file = arg;
	const struct token_log *log = log_of(file, number);

	*out = (struct fact_nodes){.active_count = 0};
	if (!log) {
		file->lacks = true;
		file_refuse(file, ERR_ABSENT, "the log of %s is missing", slug_of(file, number));
		return;
	}
	for (size_t i = 0; i < log->log.node_count; i++) {
		const struct orglog_node *node = &log->log.nodes[i];
		uint32_t author = author_of(number, node->index);
		if (orglog_has_role(node, ORGLOG_ROLE_ADMIN) &&
		    out->active_count < VERDICT_NODES_MAX)
			out->active[out->active_count++] = author;
		else if (orglog_is_leaving(node, ORGLOG_ROLE_ADMIN, file->t_ms) &&
			 out->leaving_count < VERDICT_LEAVING_MAX)
			out->leaving[out->leaving_count++] = author;
	}
}

static bool lacks_state(struct token_file *file, uint32_t author, const char *what)
{
	file->lacks = true;
	file_refuse(file, ERR_ABSENT, "%s of node %u of %s is missing", what, author_node(author),
		    slug_of(file, author_member(author)));
	return false;
}

static struct token_state *file_state(struct token_file *file, uint32_t author)
{
	for (size_t i = 0; i < file->state_count; i++)
		if (file->states[i].head.author == author)
			return &file->states[i];
	return NULL;
}

static bool fact_body(void *arg, uint32_t author, struct bytes slot, struct bytes *body)
{
	struct token_file *file = arg;
	struct token_state *state = file_state(file, author);
	bool proved;

	if (!state)
		return lacks_state(file, author, "the state");
	state->asked = true;
	const struct setdigest_leaf *leaf = leaf_of(state, slot, &proved);
	if (!proved)
		return lacks_state(file, author, "a page of the set");
	if (!leaf)
		return false;
	for (size_t i = 0; i < state->record_count; i++) {
		if (bytes_eq(state->records[i].slot, slot)) {
			*body = state->records[i].body;
			return true;
		}
	}
	return lacks_state(file, author, "a record");
}

/* Whoever says it: the id follows from the issuer, and a wrong one fits no record. */
static uint32_t fact_issuer(void *arg, const struct digest *id)
{
	const struct token_file *file = arg;
	struct record_slot slot = line_slot(id);

	for (size_t i = 0; i < file->state_count; i++)
		for (size_t k = 0; k < file->states[i].record_count; k++)
			if (bytes_eq(file->states[i].records[k].slot, record_slot_bytes(&slot)))
				return author_member(file->states[i].head.author);
	return 0;
}

enum err token_file_verdict(struct token_file *file, int64_t t_ms, struct verdict *out)
{
	const struct facts facts = {.arg = file,
				    .member = fact_member,
				    .owner = fact_owner,
				    .nodes = fact_nodes,
				    .body = fact_body,
				    .issuer = fact_issuer};

	file->t_ms = t_ms;
	file->lacks = false;
	file->why[0] = 0;
	for (size_t i = 0; i < file->state_count; i++)
		file->states[i].asked = false;
	verdict_of(&facts, &file->grant, t_ms, out);
	if (!file->lacks && out->fault == FAULT_UNKNOWN) {
		file->lacks = true;
		file_refuse(file, ERR_ABSENT,
			    "a grant that this one rests on, or the grant itself, is "
			    "missing");
	}
	return file->lacks ? ERR_ABSENT : ERR_OK;
}

int64_t token_file_as_of(const struct token_file *file)
{
	int64_t oldest = INT64_MAX;

	for (size_t i = 0; i < file->state_count; i++)
		if (file->states[i].asked && file->states[i].head.time_ms < oldest)
			oldest = file->states[i].head.time_ms;
	return oldest;
}

/* ---- who shows it ---- */

/*
 * PROTOCOL: "A proof is refused as well when the file lacks a head of a node of the audience whose
 * words count" Else who has stolen a node that was retired since shows a log of before.
 */
static enum err audience_check(struct token_file *file, const struct verdict *verdict)
{
	struct fact_nodes nodes;

	file->lacks = false;
	fact_nodes(file, verdict->audience, &nodes);
	for (size_t i = 0; i < nodes.active_count; i++) {
		struct token_state *state = file_state(file, nodes.active[i]);
		if (state)
			state->asked = true;
		else
			lacks_state(file, nodes.active[i], "the head");
	}
	return file->lacks ? ERR_DENIED : ERR_OK;
}

static enum err proof_check(struct token_file *file, const struct verdict *verdict,
			    const struct showing *showing, struct bytes challenge, int64_t now_ms)
{
	const struct orglog_node *node = token_file_node(file, showing->author);
	int64_t apart = showing->time_ms - now_ms;

	if (!id_eq(&showing->grant, &file->grant))
		return file_refuse(file, ERR_DENIED, "the proof is of another grant");
	if (!bytes_eq(showing->challenge, challenge))
		return file_refuse(file, ERR_DENIED, "the proof answers another challenge");
	if (author_member(showing->author) != verdict->audience)
		return file_refuse(file, ERR_DENIED,
				   "the proof is by %s, who did not get the grant",
				   slug_of(file, author_member(showing->author)));
	if (!node || node->state != ORGLOG_NODE_ACTIVE)
		return file_refuse(file, ERR_DENIED,
				   "the proof is by a node that is no active one");
	if (showing_check_sig(showing, &node->sign, &file->charter.fed))
		return file_refuse(file, ERR_DENIED, "the signature of the proof is wrong");
	if (apart > SHOWING_LATE_MS || apart < -SHOWING_LATE_MS)
		return file_refuse(file, ERR_DENIED, "the proof is not of now");
	return ERR_OK;
}

enum err token_file_proof(struct token_file *file, const struct verdict *verdict, struct bytes text,
			  struct bytes challenge, int64_t now_ms)
{
	struct showing showing;
	struct buf body;

	file->why[0] = 0;
	buf_init(&body, ENVELOPE_LEN_MAX);
	enum err err = envelope_get(&body, ENVELOPE_SHOWING, text);
	if (!err)
		err = showing_get(&showing, buf_bytes(&body));
	if (err)
		file_refuse(file, err, "the proof is no text that says so, or mistyped");
	else if (!(err = audience_check(file, verdict)))
		err = proof_check(file, verdict, &showing, challenge, now_ms);
	buf_fini(&body);
	return err;
}
