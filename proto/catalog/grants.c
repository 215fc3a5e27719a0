#include "proto/catalog/grants.h"

#include <stdio.h>
#include <string.h>

#include "crypto/path.h"
#include "proto/rights/table.h"
#include "proto/rights/world.h"

enum {
	NAME_TYPED_MIN = 6, /* characters after "g-" */
	NAME_LEN_MAX = 52,  /* base32 of an id */
	NAME_BYTES = 3,     /* of an id, that the shortest name tells */
};

/* ---- names ---- */

/* RFC 4648 base32 of the whole id, without padding. */
static void name_whole(char out[NAME_LEN_MAX + 1], const struct digest *id)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

	for (size_t i = 0; i < NAME_LEN_MAX; i++) {
		size_t at = 5 * i / 8;
		unsigned two = (unsigned)id->b[at] << 8 | (at + 1 < ID_LEN ? id->b[at + 1] : 0);
		out[i] = alphabet[two >> (11 - 5 * i % 8) & 31];
	}
	out[NAME_LEN_MAX] = 0;
}

void grant_name(char out[GRANT_NAME_LEN + 1], const struct digest *id)
{
	char whole[NAME_LEN_MAX + 1];

	name_whole(whole, id);
	snprintf(out, GRANT_NAME_LEN + 1, "g-%.8s", whole);
}

/* As it is typed: small letters, and digits that look like letters of the alphabet. */
static bool name_matches(const char *typed, const struct digest *id)
{
	static const char taken[] = "O0I1B8";
	char whole[NAME_LEN_MAX + 1];
	size_t len = strlen(typed);

	name_whole(whole, id);
	if (len > NAME_LEN_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = typed[i] >= 'a' && typed[i] <= 'z' ? (char)(typed[i] - 'a' + 'A')
							    : typed[i];
		const char *digit = strchr(taken + 1, c);
		if (digit && c >= '0' && c <= '9')
			c = digit[-1];
		if (c != whole[i])
			return false;
	}
	return true;
}

/* The first bytes of an id whose name begins as typed. False: no letter of the alphabet. */
static bool name_begin(const char *typed, uint8_t out[NAME_BYTES])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	static const char taken[] = "O0I1B8";
	uint64_t bits = 0;

	for (size_t i = 0; i < NAME_TYPED_MIN; i++) {
		char c = typed[i] >= 'a' && typed[i] <= 'z' ? (char)(typed[i] - 'a' + 'A')
							    : typed[i];
		const char *digit = c >= '0' && c <= '9' ? strchr(taken, c) : NULL;
		const char *at = strchr(alphabet, digit ? digit[-1] : c);
		if (!c || !at)
			return false;
		bits = bits << 5 | (uint64_t)(at - alphabet);
	}
	bits >>= 5 * NAME_TYPED_MIN - 8 * NAME_BYTES;
	for (size_t i = NAME_BYTES; i-- > 0; bits >>= 8)
		out[i] = (uint8_t)bits;
	return true;
}

/* ---- looking through them ---- */

bool grant_load(struct hub *hub, struct txn *txn, const struct digest *id, struct grant *out)
{
	struct world world;

	world_begin(&world, hub, txn);
	if (!verdict_line(&world.facts, id, &out->line))
		return false;
	out->good = verdict_of(&world.facts, id, hub->judge_ms, &out->verdict);
	return true;
}

struct each {
	struct hub *hub;
	struct txn *txn;
	uint32_t member; /* whose lines are listed in their own right */
	bool (*each)(void *arg, const struct grant *grant);
	void *arg;
	bool stopped;
};

static bool each_load(struct each *each, struct bytes id, struct grant *grant)
{
	struct digest line;

	memcpy(line.b, id.ptr, ID_LEN);
	return grant_load(each->hub, each->txn, &line, grant);
}

static void each_say(struct each *each, const struct grant *grant)
{
	each->stopped = each->stopped || !each->each(each->arg, grant);
}

