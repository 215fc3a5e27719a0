/*
 * Which versions count, against a plainer way to say it (docs/PROTOCOL.md, sections 5.1 and 5.7):
 * random lines, bars, versions and withdrawals by five organisations at one path.
 *
 * test-proto-valid [HISTORIES [FIRST SEED]]
 */
#include <stdio.h>
#include <stdlib.h>

#include "proto/ledger/withdrawal_body.h"
#include "proto/rights/current.h"
#include "proto/rights/rights.h"
#include "proto/rights/world.h"
#include "test/proto/made.h"
#include "test/proto/rights/arrays.h"

enum { OWNER = 2, MEMBERS = 5, VERSIONS_MAX = 24, WITHDRAWALS_MAX = 16, LINES_MAX = 10 };
#define PATH       "gemeinde-2/kita/plan"
#define LEAVING_MS (INT64_C(26) * 3600 * 1000)

static unsigned long history_count = 150, first_seed = 1;
static struct test_federation fed;
static struct parcel parcels[MEMBERS + 1][TIER_GRANTED + 1]; /* by member and tier */

static int set_up(void **state)
{
	test_setup(state);
	test_federation_init(&fed, MEMBERS, 1, 1);
	for (unsigned m = 1; m <= MEMBERS; m++)
		for (unsigned tier = TIER_OPEN; tier <= TIER_GRANTED; tier++) {
			parcels[m][tier] = (struct parcel){
				.member = m, .path = PATH, .tier = (enum tier)tier, .seed = m};
			parcel_make(&parcels[m][tier], &fed);
		}
	return 0;
}

static int take_down(void **state)
{
	(void)state;
	for (unsigned m = 1; m <= MEMBERS; m++)
		for (unsigned tier = TIER_OPEN; tier <= TIER_GRANTED; tier++)
			parcel_fini(&parcels[m][tier]);
	test_federation_fini(&fed);
	return 0;
}

/* ---- a world, and what it says ---- */

struct said_version {
	uint32_t author;
	uint64_t number;
	enum tier tier;
	bool has_grant;
	struct digest grant;
	struct record_id id;
};

struct said_withdrawal {
	uint32_t author;
	uint64_t number;
	enum withdrawal_reach reach;
	bool has_grant;
	struct digest grant;
};

struct tale {
	struct random random;
	struct hub_node node; /* of member 1 */
	struct arrays all;
	uint64_t sequence[MEMBERS + 1];
	bool publishes[MEMBERS + 1];
	bool leaving[MEMBERS + 1]; /* put out of that, not long ago */
	struct digest lines[LINES_MAX];
	size_t line_count;
	struct said_version versions[VERSIONS_MAX];
	size_t version_count;
	struct said_withdrawal withdrawals[WITHDRAWALS_MAX];
	size_t withdrawal_count;
};

static uint64_t below(struct tale *t, uint64_t bound)
{
	return random_below(&t->random, bound);
}

static void tale_begin(struct tale *t, uint64_t seed)
{
	*t = (struct tale){.random = random_seeded(seed)};
	hub_node_open(&t->node, &fed, &fed.orgs[0]);
	arrays_init(&t->all);
	for (uint32_t m = 1; m <= MEMBERS; m++) {
		arrays_member(&t->all, m, fed.orgs[m - 1].id, fed.orgs[m - 1].slug);
		arrays_node(&t->all, m * 256);
		t->publishes[m] = true;
	}
}

static void tale_end(struct tale *t)
{
	arrays_fini(&t->all);
	hub_node_close(&t->node);
}

/* Some are dated a month back, or to 1970: no date of a record makes it valid. */
static int64_t said_date(struct tale *t)
{
	static const int64_t back_ms[] = {0, 0, INT64_C(30) * 86400000, TEST_TIME_MS};

	return TEST_TIME_MS - back_ms[below(t, COUNT(back_ms))];
}

