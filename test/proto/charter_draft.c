#include "test/proto/charter_draft.h"

int draft_setup(void **state)
{
	struct draft_fixture *f = mem_new(1, sizeof(*f));

	if (test_setup(state))
		return 1;
	test_federation_init(&f->fed, 4, 3, 2);
	test_org_init(&f->next, 20);
	test_org_init(&f->twin, 21);
	f->twin.root = f->fed.orgs[0].root;
	f->twin.root_pk = f->fed.orgs[0].root_pk;
	*state = f;
	return 0;
}

int draft_teardown(void **state)
{
	struct draft_fixture *f = *state;

	test_federation_fini(&f->fed);
	test_org_fini(&f->next);
	test_org_fini(&f->twin);
	free(f);
	return 0;
}

void draft_vote(struct draft *draft, struct draft_fixture *f, uint32_t member)
{
	draft->voters[draft->voter_count] = member;
	draft->keys[draft->voter_count++] = f->fed.orgs[member - 1].root;
}

void draft_change_key(struct charter_change *out, uint64_t number)
{
	*out = (struct charter_change){
		.kind = CHARTER_KEY, .key_number = number, .has_sealed = number > 1};
	out->key_commitment.b[0] = (uint8_t)number;
}

void draft_change_stewards(struct charter_change *out, uint32_t a, uint32_t b, uint32_t c)
{
	*out = (struct charter_change){.kind = CHARTER_STEWARDS};
	const uint32_t all[] = {a, b, c};
	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i])
			out->stewards[out->steward_count++] = all[i];
}

void draft_init(struct draft *draft, struct draft_fixture *f)
{
	*draft = (struct draft){0};
	draft->entry.number = 2;
	draft->entry.previous = f->fed.charter.entry_id;
	draft->entry.time_ms = TEST_TIME_MS + 1;
	draft->entry.threshold = 2;
	test_admit(&draft->changes[0], &f->next, 5);
	draft->change_count = 1;
	draft_vote(draft, f, 1);
	draft_vote(draft, f, 3);
}

/*
 * The table hash the entry needs, by the charter's own builder; zero when it refuses the changes.
 */
static void draft_table(struct draft *draft, struct charter *charter)
{
	struct charter_entry made;
	struct buf payload, entry;

	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	if (!charter_payload_make(&payload, charter, charter->number ? NULL : "F", TEST_TIME_MS,
				  draft->entry.threshold, draft->changes, draft->change_count)) {
		charter_entry_make(&entry, buf_bytes(&payload), NULL, 0);
		assert_int_equal(charter_entry_decode(&made, buf_bytes(&entry)), ERR_OK);
		draft->entry.table = made.table;
	}
	buf_fini(&payload);
	buf_fini(&entry);
}

void draft_put(struct buf *out, struct draft *draft, struct charter *charter)
{
	struct charter_vote votes[8];
	struct buf changes, payload;

	buf_init(&changes, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	draft_table(draft, charter);
	if (draft->table_wrong)
		draft->entry.table.b[0] ^= 1;
	for (size_t i = 0; i < draft->change_count; i++)
		charter_change_put(&changes, &draft->changes[i]);
	draft->entry.change_count = (uint32_t)draft->change_count + draft->unread;
	if (draft->unread)
		buf_add(&changes, bytes_str("\x93\x63\xa3neu\x91\x05"));
	charter_entry_payload_put(&payload, &draft->entry, buf_bytes(&changes));
	for (size_t i = 0; i < draft->voter_count; i++) {
		votes[i].member = draft->voters[i];
		sign_make(&votes[i].sig, &draft->keys[i], SIGN_TAG_CHARTER,
			  draft->fed_zero || charter->number == 0 ? NULL : &charter->fed,
			  buf_bytes(&payload));
	}
	charter_entry_make(out, buf_bytes(&payload), votes, draft->voter_count);
	assert_int_equal(out->err, ERR_OK);
	buf_fini(&changes);
	buf_fini(&payload);
}

enum err draft_apply(struct draft *draft, struct charter *charter)
{
	struct buf entry;

	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	draft_put(&entry, draft, charter);
	enum err err = charter_apply(charter, buf_bytes(&entry));
	buf_fini(&entry);
	return err;
}

struct charter draft_charter(struct draft_fixture *f)
{
	struct charter charter;

	charter_init(&charter);
	assert_int_equal(charter_apply(&charter, buf_bytes(&f->fed.entry)), ERR_OK);
	return charter;
}

void draft_remove(struct draft *d, uint32_t number, bool key)
{
	d->changes[0] = (struct charter_change){.kind = CHARTER_REMOVE, .member.number = number};
	draft_change_key(&d->changes[1], 2);
	d->change_count = key ? 2 : 1;
}

void draft_stewards(struct draft *d, uint32_t a, uint32_t b, uint32_t c, uint32_t threshold)
{
	draft_change_stewards(&d->changes[0], a, b, c);
	d->entry.threshold = threshold;
	d->change_count = 1;
}

void draft_key(struct draft *d, uint64_t number, bool sealed)
{
	draft_change_key(&d->changes[0], number);
	d->changes[0].has_sealed = sealed;
}

void draft_next(struct draft *draft, struct draft_fixture *f, const struct charter *charter)
{
	draft_init(draft, f);
	draft->entry.number = charter->number + 1;
	draft->entry.previous = charter->entry_id;
	draft->entry.threshold = charter->threshold;
	draft->change_count = 0;
	draft->voter_count = 0;
}

struct charter_change *draft_change(struct draft *d, enum charter_change_kind kind)
{
	struct charter_change *change = &d->changes[d->change_count++];

	*change = (struct charter_change){.kind = kind};
	if (kind == CHARTER_KEY)
		draft_change_key(change, 2);
	return change;
}

const struct charter_member *member_by_ags(const struct charter *charter, struct bytes ags)
{
	for (uint32_t n = 1; n <= charter->member_count; n++) {
		const struct charter_member *member = charter_member(charter, n);
		if (charter_is_present(member) && bytes_eq(bytes_str(member->ags), ags))
			return member;
	}
	return NULL;
}
