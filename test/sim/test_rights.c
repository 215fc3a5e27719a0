/* Grants among whole nodes: who gets chunks from whom, whatever the order in which news arrive. */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "crypto/selftest.h"
#include "proto/ledger/held.h"
#include "proto/hub/hub.h"
#include "proto/transfer/scan.h"
#include "proto/wire/envelope.h"
#include "proto/membership/nodes.h"
#include "proto/catalog/granting.h"

#define KITA "meissen/kita/plaetze"

static const int64_t minute_ms = 60 * 1000, day_ms = 24 * 3600 * 1000;

/* ---- what people do ---- */

struct give {
	struct grant_terms terms;
	int64_t for_ms; /* 0: a year */
	struct buf *text;
	struct digest id;
	enum err err;
	char why[WHY_LEN];
};

static void call_give(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct give *give = arg;
	if (give->for_ms)
		give->terms.expiry_ms = now_ms + give->for_ms;
	struct grant grant;
	give->err = grants_give(hub, txn, &give->terms, &give->id, give->why);
	if (!give->err && give->text) {
		assert_true(grant_load(hub, txn, &give->id, &grant));
		give->err = grant_text_make(hub, txn, &grant, give->text, give->why);
	}
}

static struct give terms(struct sim_node *to, const char *prefix, enum verb verb)
{
	return (struct give){.terms = {.prefix = prefix, .to = to->identity.slug, .verb = verb}};
}

static struct digest given(struct sim_node *owner, struct give give)
{
	assert_true(sim_call(owner, call_give, &give));
	assert_int_equal(give.err, ERR_OK);
	return give.id;
}

static struct digest give(struct sim_node *owner, struct sim_node *to, const char *prefix,
			  enum verb verb)
{
	return given(owner, terms(to, prefix, verb));
}

struct take {
	const char *text;
	enum err err;
	char why[WHY_LEN];
};

static void call_take(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct take *take = arg;
	struct digest id;
	take->err = grants_accept(hub, txn, take->text, &id, take->why);
}

static void settle(struct towns *towns)
{
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	sim_run(&towns->sim, 5000, NULL, NULL);
}

static struct buf published(struct sim_node *node, const char *path, enum tier tier, size_t len)
{
	struct buf content = sim_content(1, len);
	assert_int_equal(sim_publish(node, path, tier, buf_bytes(&content)), ERR_OK);
	return content;
}

static enum err reads(struct sim_node *node, const char *path)
{
	struct buf out;
	buf_init(&out, 1 << 24);
	enum err err = sim_read(node, path, 0, &out);
	buf_fini(&out);
	return err;
}

/* Meißen, Radebeul, Malwine and Riesa. */
static struct towns *four_towns(uint64_t seed, struct sim_node **riesa)
{
	struct towns *towns = towns_open(seed, 3);
	*riesa = sim_add(&towns->sim, "Stadt Riesa", "riesa", "14627230");
	sim_join(towns->a, *riesa);
	settle(towns);
	return towns;
}

/* ---- through several hands ---- */

static void three_hands(void **state)
{
	struct sim_node *riesa;
	struct towns *towns = four_towns(1, &riesa);
	struct buf content = published(towns->a, KITA, TIER_GRANTED, 300000);
	struct give to_b = terms(towns->b, "meissen", VERB_READ);
	struct give to_m = terms(towns->m, "meissen/kita", VERB_READ);
	to_b.terms.depth = 2;
	to_m.terms.depth = 1;
	assert_int_equal(sim_subscribe(riesa, "**"), ERR_OK);
	given(towns->a, to_b);
	settle(towns);
	given(towns->b, to_m);
	settle(towns);
	assert_int_equal(sim_want(riesa, KITA, 0), ERR_DENIED);
	give(towns->m, riesa, KITA, VERB_READ);
	towns_held(riesa, KITA, 1);
	settle(towns);
	sim_assert_reads(riesa, KITA, 0, buf_bytes(&content));
	/* The last one has it, and may not hand it on. */
	struct give more = terms(towns->b, KITA, VERB_READ);
	assert_true(sim_call(riesa, call_give, &more));
	assert_int_equal(more.err, ERR_DENIED);
	buf_fini(&content);
	towns_close(towns);
}