static struct record_id comes(struct tale *t, uint32_t member, struct bytes slot, struct bytes body)
{
	struct record fields = {.author = member * 256,
				.incarnation = 1,
				.sequence = ++t->sequence[member],
				.time_ms = said_date(t),
				.kind = slot.ptr[0],
				.slot = slot,
				.body = body};
	struct hub *hub = &t->node.hub;
	struct ledger_arrival arrival;
	struct record record;
	struct ledger_news news;
	struct record_id id;
	struct buf whole;

	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	record_make(&whole, &fields, &fed.charter.fed, &fed.orgs[member - 1].sign);
	assert_int_equal(ledger_accept_record(&hub->ledger, t->node.txn, buf_bytes(&whole), &news),
			 ERR_OK);
	while (ledger_arrival_next(&hub->ledger, &arrival)) {
		if (arrival.record.kind == RECORD_LINE || arrival.record.kind == RECORD_BAR)
			rights_arrival(hub, t->node.txn, &arrival.record);
		ledger_arrival_fini(&arrival);
	}
	assert_int_equal(record_decode(&record, buf_bytes(&whole)), ERR_OK);
	record_id(&id, &record);
	buf_fini(&whole);
	return id;
}

/* ---- what happens ---- */

static void line_comes(struct tale *t, const struct line *line)
{
	struct digest id;
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	line_put(&body, line);
	line_id(&id, line);
	struct record_slot slot = line_slot(&id);
	comes(t, line->issuer, record_slot_bytes(&slot), buf_bytes(&body));
	arrays_line(&t->all, line->issuer * 256, line);
	buf_fini(&body);
	for (size_t i = 0; i < t->line_count; i++)
		if (id_eq(&t->lines[i], &id))
			return;
	t->lines[t->line_count++] = id;
}

static const struct line *a_line(struct tale *t)
{
	return t->line_count ? naive_line(&t->all.naive, &t->lines[below(t, t->line_count)]) : NULL;
}

static void grant(struct tale *t)
{
	static const char *const prefixes[] = {"gemeinde-2", "gemeinde-2/kita", PATH,
					       "gemeinde-2/kita/p", PATH "/x"};
	const struct line *parent = below(t, 3) ? NULL : a_line(t);
	struct line line = {.issuer = parent ? parent->audience : OWNER,
			    .audience = below(t, 8) ? 3 + (uint32_t)below(t, 3) : OWNER,
			    .prefix = bytes_str(prefixes[below(t, below(t, 3) ? 3 : 5)]),
			    .round = 1,
			    .verb = (enum verb)(below(t, 4) ? 3 + below(t, 2) : 1 + below(t, 4)),
			    .expiry_ms = TEST_TIME_MS + (below(t, 4) ? 1000 : 0),
			    .depth = 7,
			    .widest = 1 + (uint32_t)below(t, 3),
			    .has_parent = parent};

	if (t->line_count == LINES_MAX || line.issuer == line.audience)
		return;
	line.org = fed.orgs[line.audience - 1].id;
	random_fill(&t->random, line.nonce, sizeof(line.nonce));
	if (parent)
		line_id(&line.parent, parent);
	line_comes(t, &line);
}

static void change(struct tale *t)
{
	const struct line *old = a_line(t);

	if (!old)
		return;
	struct line line = *old;
	line.round++;
	line.verb = (enum verb)below(t, 5);
	line.widest = 1 + (uint32_t)below(t, 3);
	line_comes(t, &line);
}

static void bar(struct tale *t)
{
	uint32_t member = below(t, 2) ? OWNER : 3 + (uint32_t)below(t, 3);
	struct org_id org = fed.orgs[2 + below(t, 3)].id;
	struct bar item = {.prefix = bytes_str(PATH), .barred = below(t, 3) > 0};
	struct record_slot slot = bar_slot(&org);
	struct buf body;

	buf_init(&body, BAR_LEN_MAX);
	bar_list_put(&body, &org, &item, 1);
	comes(t, member, record_slot_bytes(&slot), buf_bytes(&body));
	arrays_bars(&t->all, member * 256, org, &item, 1);
	buf_fini(&body);
}

