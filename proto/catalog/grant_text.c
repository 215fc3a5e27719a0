/*
 * Grants in a bottle: the records of a chain as a line of text (granting.h).
 */
#include <string.h>

#include "proto/catalog/granting.h"
#include "proto/rights/world.h"
#include "proto/wire/envelope.h"
#include "proto/wire/payload.h"
#include "proto/wire/protocol.h"
#include "proto/wire/wire_out.h"

/* PROTOCOL: "grant text (letter g) body = [1, federation id, [record as bin, ...]]" */
void grant_text_put(struct buf *out, const struct fed_id *fed, const struct bytes *records,
		    size_t count)
{
	out_array(out, 3);
	out_uint(out, 1);
	out_fixed(out, fed->b, ID_LEN);
	out_array(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		out_bin(out, records[i]);
}

enum err grant_text_get(struct grant_text *out, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = body.len > GRANT_TEXT_LEN_MAX ? ERR_FULL : payload_begin(&w, 3);

	*out = (struct grant_text){.count = 0};
	if (err)
		return err;
	wire_fixed(&w, out->fed.b, ID_LEN);
	out->count = wire_array(&w, 1, LINE_CHAIN_MAX);
	for (size_t i = 0; i < out->count; i++)
		out->records[i] = wire_bin(&w, 1, LIMIT_RECORD_LEN_MAX);
	return wire_end(&w);
}

/* The record of the body that counts. */
static bool record_of(struct hub *hub, struct txn *txn, const struct digest *id,
		      struct bytes *whole)
{
	struct record_slot slot = line_slot(id);
	struct fact_nodes nodes;
	struct counted_line line;
	struct world world;

	world_begin(&world, hub, txn);
	if (!verdict_line(&world.facts, id, &line))
		return false;
	world.facts.nodes(world.facts.arg, line.line.issuer, &nodes);
	for (size_t i = 0; i < nodes.active_count; i++) {
		struct record record;
		struct line body;
		if (ledger_slot(&hub->ledger, txn, record_slot_bytes(&slot), nodes.active[i],
				&record) ||
		    line_get(&body, record.body) || body.round != line.line.round ||
		    body.verb != line.line.verb)
			continue;
		*whole = record.whole;
		return true;
	}
	return false;
}

enum err grant_text_make(struct hub *hub, struct txn *txn, const struct grant *grant,
			 struct buf *text, char *why)
{
	struct bytes records[LINE_CHAIN_MAX];
	struct buf body;

	for (size_t i = 0; i < grant->verdict.count; i++) {
		if (record_of(hub, txn, &grant->verdict.chain[i], &records[i]))
			continue;
		why_set(why, "a grant that this one rests on is not here.");
		return ERR_ABSENT;
	}
	buf_init(&body, GRANT_TEXT_LEN_MAX);
	grant_text_put(&body, &hub->charter.fed, records, grant->verdict.count);
	envelope_put(text, ENVELOPE_GRANT, buf_bytes(&body));
	enum err err = body.err ? body.err : text->err;
	if (err)
		why_set(why, "the chain of this grant is too long for a text: %s.", err_text(err));
	buf_fini(&body);
	return err;
}

/* ---- taking ---- */

/* The line that the text is about is the last one. */
static enum err text_line(const struct hub *hub, const struct grant_text *text, struct digest *id,
			  char *why)
{
	struct record record;
	struct line line;

	if (!hub->author || !id_eq(&text->fed, &hub->charter.fed)) {
		why_set(why, "this grant is of another federation.");
		return ERR_DENIED;
	}
	if (record_decode(&record, text->records[text->count - 1]) || record.kind != RECORD_LINE ||
	    line_get(&line, record.body)) {
		why_set(why, "this text holds no grant: ask for a new one.");
		return ERR_CONFIG;
	}
	line_id(id, &line);
	if (!id_eq(&line.org, &hub->options.identity->org)) {
		const struct charter_member *to = charter_by_org(&hub->charter, &line.org);
		why_set(why, "this grant is for %s, not for this organisation.",
			to ? to->name : "somebody else");
		return ERR_DENIED;
	}
	return ERR_OK;
}

static enum err text_take(struct hub *hub, struct txn *txn, const struct grant_text *text,
			  const struct digest *id, char *why)
{
	struct grant grant;

	for (size_t i = 0; i < text->count; i++) {
		struct ledger_news news;
		enum err err = ledger_accept_record(&hub->ledger, txn, text->records[i], &news);
		if (!err || err == ERR_EXISTS || err == ERR_PROTOCOL)
			continue;
		why_set(why, "this grant cannot be taken: %s.",
			err == ERR_ABSENT ? "who gave it is not known here yet" : err_text(err));
		return err;
	}
	if (!grant_load(hub, txn, id, &grant)) {
		why_set(why, "this grant is not good: %s.", fault_text(FAULT_UNKNOWN));
		return ERR_DENIED;
	}
	if (!grant.good) {
		why_set(why, "this grant is not good: %s.", fault_text(grant.verdict.fault));
		return ERR_DENIED;
	}
	return ERR_OK;
}

enum err grants_accept(struct hub *hub, struct txn *txn, const char *text, struct digest *id,
		       char *why)
{
	struct grant_text parts;

	/* What arrives borrows from here, until the news of the turn are taken. */
	buf_fini(&hub->bottle);
	buf_init(&hub->bottle, GRANT_TEXT_LEN_MAX);
	enum err err = envelope_get(&hub->bottle, ENVELOPE_GRANT, bytes_str(text));
	if (!err)
		err = grant_text_get(&parts, buf_bytes(&hub->bottle));
	if (err) {
		why_set(why, "%s",
			err == ERR_MALFORMED && !envelope_is(ENVELOPE_GRANT, bytes_str(text))
				? "this is no grant: it begins with \"" PROTOCOL_TEXT "g-\"."
			: err == ERR_VERSION
				? "this grant is from another version: update this node."
				: "this grant was mistyped or cut off: copy it again.");
		err = ERR_CONFIG;
	}
	if (!err)
		err = text_line(hub, &parts, id, why);
	if (!err)
		err = text_take(hub, txn, &parts, id, why);
	return err;
}
