/*
 * What this node itself and its data need: membership, room, damage, clock, links, members, keys.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "node/care/topics.h"
#include "proto/catalog/aside_say.h"
#include "proto/catalog/unsigned.h"
#include "proto/catalog/want.h"
#include "proto/ledger/quota.h"
#include "proto/sync/start.h"

enum { QUOTA_WARN_PERCENT = 80 };

#define EARLY_MS       60000 /* until links are missed */
#define MINUTE_MS      INT64_C(60000)
#define CLOCK_WRONG_MS (10 * MINUTE_MS)

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

void topic_membership(struct actions *list)
{
	const struct membership_status *membership = &list->overview->membership;

	if (membership->state == MEMBERSHIP_NONE)
		actions_add(list, ACTION_WARN, "allmende federation create --name NAME",
			    "this node belongs to no federation yet: found one, or join one with "
			    "`allmende federation join -`");
	else if (list->hub->place == PLACE_OUT)
		return; /* topic_logs() */
	else if (membership->state == MEMBERSHIP_FORMER)
		actions_add(list, ACTION_CRITICAL, "allmende federation", "%s", membership->why);
	else if (membership->waiting)
		actions_add(list, ACTION_WARN, "allmende federation",
			    "waiting to be admitted: read these six words to a steward over the "
			    "telephone: %s",
			    membership->words);
	else if (membership->state == MEMBERSHIP_JOINING)
		actions_add(list, ACTION_WARN, "allmende federation", "joining%s%s",
			    membership->why[0] ? ": " : " the federation is under way",
			    membership->why);
	else if (!membership->has_federation_key && !membership->relay)
		actions_add(list, ACTION_WARN, "allmende peers",
			    "the key of the federation is not here yet: another member has to be "
			    "linked");
}

static bool waiting_count(void *arg, struct bytes path)
{
	++*(uint64_t *)arg;
	return true;
}

/* Whether this node signs, and what waits for that. */
void topic_start(struct actions *list)
{
	static const struct {
		enum action_severity severity;
		const char *text;
	} of[] = {
		[SIGNING_WAITS] = {ACTION_WARN, "this node has started, and signs nothing until "
						"another one has said that it knows nothing later "
						"of it"},
		[SIGNING_BEHIND] = {ACTION_WARN,
				    "this is an old copy: what this node has signed since is "
				    "coming back, and it signs nothing until then"},
		[SIGNING_STOPPED] = {ACTION_CRITICAL,
				     "another machine uses the key of this node, so it signs "
				     "nothing any more: stop one of the two"},
	};
	const enum signing signing =
		list->hub->signing == SIGNING_STOPPING ? SIGNING_STOPPED : list->hub->signing;
	uint64_t waiting = 0;

	unsigned_each(list->txn, waiting_count, &waiting);
	aside_each(list->txn, waiting_count, &waiting);
	if (signing == SIGNING_YES && waiting)
		actions_add(list, ACTION_WARN, "allmende start",
			    "%" PRIu64
			    " publication%s could not be signed, as a later version or a "
			    "newer key has come back or the quota is full: publish again",
			    waiting, plural(waiting));
	if (signing == SIGNING_YES)
		return;
	const int64_t restored_ms = start_restored_ms(list->txn);
	if (restored_ms)
		actions_add(list, ACTION_WARN, "allmende start",
			    "this node was restored from a backup that was made %" PRId64
			    " h before now: what it has signed since comes back from others "
			    "first",
			    (list->now_ms - restored_ms) / (60 * MINUTE_MS));
	actions_add(list, of[signing].severity, "allmende start", "%s; %" PRIu64 " publication%s",
		    of[signing].text, waiting, waiting == 1 ? " waits" : "s wait");
}

