#include "tools/cmd/recovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/root.h"
#include "crypto/wrap.h"
#include "proto/charter/orglog.h"
#include "tools/kit/guest.h"
#include "tools/kit/print.h"
#include "tools/kit/sheet.h"
#include "tools/kit/value.h"

/* Entries as they came. */
struct entries {
	struct buf *items;
	size_t count, cap;
};

struct recovery {
	struct sheet sheet;
	const char *address;
	struct dh_pk transport;
	struct charter charter;
	const struct charter_member *member;
	struct orglog log;
	struct entries charter_entries, log_entries;
	bool lost[LIMIT_NODE_COUNT_MAX];
};

static void entries_add(struct entries *entries, struct bytes entry)
{
	entries->items =
		mem_room(entries->items, entries->count, &entries->cap, sizeof(*entries->items));
	buf_init(&entries->items[entries->count], LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_add(&entries->items[entries->count++], entry);
}

static void entries_free(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		buf_fini(&entries->items[i]);
	free(entries->items);
}

void recovery_close(struct recovery *recovery)
{
	if (!recovery)
		return;
	entries_free(&recovery->charter_entries);
	entries_free(&recovery->log_entries);
	charter_fini(&recovery->charter);
	orglog_fini(&recovery->log);
	secret_wipe(recovery, sizeof(*recovery));
	free(recovery);
}

const struct charter_member *recovery_member(const struct recovery *recovery)
{
	return recovery->member;
}

const char *recovery_federation(const struct recovery *recovery)
{
	return recovery->charter.name;
}

const struct orglog *recovery_log(const struct recovery *recovery)
{
	return &recovery->log;
}

bool recovery_opens(const struct recovery *recovery)
{
	struct key secret;
	struct dh_pk pk;

	root_recovery_key(&secret, &recovery->sheet.seed);
	dh_pk_of(&pk, &secret);
	key_wipe(&secret);
	return id_eq(&pk, &recovery->log.recovery);
}

/* ---- what the member says ---- */

static int not_valid(const struct recovery *recovery, const char *what, uint32_t number,
		     enum err err)
{
	return tool_fail(TOOL_FAILED,
			 "entry %u of the %s that %s gives is not valid (%s): ask another member",
			 number, what, recovery->address, err_text(err));
}

static int charter_ask(struct recovery *recovery, struct guest *guest)
{
	struct charter *charter = &recovery->charter;
	struct message answer;
	struct bytes entry;
	uint32_t before;

	do {
		before = charter->number;
		int code = guest_charter(guest, before + 1, &answer);
		while (!code && message_next_bin(&answer, &entry)) {
			enum err err = charter_apply(charter, entry);
			if (!err && !id_eq(&charter->fed, &recovery->sheet.fed))
				err = ERR_DENIED;
			if (err)
				return not_valid(recovery, "charter", charter->number + 1, err);
			entries_add(&recovery->charter_entries, entry);
		}
		if (code)
			return code;
	} while (charter->number > before);
	return TOOL_DONE;
}

static int member_log_ask(struct recovery *recovery, struct guest *guest)
{
	const struct org_id *org = &recovery->member->org;
	struct orglog *log = &recovery->log;
	struct message answer;
	struct org_id of;
	struct bytes entry;
	uint32_t before;

	do {
		before = log->number;
		int code = guest_orglog(guest, org, before + 1, &answer);
		while (!code && message_next_entry(&answer, &of, &entry)) {
			charter_bound(&recovery->charter, log);
			enum err err = orglog_apply(log, entry);
			if (!err && !id_eq(&log->id, org))
				err = ERR_DENIED;
			if (err)
				return not_valid(recovery, "organisation's log", log->number + 1,
						 err);
			entries_add(&recovery->log_entries, entry);
		}
		if (code)
			return code;
	} while (log->number > before);
	return log->number > 0 ? TOOL_DONE
			       : tool_fail(TOOL_FAILED,
					   "%s does not have the log of %s: ask another member",
					   recovery->address, recovery->member->name);
}

/* The member with this root key. */
static int member_find(struct recovery *recovery)
{
	const struct charter *charter = &recovery->charter;
	const struct charter_member *former = NULL;
	struct sign_pk root;

	identity_root_pk(&root, &recovery->sheet.seed);
	for (uint32_t n = 1; n <= charter->member_count; n++) {
		const struct charter_member *member = charter_member(charter, n);
		if (!id_eq(&member->root, &root))
			continue;
		former = member;
		if (charter_is_present(member))
			recovery->member = member;
	}
	if (recovery->member)
		return TOOL_DONE;
	if (former)
		return tool_fail(
			TOOL_DENIED,
			"%s has left the federation %s or was removed: ask a steward for an "
			"invitation",
			former->name, charter->name);
	return tool_fail(
		TOOL_DENIED,
		"no member of the federation %s has the root key of this sheet: take the "
		"sheet that was written last, when the root was replaced; or it belongs to "
		"another federation",
		charter->name);
}

static int recovery_fetch(struct recovery *recovery)
{
	struct guest *guest = NULL;
	int code = guest_open(&guest, recovery->address, &recovery->sheet.fed);

	if (code)
		return code;
	recovery->transport = *guest_peer_key(guest);
	if (!(code = charter_ask(recovery, guest)) && !(code = member_find(recovery)))
		code = member_log_ask(recovery, guest);
	guest_close(guest);
	return code;
}

static int fed_take(struct recovery *recovery, const struct tool *tool)
{
	const char *said = args_value(&tool->args, "federation");
	struct fed_id fed;

	if (!said && recovery->sheet.has_fed)
		return TOOL_DONE;
	if (!said)
		return tool_fail(
			TOOL_USAGE,
			"the sheet does not say which federation it was: give --federation "
			"ID, the id that `allmende federation` shows at the member");
	if (hex_get(fed.b, ID_LEN, said))
		return tool_fail(
			TOOL_USAGE,
			"\"%s\" is no id of a federation: it has %d digits, 0 to 9 and a to "
			"f",
			said, ID_HEX_LEN);
	if (recovery->sheet.has_fed && !id_eq(&fed, &recovery->sheet.fed))
		return tool_fail(
			TOOL_USAGE,
			"--federation names another federation than the sheet: leave it out");
	recovery->sheet.fed = fed;
	return TOOL_DONE;
}

int recovery_ask(struct recovery **out, const struct tool *tool, const char *sheet)
{
	struct recovery *recovery = mem_new(1, sizeof(*recovery));
	int code;

	charter_init(&recovery->charter);
	orglog_init(&recovery->log);
	recovery->address = args_value(&tool->args, "from");
	*out = recovery;
	if (!recovery->address)
		return tool_fail(TOOL_USAGE, "say which member shall be asked: --from HOST:PORT, "
					     "where any node of the federation listens");
	if ((code = value_address("--from", recovery->address, false)) ||
	    (code = sheet_read(&recovery->sheet, sheet)) || (code = fed_take(recovery, tool)))
		return code;
	return recovery_fetch(recovery);
}

/* ---- who is lost ---- */

static int lost_take(struct recovery *recovery, const char *text)
{
	char *end;

	for (const char *at = text; *at; at = *end == ',' ? end + 1 : end) {
		unsigned long index = strtoul(at, &end, 10);
		const struct orglog_node *node =
			end > at && index < LIMIT_NODE_COUNT_MAX
				? orglog_node(&recovery->log, (uint8_t)index)
				: NULL;
		if (!node || (*end && *end != ','))
			return tool_fail(TOOL_USAGE,
					 "--lost \"%s\": %s has no such node; write their numbers, "
					 "as 0,1, or all",
					 text, recovery->member->name);
		recovery->lost[index] = true;
	}
	return TOOL_DONE;
}

int recovery_lost(struct recovery *recovery, const struct tool *tool)
{
	const char *text = args_value(&tool->args, "lost");
	const bool all = text && strcmp(text, "all") == 0;
	char open[1024] = "";
	int code = text && !all ? lost_take(recovery, text) : TOOL_DONE;

	for (size_t i = 0; !code && i < recovery->log.node_count; i++) {
		const struct orglog_node *node = &recovery->log.nodes[i];
		const size_t len = strlen(open);
		if (node->state != ORGLOG_NODE_ACTIVE || !node->roles)
			continue;
		if (all)
			recovery->lost[node->index] = true;
		else if (!recovery->lost[node->index])
			snprintf(open + len, sizeof(open) - len, "%s%u", len ? ", " : "",
				 node->index);
	}
	if (code || !open[0])
		return code;
	return tool_fail(
		TOOL_USAGE,
		"in the federation %s %s has nodes that may act: %s. Are they lost? Then say "
		"--lost all, and nothing they say counts from now on. While one of them "
		"runs, make the new node there: allmende node offer",
		recovery->charter.name, recovery->member->name, open);
}

/* ---- the new node ---- */

enum err recovery_make(struct recovery *recovery, struct keyring *keyring, struct txn *txn,
		       struct random *random, const char *operator, int64_t now_ms)
{
	const struct org_id org = recovery->member->org;
	struct charter charter;
	enum err err = ERR_OK;

	charter_init(&charter);
	for (size_t i = 0; !err && i < recovery->charter_entries.count; i++)
		err = charter_accept(txn, &charter, buf_bytes(&recovery->charter_entries.items[i]),
				     NULL);
	for (size_t i = 0; !err && i < recovery->log_entries.count; i++)
		err = orglog_accept(txn, &org, buf_bytes(&recovery->log_entries.items[i]), NULL);
	if (!err) {
		const struct identity_recovery how = {.seed = &recovery->sheet.seed,
						      .charter = &charter,
						      .member = charter_by_org(&charter, &org),
						      .lost = recovery->lost,
						      .operator= operator,
						      .address = recovery->address,
						      .transport = recovery->transport,
						      .now_ms = now_ms};
		err = identity_recover(keyring, txn, random, &how);
	}
	charter_fini(&charter);
	return err;
}

void recovery_print(const struct recovery *recovery)
{
	for (size_t i = 0; i < recovery->log.node_count; i++)
		if (recovery->lost[recovery->log.nodes[i].index])
			print_line(
				"Node %u is given up as lost: the others shut it out as soon as "
				"they hear of it, and what is sealed from then on it cannot open.",
				recovery->log.nodes[i].index);
}
