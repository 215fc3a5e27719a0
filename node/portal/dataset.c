/*
 * dataset - /d/: datasets, their files, and what is said of them.
 */
#include "node/portal/dataset.h"

#include <stdio.h>
#include <string.h>

#include "node/care/node_view.h"
#include "node/http/percent.h"
#include "node/portal/portal.h"
#include "proto/catalog/withdrawal.h"

/* What the core says of an address. */
struct asked {
	const struct dataset_address *at;
	struct dataset_found found;
	bool withdrawn;
	struct withdrawal_view withdrawal;
	enum err err;
};

static void dataset_ask(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct asked *asked = arg;
	struct dataset_found *found = &asked->found;
	struct catalog_entry entry;
	char why[WHY_LEN];

	charter_path_kept(&hub->charter, bytes_str(asked->at->path), found->kept);
	asked->err = catalog_find(hub, txn, found->kept, asked->at->number, &entry, why);
	if (asked->err) {
		asked->withdrawn = withdrawal_find(hub, txn, found->kept, asked->at->number,
						   &asked->withdrawal);
		return;
	}
	snprintf(found->kept, sizeof(found->kept), "%s", entry.path);
	charter_path_shown(&hub->charter, bytes_str(entry.path), found->path);
	found->record = entry.record;
	found->number = entry.number;
	found->tier = entry.tier;
	found->published_ms = entry.time_ms;
	found->held = entry.held;
	found->readable = entry.readable;
	catalog_entry_fini(&entry);
}

static void dataset_day(char out[32], int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, 32, "%Y-%m-%d", &tm);
}

/* Who could see it before is told what became of it; who could not hears what everybody does of
   what is not there. */
static void absent_answer(struct web_call *call, const struct asked *asked)
{
	const struct withdrawal_view *view = &asked->withdrawal;
	char day[32];

	if (!asked->withdrawn || !visitor_sees(&call->visitor, TIER_HIDDEN, view->path)) {
		web_absent(call);
		return;
	}
	dataset_day(day, view->time_ms);
	web_fail(call, 410, "withdrawn", "%s was withdrawn by %s on %s: %s", asked->at->path,
		 view->name, day, view->reason);
}

/* The same address with the path as it is called now. */
static void redirect(struct web_call *call, const char *asked, const char *path)
{
	struct buf to;

	buf_init(&to, 8192);
	buf_add(&to, bytes_str("/d/"));
	percent_encode(&to, bytes_str(path));
	percent_encode(&to, bytes_str(call->rest + strlen(asked)));
	buf_add_u8(&to, 0);
	if (to.err)
		web_absent(call);
	else
		web_redirect(call, 301, (const char *)to.ptr);
	buf_fini(&to);
}

bool dataset_look(struct web_call *call, const struct dataset_address *at,
		  struct dataset_found *out)
{
	struct asked asked = {.at = at};

	if (web_ask(call, dataset_ask, &asked)) {
		web_busy_later(call, 10, "this node is stopping");
		return false;
	}
	if (asked.err && asked.err != ERR_ABSENT && asked.err != ERR_CONFIG) {
		web_busy_later(call, 60, "the store cannot be read");
		return false;
	}
	if (asked.err || !visitor_sees(&call->visitor, asked.found.tier, asked.found.kept)) {
		asked.withdrawn = asked.withdrawn && asked.err;
		absent_answer(call, &asked);
		return false;
	}
	if (strcmp(asked.found.path, at->path) != 0) {
		redirect(call, at->path, asked.found.path);
		return false;
	}
	*out = asked.found;
	return true;
}

struct content *dataset_content(struct web_call *call, const struct dataset_found *found)
{
	struct contents *contents = call->node->contents;
	struct content *content;
	char why[WHY_LEN];
	enum err err;

	if (!visitor_reads(&call->visitor, found->tier, found->kept)) {
		web_fail(call, 403, "denied", "this token may list datasets, but not read them");
		return NULL;
	}
	content = content_kept(contents, &found->record);
	if (content)
		return content;
	err = content_get(contents, found->kept, found->number, &content, why);
	if (!err)
		return content;
	if (err == ERR_ABSENT) /* withdrawn in between */
		web_absent(call);
	else if (err == ERR_DENIED)
		web_fail(call, 403, "denied", "this node cannot read it: %s", why);
	else
		web_busy_later(call, 60, why);
	return NULL;
}

static void dataset_serve(struct web_call *call)
{
	struct dataset_address at;

	if (dataset_address_read(&at, call->rest) && at.file)
		dataset_file_serve(call, &at);
	else
		web_absent(call);
}

const struct route dataset_routes[] = {
	{HTTP_GET, "/d/**", .who = WHO_ANYONE, .serve = dataset_serve,
	 .about = "a dataset, a file of it, or its signature", .params = PARAMS({0}),
	 .answers = "application/octet-stream"},
	{0},
};
