/*
 * dataset - /d/: datasets, their files, and what is said of them.
 */
#include "node/portal/dataset.h"

#include <stdio.h>
#include <string.h>

#include "crypto/path.h"
#include "node/care/node_view.h"
#include "node/http/percent.h"
#include "node/page/catalogue.h"
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

static void owner_take(struct hub *hub, struct dataset_found *found)
{
	const struct charter_member *owner =
		charter_by_slug(&hub->charter, path_slug(bytes_str(found->entry.path)));

	if (!owner)
		return;
	snprintf(found->organisation, sizeof(found->organisation), "%s", owner->name);
	snprintf(found->ags, sizeof(found->ags), "%s", owner->ags);
}

static void dataset_ask(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct asked *asked = arg;
	struct dataset_found *found = &asked->found;
	char kept[LIMIT_PATH_LEN_MAX + 1], why[WHY_LEN];

	charter_path_kept(&hub->charter, bytes_str(asked->at->path), kept);
	asked->err = catalog_find(hub, txn, kept, asked->at->number, &found->entry, why);
	if (asked->err) {
		found->entry = (struct catalog_entry){0};
		asked->withdrawn =
			withdrawal_find(hub, txn, kept, asked->at->number, &asked->withdrawal);
		return;
	}
	charter_path_shown(&hub->charter, bytes_str(found->entry.path), found->path);
	owner_take(hub, found);
}

void dataset_found_fini(struct dataset_found *found)
{
	catalog_entry_fini(&found->entry);
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

	if (!asked->withdrawn || (!visitor_sees(&call->visitor, TIER_HIDDEN, view->path) &&
				  !derive_was_open(call->node->derive, &view->dataset))) {
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
	*out = asked.found;
	if (asked.err) {
		absent_answer(call, &asked);
		return false;
	}
	if (out->entry.tier == TIER_OPEN)
		derive_opened(call->node->derive, &out->entry.dataset);
	if (!visitor_sees(&call->visitor, out->entry.tier, out->entry.path))
		web_absent(call);
	else if (strcmp(out->path, at->path) != 0)
		redirect(call, at->path, out->path);
	else
		return true;
	dataset_found_fini(out);
	return false;
}

struct content *dataset_content(struct web_call *call, const struct dataset_found *found)
{
	struct contents *contents = call->node->contents;
	struct content *content;
	char why[WHY_LEN];
	enum err err;

	if (!visitor_reads(&call->visitor, found->entry.tier, found->entry.path)) {
		web_fail(call, 403, "denied", "this token may list datasets, but not read them");
		return NULL;
	}
	content = content_kept(contents, &found->entry.record);
	if (content)
		return content;
	err = content_get(contents, found->entry.path, found->entry.number, &content, why);
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

static bool without_ending(struct dataset_address *at, const char *ending)
{
	size_t len = strlen(at->path), end = strlen(ending);

	if (len <= end || strcmp(at->path + len - end, ending) != 0)
		return false;
	at->path[len - end] = 0;
	return true;
}

static void dataset_serve(struct web_call *call)
{
	struct dataset_address at;

	if (!call->rest[strcspn(call->rest, "/")]) /* one part, or none */
		dataset_list_serve(call, call->rest);
	else if (!dataset_address_read(&at, call->rest))
		web_absent(call);
	else if (at.file)
		dataset_file_serve(call, &at);
	else if (!at.number && without_ending(&at, "/versions"))
		dataset_versions_serve(call, &at);
	else if (!dataset_rdf_serve(call, &at) && !atom_dataset_serve(call, &at))
		dataset_page_serve(call, &at);
}

static void root_serve(struct web_call *call)
{
	dataset_list_serve(call, "");
}

const struct route dataset_routes[] = {
	{HTTP_GET, "/", .who = WHO_ANYONE, .serve = root_serve,
	 .about = "the catalogue; as JSON, the organisations that have published something",
	 .params = catalogue_params, .answers = "application/json text/html"},
	{HTTP_GET, "/d/**", .who = WHO_ANYONE, .serve = dataset_serve,
	 .about = "an organisation, a dataset, a file of it, or its signature",
	 .params = PARAMS({"from", "integer", "of an organisation: so many datasets are left out"},
			  {"zeile", "integer", "of a page: the row with which its table begins"}),
	 .answers = "application/json text/html application/octet-stream"},
	{0},
};
