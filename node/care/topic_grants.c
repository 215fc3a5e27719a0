/*
 * Grants that end soon, given and received; ends of which somebody has not heard.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/path.h"
#include "node/care/topics.h"
#include "proto/membership/membership.h"
#include "proto/catalog/grants.h"
#include "proto/catalog/unheard.h"
#include "proto/rights/epochs.h"
#include "proto/rights/handed.h"

enum { DAY_MS = 24 * 3600 * 1000, SOON_DAYS = 30, WHEN_LEN = 24, UNHEARD_MS = 5 * 60 * 1000 };

struct soon {
	struct actions *list;
	const struct charter *charter;
	const struct org_id *own;
	uint32_t number;
	const struct grant *grant; /* which another one may outlast */
	bool outlasted;
};

static const struct line *last_of(const struct grant *grant)
{
	return &grant->line.line;
}

/* Whether this one gives the same, and for longer. */
static bool outlasts(void *arg, const struct grant *other)
{
	struct soon *soon = arg;
	const struct line *mine = last_of(soon->grant), *its = last_of(other);

	soon->outlasted |= other->good && other->verdict.verb >= soon->grant->verdict.verb &&
			   other->verdict.to_ms > soon->grant->verdict.to_ms &&
			   its->audience == mine->audience &&
			   path_contains(its->prefix, mine->prefix);
	return !soon->outlasted;
}

static const char *when_text(char out[WHEN_LEN], int days)
{
	snprintf(out, WHEN_LEN, "in %d day%s", days, days == 1 ? "" : "s");
	return days > 0 ? out : "within a day";
}

static void grant_given_ends(const struct soon *soon, const char *name, const struct line *last,
			     int days)
{
	const struct charter_member *to = charter_member(soon->charter, last->audience);
	char command[ACTION_COMMAND_LEN], when[WHEN_LEN];

	snprintf(command, sizeof(command), "allmende renew %s", name);
	actions_add(soon->list, ACTION_WARN, command, "grant %s to %s ends %s", name,
		    to ? to->name : "", when_text(when, days));
}

static void grant_received_ends(const struct soon *soon, const char *name, const struct line *last,
				int days)
{
	const struct charter_member *from = charter_member(soon->charter, last->issuer);
	char command[ACTION_COMMAND_LEN], when[WHEN_LEN];

	snprintf(command, sizeof(command), "allmende grant-show %s", name);
	actions_add(soon->list, ACTION_WARN, command,
		    "grant %s from %s for %.*s ends %s: ask for a new one", name,
		    from ? from->name : "", (int)last->prefix.len, (const char *)last->prefix.ptr,
		    when_text(when, days));
}

/* Who has handed it on, or was given it, asks the owner. */
static void handed_on_waits(const struct soon *soon, const struct grant *grant, const char *name)
{
	const struct verdict *v = &grant->verdict;

	if (!epoch_handed_waits(soon->list->hub, soon->list->txn, v))
		return;
	actions_add(soon->list, ACTION_WARN, "allmende grants",
		    "grant %s for %.*s was handed on and gets no key: %s serves %d paths below "
		    "each of its grants, %d of each who hands on; ask it to grant this itself",
		    name, (int)v->prefix.len, (const char *)v->prefix.ptr,
		    charter_member(soon->charter, v->owner)->name, HANDED_MAX, HANDED_BY_GIVER_MAX);
}

static bool topic_grants_look(void *arg, const struct grant *grant)
{
	struct soon *soon = arg;
	const struct line *last = last_of(grant);
	const int64_t left_ms = grant->verdict.to_ms - soon->list->hub->judge_ms;
	bool mine = last->issuer == soon->number;
	char name[GRANT_NAME_LEN + 1];

	if (!grant->good || (!mine && last->audience != soon->number))
		return true;
	grant_name(name, &grant->line.id);
	handed_on_waits(soon, grant, name);
	if (left_ms > (int64_t)SOON_DAYS * DAY_MS)
		return true;
	soon->grant = grant;
	soon->outlasted = false;
	grants_each(soon->list->hub, soon->list->txn, soon->own, outlasts, soon);
	if (!soon->outlasted)
		(mine ? grant_given_ends : grant_received_ends)(soon, name, last,
								(int)(left_ms / DAY_MS));
	return true;
}

