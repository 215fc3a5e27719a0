#include "proto/rights/epochs.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/rights/epoch_due.h"
#include "proto/rights/epoch_keys.h"
#include "proto/rights/epoch_make.h"
#include "proto/rights/handed.h"
#include "proto/rights/rights.h"
#include "proto/rights/table.h"

enum {
	LOOK_MS = 3600 * 1000, /* at least so often */
	/* A look at a thousand rows takes milliseconds; others cause the next one no sooner. */
	LOOK_ROWS_A_MS = 1,
	LOOK_MANY = 1000,
	KEY_RECORD_BYTES = 643, /* with paths of 32 bytes */
	WRAP_RECORD_BYTES = 338,
};

/* ---- what is due ---- */

static void errors_take(struct txn *txn, enum err err)
{
	if (err && err != ERR_AGAIN && err != ERR_NOSPACE && err != ERR_FULL && err != ERR_DENIED)
		txn_fail(txn, err);
}

static enum err todo_make(struct hub *hub, struct txn *txn, struct epoch_list *list,
			  const struct epoch_todo *todo, bool force, struct epochs_made *made)
{
	struct bytes *paths = mem_new(todo->count + 1, sizeof(*paths));
	enum err err = ERR_OK;

	/* The list grows, but its texts stay. */
	for (size_t i = 0; i < todo->count; i++)
		paths[i] = epoch_prefix(&list->items[todo->items[i]]);
	for (size_t i = 0; i < todo->count && !err; i++) {
		err = epoch_make(hub, txn, list, paths[i], force, &made->lost);
		made->count += !err;
	}
	free(paths);
	return err;
}

static void slow_counted(struct hub *hub, struct txn *txn, const struct epoch_list *list,
			 const struct epoch_look *look)
{
	for (size_t i = 0; i < look->count; i++)
		if (look->causes[i] == EPOCH_CAUSE_SLOW || look->causes[i] == EPOCH_CAUSE_OWN)
			epoch_slow_count(hub, txn, list->owner, epoch_prefix(&list->items[i]));
	epoch_slow_done(hub, txn);
}

/* Makes what is due now; slow: also what is not urgent. */
static enum err due_make(struct hub *hub, struct txn *txn, struct epoch_list *list,
			 const struct epoch_look *look, bool slow, struct epochs_made *made)
{
	struct epochs *epochs = hub->epochs;
	int64_t slow_ms = epoch_slow_ms(hub, txn);
	struct epoch_todo todo;

	slow = slow && slow_ms == 0;
	epoch_todo(hub, txn, list, look, slow, &todo, &epochs->slow_paced);
	enum err err = todo_make(hub, txn, list, &todo, look->any_quick, made);
	if (!err && slow && todo.count > 0)
		slow_counted(hub, txn, list, look);
	if (slow_ms != 0 && slow_ms < epochs->next_ms)
		epochs->next_ms = slow_ms;
	epoch_todo_fini(&todo);
	return err;
}

/* Whether the own organisation may publish in the namespace of a member. */
static bool writes_in(struct hub *hub, struct txn *txn, uint32_t owner)
{
	struct row_key rows = key_right_org(owner, &hub->options.identity->org);
	struct walk walk = walk_begin(txn, TABLE_RIGHT, row_key_bytes(&rows));

	return walk_next(&walk);
}

static enum err namespace_look(struct hub *hub, struct txn *txn, uint32_t owner, bool slow,
			       struct epochs_made *made)
{
	const bool makes = owner == author_member(hub->author) && hub->signing == SIGNING_YES &&
			   epoch_is_author(hub, txn);
	struct epochs *epochs = hub->epochs;
	struct epoch_list list;
	struct epoch_look look;
	enum err err = ERR_OK;

	epoch_list_load(hub, txn, &list, owner);
	epoch_look(hub, txn, &list, &look);
	if (makes && look.any)
		err = due_make(hub, txn, &list, &look, slow, made);
	for (size_t i = 0; i < look.count; i++)
		if (look.causes[i] >= EPOCH_CAUSE_OWN)
			epoch_over_look(hub, txn, owner, epoch_prefix(&list.items[i]),
					&epochs->over);
	if (look.next_ms < epochs->next_ms)
		epochs->next_ms = look.next_ms;
	if (look.ends_ms < epochs->ends_ms)
		epochs->ends_ms = look.ends_ms;
	epochs->look_ms += (int64_t)look.looked / LOOK_ROWS_A_MS;
	if (made->count > 0)
		epochs->pass.due = true; /* for the readers */
	epoch_look_fini(&look);
	epoch_list_fini(&list);
	return err;
}

