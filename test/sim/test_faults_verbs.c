/*
 * What stewards and owners do survives the n-th store call that fails, and the death of the process
 * after the n-th turn, at either of two nodes, for every n until everything runs through: what was
 * asked for comes to pass, once.
 */
#include "test/sim/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/hub/hub.h"
#include "proto/wire/envelope.h"
#include "proto/membership/nodes.h"
#include "proto/catalog/granting.h"
#include "proto/catalog/revoking.h"
#include "proto/catalog/withdrawal.h"

#define KITA    "meissen/kita/plaetze"
#define PLAN    "meissen/plan"
#define YEAR_MS (INT64_C(365) * 24 * 3600 * 1000)
enum { TRIES_MAX = 20 };

struct scene {
	struct sim sim;
	struct sim_node *a, *b, *c; /* a is the founder */
	struct buf content;
};

struct deed {
	void (*prepare)(struct scene *scene);
	void (*act)(struct scene *scene);   /* with the trouble going on */
	void (*after)(struct scene *scene); /* when it is over */
};

/* ---- the scene ---- */

static struct scene *scene_open(uint64_t seed)
{
	struct scene *scene = mem_new(1, sizeof(*scene));
	sim_init(&scene->sim, seed);
	scene->content = sim_content(seed, 40000);
	scene->a = sim_add(&scene->sim, "Stadt Meißen", "meissen", "14627140");
	scene->b = sim_add(&scene->sim, "Stadt Radebeul", "radebeul", "14627210");
	scene->c = sim_add(&scene->sim, "Stadt Riesa", "riesa", "14627230");
	assert_int_equal(sim_found(scene->a, "Landkreis"), ERR_OK);
	sim_join(scene->a, scene->b);
	assert_true(sim_run(&scene->sim, 120000, sim_agree, NULL));
	return scene;
}

static void scene_close(struct scene *scene)
{
	uint8_t digest[ID_LEN];
	buf_fini(&scene->content);
	sim_fini(&scene->sim, digest);
	free(scene);
}

static void settle(struct scene *scene)
{
	assert_true(sim_run(&scene->sim, 300000, sim_agree, NULL));
}

/* Nothing is looked at meanwhile, as looking makes store calls too. */
static void pass(struct scene *scene)
{
	sim_run(&scene->sim, 3000, NULL, NULL);
}

static void held(struct scene *scene, struct sim_node *node, const char *path, uint64_t number)
{
	struct sim_held_wait wait = {.node = node, .path = path, .number = number};
	assert_true(sim_run(&scene->sim, 300000, sim_is_held, &wait));
}

/*
 * The turn could not be committed; or that has happened before, which counts as a start, and the
 * node waits for what others know of it.
 */
static bool was_lost(enum err err)
{
	return err == ERR_IO || err == ERR_AGAIN;
}

/* Until it is acknowledged. */
static void publish(struct scene *scene, const char *path, enum tier tier)
{
	enum err err = ERR_IO;
	for (unsigned i = 0; err != ERR_OK && err != ERR_EXISTS; i++) {
		assert_true(i < TRIES_MAX);
		err = sim_publish(scene->a, path, tier, buf_bytes(&scene->content));
		assert_true(err == ERR_OK || err == ERR_EXISTS || was_lost(err));
		if (err == ERR_AGAIN)
			sim_run(&scene->sim, 30000, NULL, NULL);
	}
}

static bool is_in(struct sim *sim, void *arg)
{
	const struct membership_status status = sim_status(arg);
	return status.state == MEMBERSHIP_MEMBER && status.has_federation_key;
}

/* ---- approving, by two ---- */

static bool is_waiting(struct sim *sim, void *arg)
{
	return sim_rows(arg, TABLE_REQUEST) > 0;
}

