#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "node/api_call.h"
#include "proto/membership.h"
#include "proto/transfer.h"

#define FETCHES_SHOWN  32
#define MEMBERS_NAMED  3
#define WARN_PERCENT   70
#define URGENT_PERCENT 85

/* What is counted on the way, and what needs doing. */
struct status {
	struct call *call;
	struct core *core;
	struct txn *txn;
	int64_t now_ms;
	json_t *actions;
	uint64_t all, complete, partial, stale, disputed, unknown;
	char troubled[400]; /* names of members that are not complete */
	unsigned troubled_count;
	uint64_t linked, peers;
};

/* command: what to type, or empty */
static void action(struct status *status, const char *command, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void action(struct status *status, const char *command, const char *format, ...)
{
	char text[1400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(status->actions,
			      json_pack("{s:o, s:s}", "text", api_str(text), "command", command));
}

static json_t *node_json(const struct status *status, uint32_t author)
{
	const struct daemon *daemon = status->call->daemon;
	const struct identity *identity = &daemon->identity;
	const char *operator= daemon->config.operator[0]
		? daemon->config.operator: identity->operator;

	return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:I, s:I, s:I, s:s}", "name",
			 api_str(identity->name), "slug", identity->slug, "ags", identity->ags,
			 "organisation", api_hex(id_bytes(&identity->org)), "author",
			 author ? api_uint(author) : json_null(), "operator", api_str(operator),
			 "software", DAEMON_SOFTWARE, "listen", net_address(daemon->net), "pid",
			 (json_int_t)getpid(), "started_ms", (json_int_t)daemon->started_ms,
			 "now_ms", (json_int_t)status->now_ms, "storage_key",
			 keyring_has_passphrase(daemon->keyring) ? "passphrase" : "clear");
}

static uint64_t member_count(const struct charter *charter)
{
	uint64_t count = 0;

	for (uint32_t i = 0; charter && i < charter->member_count; i++)
		count += charter->members[i].state == CHARTER_MEMBER;
	return count;
}

static json_t *federation_json(struct status *status, const struct membership_status *membership)
{
	const struct charter *charter = membership->charter;

	if (membership->state == MEMBERSHIP_NONE)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o}", "id",
			 charter ? api_hex(id_bytes(&charter->fed)) : json_null(), "name",
			 charter ? api_str(charter->name) : json_null(), "charter",
			 api_uint(charter ? charter->number : 0), "members",
			 api_uint(member_count(charter)), "state",
			 membership->state == MEMBERSHIP_MEMBER ? "member" : "joining", "why",
			 membership->why[0] ? api_str(membership->why) : json_null());
}

static void name_troubled(struct status *status, const struct charter_member *member,
			  const struct member_state *state)
{
	size_t len = strlen(status->troubled);

	if (status->troubled_count++ >= MEMBERS_NAMED)
		return;
	snprintf(status->troubled + len, sizeof(status->troubled) - len, "%s%s (%s)",
		 len ? ", " : "", member->name, state->state);
}

static void count_members(struct status *status, const struct charter *charter)
{
	for (uint32_t i = 0; charter && i < charter->member_count; i++) {
		const struct charter_member *member = &charter->members[i];
		struct member_state state = {0};

		if (member->state != CHARTER_MEMBER)
			continue;
		membership_member(status->core, status->txn, status->now_ms, member->number,
				  &state);
		status->all++;
		status->complete += !strcmp(state.state, "complete");
		status->partial += !strcmp(state.state, "partial");
		status->stale += !strcmp(state.state, "stale");
		status->disputed += !strcmp(state.state, "disputed");
		status->unknown += !strcmp(state.state, "unknown");
		if (strcmp(state.state, "complete"))
			name_troubled(status, member, &state);
	}
}

static bool count_dataset(void *arg, const struct catalog_entry *entry)
{
	struct call *call = arg;
	struct dataset_counts *counts = &call->counts;

	counts->known++;
	counts->own += entry->own;
	counts->held += entry->held;
	counts->damaged += entry->damaged;
	if (entry->damaged && !counts->first_damaged[0])
		snprintf(counts->first_damaged, sizeof(counts->first_damaged), "%s", entry->path);
	return api_page_goes_on(call, entry);
}

static void count_peers(struct status *status)
{
	struct peer_state peer;

	for (size_t i = 0; membership_peer(status->core, i, &peer); i++) {
		status->peers++;
		status->linked += peer.link != 0;
	}
}