static void grant_pick(struct tale *t, bool *has, struct digest *grant)
{
	*has = t->line_count > 0 && below(t, 5) > 0;
	if (*has)
		*grant = t->lines[below(t, t->line_count)];
	if (*has && below(t, 12) == 0)
		grant->b[0] ^= 1;
}

static void publish(struct tale *t)
{
	uint32_t member = below(t, 4) ? 3 + (uint32_t)below(t, 3) : OWNER;
	enum tier tier = (enum tier)(1 + below(t, 3));
	struct version version = parcels[member][tier].version;
	struct said_version said = {
		.author = member * 256, .number = 1 + below(t, 5), .tier = tier};
	struct dataset_id dataset = test_dataset(&fed, OWNER, PATH);
	struct buf body;

	if (t->version_count == VERSIONS_MAX)
		return;
	if (below(t, 20) == 0)
		said.number = ((uint64_t)1 << 48) - below(t, 2);
	if (member != OWNER || below(t, 3) == 0)
		grant_pick(t, &said.has_grant, &said.grant);
	version.number = said.number;
	version.has_grant = said.has_grant;
	version.grant = said.grant;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	version_encode(&body, &version);
	struct record_slot slot = record_slot_version(&dataset, said.number);
	said.id = comes(t, member, record_slot_bytes(&slot), buf_bytes(&body));
	buf_fini(&body);
	size_t i = 0;
	while (i < t->version_count &&
	       (t->versions[i].author != said.author || t->versions[i].number != said.number))
		i++;
	t->versions[i] = said;
	t->version_count += i == t->version_count;
}

static void withdraw(struct tale *t)
{
	uint32_t member = 2 + (uint32_t)below(t, 4);
	struct said_withdrawal said = {.author = member * 256,
				       .number = 1 + below(t, 4),
				       .reach = (enum withdrawal_reach)below(t, 3)};
	struct dataset_id dataset = test_dataset(&fed, OWNER, PATH);
	struct buf body;

	if (t->withdrawal_count == WITHDRAWALS_MAX)
		return;
	if (below(t, 12) == 0)
		said.number = ((uint64_t)1 << 48) - below(t, 2);
	if (said.reach == REACH_OTHERS)
		grant_pick(t, &said.has_grant, &said.grant);
	const struct withdrawal withdrawal = {.path = bytes_str(PATH),
					      .number = said.number,
					      .reach = said.reach,
					      .has_grant = said.has_grant,
					      .grant = said.grant};
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	withdrawal_put(&body, &withdrawal);
	struct record_slot slot = withdrawal_slot(&dataset, said.reach);
	comes(t, member, record_slot_bytes(&slot), buf_bytes(&body));
	buf_fini(&body);
	size_t i = 0;
	while (i < t->withdrawal_count &&
	       (t->withdrawals[i].author != said.author || t->withdrawals[i].reach != said.reach))
		i++;
	t->withdrawals[i] = said;
	t->withdrawal_count += i == t->withdrawal_count;
}

static void role(struct tale *t)
{
	uint32_t member = 2 + (uint32_t)below(t, 4);

	t->publishes[member] = !t->publishes[member];
	t->leaving[member] = !t->publishes[member] && below(t, 2);
	made_roles(&t->node, &fed, member,
		   (uint8_t)(ORGLOG_ROLE_ADMIN | ORGLOG_ROLE_KEY_AUTHOR |
			     (t->publishes[member] ? ORGLOG_ROLE_PUBLISH : 0)),
		   TEST_TIME_MS - (t->leaving[member] ? LEAVING_MS - 1 : LEAVING_MS));
}