static void admit_prepare(struct scene *scene)
{
	struct decision d = {
		.verb = DECIDE_STEWARDS, .slugs = {"meissen", "radebeul"}, .threshold = 2};
	struct buf text;
	assert_int_equal(decide(scene->a, &d), ERR_OK);
	settle(scene);
	struct decision vote = {.verb = DECIDE_VOTE, .slug = d.hex};
	assert_int_equal(decide(scene->b, &vote), ERR_OK);
	assert_true(vote.accepted);
	settle(scene);
	buf_init(&text, 4096);
	assert_int_equal(sim_invite_as(scene->a, scene->c, true, false, &text), ERR_OK);
	assert_int_equal(sim_join_text(scene->c, (const char *)text.ptr, NULL), ERR_OK);
	buf_fini(&text);
	assert_true(sim_run(&scene->sim, 120000, is_waiting, scene->a));
}

/* A steward who is told of a failure looks what there is, and does what is still to be done. */
static void admit_act(struct scene *scene)
{
	char words[WORDS_TEXT_LEN];
	uint32_t before = scene->a->hub->charter.number;
	decide_words(scene->c, words);
	for (unsigned i = 0; scene->b->hub->charter.number == before; i++) {
		struct decision approve = {.verb = DECIDE_APPROVE, .slug = "riesa", .words = words};
		struct decision vote = {.verb = DECIDE_VOTE};
		struct voting_proposal proposal;
		assert_true(i < TRIES_MAX);
		if (!decide_proposal(scene->a, 0, &proposal, NULL))
			decide(scene->a, &approve);
		pass(scene);
		if (!decide_proposal(scene->b, 0, &proposal, NULL))
			continue;
		char hex[ID_HEX_LEN + 1];
		hex_put(hex, id_bytes(&proposal.id));
		vote.slug = hex;
		decide(scene->b, &vote);
		assert_true(was_lost(vote.err) || vote.err == ERR_OK);
	}
	pass(scene);
}

static void admit_check(struct scene *scene)
{
	settle(scene);
	assert_true(sim_run(&scene->sim, 300000, is_in, scene->c));
	assert_int_equal(scene->a->hub->charter.member_count, 3);
	assert_false(scene->a->hub->charter.frozen);
	settle(scene);
	publish(scene, PLAN, TIER_MEMBERS);
	assert_int_equal(sim_subscribe(scene->c, "**"), ERR_OK);
	held(scene, scene->c, PLAN, 1);
	sim_assert_reads(scene->c, PLAN, 0, buf_bytes(&scene->content));
	assert_int_equal(sim_rows(scene->a, TABLE_REQUEST), 0);
	assert_int_equal(sim_rows(scene->a, TABLE_PROPOSAL), 0);
}

/* ---- removing: a new federation key ---- */

static void remove_prepare(struct scene *scene)
{
	sim_join(scene->a, scene->c);
	settle(scene);
}

static void remove_act(struct scene *scene)
{
	uint32_t before = scene->a->hub->charter.number;
	for (unsigned i = 0; scene->a->hub->charter.number == before; i++) {
		struct decision d = {.verb = DECIDE_REMOVE, .slug = "riesa"};
		assert_true(i < TRIES_MAX);
		decide(scene->a, &d);
		assert_true(was_lost(d.err) || d.err == ERR_OK);
		if (d.err == ERR_AGAIN)
			pass(scene);
	}
	publish(scene, PLAN, TIER_MEMBERS);
	pass(scene);
}

static bool is_former(struct sim *sim, void *arg)
{
	return sim_status(arg).state == MEMBERSHIP_FORMER;
}

static void remove_check(struct scene *scene)
{
	assert_true(sim_run(&scene->sim, 300000, is_former, scene->c));
	sim_stop(scene->c);
	settle(scene);
	assert_true(sim_run(&scene->sim, 300000, is_in, scene->b));
	assert_int_equal(sim_status(scene->b).federation_key_number, 2);
	assert_int_equal(sim_subscribe(scene->b, "meissen/**"), ERR_OK);
	held(scene, scene->b, PLAN, 1);
	sim_assert_reads(scene->b, PLAN, 0, buf_bytes(&scene->content));
}

/* ---- granting, and publishing for a few ---- */

static void call_give(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct grant_terms terms = {.prefix = "meissen/kita",
				    .to = "radebeul",
				    .verb = VERB_READ,
				    .expiry_ms = now_ms + YEAR_MS};
	struct digest token;
	char why[WHY_LEN];
	*(enum err *)arg = grants_give(hub, txn, &terms, &token, why);
}