/* ---- a relay ---- */

static void a_relay_serves_readers_only(void **state)
{
	struct sim_node *riesa;
	struct towns *towns = four_towns(2, &riesa);
	struct buf content = published(towns->a, KITA, TIER_GRANTED, 300000);
	assert_int_equal(sim_subscribe_relay(towns->m, "**"), ERR_OK);
	assert_int_equal(sim_subscribe(riesa, "**"), ERR_OK);
	give(towns->a, towns->m, "meissen/kita", VERB_RELAY);
	towns_held(towns->m, KITA, 1);
	give(towns->a, towns->b, "meissen/kita", VERB_READ);
	settle(towns);
	/* From now on the relay is the only source. */
	sim_cut(towns->a, true);
	assert_int_equal(sim_want(towns->b, KITA, 0), ERR_OK);
	towns_held(towns->b, KITA, 1);
	sim_assert_reads(towns->b, KITA, 0, buf_bytes(&content));
	assert_int_equal(reads(towns->m, KITA), ERR_DENIED);
	assert_int_equal(sim_want(riesa, KITA, 0), ERR_DENIED);
	assert_int_equal(sim_rows(riesa, TABLE_CHUNK), 0);
	buf_fini(&content);
	towns_close(towns);
}

/* ---- orders of arrival ---- */

/* A grant in a bottle: for who is not linked with its giver, whoever brings it. */
static void a_grant_comes_as_text(void **state)
{
	struct towns *towns = towns_open(3, 3);
	struct buf content = published(towns->a, KITA, TIER_GRANTED, 300000), text;
	assert_int_equal(sim_subscribe_relay(towns->m, "**"), ERR_OK);
	assert_int_equal(sim_subscribe(towns->b, "**"), ERR_OK);
	give(towns->a, towns->m, "meissen/kita", VERB_RELAY);
	towns_held(towns->m, KITA, 1);
	settle(towns);
	sim_cut(towns->a, true);
	struct give give_text = terms(towns->b, "meissen/kita", VERB_READ);
	buf_init(&text, 1 << 16);
	give_text.text = &text;
	given(towns->a, give_text);
	buf_add_u8(&text, 0);
	sim_run(&towns->sim, 1000, NULL, NULL);
	assert_int_equal(sim_want(towns->b, KITA, 0), ERR_DENIED);
	struct take take = {.text = (const char *)text.ptr};
	assert_true(sim_call(towns->m, call_take, &take));
	assert_int_equal(take.err, ERR_DENIED); /* not for Malwine */
	assert_true(sim_call(towns->b, call_take, &take));
	assert_int_equal(take.err, ERR_OK);
	/* The same text once more changes nothing. */
	uint64_t records = sim_rows(towns->b, TABLE_RECORD);
	assert_true(sim_call(towns->b, call_take, &take));
	assert_int_equal(take.err, ERR_OK);
	assert_int_equal(sim_rows(towns->b, TABLE_RECORD), records);
	/* Its key comes with the giver. */
	sim_cut(towns->a, false);
	towns_held(towns->b, KITA, 1);
	settle(towns);
	sim_assert_reads(towns->b, KITA, 0, buf_bytes(&content));
	buf_fini(&content);
	buf_fini(&text);
	towns_close(towns);
}

static void a_grant_comes_before_the_data(void **state)
{
	struct towns *towns = towns_open(4, 3);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	assert_int_equal(sim_subscribe(towns->m, "meissen/**"), ERR_OK);
	give(towns->a, towns->b, "meissen/kita", VERB_READ);
	settle(towns);
	struct buf content = published(towns->a, KITA, TIER_GRANTED, 300000);
	towns_held(towns->b, KITA, 1);
	sim_assert_reads(towns->b, KITA, 0, buf_bytes(&content));
	settle(towns);
	assert_int_equal(sim_rows(towns->m, TABLE_CHUNK), 0);
	buf_fini(&content);
	towns_close(towns);
}