/* The own namespace, and those where this organisation may publish. */
static enum err epochs_look(struct hub *hub, struct txn *txn, bool slow, struct epochs_made *made)
{
	struct epochs *epochs = hub->epochs;
	const uint32_t own = author_member(hub->author);

	epochs->look = hub->signing != SIGNING_YES; /* nothing can be made of it yet */
	epochs->look_ms = hub->mono_ms;
	epochs->ends_ms = INT64_MAX;
	epochs->over = (struct epoch_over){.count = 0};
	*made = (struct epochs_made){.count = 0};
	for (uint32_t n = 1; n <= hub->charter.member_count; n++)
		if (n != own && charter_is_present(charter_member(&hub->charter, n)) &&
		    writes_in(hub, txn, n))
			errors_take(txn, namespace_look(hub, txn, n, false, made));
	enum err err = namespace_look(hub, txn, own, slow, made);
	if (epochs->look_ms <= hub->mono_ms + LOOK_MANY)
		epochs->look_ms = hub->mono_ms; /* few: as soon as it is wanted */
	return err;
}

enum err epochs_urgent_now(struct hub *hub, struct txn *txn, struct epochs_made *out)
{
	enum err err = epochs_look(hub, txn, false, out);

	errors_take(txn, err);
	return err == ERR_NOSPACE ? err : txn_err(txn);
}

/* ---- what governs ---- */

static uint32_t owner_of_path(const struct hub *hub, struct bytes path)
{
	const struct charter_member *owner = charter_by_slug(&hub->charter, path_slug(path));

	return owner && charter_is_present(owner) ? owner->number : 0;
}

/*
 * PROTOCOL: "when the governing epoch, or one that opens it by `down`, is due by an urgent cause,
 * or by an end or bar that its own organisation has made since the latest epoch there"
 */
bool epochs_waits(struct hub *hub, struct txn *txn, struct bytes path, struct epoch_wait *out)
{
	const uint64_t wait_ms = hub->options.limits->old_key_wait_ms;
	uint32_t owner = owner_of_path(hub, path);
	struct epoch_row row;

	*out = (struct epoch_wait){.owner = owner};
	for (struct bytes at = path; owner && at.len > 0; at = path_parent(at)) {
		epoch_row_get(txn, owner, at, &row);
		for (int cause = EPOCH_CAUSE_OWN; cause < EPOCH_CAUSES; cause++) {
			int64_t since_ms = row.cause_ms[cause];
			if (since_ms == 0 || (out->since_ms && out->since_ms <= since_ms))
				continue;
			out->since_ms = since_ms;
			out->own = cause == EPOCH_CAUSE_OWN;
		}
	}
	if (out->since_ms == 0)
		return false;
	out->until_ms = wait_ms == UINT64_MAX ? INT64_MAX : out->since_ms + (int64_t)wait_ms;
	out->over = hub->wall_ms >= out->until_ms;
	return !out->over;
}

/* Rights that have ended, before a key is used: new versions are not for them. */
static enum err govern_begin(struct hub *hub, struct txn *txn, struct bytes path)
{
	struct epochs_made made;
	struct epoch_wait wait;

	if (hub->epochs->look || hub->epochs->rights_epoch != hub->rights_epoch ||
	    hub->act_ms >= hub->epochs->ends_ms)
		errors_take(txn, epochs_look(hub, txn, true, &made));
	if (txn_err(txn))
		return txn_err(txn);
	if (!epochs_waits(hub, txn, path, &wait))
		return ERR_OK;
	hub->epochs->waited++;
	return ERR_AGAIN;
}

static enum err govern_first(struct hub *hub, struct txn *txn, struct epoch_list *list,
			     struct bytes path)
{
	if (list->owner != author_member(hub->author) || !epoch_is_author(hub, txn))
		return ERR_DENIED;
	if (hub->signing != SIGNING_YES)
		return ERR_AGAIN;
	return epoch_make(hub, txn, list, path_slug(path), false, NULL);
}