static void happen(struct tale *t)
{
	uint64_t what = below(t, 100);

	if (t->line_count == 0 || what < 15)
		grant(t);
	else if (what < 30)
		change(t);
	else if (what < 36)
		bar(t);
	else if (what < 75)
		publish(t);
	else if (what < 92)
		withdraw(t);
	else if (what < 96)
		role(t);
	hub_node_turn(&t->node);
	for (unsigned i = 0; i < 100; i++) {
		hub_node_time(&t->node, TEST_TIME_MS, hub_node_mono(&t->node) + 1000);
		rights_settle(&t->node.hub, t->node.txn);
		if (!t->node.hub.rights->due)
			break;
	}
}

/* ---- the plain way ---- */

/* Record r of an author of organisation o names line x as its grant; verb at least v. */
static bool through(const struct tale *t, uint32_t author, bool has_grant,
		    const struct digest *grant, enum verb v, uint32_t *widest)
{
	struct naive_verdict n = naive_verdict(&t->all.naive, grant, TEST_TIME_MS);

	if (!has_grant || !n.has_chain || !n.good)
		return false;
	const struct line *x = n.chain[n.count - 1];
	size_t len = x->prefix.len;
	*widest = n.widest;
	return x->audience == author / 256 && len <= strlen(PATH) &&
	       memcmp(x->prefix.ptr, PATH, len) == 0 && (PATH[len] == 0 || PATH[len] == '/') &&
	       n.verb >= v;
}

static bool withdrawn(const struct tale *t, const struct said_version *version)
{
	uint32_t org = version->author / 256, widest;

	for (size_t i = 0; i < t->withdrawal_count; i++) {
		const struct said_withdrawal *w = &t->withdrawals[i];
		uint32_t by = w->author / 256;
		if ((!t->publishes[by] && !t->leaving[by]) || version->number > w->number ||
		    w->number >= (uint64_t)1 << 48)
			continue;
		switch (w->reach) {
		case REACH_OWN:
			if (by == org)
				return true;
			break;
		case REACH_OTHERS:
			if (org != OWNER &&
			    (by == OWNER ||
			     through(t, w->author, w->has_grant, &w->grant, VERB_ADMIN, &widest)))
				return true;
			break;
		case REACH_ALL:
			if (by == OWNER)
				return true;
			break;
		}
	}
	return false;
}

static bool is_valid(const struct tale *t, const struct said_version *version)
{
	uint32_t org = version->author / 256, widest;

	if (!t->publishes[org] || version->number >= (uint64_t)1 << 48 || withdrawn(t, version))
		return false;
	if (org == OWNER && !version->has_grant)
		return true;
	return through(t, version->author, version->has_grant, &version->grant, VERB_WRITE,
		       &widest) &&
	       widest <= version->tier && version->tier <= TIER_GRANTED;
}

static const struct said_version *current_of(const struct tale *t)
{
	const struct said_version *best = NULL;

	for (size_t i = 0; i < t->version_count; i++) {
		const struct said_version *v = &t->versions[i];
		if (!is_valid(t, v))
			continue;
		bool better = !best || v->number > best->number;
		if (best && v->number == best->number) {
			bool owner = v->author / 256 == OWNER;
			bool best_owner = best->author / 256 == OWNER;
			better = owner != best_owner ? owner
						     : memcmp(v->id.b, best->id.b, ID_LEN) < 0;
		}
		best = better ? v : best;
	}
	return best;
}