/* Nothing happens at its beginning but that it begins. */
static void a_grant_begins_later(void **state)
{
	struct towns *towns = towns_open(13, 2);
	struct buf content = published(towns->a, KITA, TIER_GRANTED, 100000);
	struct give later = terms(towns->b, "meissen/kita", VERB_READ);
	later.terms.not_before_ms = towns->sim.epoch_ms + towns->sim.now_ms + 3 * day_ms;
	assert_int_equal(sim_subscribe(towns->b, "**"), ERR_OK);
	given(towns->a, later);
	sim_run(&towns->sim, 3 * day_ms - minute_ms, NULL, NULL);
	assert_int_equal(sim_want(towns->b, KITA, 0), ERR_DENIED);
	assert_int_equal(sim_rows(towns->b, TABLE_CHUNK), 0);
	sim_run(&towns->sim, 2 * minute_ms, NULL, NULL);
	assert_true(sim_held(towns->b, KITA, 0));
	/* The owner looks for readers without a key once an hour. */
	sim_run(&towns->sim, 70 * minute_ms, NULL, NULL);
	sim_assert_reads(towns->b, KITA, 0, buf_bytes(&content));
	buf_fini(&content);
	towns_close(towns);
}

/* ---- the end of a grant ---- */

/* The chunks do not come, and then it is too late for them; a new grant brings the rest. */
static void expired_during_a_fetch(void **state)
{
	struct towns *towns = towns_open(5, 2);
	struct buf content = published(towns->a, KITA, TIER_GRANTED, 900000);
	struct give brief = terms(towns->b, "meissen/kita", VERB_READ);
	brief.for_ms = 2 * minute_ms;
	assert_int_equal(sim_subscribe(towns->b, "**"), ERR_OK);
	towns->a->serve = SIM_SERVE_NOTHING;
	given(towns->a, brief);
	sim_run(&towns->sim, minute_ms, NULL, NULL);
	assert_true(sim_rows(towns->b, TABLE_INDEX) > 0); /* it has begun */
	sim_run(&towns->sim, 2 * minute_ms, NULL, NULL);
	towns->a->serve = SIM_SERVE;
	sim_run(&towns->sim, 10 * minute_ms, NULL, NULL);
	assert_false(sim_held(towns->b, KITA, 0));
	assert_int_equal(sim_rows(towns->b, TABLE_CHUNK), 0);
	assert_int_equal(towns->b->hub->transfer->fetch_count, 0);
	assert_int_equal(sim_want(towns->b, KITA, 0), ERR_DENIED);
	give(towns->a, towns->b, "meissen/kita", VERB_READ);
	towns_held(towns->b, KITA, 1);
	settle(towns);
	sim_assert_reads(towns->b, KITA, 0, buf_bytes(&content));
	buf_fini(&content);
	towns_close(towns);
}

/* ---- several nodes of one organisation ---- */

struct machine { /* a further one of Meißen: offer, request, answer */
	const char *request;
	uint8_t roles, index;
	struct buf text;
	enum err err;
	char why[WHY_LEN];
};

static void call_offer(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct machine *machine = arg;
	machine->err = nodes_offer(hub, txn, now_ms, &machine->text, machine->why);
	buf_add_u8(&machine->text, 0);
}

static void call_add(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct machine *machine = arg;
	buf_reset(&machine->text);
	machine->err = nodes_add(hub, txn, now_ms, machine->request, machine->roles, true,
				 &machine->text, &machine->index, machine->why);
}

static void call_retire(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct machine *machine = arg;
	machine->err = nodes_retire(hub, txn, now_ms, machine->index, false, machine->why);
}