enum err epochs_govern(struct hub *hub, struct txn *txn, struct bytes path, size_t *prefix_len,
		       uint64_t *number, struct key *path_key)
{
	struct epoch_list list;
	enum err err = govern_begin(hub, txn, path);

	epoch_list_load(hub, txn, &list, owner_of_path(hub, path));
	/* None at all, or none above what a key author of before has left. */
	if (!err && !epoch_list_governs(&list, path))
		err = govern_first(hub, txn, &list, path);
	const struct epoch *epoch = epoch_list_governs(&list, path);
	if (!err && epoch) {
		*prefix_len = epoch->len;
		*number = epoch->number;
		err = epochs_key(hub, txn, epoch_prefix(epoch), epoch->number, path, path_key);
	}
	if (!err && !epoch)
		err = ERR_ABSENT;
	epoch_list_fini(&list);
	return err == ERR_ABSENT ? ERR_AGAIN : err;
}

static enum err hidden_first(struct hub *hub, struct txn *txn, struct epoch_list *list,
			     struct bytes path)
{
	/* `down` leads to it from the namespace, so that has one too. */
	enum err err =
		epoch_list_at(list, path_slug(path)) ? ERR_OK : govern_first(hub, txn, list, path);

	if (!err && !epoch_is_author(hub, txn))
		return ERR_DENIED;
	if (!err && hub->signing != SIGNING_YES)
		return ERR_AGAIN;
	return err ? err : epoch_make(hub, txn, list, path, false, NULL);
}

enum err epochs_hidden(struct hub *hub, struct txn *txn, struct bytes path, uint64_t *number,
		       struct key *path_key)
{
	struct epoch_list list;
	enum err err = govern_begin(hub, txn, path);

	epoch_list_load(hub, txn, &list, author_member(hub->author));
	if (!err && epoch_list_last(&list, path) == 0)
		err = hidden_first(hub, txn, &list, path);
	if (!err) {
		*number = epoch_list_last(&list, path);
		err = epochs_key(hub, txn, path, *number, path, path_key);
	}
	epoch_list_fini(&list);
	return err == ERR_ABSENT ? ERR_AGAIN : err;
}

/* ---- costs ---- */

void epochs_cost(struct hub *hub, struct txn *txn, const struct org_id *org, struct bytes prefix,
		 struct epochs_cost *out)
{
	uint32_t owner = owner_of_path(hub, prefix);
	struct table_walk walk = table_walk(hub, txn, owner, NULL);
	struct epoch_list list;
	struct epoch_todo todo;
	struct verdict v;
	bool good;

	*out = (struct epochs_cost){.epochs = 0};
	epoch_list_load(hub, txn, &list, owner);
	epoch_todo_below(&list, &prefix, 1, &todo);
	out->epochs = todo.count;
	for (size_t i = 0; i < todo.count; i++)
		out->lost +=
			!epoch_back_here(hub, txn, &list, epoch_prefix(&list.items[todo.items[i]]));
	while (table_walk_next(&walk, &v, &good))
		out->wraps += good && v.verb >= VERB_READ && path_contains(prefix, v.prefix) &&
			      !(org && id_eq(org, &v.org));
	out->bytes = out->epochs * KEY_RECORD_BYTES + out->wraps * WRAP_RECORD_BYTES;
	epoch_todo_fini(&todo);
	epoch_list_fini(&list);
}

/* ---- what comes ---- */

void epochs_wraps_due(struct hub *hub)
{
	hub->epochs->wraps = hub->epochs->learn = true;
}

static void key_arrival(struct hub *hub, struct txn *txn, const struct record *record)
{
	struct epochs *epochs = hub->epochs;
	struct keyrecord key;

	if (!keyrecord_get(&key, record->body))
		epoch_name_seen(hub, txn, key.prefix, key.number);
	if (epoch_record_learn(hub, txn, record)) {
		epochs->learn = true;
		hub->wanted_epoch++;
	}
	/* An epoch of another namespace wants wraps of its readers by who gave them the right. */
	epochs->look = epochs->pass.due = true;
}

void epochs_arrival(struct hub *hub, struct txn *txn, const struct record *record)
{
	struct keywrap wrap;

	if (record->kind == RECORD_KEY) {
		key_arrival(hub, txn, record);
		return;
	}
	if (keywrap_get(&wrap, record->body))
		return;
	epoch_wrap_seen(hub, txn, record->author, &wrap);
	/*
	 * Wraps of others come by the thousand, and in the own namespace alone call for anything.
	 */
	if (owner_of_path(hub, wrap.prefix) == author_member(hub->author))
		hub->epochs->look = true;
	if (!epoch_wrap_open(hub, txn, record)) {
		hub->epochs->learn = true;
		hub->wanted_epoch++;
	}
}