static bool agrees(struct tale *t)
{
	struct dataset_id dataset = test_dataset(&fed, OWNER, PATH);
	struct hub *hub = &t->node.hub;
	struct ledger_version found;
	struct world world;

	world_begin(&world, hub, t->node.txn);
	for (size_t i = 0; i < t->version_count; i++) {
		const struct said_version *v = &t->versions[i];
		const struct version_id id = {dataset, v->number, v->author};
		/* of facts that are asked for: as things are, that is the same */
		if (current_valid(hub, t->node.txn, &id) == is_valid(t, v) &&
		    current_valid_when(hub, t->node.txn, &world.facts, &id) == is_valid(t, v))
			continue;
		printf("version %llu of member %u is %svalid\n", (unsigned long long)v->number,
		       v->author / 256, is_valid(t, v) ? "" : "not ");
		return false;
	}
	const struct said_version *wanted = current_of(t);
	bool none = current_find(hub, t->node.txn, &dataset, 0, &found, NULL) != ERR_OK;
	if (none == !wanted &&
	    (none || (found.number == wanted->number && found.author == wanted->author)))
		return true;
	printf("another version is current\n");
	return false;
}

static void publish_by(struct tale *t, uint64_t number, const struct digest *grant)
{
	struct version version = parcels[3][TIER_GRANTED].version;
	struct dataset_id dataset = test_dataset(&fed, OWNER, PATH);
	struct record_slot slot = record_slot_version(&dataset, number);
	struct buf body;

	version.number = number;
	version.has_grant = true;
	version.grant = *grant;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	version_encode(&body, &version);
	comes(t, 3, record_slot_bytes(&slot), buf_bytes(&body));
	buf_fini(&body);
}

static uint64_t number_now(struct tale *t)
{
	struct dataset_id dataset = test_dataset(&fed, OWNER, PATH);
	struct ledger_version found;

	return current_find(&t->node.hub, t->node.txn, &dataset, 0, &found, NULL) ? 0
										  : found.number;
}

/* Ended, and granted anew: what names the old line stays void. Renewed: it counts again. */
static void a_version_lives_by_the_line_it_names(void **state)
{
	struct tale *t = mem_new(1, sizeof(*t));
	struct line line = {.issuer = OWNER,
			    .audience = 3,
			    .org = fed.orgs[2].id,
			    .prefix = bytes_str("gemeinde-2/kita"),
			    .nonce = {1},
			    .round = 1,
			    .verb = VERB_WRITE,
			    .expiry_ms = TEST_TIME_MS + 1000,
			    .widest = TIER_GRANTED};
	struct digest first, second;

	(void)state;
	tale_begin(t, 1);
	line_id(&first, &line);
	line_comes(t, &line);
	for (uint64_t n = 1; n <= 9; n++)
		publish_by(t, n, &first);
	assert_int_equal(number_now(t), 9);
	/* it runs out, or is narrowed, and is renewed */
	line.round++;
	line.verb = VERB_READ;
	line_comes(t, &line);
	assert_int_equal(number_now(t), 0);
	line.round++;
	line.verb = VERB_ADMIN;
	line_comes(t, &line);
	assert_int_equal(number_now(t), 9);
	line.round++;
	line.verb = VERB_NONE;
	line_comes(t, &line);
	for (uint64_t n = 10; n <= 50; n++)
		publish_by(t, n, &first);
	assert_int_equal(number_now(t), 0);
	line.nonce[0]++;
	line.verb = VERB_WRITE;
	line_id(&second, &line);
	line_comes(t, &line);
	assert_int_equal(number_now(t), 0);
	publish_by(t, 51, &second);
	assert_int_equal(number_now(t), 51);
	tale_end(t);
	free(t);
}

static bool history_agrees(uint64_t seed)
{
	struct tale *t = mem_new(1, sizeof(*t));
	bool same = true;

	tale_begin(t, seed);
	for (unsigned step = 0; step < 50 && same; step++) {
		happen(t);
		same = agrees(t);
	}
	tale_end(t);
	free(t);
	return same;
}

static void versions_that_count_are_those_of_the_text(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < history_count; i++)
		if (!history_agrees(first_seed + i))
			fail_msg("history of seed %llu", (unsigned long long)(first_seed + i));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_lives_by_the_line_it_names),
		cmocka_unit_test(versions_that_count_are_those_of_the_text),
	};

	if (argc > 1)
		history_count = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		first_seed = strtoul(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, set_up, take_down);
}