static struct sim_node *machine_add(struct sim_node *first, struct machine *machine, uint8_t roles)
{
	struct buf request;
	*machine = (struct machine){.roles = roles};
	buf_init(&machine->text, ENVELOPE_LEN_MAX);
	buf_init(&request, ENVELOPE_LEN_MAX);
	assert_true(sim_call(first, call_offer, machine));
	assert_int_equal(machine->err, ERR_OK);
	struct sim_node *node = sim_add_node(first->sim, (const char *)machine->text.ptr, &request);
	buf_add_u8(&request, 0);
	machine->request = (const char *)request.ptr;
	assert_true(sim_call(first, call_add, machine));
	assert_int_equal(machine->err, ERR_OK);
	assert_int_equal(sim_accept(node, buf_bytes(&machine->text)), ERR_OK);
	buf_fini(&request);
	buf_fini(&machine->text);
	return node;
}

/* What the owner's other node grants ends with it. */
static void the_owners_other_node(void **state)
{
	struct towns *towns = towns_open(10, 2);
	struct buf content = published(towns->a, KITA, TIER_GRANTED, 300000);
	struct machine machine;
	struct sim_node *other =
		machine_add(towns->a, &machine, ORGLOG_ROLE_PUBLISH | ORGLOG_ROLE_ADMIN);
	settle(towns);
	assert_int_equal(sim_want(other, KITA, 0), ERR_OK);
	towns_held(other, KITA, 1);
	give(other, towns->b, "meissen/kita", VERB_READ);
	settle(towns);
	assert_int_equal(sim_want(towns->b, KITA, 0), ERR_OK);
	towns_held(towns->b, KITA, 1);
	sim_assert_reads(towns->b, KITA, 0, buf_bytes(&content));
	/* The machine is given away, and what it signed counts no more. */
	assert_true(sim_call(towns->a, call_retire, &machine));
	assert_int_equal(machine.err, ERR_OK);
	sim_stop(other);
	sim_run(&towns->sim, minute_ms, NULL, NULL);
	struct buf later = sim_content(3, 300000);
	assert_int_equal(sim_publish(towns->a, KITA, TIER_GRANTED, buf_bytes(&later)), ERR_OK);
	sim_run(&towns->sim, minute_ms, NULL, NULL);
	assert_int_equal(sim_want(towns->b, KITA, 2), ERR_DENIED);
	give(towns->a, towns->b, "meissen/kita", VERB_READ);
	sim_run(&towns->sim, minute_ms, NULL, NULL);
	assert_int_equal(sim_want(towns->b, KITA, 2), ERR_OK);
	towns_held(towns->b, KITA, 2);
	sim_assert_reads(towns->b, KITA, 2, buf_bytes(&later));
	buf_fini(&content);
	buf_fini(&later);
	towns_close(towns);
}

static void who_is_no_admin_grants_nothing(void **state)
{
	struct towns *towns = towns_open(11, 2);
	struct machine machine;
	struct sim_node *other = machine_add(towns->a, &machine, ORGLOG_ROLE_PUBLISH);
	settle(towns);
	struct give give = terms(towns->b, "meissen", VERB_READ);
	assert_true(sim_call(other, call_give, &give));
	assert_int_equal(give.err, ERR_DENIED);
	assert_non_null(strstr(give.why, "role admin"));
	towns_close(towns);
}

/* ---- what a grant is called ---- */

struct find {
	const char *name;
	struct digest id;
	enum err err;
	char why[WHY_LEN];
};

static void call_find(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct find *find = arg;
	struct grant grant;
	find->err = grants_find(hub, txn, find->name, &grant, find->why);
	if (find->err == ERR_OK)
		find->id = grant.line.id;
}