/* What others have handed on of a line, and so on. */
static void each_on(struct each *each, const struct digest *parent, unsigned depth)
{
	struct walk walk = walk_begin(each->txn, TABLE_LINE_ON, id_bytes(parent));
	struct grant grant;

	while (depth < LINE_CHAIN_MAX && !each->stopped && walk_next(&walk)) {
		if (walk.key.len != 2 * ID_LEN ||
		    !each_load(each, bytes_slice(walk.key, ID_LEN, ID_LEN), &grant) ||
		    grant.line.line.issuer == each->member)
			continue;
		if (grant.line.line.audience != each->member)
			each_say(each, &grant);
		each_on(each, &grant.line.id, depth + 1);
	}
}

static void each_given(struct each *each)
{
	struct row_key prefix = key_author(each->member);
	struct walk walk = walk_begin(each->txn, TABLE_LINE, row_key_bytes(&prefix));
	struct grant grant;

	while (!each->stopped && walk_next(&walk)) {
		if (walk.key.len != 4 + ID_LEN ||
		    !each_load(each, bytes_slice(walk.key, 4, ID_LEN), &grant))
			continue;
		each_say(each, &grant);
		each_on(each, &grant.line.id, 1);
	}
}

void grants_each(struct hub *hub, struct txn *txn, const struct org_id *org,
		 bool (*each)(void *arg, const struct grant *grant), void *arg)
{
	const struct charter_member *member = charter_by_org(&hub->charter, org);
	struct each all = {.hub = hub, .txn = txn, .each = each, .arg = arg};
	struct walk walk = walk_begin(txn, TABLE_LINE_TO, id_bytes(org));
	struct grant grant;

	if (!member)
		return;
	all.member = member->number;
	each_given(&all);
	while (!all.stopped && walk_next(&walk))
		if (walk.key.len == 2 * ID_LEN &&
		    each_load(&all, bytes_slice(walk.key, ID_LEN, ID_LEN), &grant) &&
		    grant.line.line.audience == all.member)
			each_say(&all, &grant);
}

void grants_each_at(struct hub *hub, struct txn *txn, struct bytes path,
		    bool (*each)(void *arg, const struct grant *grant), void *arg)
{
	const struct charter_member *owner = charter_by_slug(&hub->charter, path_slug(path));
	struct table_walk walk = table_walk(hub, txn, owner ? owner->number : 0, NULL);
	struct verdict verdict;
	struct grant grant;
	bool good;

	table_walk_above(&walk, path);
	while (owner && table_walk_next(&walk, &verdict, &good))
		if (path_contains(verdict.prefix, path) &&
		    grant_load(hub, txn, &verdict.chain[verdict.count - 1], &grant) &&
		    !each(arg, &grant))
			return;
}

enum err grants_find(struct hub *hub, struct txn *txn, const char *name, struct grant *out,
		     char *why)
{
	const bool marked = (name[0] == 'g' || name[0] == 'G') && name[1] == '-';
	const char *typed = marked ? name + 2 : name;
	uint8_t begin[1 + NAME_BYTES] = {RECORD_LINE};
	struct digest id, found = {{0}};
	size_t count = 0;

	if (strlen(typed) < NAME_TYPED_MIN || !name_begin(typed, begin + 1)) {
		why_set(why, "\"%.60s\" is no grant: write it as `allmende grants` does.", name);
		return ERR_CONFIG;
	}
	struct walk walk = walk_begin(txn, TABLE_SLOT, bytes_obj(&begin));
	while (walk_next(&walk)) {
		if (walk.key.len != 1 + ID_LEN + 4)
			continue;
		memcpy(id.b, walk.key.ptr + 1, ID_LEN);
		if (!name_matches(typed, &id) || (count > 0 && id_eq(&id, &found)))
			continue;
		found = id;
		count++;
	}
	if (count > 1) {
		why_set(why, "%zu grants begin with %.60s: write more of it.", count, name);
		return ERR_CONFIG;
	}
	if (count == 1 && grant_load(hub, txn, &found, out))
		return ERR_OK;
	why_set(why, "no grant %.60s is known here: see `allmende grants`.", name);
	return ERR_ABSENT;
}