void epochs_version(struct hub *hub, struct txn *txn, const struct version *version)
{
	if (version->tier == TIER_GRANTED || version->tier == TIER_HIDDEN)
		epoch_name_seen(hub, txn, version->epoch_prefix, version->epoch_number);
}

/* ---- in each turn ---- */

/*
 * A part of the walk over all key records. A round may find that a parent's key comes after: as
 * many as paths are deep.
 */
static void epochs_learn(struct hub *hub, struct txn *txn)
{
	struct epochs *epochs = hub->epochs;

	if (epochs->learn) {
		/* A walk under way goes on to its end, and another one follows. */
		epochs->learnt = epochs->learn_rounds > 0;
		epochs->learn_rounds = LIMIT_PATH_DEPTH_MAX;
		epochs->learn = false;
	}
	if (epochs->learn_rounds == 0 ||
	    epoch_keys_learn(hub, txn, &epochs->learn_at, &epochs->learnt))
		return;
	epochs->learn_rounds = epochs->learnt ? epochs->learn_rounds - 1 : 0;
	if (epochs->learnt) {
		epochs->pass.due = true;
		hub->wanted_epoch++;
	}
	epochs->learnt = false;
}

/* Whether something has changed from which what is due follows. */
static void changes_take(struct hub *hub, struct txn *txn)
{
	struct epochs *epochs = hub->epochs;
	bool keys = epochs->keys_epoch != hub->keys_epoch ||
		    epochs->charter_number != hub->charter.number;

	if (hub->wall_ms >= epochs->next_ms || epochs->next_ms > hub->wall_ms + LOOK_MS ||
	    hub->act_ms >= epochs->ends_ms || keys) {
		epochs->next_ms = hub->wall_ms + LOOK_MS;
		epochs->look = epochs->pass.due = epochs->wraps = epochs->learn = true;
		handed_prune(txn, hub->act_ms);
	}
	if (keys)
		epochs->look_ms = hub->mono_ms; /* who is out is out at once */
	if (epochs->rights_epoch != hub->rights_epoch)
		epochs->look = epochs->pass.due = true;
	if (epochs->pass.next_ms <= hub->wall_ms)
		epochs->pass.due = true;
	epochs->rights_epoch = hub->rights_epoch;
	epochs->keys_epoch = hub->keys_epoch;
	epochs->charter_number = hub->charter.number;
}

void epochs_settle(struct hub *hub, struct txn *txn)
{
	struct epochs *epochs = hub->epochs;
	struct epochs_made made;

	if (!hub->author)
		return;
	changes_take(hub, txn);
	/* Whose wraps are tried follows from the own lines. */
	if (epochs->wraps || epochs->wanted_epoch != hub->wanted_epoch)
		epoch_wraps_open(hub, txn);
	epochs->wraps = false;
	epochs->wanted_epoch = hub->wanted_epoch;
	epochs_learn(hub, txn);
	if (hub->signing != SIGNING_YES)
		return;
	if (epochs->look && hub->mono_ms >= epochs->look_ms)
		errors_take(txn, epochs_look(hub, txn, true, &made));
	if (!epoch_is_author(hub, txn)) {
		epochs->pass = (struct epoch_pass){.next_ms = INT64_MAX};
		epochs->recovery = (struct epoch_recovery){.looked = 0};
		return;
	}
	epoch_pass_step(hub, txn, &epochs->pass);
	if (epochs->learn_rounds == 0)
		epoch_recovery_step(hub, txn);
}

int64_t epochs_wake(const struct hub *hub)
{
	const struct epochs *epochs = hub->epochs;

	if (!hub->author)
		return INT64_MAX;
	if (epochs->learn_rounds > 0)
		return hub->mono_ms;
	if (hub->signing != SIGNING_YES)
		return epochs->look || epochs->pass.due ? INT64_MAX
							: hub_mono_of(hub, epochs->next_ms);
	if (epochs->pass.on || epochs->pass.due || epochs->recovery.due)
		return hub->mono_ms;
	int64_t next_ms =
		epochs->next_ms < epochs->pass.next_ms ? epochs->next_ms : epochs->pass.next_ms;
	int64_t wake_ms = hub_mono_of(hub, next_ms);
	if (epochs->look && epochs->look_ms < wake_ms)
		wake_ms = epochs->look_ms > hub->mono_ms ? epochs->look_ms : hub->mono_ms;
	return wake_ms;
}
