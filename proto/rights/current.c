#include "proto/rights/current.h"

#include <string.h>

#include "crypto/path.h"
#include "proto/ledger/held.h"
#include "proto/ledger/withdrawal_body.h"
#include "proto/rights/rights.h"
#include "proto/rights/verdict.h"
#include "proto/rights/world.h"

enum { ANY_LOOKS_MAX = 8, AUTHOR_LOOKS_MAX = 64 };

/* A look at one dataset. */
struct look {
	struct hub *hub;
	struct txn *txn;
	struct dataset_id dataset;
	const struct facts *facts; /* lines and bars as they would be; NULL: as they are */
	bool withdrawals_known;
	uint64_t all, others; /* withdrawn up to these: of everybody, of all but the owner */
	uint32_t own_member;  /* withdrawn by themselves up to own: of this member */
	uint64_t own;
	uint32_t judged; /* member whether whom lines are looked at is known of */
	bool may_write;
};

static struct look look_begin(struct hub *hub, struct txn *txn, const struct dataset_id *dataset)
{
	return (struct look){.hub = hub, .txn = txn, .dataset = *dataset};
}

/* ---- withdrawals ---- */

/* The member to whom the path of a withdrawal belongs; 0: the dataset is not that of the path. */
static uint32_t withdrawal_owner(const struct look *look, const struct withdrawal *withdrawal)
{
	const struct charter_member *owner =
		charter_by_slug(&look->hub->charter, path_slug(withdrawal->path));
	struct dataset_id dataset;

	if (!owner)
		return 0;
	path_dataset_id(&dataset, &owner->org, withdrawal->path);
	return id_eq(&dataset, &look->dataset) ? owner->number : 0;
}

/*
 * PROTOCOL: "It counts when its dataset id is that of owner and path, its node has the role
 * publish or is leaving it and not lost, its number is below 2^48, and:"
 */
static bool withdrawal_counts(const struct look *look, const struct record *record,
			      const struct withdrawal *withdrawal)
{
	uint32_t owner = withdrawal_owner(look, withdrawal);
	struct verdict verdict;

	if (!owner || withdrawal->number >= VERSION_NUMBER_END ||
	    !ledger_may_withdraw(&look->hub->ledger, look->txn, record->author))
		return false;
	switch (withdrawal->reach) {
	case REACH_OWN:
		return true;
	case REACH_OTHERS:
		return author_member(record->author) == owner ||
		       (withdrawal->has_grant &&
			rights_through(look->hub, look->txn, record->author, withdrawal->path,
				       &withdrawal->grant, VERB_ADMIN, &verdict));
	case REACH_ALL:
		return author_member(record->author) == owner;
	}
	return false;
}

/* The highest number of the withdrawals with one reach that count; member: of its nodes; 0: all. */
static uint64_t withdrawn_to(const struct look *look, enum withdrawal_reach reach, uint32_t member)
{
	struct record_slot slot = withdrawal_slot(&look->dataset, reach);
	struct withdrawal withdrawal;
	struct record record;
	uint64_t highest = 0;

	struct ledger_slots slots =
		ledger_slots(&look->hub->ledger, look->txn, record_slot_bytes(&slot));
	slots.leaving = true;
	while (ledger_slots_next(&slots, &record)) {
		if ((member && author_member(record.author) != member) ||
		    withdrawal_get(&withdrawal, record.body) || withdrawal.number <= highest ||
		    !withdrawal_counts(look, &record, &withdrawal))
			continue;
		highest = withdrawal.number;
	}
	return highest;
}

/* Up to which number versions of a member are withdrawn, as author of others' or as the owner. */
static uint64_t reached(struct look *look, uint32_t member, bool is_owner)
{
	if (!look->withdrawals_known) {
		look->all = withdrawn_to(look, REACH_ALL, 0);
		look->others = withdrawn_to(look, REACH_OTHERS, 0);
		look->withdrawals_known = true;
	}
	if (look->own_member != member) {
		look->own = withdrawn_to(look, REACH_OWN, member);
		look->own_member = member;
	}
	uint64_t number = look->all > look->own ? look->all : look->own;
	return !is_owner && look->others > number ? look->others : number;
}

/* ---- one version ---- */

/*
 * Versions of authors who may publish, and of former members those that are here: for as long as
 * they are held they can be read.
 */
static bool is_listed(const struct look *look, const struct ledger_version *of)
{
	const struct charter_member *member = hub_author_member(look->hub, of->author);
	const struct version_id id = {of->dataset, of->number, of->author};

	if (member && !charter_is_present(member))
		return held_complete(look->txn, &id);
	return ledger_may_publish(&look->hub->ledger, look->txn, of->author);
}