static void a_grant_is_found_by_its_name(void **state)
{
	struct towns *towns = towns_open(12, 2);
	struct digest id = give(towns->a, towns->b, "meissen/kita", VERB_READ);
	char name[GRANT_NAME_LEN + 1], typed[GRANT_NAME_LEN + 1], digits[GRANT_NAME_LEN + 1];
	give(towns->a, towns->b, "meissen/bau", VERB_READ);
	settle(towns);
	grant_name(name, &id);
	assert_int_equal(strlen(name), GRANT_NAME_LEN);
	for (size_t i = 0; i <= GRANT_NAME_LEN; i++) {
		typed[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
		digits[i] = name[i] == 'O'   ? '0'
			    : name[i] == 'I' ? '1'
			    : name[i] == 'B' ? '8'
					     : name[i];
	}
	const struct {
		const char *name;
		enum err err;
	} cases[] = {
		{name, ERR_OK},           {name + 2, ERR_OK},    {typed, ERR_OK},
		{digits, ERR_OK},         {"g-AAA", ERR_CONFIG}, {"", ERR_CONFIG},
		{"g-ZZZZZZ", ERR_ABSENT},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct find find = {.name = cases[i].name};
		assert_true(sim_call(towns->b, call_find, &find));
		assert_int_equal(find.err, cases[i].err);
		assert_true(find.err || id_eq(&find.id, &id));
	}
	towns_close(towns);
}

/* ---- who is served what: a table ---- */

static struct buf message_new(void)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	return out;
}

struct answers {
	bool index; /* it had entries */
	bool chunk; /* it was there */
};

static void listen(struct sim_node *node, struct message *m, void *arg)
{
	struct answers *answers = arg;
	(void)node;
	if (m->type == MESSAGE_INDEX)
		answers->index |= m->body.len > 0;
	if (m->type == MESSAGE_CHUNK)
		answers->chunk |= m->has_body;
}

/* The version of a path at a node, and one chunk of it. */
static void version_of(struct sim_node *node, const char *path, struct version_id *of,
		       struct chunk_addr *addr)
{
	struct row_key key = key_text(bytes_str(path));
	struct txn *txn = txn_begin(node->db, false);
	struct bytes dataset;
	assert_true(txn_get(txn, TABLE_PATH, row_key_bytes(&key), &dataset));
	struct bytes row, value;
	assert_true(walk_last(txn, TABLE_INDEX, dataset, &row, &value)); /* the lowest number */
	held_of_key(of, row);
	memcpy(addr->b, row.ptr + row.len - ID_LEN, ID_LEN);
	txn_abort(txn);
}

static struct answers ask(struct sim_node *foe, struct sim_node *holder, const char *path)
{
	struct message_list list = message_list_begin(MESSAGE_CHUNK_GET);
	struct buf out = message_new();
	struct answers answers = {false, false};
	struct version_id of;
	struct chunk_addr addr;
	version_of(holder, path, &of, &addr);
	foe->foe->answer = listen;
	foe->foe->arg = &answers;
	message_index_get(&out, &of, NULL);
	sim_say(foe, &out);
	list.dataset = of.dataset;
	message_list_addr(&list, &addr);
	out = message_new();
	message_list_end(&list, &out);
	sim_say(foe, &out);
	sim_run(foe->sim, 2000, NULL, NULL);
	foe->foe->answer = NULL;
	return answers;
}

static void say_hello(struct sim_node *foe, struct sim_node *to)
{
	struct digest content = {{7}};
	struct buf out = message_new();
	message_hello(&out, "x", to->hub->charter.number, &content, NULL);
	sim_say(foe, &out);
	sim_run(foe->sim, 300, NULL, NULL);
}

