#include <stdio.h>
#include <string.h>

#include "crypto/path.h"
#include "node/api/call.h"
#include "node/base/clock.h"
#include "proto/delivery.h"
#include "proto/membership.h"
#include "proto/subscription.h"

static void check_and_push(struct call *call, const char *const *fields)
{
	if (api_in_check(call, fields))
		api_push(call);
}

/* Peers */

static void peer_add_begin(struct call *call)
{
	static const char *const fields[] = {"S:address", NULL};

	check_and_push(call, fields);
}

static void peer_add_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	const char *address = api_in_text(call, "address");

	call->err = membership_peer_add(core, txn, now_ms, address, call->why);
	call->status = 201;
	call->out = json_pack("{s:s}", "address", address);
}

/* Subscriptions */

static void subscribe_begin(struct call *call)
{
	static const char *const fields[] = {"S:pattern", "b:relay", "s:to", NULL};

	if (api_in_check(call, fields) && api_delivery_check(call))
		api_push(call);
}

static void subscribe_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	const char *pattern = api_in_text(call, "pattern");

	struct subscription subscription = {
		.pattern = bytes_str(pattern),
		.relay = json_is_true(json_object_get(call->in, "relay")),
	};

	const char *to = api_in_text(call, "to");

	call->err = subscription_add(core, txn, &subscription, call->why);
	if (to && call->err == ERR_EXISTS) /* it gets a folder, or another one */
		call->err = ERR_OK;
	if (to && !call->err)
		delivery_set(txn, pattern, to);
	call->status = 201;
	call->out = json_pack("{s:s, s:b, s:s?}", "pattern", pattern, "relay", subscription.relay,
			      "to", to);
}

static void subscribe_done(struct call *call)
{
	deliver_look(call->node->deliver);
	api_done(call);
}

static void unsubscribe_begin(struct call *call)
{
	if (api_text_arg(call, "pattern", &call->path, true))
		api_push(call);
}

static void unsubscribe_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	call->err = subscription_drop(core, txn, (const char *)call->path.ptr, call->why);
	if (!call->err)
		delivery_unset(txn, (const char *)call->path.ptr);
	call->status = 204;
}

/* Verify */

static void add_fault(json_t *faults, const char *table, const char *dataset, struct bytes text)
{
	json_array_append_new(faults, json_pack("{s:s, s:o, s:o}", "table", table, "dataset",
						api_str(dataset), "text", api_text(text)));
}

static void add_findings(json_t *faults, struct bytes text)
{
	while (text.len > 0) {
		const uint8_t *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;

		if (len > 0)
			add_fault(faults, "", "", bytes_slice(text, 0, len));
		text = bytes_slice(text, len + (end != NULL), text.len);
	}
}

static void verified(void *arg)
{
	struct call *call = arg;
	struct verify *verify = call->node->verify;
	const struct scrub *scrub = &verify->scrub;
	json_t *faults = json_array();

	for (size_t i = 0; i < scrub->fault_count && i < VERIFY_FAULT_COUNT_MAX; i++)
		add_fault(faults, table_name(scrub->faults[i].table),
			  verify->paths[i] ? verify->paths[i] : "",
			  bytes_str(scrub->faults[i].table == TABLE_CHUNK
					    ? "a chunk is damaged; it is fetched again"
					    : "a row does not match its checksum"));
	add_findings(faults, buf_bytes(&verify->findings));
	if (verify->stopping) {
		json_decref(faults);
		api_fail(call, ERR_BUSY, "the node is stopping; verify again when it is up");
	} else {
		bool clean = json_array_size(faults) == 0;

		log_line(call->node->log, clock_now_ms(), LOG_VERIFY,
			 "%zu faults in %llu rows and chunks", json_array_size(faults),
			 (unsigned long long)(scrub->row_count + verify->looked));

		api_reply(call, 200,
			  json_pack("{s:o, s:o, s:o, s:o, s:b}", "rows",
				    api_uint(scrub->row_count + verify->looked), "chunks",
				    api_uint(scrub->chunk_count), "bytes",
				    api_uint(scrub->byte_count), "faults", faults, "clean", clean));
	}
	verify_reset(verify);
}

static void verify_begin(struct call *call)
{
	if (!verify_start(call->node->verify, verified, call))
		api_fail(call, ERR_BUSY, "a verification is under way; wait until it is done");
}

const struct route api_command_routes[] = {
	{HTTP_POST, "/peers", peer_add_begin, peer_add_run, NULL},
	{HTTP_POST, "/subscriptions", subscribe_begin, subscribe_run, subscribe_done},
	{HTTP_DELETE, "/subscriptions", unsubscribe_begin, unsubscribe_run, NULL},
	{HTTP_POST, "/verify", verify_begin, NULL, NULL},
	{HTTP_OTHER, NULL, NULL, NULL, NULL},
};