static bool version_read(const struct look *look, const struct ledger_version *of,
			 struct version *version)
{
	struct record record;
	struct bytes whole;

	return ledger_record(look->txn, of->author, of->incarnation, of->sequence, &whole) &&
	       !record_decode(&record, whole) && !version_decode(version, record.body);
}

/*
 * Whether anything that a foreign author says here can be valid. Asked once for each member: what
 * those without a right have written costs nothing more.
 */
static bool may_write(struct look *look, const struct ledger_version *of)
{
	const struct charter_member *member = hub_author_member(look->hub, of->author);
	struct version version;

	if (look->facts)
		return true;
	if (!member)
		return false;
	if (look->judged == member->number)
		return look->may_write;
	if (!version_read(look, of, &version))
		return false;
	look->judged = member->number;
	look->may_write = rights_of(look->hub, look->txn, &member->org, version.path) >= VERB_WRITE;
	return look->may_write;
}

/*
 * PROTOCOL: "`grant` names a line that is good, whose audience is a's organisation by number and
 * id, whose prefix is at or above p, whose chain gives write or more, and whose `widest` is at most
 * the tier, which is not hidden."
 */
static bool by_grant(struct look *look, const struct ledger_version *of)
{
	struct version version;
	struct verdict verdict;

	if (!of->has_grant || of->tier > TIER_GRANTED || !version_read(look, of, &version))
		return false;
	const struct facts *facts = look->facts;
	struct world world;

	if (!facts) {
		world_begin(&world, look->hub, look->txn);
		facts = &world.facts;
	}
	return rights_through_when(facts, look->hub->judge_ms, of->author, version.path, &of->grant,
				   VERB_WRITE, &verdict) &&
	       verdict.widest <= of->tier;
}

/* Whether its author may have written it; it may be withdrawn all the same. */
static bool is_rightful(struct look *look, const struct ledger_version *of, uint32_t owner)
{
	bool is_owner = owner == author_member(of->author);
	struct row_key key = key_record(of->author, of->incarnation, of->sequence);

	/* A record that was found damaged leaves its rows behind for a while. */
	if (!owner || of->number >= VERSION_NUMBER_END ||
	    !txn_has(look->txn, TABLE_RECORD, row_key_bytes(&key)) || !is_listed(look, of))
		return false;
	return (is_owner && !of->has_grant) || (may_write(look, of) && by_grant(look, of));
}

/* PROTOCOL: "A version of author a at path p is **valid** when" */
static bool is_valid(struct look *look, const struct ledger_version *of)
{
	uint32_t owner = ledger_version_owner(&look->hub->ledger, look->txn, of);
	uint32_t member = author_member(of->author);

	return is_rightful(look, of, owner) && of->number > reached(look, member, owner == member);
}

bool current_any(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		 struct version *out)
{
	struct look look = look_begin(hub, txn, dataset);
	struct ledger_version of = {.number = 0};
	uint32_t author = 0;

	/* Who hides what fits below so much that does not does it to itself alone. */
	while (ledger_version_author(txn, dataset, &author)) {
		of.number = 0;
		for (unsigned i = 0; i < ANY_LOOKS_MAX; i++) {
			if (!ledger_version_below(txn, dataset, author, of.number, &of))
				break;
			if (ledger_version_owner(&hub->ledger, txn, &of) &&
			    version_read(&look, &of, out))
				return true;
		}
	}
	return false;
}

bool current_valid(struct hub *hub, struct txn *txn, const struct version_id *of)
{
	struct look look = look_begin(hub, txn, &of->dataset);
	struct ledger_version version;

	return ledger_version_get(txn, of, &version) && is_valid(&look, &version);
}

bool current_void(struct hub *hub, struct txn *txn, const struct version_id *of)
{
	struct look look = look_begin(hub, txn, &of->dataset);
	struct ledger_version version;

	return !ledger_version_get(txn, of, &version) ||
	       !is_rightful(&look, &version, ledger_version_owner(&hub->ledger, txn, &version));
}

bool current_valid_when(struct hub *hub, struct txn *txn, const struct facts *facts,
			const struct version_id *of)
{
	struct look look = look_begin(hub, txn, &of->dataset);
	struct ledger_version version;

	look.facts = facts;
	return ledger_version_get(txn, of, &version) && is_valid(&look, &version);
}

/* ---- of all ---- */