static json_t *fetches_json(struct status *status)
{
	static const char *const names[] = {"held", "running", "waiting", "unknown"};
	struct fetch_status fetch;
	json_t *list = json_array();

	for (size_t i = 0;
	     i < FETCHES_SHOWN && transfer_fetch(status->core, status->txn, i, &fetch); i++)
		json_array_append_new(
			list, json_pack("{s:o, s:o, s:s, s:o, s:o, s:o}", "dataset",
					api_str(fetch.path), "version", api_uint(fetch.number),
					"state", names[fetch.state], "bytes", api_uint(fetch.bytes),
					"bytes_all", api_uint(fetch.bytes_all), "sources",
					api_uint(fetch.source_count)));
	return list;
}

static void space_action(struct status *status, uint64_t used, uint64_t of, const char *what)
{
	uint64_t percent = of ? used / (of / 100 ? of / 100 : 1) : 0;

	if (percent < WARN_PERCENT)
		return;
	action(status, "allmende unsubscribe PATTERN", "%s %" PRIu64 " %% full%s", what, percent,
	       percent >= URGENT_PERCENT ? ": make room before nothing can be stored any more"
					 : "");
}

static json_t *store_json(struct status *status)
{
	const struct daemon *daemon = status->call->daemon;
	uint64_t used, file, free_bytes = 0, total = 0;

	db_size(daemon->db, &used, &file);
	dir_space(daemon->dir_path, &free_bytes, &total);
	space_action(status, total - free_bytes, total, "the disk is");
	space_action(status, used, daemon->config.limits.store_bytes_max,
		     "the store's size limit is");
	return json_pack("{s:o, s:o, s:o, s:o}", "used_bytes", api_uint(used), "file_bytes",
			 api_uint(file), "free_bytes", api_uint(free_bytes), "total_bytes",
			 api_uint(total));
}

static void membership_actions(struct status *status, const struct membership_status *membership)
{
	if (membership->state == MEMBERSHIP_NONE)
		action(status, "allmende federation create --name NAME",
		       "this node belongs to no federation yet: found one, or join one with "
		       "`allmende federation join TEXT`");
	else if (membership->state == MEMBERSHIP_JOINING && membership->why[0])
		action(status, "allmende federation join TEXT", "joining: %s", membership->why);
	if (membership->state == MEMBERSHIP_MEMBER && !membership->has_federation_key)
		action(status, "allmende peers",
		       "the key of the federation is not here yet: another member has to be "
		       "linked");
}

static void other_actions(struct status *status)
{
	const struct dataset_counts *counts = &status->call->counts;

	if (status->troubled_count)
		action(status, "allmende federation members",
		       "%u of %" PRIu64 " members not complete here: %s%s", status->troubled_count,
		       status->all, status->troubled,
		       status->troubled_count > MEMBERS_NAMED ? ", ..." : "");
	if (status->all > 1 && !status->linked)
		action(status, "allmende peers",
		       "no other node is linked: nothing comes in and nothing goes out");
	if (counts->damaged)
		action(status, "allmende verify",
		       "%" PRIu64 " datasets damaged (%s%s): chunks are fetched again from others",
		       counts->damaged, counts->first_damaged, counts->damaged > 1 ? ", ..." : "");
	if (!keyring_has_passphrase(status->call->daemon->keyring))
		action(status, "",
		       "the keys lie in clear: who gets the disk can read everything; encrypt the "
		       "disk, or make the node anew with a passphrase while it is young");
}

static void status_make(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	struct status status = {
		.call = call, .core = core, .txn = txn, .now_ms = now_ms, .actions = json_array()};
	const struct dataset_counts *counts = &call->counts;
	struct membership_status membership;
	json_t *store;

	membership_status(core, &membership);
	count_members(&status, membership.charter);
	count_peers(&status);
	membership_actions(&status, &membership);
	store = store_json(&status);
	other_actions(&status);
	call->out = json_pack(
		"{s:o, s:o, s:{s:o, s:o, s:o, s:o, s:o, s:o}, s:{s:o, s:o, s:o, s:o}, s:o, "
		"s:{s:o, s:o}, s:o, s:o, s:o}",
		"node", node_json(&status, membership.author), "federation",
		federation_json(&status, &membership), "members", "all", api_uint(status.all),
		"complete", api_uint(status.complete), "partial", api_uint(status.partial), "stale",
		api_uint(status.stale), "disputed", api_uint(status.disputed), "unknown",
		api_uint(status.unknown), "datasets", "known", api_uint(counts->known), "own",
		api_uint(counts->own), "held", api_uint(counts->held), "damaged",
		api_uint(counts->damaged), "store", store, "peers", "linked",
		api_uint(status.linked), "known", api_uint(status.peers), "fetches",
		fetches_json(&status), "uploads", api_uint(call->number), "actions",
		status.actions);
}

void api_status_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	catalog_list(core, txn, NULL, call->after[0] ? call->after : NULL, count_dataset, call);
	if (!call->more)
		status_make(call, core, txn, now_ms);
}