static void grant_prepare(struct scene *scene)
{
	assert_int_equal(sim_subscribe(scene->b, "meissen/**"), ERR_OK);
}

static void grant_act(struct scene *scene)
{
	enum err err = ERR_IO;
	/* A turn that was lost to who asked may be in the store: the grant is there, then. */
	for (unsigned i = 0; err != ERR_OK && err != ERR_EXISTS; i++) {
		assert_true(i < TRIES_MAX);
		if (!sim_call(scene->a, call_give, &err))
			err = ERR_IO;
		if (err == ERR_AGAIN)
			pass(scene);
	}
	publish(scene, KITA, TIER_GRANTED);
	pass(scene);
}

static void grant_check(struct scene *scene)
{
	settle(scene);
	held(scene, scene->b, KITA, 1);
	sim_assert_reads(scene->a, KITA, 0, buf_bytes(&scene->content));
	sim_assert_reads(scene->b, KITA, 0, buf_bytes(&scene->content));
	sim_run(&scene->sim, 5000, NULL, NULL);
	sim_audit(scene->a);
	sim_audit(scene->b);
}

/* ---- withdrawing, with an answer ---- */

struct answers {
	struct withdrawal_view view;
	bool found;
	unsigned confirmed, outstanding;
};

static bool count_answer(void *arg, const struct withdrawal_answer *answer)
{
	struct answers *answers = arg;
	answers->confirmed += answer->time_ms != 0;
	answers->outstanding += answer->time_ms == 0;
	return true;
}

static void call_answers(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct answers *answers = arg;
	*answers = (struct answers){.found = false};
	answers->found = withdrawal_find(hub, txn, PLAN, 0, &answers->view);
	if (answers->found)
		withdrawal_answers(hub, txn, &answers->view, count_answer, answers);
}

static void call_withdraw(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct withdrawal_view view;
	char why[WHY_LEN];
	withdrawal_make(hub, txn, PLAN, "Namen von Kindern", true, false, &view, why);
}

static void withdraw_prepare(struct scene *scene)
{
	publish(scene, PLAN, TIER_MEMBERS);
	assert_int_equal(sim_subscribe(scene->b, "meissen/**"), ERR_OK);
	held(scene, scene->b, PLAN, 1);
	settle(scene);
	sim_run(&scene->sim, 5000, NULL, NULL);
}

static void withdraw_act(struct scene *scene)
{
	struct answers answers = {.found = false};
	for (unsigned i = 0; !answers.found; i++) {
		assert_true(i < TRIES_MAX);
		sim_call(scene->a, call_withdraw, NULL);
		if (!sim_call(scene->a, call_answers, &answers))
			answers.found = false;
		if (!answers.found)
			pass(scene);
	}
	pass(scene);
}

/* Both have held it, and both say that it is gone. */
static bool is_erased(struct sim *sim, void *arg)
{
	struct scene *scene = arg;
	struct answers answers = {.found = false};
	return sim_call(scene->a, call_answers, &answers) && answers.confirmed == 2 &&
	       answers.outstanding == 0 && sim_rows(scene->a, TABLE_CHUNK) == 0 &&
	       sim_rows(scene->b, TABLE_CHUNK) == 0;
}

static void withdraw_check(struct scene *scene)
{
	assert_true(sim_run(&scene->sim, 300000, is_erased, scene));
	settle(scene);
	assert_int_equal(sim_rows(scene->b, TABLE_VERSION), 0);
	sim_audit(scene->a);
	sim_audit(scene->b);
}

/* ---- another machine ---- */

struct ask {
	const char *request;
	struct buf text;
	uint8_t index;
	enum err err;
	char why[WHY_LEN];
};

static void run_offer(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	buf_reset(&ask->text);
	ask->err = nodes_offer(hub, txn, now_ms, &ask->text, ask->why);
}

static void run_add(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	buf_reset(&ask->text);
	ask->err = nodes_add(hub, txn, now_ms, ask->request, ORGLOG_ROLE_PUBLISH, true, &ask->text,
			     &ask->index, ask->why);
}

