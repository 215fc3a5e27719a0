/*
 * POST /verify: everything is read and looked at; it answers when that is done.
 */
#include "node/api/json.h"
#include "node/api/routes.h"
#include "node/base/clock.h"
#include "node/files/verify.h"

/* Takes text. */
static void add_fault(json_t *faults, const char *table, const char *dataset, json_t *text)
{
	json_array_append_new(faults, json_pack("{s:s, s:o, s:o}", "table", table, "dataset",
						api_str(dataset), "text", text));
}

static json_t *faults_json(const struct verify *verify)
{
	const struct scrub *scrub = &verify->scrub;
	json_t *faults = json_array(), *findings = api_lines(buf_bytes(&verify->findings));
	json_t *finding;
	size_t at;

	for (size_t i = 0; i < scrub->fault_count && i < VERIFY_FAULT_COUNT_MAX; i++)
		add_fault(faults, table_name(scrub->faults[i].table),
			  verify->paths[i] ? verify->paths[i] : "",
			  json_string(scrub->faults[i].table == TABLE_CHUNK
					      ? "a chunk is damaged; it is fetched again"
					      : "a row does not match its checksum"));
	json_array_foreach(findings, at, finding)
	{
		add_fault(faults, "", "", json_incref(finding));
	}
	json_decref(findings);
	return faults;
}

static void answer_verified(struct call *call, const struct verify *verify)
{
	const struct scrub *scrub = &verify->scrub;
	uint64_t rows = scrub->row_count + verify->looked;
	json_t *faults = faults_json(verify);
	size_t count = json_array_size(faults);

	log_line(call->node->log, clock_now_ms(), LOG_VERIFY, "%zu faults in %llu rows and chunks",
		 count, (unsigned long long)rows);
	api_reply(call, 200,
		  json_pack("{s:o, s:o, s:o, s:o, s:b}", "rows", api_uint(rows), "chunks",
			    api_uint(scrub->chunk_count), "bytes", api_uint(scrub->byte_count),
			    "faults", faults, "clean", count == 0));
}

static void verified(void *arg)
{
	struct call *call = arg;
	struct verify *verify = call->node->verify;

	if (verify->stopping)
		api_fail(call, ERR_BUSY, "the node is stopping; verify again when it is up");
	else
		answer_verified(call, verify);
	verify_reset(verify);
}

static void verify_begin(struct call *call)
{
	if (!verify_start(call->node->verify, verified, call))
		api_fail(call, ERR_BUSY, "a verification is under way; wait until it is done");
}

const struct route verify_routes[] = {
	{HTTP_POST, "/verify", ROUTE_COMMAND, .begin = verify_begin},
	{.path = NULL},
};