/* The first that has no room, and how many more. */
static void waiting_add(struct actions *list, const struct space *space)
{
	enum { LOOK_MAX = 256 };
	const struct room room = space_room(space);
	char needs[SPACE_SIZE_LEN], left[SPACE_SIZE_LEN], more[48] = "";
	struct fetch_status first = {0}, fetch;
	unsigned count = 0;

	for (size_t i = 0; i < LOOK_MAX && want_fetch(list->hub, list->txn, i, &fetch); i++) {
		if (fetch.needs && count++ == 0)
			first = fetch;
	}
	if (count == 0)
		return;
	if (count > 1)
		snprintf(more, sizeof(more), ", and so do %u more", count - 1);
	space_size(needs, first.needs);
	space_size(left, room.left[ROOM_FOREIGN]);
	actions_add(list, ACTION_WARN, "allmende space",
		    "%s@%" PRIu64 " waits for %s of room, and %s are left for data of others%s",
		    first.path, first.number, needs, left, more);
}

void topic_space(struct actions *list)
{
	static const char *const texts[] = {
		[HEADROOM_ALL] = "foreign data is refused before it is full",
		[HEADROOM_OWN] = "foreign data refused, own accepted",
		[HEADROOM_NONE] = "nothing is stored any more",
	};
	const struct space *space = &list->overview->space;
	enum headroom room = space_headroom(space);
	char size[SPACE_SIZE_LEN];
	const char *what;
	uint64_t of;
	unsigned percent = space_percent(space, &what, &of);

	space_size(size, of);
	if (percent >= SPACE_WARN_PERCENT || room != HEADROOM_ALL)
		actions_add(list, percent >= SPACE_REFUSE_PERCENT ? ACTION_CRITICAL : ACTION_WARN,
			    "allmende space", "%s %u %% of %s: %s", what, percent, size,
			    texts[room]);
	waiting_add(list, space);
}

void topic_damage(struct actions *list)
{
	const struct overview_datasets *datasets = &list->overview->datasets;

	if (datasets->damaged)
		actions_add(list, datasets->own_damaged ? ACTION_CRITICAL : ACTION_WARN,
			    "allmende verify",
			    "%" PRIu64
			    " dataset%s damaged (%s%s): chunks are fetched again from others",
			    datasets->damaged, plural(datasets->damaged), datasets->first_damaged,
			    datasets->damaged > 1 ? ", ..." : "");
}

/*
 * What most others have said last, at any time, and not only who is linked: heads are renewed long
 * before they end, so most of them have expired only when this clock is ahead, or nothing comes in.
 */
static void topic_median(struct actions *list)
{
	const struct hub *hub = list->hub;
	int64_t median_ms = hub->floor.median_ms;
	int64_t behind_ms = median_ms - list->now_ms;
	int64_t ahead_ms = -behind_ms - (int64_t)hub->options.limits->head_valid_ms;

	if (median_ms && behind_ms > CLOCK_WRONG_MS)
		actions_add(list, ACTION_WARN, "allmende doctor",
			    "this machine's clock is behind what most members have signed, by "
			    "%" PRId64 " min or more: set it right",
			    behind_ms / MINUTE_MS);
	else if (median_ms && ahead_ms > CLOCK_WRONG_MS)
		actions_add(list, ACTION_WARN, "allmende doctor",
			    "most members have signed nothing for %" PRId64
			    " h by this machine's clock: it is ahead, or nothing comes in; what "
			    "ends by time waits",
			    -behind_ms / (60 * MINUTE_MS));
}

/*
 * One of several is wrong itself; when it is most of them, or the only one, this machine is.
 */
static void topic_clocks(struct actions *list, const struct overview_clock *clock, uint64_t known,
			 bool they_are_ahead)
{
	const struct charter *charter = list->overview->membership.charter;
	const struct charter_member *member =
		charter ? charter_member(charter, author_member(clock->author)) : NULL;

	if (clock->members == 0)
		return;
	if (2 * clock->members > known)
		actions_add(list, ACTION_WARN, "allmende doctor",
			    "this machine's clock is %s %" PRIu64 " linked member%s, by %" PRId64
			    " s or more",
			    they_are_ahead ? "behind" : "ahead of", clock->members,
			    plural(clock->members), clock->min_ms / 1000);
	else
		actions_add(list, ACTION_WARN, "allmende federation members",
			    "the clock of %s is %s by %" PRId64
			    " s: what it publishes may be refused until it is set right",
			    member ? member->name : "a linked node",
			    they_are_ahead ? "ahead" : "behind", clock->min_ms / 1000);
}