static void who_is_served_what(void **state)
{
	static const struct {
		const char *path;
		bool served;
	} cases[] = {
		{"meissen/offen", true},     {"meissen/alle", true}, {"meissen/alt/plan", false},
		{"meissen/bau/plan", false}, {KITA, true},
	};
	struct towns *towns = towns_open(6, 3);
	struct give brief = terms(towns->m, "meissen/alt", VERB_READ);
	struct buf contents[] = {
		published(towns->a, "meissen/offen", TIER_OPEN, 90000),
		published(towns->a, "meissen/alle", TIER_MEMBERS, 90000),
		published(towns->a, KITA, TIER_GRANTED, 90000),
		published(towns->a, "meissen/bau/plan", TIER_GRANTED, 90000),
		published(towns->a, "meissen/alt/plan", TIER_GRANTED, 90000),
	};
	brief.for_ms = minute_ms;
	given(towns->a, brief);
	give(towns->a, towns->b, "meissen", VERB_READ);
	give(towns->a, towns->m, "meissen/kita", VERB_RELAY);
	assert_int_equal(sim_subscribe(towns->b, "meissen/kita/*"), ERR_OK);
	assert_int_equal(sim_subscribe(towns->b, "meissen/bau/*"), ERR_OK);
	towns_held(towns->b, KITA, 1);
	towns_held(towns->b, "meissen/bau/plan", 1);
	sim_run(&towns->sim, 2 * minute_ms, NULL, NULL);
	towns_possess(towns);
	assert_true(sim_foe_dial(towns->m, towns->a));
	say_hello(towns->m, towns->a);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answers answers = ask(towns->m, towns->a, cases[i].path);
		assert_int_equal(answers.index, cases[i].served);
		assert_int_equal(answers.chunk, cases[i].served);
		assert_true(towns->m->foe->up); /* a refusal is no fault */
	}
	/* Who reads serves as the owner does. */
	assert_true(sim_foe_dial(towns->m, towns->b));
	say_hello(towns->m, towns->b);
	assert_false(ask(towns->m, towns->b, "meissen/bau/plan").chunk);
	assert_true(ask(towns->m, towns->b, KITA).chunk);
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++)
		buf_fini(&contents[i]);
	towns_close(towns);
}

static void a_stranger_is_served_nothing(void **state)
{
	struct towns *towns = towns_open(7, 2);
	struct buf content = published(towns->a, "meissen/offen", TIER_OPEN, 90000);
	struct sim_node *stranger = sim_add(&towns->sim, "Fremd", "fremd", "14627998");
	give(towns->a, towns->b, "meissen", VERB_READ);
	settle(towns);
	sim_possess(stranger, &towns->a->hub->charter.fed);
	assert_true(sim_foe_dial(stranger, towns->a));
	say_hello(stranger, towns->a);
	struct answers answers = ask(stranger, towns->a, "meissen/offen");
	assert_false(answers.index || answers.chunk);
	assert_false(stranger->foe->up);
	buf_fini(&content);
	towns_close(towns);
}

/* A wider tier opens the new version; the chunks of the one before stay where they were. */
static void widening_does_not_open_what_was(void **state)
{
	struct towns *towns = towns_open(8, 3);
	struct buf before = sim_content(1, 90000), after = sim_content(2, 90000);
	struct version_id of;
	struct chunk_addr addr;
	assert_int_equal(sim_publish(towns->a, KITA, TIER_GRANTED, buf_bytes(&before)), ERR_OK);
	version_of(towns->a, KITA, &of, &addr);
	struct sim_publication p = {
		.node = towns->a,
		.options = {.path = KITA, .has_tier = true, .tier = TIER_MEMBERS, .widen = true},
		.content = buf_bytes(&after)};
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	settle(towns);
	towns_possess(towns);
	assert_true(sim_foe_dial(towns->m, towns->a));
	say_hello(towns->m, towns->a);
	/* ask() asks for the oldest version here. */
	struct answers answers = ask(towns->m, towns->a, KITA);
	assert_false(answers.index || answers.chunk);
	assert_int_equal(sim_want(towns->b, KITA, 2), ERR_OK);
	towns_held(towns->b, KITA, 2);
	sim_assert_reads(towns->b, KITA, 2, buf_bytes(&after));
	buf_fini(&before);
	buf_fini(&after);
	towns_close(towns);
}

/* ---- what cannot be given ---- */