static bool id_of(struct txn *txn, const struct ledger_version *of, struct record_id *id)
{
	struct record record;
	struct bytes whole;

	if (!ledger_record(txn, of->author, of->incarnation, of->sequence, &whole) ||
	    record_decode(&record, whole))
		return false;
	record_id(id, &record);
	return true;
}

static bool is_owners(const struct look *look, const struct ledger_version *of)
{
	return ledger_version_owner(&look->hub->ledger, look->txn, of) == author_member(of->author);
}

/*
 * PROTOCOL: "The current version of a dataset is the highest valid number; then the owner's; then
 * the smaller record id." Ids always differ, as payloads do.
 */
static bool goes_before(const struct look *look, const struct ledger_version *a,
			const struct ledger_version *b)
{
	struct record_id a_id, b_id;

	if (a->number != b->number)
		return a->number > b->number;
	if (is_owners(look, a) != is_owners(look, b))
		return is_owners(look, a);
	return id_of(look->txn, a, &a_id) &&
	       (!id_of(look->txn, b, &b_id) || bytes_cmp(id_bytes(&a_id), id_bytes(&b_id)) < 0);
}

/*
 * The highest valid one of one author with a number below `below`, not below `least`. PROTOCOL:
 * "Of each author the 64 versions with the highest numbers below 2^48 are looked at" - as anybody
 * may put as many as it likes into the slots of another's dataset.
 */
static bool best_of(struct look *look, uint32_t author, uint64_t below, uint64_t least,
		    struct ledger_version *out)
{
	out->number = below;
	for (unsigned i = 0; i < AUTHOR_LOOKS_MAX; i++) {
		if (!ledger_version_below(look->txn, &look->dataset, author, out->number, out) ||
		    out->number < least)
			return false;
		if (is_valid(look, out))
			return true;
		if (look->judged == author_member(author) && !look->may_write)
			return false;
	}
	return false;
}

/* The best one with a number below `below` (0: any), not below `least`. */
static bool best_find(struct look *look, uint64_t below, uint64_t least, struct ledger_version *out)
{
	struct ledger_version next;
	uint32_t author = 0;
	bool found = false;

	while (ledger_version_author(look->txn, &look->dataset, &author)) {
		if (!best_of(look, author, below, found ? out->number : least, &next) ||
		    (found && !goes_before(look, &next, out)))
			continue;
		*out = next;
		found = true;
	}
	return found;
}

enum err current_find(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		      uint64_t number, struct ledger_version *out, struct bytes *whole)
{
	struct look look = look_begin(hub, txn, dataset);

	if (number >= VERSION_NUMBER_END ||
	    !best_find(&look, number ? number + 1 : VERSION_NUMBER_END, number, out))
		return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	return whole ? ledger_version_find(txn, dataset, out->number, out->author, whole) : ERR_OK;
}

bool current_tied(struct hub *hub, struct txn *txn, const struct version_id *of)
{
	struct look look = look_begin(hub, txn, &of->dataset);
	struct ledger_version other;
	uint32_t author = 0;

	while (ledger_version_author(txn, &of->dataset, &author)) {
		const struct version_id same = {of->dataset, of->number, author};
		if (author != of->author && ledger_version_get(txn, &same, &other) &&
		    is_valid(&look, &other))
			return true;
	}
	return false;
}

bool current_below(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		   uint64_t below, struct ledger_version *out)
{
	struct look look = look_begin(hub, txn, dataset);

	return best_find(&look, below ? below : VERSION_NUMBER_END, 1, out);
}

bool current_dataset(const struct hub *hub, struct bytes path, struct dataset_id *dataset,
		     uint32_t *owner)
{
	const struct charter_member *member =
		path_check(path) ? NULL : charter_by_slug(&hub->charter, path_slug(path));

	if (!member)
		return false;
	path_dataset_id(dataset, &member->org, path);
	*owner = member->number;
	return true;
}

uint64_t current_withdrawn(struct hub *hub, struct txn *txn, struct bytes path, uint32_t member)
{
	struct dataset_id dataset;
	uint32_t owner;

	if (!current_dataset(hub, path, &dataset, &owner))
		return 0;
	struct look look = look_begin(hub, txn, &dataset);
	return reached(&look, member, owner == member);
}

bool current_withdrawal(struct hub *hub, struct txn *txn, const struct record *record,
			const struct withdrawal *withdrawal)
{
	enum withdrawal_reach reach;
	struct dataset_id dataset;

	if (withdrawal_slot_get(record->slot, &dataset, &reach))
		return false;
	struct look look = look_begin(hub, txn, &dataset);
	return withdrawal_counts(&look, record, withdrawal);
}