static void until_done(struct sim_node *node,
		       void (*run)(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg),
		       struct ask *ask)
{
	bool done = false;
	for (unsigned i = 0; !done; i++) {
		assert_true(i < TRIES_MAX);
		done = sim_call(node, run, ask) && ask->err == ERR_OK;
		if (!done)
			sim_run(node->sim, 3000, NULL, NULL);
	}
}

static void node_prepare(struct scene *scene)
{
	publish(scene, PLAN, TIER_MEMBERS);
	publish(scene, KITA, TIER_GRANTED);
	settle(scene);
}

static void node_act(struct scene *scene)
{
	struct ask ask = {.err = ERR_OK};
	struct buf request;
	buf_init(&request, ENVELOPE_LEN_MAX);
	buf_init(&ask.text, ENVELOPE_LEN_MAX);
	until_done(scene->a, run_offer, &ask);
	buf_add_u8(&ask.text, 0);
	struct sim_node *node = sim_add_node(&scene->sim, (const char *)ask.text.ptr, &request);
	buf_add_u8(&request, 0);
	ask.request = (const char *)request.ptr;
	until_done(scene->a, run_add, &ask);
	assert_int_equal(ask.index, 1);
	assert_int_equal(sim_accept(node, buf_bytes(&ask.text)), ERR_OK);
	buf_fini(&ask.text);
	buf_fini(&request);
	pass(scene);
}

static void node_check(struct scene *scene)
{
	struct sim_node *node = scene->sim.nodes[3];
	assert_true(sim_run(&scene->sim, 300000, is_in, node));
	settle(scene);
	assert_int_equal(sim_subscribe(node, "**"), ERR_OK);
	held(scene, node, PLAN, 1);
	held(scene, node, KITA, 1);
	sim_assert_reads(node, PLAN, 0, buf_bytes(&scene->content));
	sim_assert_reads(node, KITA, 0, buf_bytes(&scene->content));
}

/* ---- ending a right, with new keys in the same turn ---- */

struct end {
	bool ended;
	enum err err;
	unsigned keys, lines, bars; /* own records */
};

static unsigned own_records(struct hub *hub, struct txn *txn, uint8_t kind)
{
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_of(&kind, 1));
	struct record record;
	unsigned count = 0;
	slots.author = hub->author;
	while (ledger_slots_next(&slots, &record))
		count++;
	return count;
}

/* Also whether it has happened already: a turn may be lost when it is on disk. */
static void call_end(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	const struct revoke_terms terms = {.from = "radebeul"};
	struct end *end = arg;
	struct revocation revocation;
	char why[WHY_LEN];
	const struct charter_member *b = charter_by_slug(&hub->charter, bytes_str("radebeul"));
	end->ended = b && rights_of(hub, txn, &b->org, bytes_str(KITA)) == VERB_NONE;
	end->keys = own_records(hub, txn, RECORD_KEY);
	end->lines = own_records(hub, txn, RECORD_LINE);
	end->bars = own_records(hub, txn, RECORD_BAR);
	if (end->ended)
		return;
	end->err = revocation_plan(&revocation, hub, txn, &terms, why);
	if (!end->err)
		end->err = revocation_do(&revocation, why);
	revocation_fini(&revocation);
}

static void revoke_prepare(struct scene *scene)
{
	enum err err;
	assert_int_equal(sim_subscribe(scene->b, "meissen/**"), ERR_OK);
	assert_true(sim_call(scene->a, call_give, &err));
	assert_int_equal(err, ERR_OK);
	publish(scene, KITA, TIER_GRANTED);
	held(scene, scene->b, KITA, 1);
	settle(scene);
	pass(scene);
	sim_assert_reads(scene->b, KITA, 1, buf_bytes(&scene->content));
}

static void revoke_act(struct scene *scene)
{
	struct end end = {.ended = false};
	for (unsigned i = 0; !end.ended; i++) {
		assert_true(i < TRIES_MAX);
		if (!sim_call(scene->a, call_end, &end))
			end.ended = false;
		pass(scene);
	}
}