static void refused(struct sim_node *node, struct give give, enum err err, const char *words)
{
	assert_true(sim_call(node, call_give, &give));
	assert_int_equal(give.err, err);
	assert_non_null(strstr(give.why, words));
}

static void what_cannot_be_given(void **state)
{
	struct towns *towns = towns_open(9, 2);
	uint64_t records = sim_rows(towns->a, TABLE_RECORD);
	struct give give = terms(towns->b, "radebeul/kita", VERB_READ);
	refused(towns->a, give, ERR_DENIED, "may be handed on");
	give = terms(towns->b, "Meissen", VERB_READ);
	refused(towns->a, give, ERR_CONFIG, "no path");
	give = terms(towns->a, "meissen", VERB_READ);
	refused(towns->a, give, ERR_CONFIG, "itself");
	give = terms(towns->b, "meissen", VERB_READ);
	give.terms.to = "dresden";
	refused(towns->a, give, ERR_ABSENT, "dresden");
	give = terms(towns->b, "meissen", VERB_READ);
	give.terms.depth = 8;
	refused(towns->a, give, ERR_CONFIG, "hands");
	give = terms(towns->b, "meissen", VERB_READ);
	give.terms.expiry_ms = 1;
	refused(towns->a, give, ERR_CONFIG, "ended before it begins");
	assert_int_equal(sim_rows(towns->a, TABLE_RECORD), records);
	/* A grant that was given cannot be outlasted by what is handed on. */
	struct give short_one = terms(towns->b, "meissen", VERB_READ);
	short_one.for_ms = day_ms;
	short_one.terms.depth = 1;
	given(towns->a, short_one);
	settle(towns);
	struct sim_node *riesa = sim_add(&towns->sim, "Stadt Riesa", "riesa", "14627230");
	sim_join(towns->a, riesa);
	settle(towns);
	give = terms(riesa, "meissen/kita", VERB_READ);
	give.for_ms = 2 * day_ms;
	refused(towns->b, give, ERR_CONFIG, "ends before that date");
	give.for_ms = day_ms / 2;
	given(towns->b, give);
	towns_close(towns);
}

/* What was published for all members stays theirs; what comes for a few does not become so. */
static void narrowed_later(void **state)
{
	struct towns *towns = towns_open(90, 2);
	struct buf first = sim_content(1, 60000), second = sim_content(2, 60000);
	assert_int_equal(sim_publish(towns->a, "meissen/kita", TIER_MEMBERS, buf_bytes(&first)),
			 ERR_OK);
	assert_int_equal(sim_publish(towns->a, "meissen/kita", TIER_GRANTED, buf_bytes(&second)),
			 ERR_OK);
	settle(towns);
	assert_int_equal(sim_want(towns->b, "meissen/kita", 2), ERR_DENIED);
	assert_int_equal(sim_want(towns->b, "meissen/kita", 1), ERR_OK);
	towns_held(towns->b, "meissen/kita", 1);
	sim_assert_reads(towns->b, "meissen/kita", 1, buf_bytes(&first));
	assert_false(sim_held(towns->b, "meissen/kita", 2));
	buf_fini(&first);
	buf_fini(&second);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_hands),
		cmocka_unit_test(narrowed_later),
		cmocka_unit_test(a_relay_serves_readers_only),
		cmocka_unit_test(a_grant_comes_as_text),
		cmocka_unit_test(a_grant_comes_before_the_data),
		cmocka_unit_test(a_grant_begins_later),
		cmocka_unit_test(expired_during_a_fetch),
		cmocka_unit_test(the_owners_other_node),
		cmocka_unit_test(who_is_no_admin_grants_nothing),
		cmocka_unit_test(a_grant_is_found_by_its_name),
		cmocka_unit_test(who_is_served_what),
		cmocka_unit_test(a_stranger_is_served_nothing),
		cmocka_unit_test(widening_does_not_open_what_was),
		cmocka_unit_test(what_cannot_be_given),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("rights", tests, NULL, NULL);
}
