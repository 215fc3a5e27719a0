/*
 * The payload of a charter entry. The target takes its changes, has the table hash made for them
 * and all stewards vote for it: so all that a majority of stewards can decide is tried. What
 * charter_payload_make() lets pass charter_apply() must accept, up to votes that are missing.
 */
#include "test/fuzz/fuzz.h"

#include "proto/charter/charter_entry.h"
#include "proto/wire/wire_out.h"
#include "test/proto/federation.h"

#define CHANGE_COUNT_MAX 16
#define MEMBERS          5
#define STEWARDS         3

/* The form without votes. */
static bool form_ok(struct charter_entry *entry, struct buf *whole, struct bytes payload)
{
	charter_entry_make(whole, payload, NULL, 0);
	return !whole->err && charter_entry_decode(entry, buf_bytes(whole)) == ERR_OK &&
	       entry->change_count <= CHANGE_COUNT_MAX && !entry->unread;
}

static void apply(struct charter *charter, const struct test_federation *fed, struct bytes payload)
{
	struct charter_vote votes[MEMBERS];
	struct buf entry;
	uint32_t number = charter->number;
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	for (uint32_t i = 0; i < MEMBERS; i++)
		charter_vote(&votes[i], charter, i + 1, &fed->orgs[i].root, payload);
	charter_entry_make(&entry, payload, votes, MEMBERS);
	if (!entry.err) {
		enum err err = charter_apply(charter, buf_bytes(&entry));
		check(err == ERR_OK || err == ERR_DENIED);
		check(charter->number == number + !err);
		if (!err)
			fuzz_accepted();
	}
	buf_fini(&entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct test_federation fed;
	struct charter charter;
	struct charter_entry entry;
	struct charter_change changes[CHANGE_COUNT_MAX];
	struct buf whole, payload;
	if (fed.org_count == 0)
		test_federation_init(&fed, MEMBERS, STEWARDS, 2);
	buf_init(&whole, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	charter_init(&charter);
	if (form_ok(&entry, &whole, bytes_of(data, size))) {
		check(charter_apply(&charter, buf_bytes(&fed.entry)) == ERR_OK);
		for (uint32_t i = 0; i < entry.change_count; i++)
			check(!charter_change_get(&entry.changes, &changes[i]));
		if (!charter_payload_make(&payload, &charter, NULL, entry.time_ms, entry.threshold,
					  changes, entry.change_count))
			apply(&charter, &fed, buf_bytes(&payload));
	}
	charter_fini(&charter);
	buf_fini(&whole);
	buf_fini(&payload);
	return 0;
}

static void seed_add(struct fuzz_corpus *corpus, struct test_federation *fed, uint32_t threshold,
		     const struct charter_change *changes, size_t count)
{
	struct buf payload;
	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	check(!charter_payload_make(&payload, &fed->charter, NULL, TEST_TIME_MS + 1, threshold,
				    changes, count));
	fuzz_seed(corpus, buf_bytes(&payload));
	buf_fini(&payload);
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct test_federation fed;
	struct test_org org;
	struct charter_change changes[3] = {{.kind = CHARTER_ADMIT}};
	test_federation_init(&fed, MEMBERS, STEWARDS, 2);
	test_org_init(&org, 9);
	test_admit(&changes[0], &org, MEMBERS + 1);
	changes[1] = (struct charter_change){.kind = CHARTER_STEWARDS};
	for (uint32_t i = 0; i < MEMBERS; i++)
		changes[1].stewards[changes[1].steward_count++] = i + 1;
	changes[2] =
		(struct charter_change){.kind = CHARTER_KEY, .key_number = 2, .has_sealed = true};
	seed_add(corpus, &fed, 2, NULL, 0);
	seed_add(corpus, &fed, 3, changes, 3);
	changes[0] = (struct charter_change){.kind = CHARTER_REMOVE, .member = {.number = MEMBERS}};
	changes[1].steward_count = 1;
	seed_add(corpus, &fed, 1, changes, 3);
	changes[0].kind = CHARTER_TO_RELAY;
	seed_add(corpus, &fed, 1, changes, 3);
	changes[0] = (struct charter_change){
		.kind = CHARTER_RENAME,
		.member = {.number = 2, .name = "B", .slug = "b", .ags = "14627002"}};
	seed_add(corpus, &fed, 1, changes, 3);
	changes[0] = (struct charter_change){.kind = CHARTER_SETTLE, .branch_count = 2};
	changes[0].branches[1].b[0] = 1;
	seed_add(corpus, &fed, 1, changes, 3);
	test_org_fini(&org);
	test_federation_fini(&fed);
}