/* However often it was broken off, there is in the end what one call writes. */
static void revoke_check(struct scene *scene)
{
	static struct end expected;
	struct end end;
	settle(scene);
	assert_true(sim_call(scene->a, call_end, &end));
	assert_true(end.ended);
	assert_int_equal(end.lines, 1);
	assert_int_equal(end.bars, 1);
	if (!expected.ended)
		expected = end;
	assert_int_equal(end.keys, expected.keys);
	struct buf later = sim_content(77, 40000);
	assert_int_equal(sim_publish(scene->a, KITA, TIER_GRANTED, buf_bytes(&later)), ERR_OK);
	settle(scene);
	pass(scene);
	assert_int_equal(sim_want(scene->b, KITA, 2), ERR_DENIED);
	sim_assert_reads(scene->a, KITA, 2, buf_bytes(&later));
	sim_assert_reads(scene->b, KITA, 1, buf_bytes(&scene->content));
	buf_fini(&later);
	sim_audit(scene->a);
	sim_audit(scene->b);
}

/* ---- all of them ---- */

static const struct deed deed_admit = {admit_prepare, admit_act, admit_check};
static const struct deed deed_remove = {remove_prepare, remove_act, remove_check};
static const struct deed deed_grant = {grant_prepare, grant_act, grant_check};
static const struct deed deed_withdraw = {withdraw_prepare, withdraw_act, withdraw_check};
static const struct deed deed_revoke = {revoke_prepare, revoke_act, revoke_check};
static const struct deed deed_node = {node_prepare, node_act, node_check};

/* False: nothing has struck. */
static bool survives(const struct deed *deed, bool at_b, bool crash, uint64_t n)
{
	struct scene *scene = scene_open(5000 + n);
	struct sim_node *node = at_b ? scene->b : scene->a;
	bool struck;
	deed->prepare(scene);
	if (crash)
		node->crash_in = n;
	else
		sim_fault(node, n, ERR_IO);
	deed->act(scene);
	struck = crash ? node->crash_in == 0 : sim_fault_struck(node);
	node->crash_in = 0;
	if (!crash)
		sim_fault(node, 0, ERR_OK);
	deed->after(scene);
	scene_close(scene);
	return struck;
}

static void survives_all(const struct deed *deed)
{
	for (unsigned way = 0; way < 4; way++) {
		bool at_b = way & 1, crash = way & 2;
		unsigned quiet = 0, struck = 0;
		/* Early ones each, later ones by samples: there are thousands of store calls. */
		for (uint64_t n = 1; quiet < 3; n += crash ? 1 : 1 + n / 8) {
			bool yes = survives(deed, at_b, crash, n);
			quiet = yes ? 0 : quiet + 1;
			struck += yes;
		}
		print_message("          %s at %s: %u times\n", crash ? "death" : "fault",
			      at_b ? "b" : "a", struck);
		assert_true(struck > 1);
	}
}

static void approving_and_voting(void **state)
{
	survives_all(&deed_admit);
}

static void removing(void **state)
{
	survives_all(&deed_remove);
}

static void granting_and_publishing(void **state)
{
	survives_all(&deed_grant);
}

static void withdrawing(void **state)
{
	survives_all(&deed_withdraw);
}

static void ending_a_right(void **state)
{
	survives_all(&deed_revoke);
}

static void adding_a_node(void **state)
{
	survives_all(&deed_node);
}

/* test-sim-faults_verbs [FIRST [COUNT]]: so many of them, else all, from number FIRST (0) on. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(approving_and_voting),    cmocka_unit_test(removing),
		cmocka_unit_test(granting_and_publishing), cmocka_unit_test(withdrawing),
		cmocka_unit_test(adding_a_node),           cmocka_unit_test(ending_a_right),
	};
	size_t all = sizeof(tests) / sizeof(tests[0]);
	size_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	size_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : all - first;
	const char *what;
	if (first >= all || count == 0 || count > all - first || selftest_run(&what))
		return 1;
	return _cmocka_run_group_tests("faults of verbs", tests + first, count, NULL, NULL);
}
