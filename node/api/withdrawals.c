/*
 * /withdrawals: taking versions back, and who has confirmed it.
 */
#include <stdio.h>

#include "node/api/args.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "proto/catalog/catalog.h"
#include "proto/catalog/remains.h"
#include "proto/catalog/withdrawal.h"
#include "proto/catalog/withdrawal_report.h"
#include "proto/rights/report_file.h"

struct withdrawal_list {
	struct hub *hub;
	struct txn *txn;
	json_t *confirmed, *outstanding;
};

static bool withdrawal_answer_add(void *arg, const struct withdrawal_answer *answer)
{
	struct withdrawal_list *answers = arg;
	struct catalog_holder holder;

	if (!catalog_holder(answers->hub, answers->txn, answer->author, &holder))
		return true; /* no member any more */
	const bool confirmed = answer->time_ms && !answer->folders;
	json_t *who = json_pack("{s:o, s:o, s:i}", "slug", api_str(holder.slug), "name",
				api_str(holder.name), "node", (int)author_node(answer->author));
	if (answer->time_ms)
		json_object_set_new(who, "time_ms", json_integer((json_int_t)answer->time_ms));
	if (answer->folders)
		json_object_set_new(who, "folders", api_uint(answer->folders));
	json_array_append_new(confirmed ? answers->confirmed : answers->outstanding, who);
	return true;
}

static bool folder_add(void *arg, const struct remains *remains)
{
	char folder[DELIVERY_TARGET_LEN_MAX + 1];

	snprintf(folder, sizeof(folder), "%s/%s", remains->dir, remains->name);
	json_array_append_new(arg, json_pack("{s:o, s:o}", "folder", api_str(folder), "why",
					     api_str(remains->why)));
	return true;
}

static json_t *withdrawal_json(struct hub *hub, struct txn *txn, const struct withdrawal_view *view)
{
	struct withdrawal_list answers = {hub, txn, json_array(), json_array()};

	json_t *folders = json_array();

	withdrawal_answers(hub, txn, view, withdrawal_answer_add, &answers);
	remains_each(txn, &view->dataset, folder_add, folders);
	return json_pack("{s:o, s:o, s:o, s:I, s:o, s:b, s:b, s:o, s:o, s:o}", "dataset",
			 api_str(view->path), "version", api_uint(view->number), "by",
			 api_str(view->name), "time_ms", (json_int_t)view->time_ms, "reason",
			 api_str(view->reason), "erase", view->erase, "own", view->own, "confirmed",
			 answers.confirmed, "outstanding", answers.outstanding, "folders", folders);
}

static void withdraw_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct withdrawal_view view;

	call->err = withdrawal_make(hub, txn, api_in_text(call, "dataset"),
				    api_in_text(call, "reason"), api_in_true(call, "erase"),
				    api_in_true(call, "others"), &view, call->why);
	if (call->err)
		return;
	call->status = 201;
	call->out = withdrawal_json(hub, txn, &view);
}

static void withdrawal_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct withdrawal_view view;
	const char *path = (const char *)call->path.ptr;

	if (withdrawal_find(hub, txn, path, call->number, &view)) {
		call->out = withdrawal_json(hub, txn, &view);
		return;
	}
	call->err = ERR_ABSENT;
	snprintf(call->why, sizeof(call->why), "%.200s was never withdrawn", path);
}

static void report_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct buf file;

	buf_init(&file, REPORT_FILE_LEN_MAX);
	call->err = withdrawal_report(hub, txn, (const char *)call->path.ptr, &file, call->why);
	if (!call->err)
		call->out = json_pack("{s:o}", "report", api_text(buf_bytes(&file)));
	buf_fini(&file);
}

static void gone_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	unsigned count;

	call->err = withdrawal_gone(hub, txn, api_in_text(call, "dataset"), &count, call->why);
	call->out = json_pack("{s:s, s:o}", "dataset", api_in_text(call, "dataset"), "folders",
			      api_uint(count));
}

const struct route withdrawals_routes[] = {
	{HTTP_POST, "/withdrawals", ROUTE_COMMAND,
	 FIELDS("S:dataset", "S:reason", "b:erase", "b:others"), .run = withdraw_run},
	{HTTP_POST, "/withdrawals/gone", ROUTE_COMMAND, FIELDS("S:dataset"), .run = gone_run},
	{HTTP_GET, "/withdrawal", ROUTE_QUERY, .begin = api_path_begin, .run = withdrawal_run},
	{HTTP_GET, "/withdrawal/report", ROUTE_QUERY, .begin = api_path_begin, .run = report_run},
	{.path = NULL},
};