/* What was handed on has the owner make keys, so it has an end. */
static void handed_waits(struct actions *list, const struct charter *charter)
{
	const struct epoch_pass *pass = &list->hub->epochs->pass;
	const struct charter_member *by = charter_by_org(charter, &pass->waiting_by);

	if (pass->waiting)
		actions_add(
			list, ACTION_WARN, "allmende grants",
			"%" PRIu64
			" rights that were handed on get no keys, as one grant serves %d paths at "
			"most, %d by each who hands on%s%s: grant to those readers directly, or "
			"grant anew",
			pass->waiting, HANDED_MAX, HANDED_BY_GIVER_MAX,
			by ? "; the last was given by " : "", by ? by->name : "");
}

/* Somebody causes new keys again and again: they are made at a slower pace. */
static void keys_paced(struct actions *list)
{
	if (list->hub->epochs->slow_paced)
		actions_add(
			list, ACTION_WARN, "allmende grants",
			"rights end or are passed on so often that a folder has had 7 new keys "
			"in 30 days: it gets one a week now, and whoever lost a right meanwhile "
			"reads until then what old keys open");
}

/* A right has ended, and the new key does not come. */
static void keys_old(struct actions *list)
{
	const struct epoch_over *over = &list->hub->epochs->over;
	const struct charter_member *owner = charter_member(&list->hub->charter, over->owner);
	char who[EPOCH_OVER_LEN];

	if (over->count == 0 || !owner ||
	    !epoch_over(list->hub, list->txn, bytes_str(over->path), who, sizeof(who)))
		return;
	actions_add(list, ACTION_WARN, "allmende peers",
		    "a right to %s has ended, and the node of %s, which makes the new key, has not "
		    "for a day: what is published there goes under the old key, which %s can read",
		    over->path, owner->name, *who ? who : "who had it");
}

/* Until all have heard of what was ended. */
static void unheard_names(struct actions *list)
{
	char names[ACTION_TEXT_LEN / 2] = "";
	size_t len = 0;
	unsigned count = 0, never = 0;
	uint32_t number = 0;
	int64_t since_ms, first_ms = INT64_MAX;
	bool met;

	while (unheard_next(list->hub, list->txn, &number, &since_ms, &met)) {
		const struct charter_member *member = charter_member(&list->hub->charter, number);
		int added = len < sizeof(names) && member
				    ? snprintf(names + len, sizeof(names) - len, "%s%s",
					       len ? ", " : "", member->name)
				    : 0;
		len += added > 0 ? (size_t)added : 0;
		never += !met;
		count++;
		first_ms = since_ms < first_ms ? since_ms : first_ms;
	}
	/* Mostly all have within a minute or two. */
	if (count > 0 && list->hub->wall_ms - first_ms > UNHEARD_MS)
		actions_add(list, ACTION_INFO, "allmende peers",
			    "%u member%s not shown yet to have heard of rights that were ended "
			    "here (%u not linked since): who has not goes on as before: %s",
			    count, count == 1 ? " has" : "s have", never, names);
}

void topic_grants(struct actions *list)
{
	struct membership_status status;
	struct soon soon = {.list = list};

	membership_status(list->hub, &status);
	if (!status.charter || !status.member_number)
		return;
	soon.charter = status.charter;
	soon.number = status.member_number;
	soon.own = &charter_member(status.charter, status.member_number)->org;
	grants_each(list->hub, list->txn, soon.own, topic_grants_look, &soon);
	handed_waits(list, status.charter);
	keys_paced(list);
	keys_old(list);
	unheard_names(list);
}