void topic_clock(struct actions *list)
{
	const struct overview *overview = list->overview;

	topic_median(list);
	topic_clocks(list, &overview->ahead, overview->linked, true);
	topic_clocks(list, &overview->late, overview->timed, false);
}

void topic_links(struct actions *list)
{
	const struct overview *overview = list->overview;

	/* after a start the others have to be dialled first */
	if (!list->hub->was_linked && list->now_ms - list->node->started_ms < EARLY_MS)
		return;
	if (overview->members > 1 && !overview->linked && !hub_is_out(list->hub))
		actions_add(list, ACTION_WARN, "allmende doctor",
			    "no other node is linked: nothing comes in and nothing goes out");
}

void topic_members(struct actions *list)
{
	const struct overview *overview = list->overview;
	uint64_t troubled = overview->members - overview->complete;

	if (overview->held)
		actions_add(list, ACTION_WARN, "allmende space",
			    "what %" PRIu64 " member%s published waits for room: it is asked for "
			    "when there is some",
			    overview->held, overview->held == 1 ? " has" : "s have");
	if (overview->over)
		actions_add(list, ACTION_WARN, "allmende federation members",
			    "%" PRIu64 " member%s published more than the quota: nothing later of "
			    "%s is taken, by anybody; ask what happened",
			    overview->over, overview->over == 1 ? " has" : "s have",
			    overview->over == 1 ? "it" : "them");
	troubled -= overview->held + overview->over;
	if (troubled)
		actions_add(list, ACTION_WARN, "allmende federation members",
			    "%" PRIu64 " of %" PRIu64 " members not complete here: %" PRIu64
			    " partial, %" PRIu64 " stale, %" PRIu64 " disputed, %" PRIu64
			    " not heard from yet",
			    troubled, overview->members, overview->partial, overview->stale,
			    overview->disputed, overview->unknown);
}

/* What the own node may publish ends before anybody refuses it. */
void topic_quota(struct actions *list)
{
	struct hub *hub = list->hub;
	const struct quota usual = quota_usual(hub->options.limits, hub->author);
	struct author_state own;

	if (!hub->author || ledger_state(&hub->ledger, list->txn, hub->author, &own))
		return;
	unsigned percent = quota_percent(&usual, own.live_count, own.live_bytes);
	if (percent < QUOTA_WARN_PERCENT)
		return;
	actions_add(list, percent < 100 ? ACTION_WARN : ACTION_CRITICAL,
		    "allmende withdraw DATASET",
		    "%u %% of what this node may publish is used (%" PRIu64 " of %" PRIu64
		    " records, %" PRIu64 " of %" PRIu64
		    " kB of them)%s: keep fewer versions (publish --keep), or withdraw datasets",
		    percent, own.live_count, usual.count, own.live_bytes / 1000, usual.bytes / 1000,
		    percent < 100 ? "" : ", and nothing more is published");
}

/* No fault: nobody has to want it. But its author should know. */
void topic_copies(struct actions *list)
{
	const struct overview_datasets *datasets = &list->overview->datasets;

	if (datasets->own_single && list->overview->members > 1)
		actions_add(list, ACTION_INFO, "",
			    "%" PRIu64 " of %" PRIu64
			    " own datasets %s no second copy that is proved (%s%s): other members "
			    "may subscribe to %s",
			    datasets->own_single, datasets->own,
			    datasets->own_single == 1 ? "has" : "have", datasets->first_single,
			    datasets->own_single > 1 ? ", ..." : "",
			    datasets->own_single == 1 ? "it" : "them");
}

void topic_keys(struct actions *list)
{
	if (!keyring_has_passphrase(list->node->keyring))
		actions_add(list, ACTION_INFO, "allmende passphrase change",
			    "the keys lie in clear: who gets the disk can read everything; encrypt "
			    "the disk, or seal them with a passphrase");
}
