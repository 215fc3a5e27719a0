#include "node/api/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "node/api/json.h"
#include "proto/membership/membership.h"
#include "proto/catalog/grants.h"

enum { HOLDERS_MAX = 1024 };

json_t *api_entry(const struct catalog_entry *entry)
{
	struct bytes slug = path_slug(bytes_str(entry->path));

	json_t *object = json_pack(
		"{s:o, s:o, s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:b, s:b, s:b, s:b, s:b, s:b,"
		" s:o, s:o, s:b}",
		"dataset", api_str(entry->path), "version", api_uint(entry->number), "tier",
		tier_name(entry->tier), "title", api_text(entry->description.title), "organisation",
		api_text(slug), "published_ms", (json_int_t)entry->time_ms, "files",
		api_uint(entry->description.file_count), "bytes",
		api_uint(entry->description.byte_count), "sealed_bytes",
		api_uint(entry->index_bytes), "readable", entry->readable, "held", entry->held,
		"damaged", entry->damaged, "own", entry->own, "former", entry->former, "current",
		entry->current, "by", api_str(entry->by), "origin", api_str(entry->origin), "tied",
		entry->tied);
	if (entry->tier == TIER_HIDDEN)
		json_object_set_new(object, "stored_as", api_str(entry->stored));
	return object;
}

struct names {
	const struct charter *charter;
	json_t *out;
};

static bool name_add(void *arg, const struct grant *grant)
{
	struct names *names = arg;
	const struct charter_member *member =
		charter_member(names->charter, grant->line.line.audience);
	char text[LIMIT_NAME_LEN_MAX + 64];
	time_t last_day = (time_t)((grant->verdict.to_ms - 1) / 1000);
	struct tm day;

	if (!grant->good || grant->verdict.verb < VERB_READ || !member ||
	    !localtime_r(&last_day, &day))
		return true;
	snprintf(text, sizeof(text), "%s until %04d-%02d-%02d", member->name, day.tm_year + 1900,
		 day.tm_mon + 1, day.tm_mday);
	json_array_append_new(names->out, api_str(text));
	return true;
}

/* All who were granted to read it; empty for the other tiers. */
static json_t *granted_names(struct hub *hub, struct txn *txn, const struct catalog_entry *entry)
{
	struct membership_status status;
	struct names names = {.out = json_array()};

	membership_status(hub, &status);
	names.charter = status.charter;
	if (status.charter && status.member_number &&
	    (entry->tier == TIER_GRANTED || entry->tier == TIER_HIDDEN))
		grants_each_at(hub, txn, bytes_str(entry->stored), name_add, &names);
	return names.out;
}

void api_readers(json_t *object, struct hub *hub, struct txn *txn,
		 const struct catalog_entry *entry)
{
	struct membership_status status;
	char text[LIMIT_NAME_LEN_MAX + 64] = "its owner alone";
	json_t *granted = granted_names(hub, txn, entry);

	membership_status(hub, &status);
	if (json_array_size(granted) > 0) {
		json_object_set_new(object, "readers", granted);
		return;
	}
	json_decref(granted);
	if (entry->tier == TIER_OPEN)
		snprintf(text, sizeof(text), "everyone");
	else if (entry->tier == TIER_MEMBERS)
		snprintf(text, sizeof(text), "all members of %s, also future ones",
			 status.charter ? status.charter->name : "the federation");
	json_object_set_new(object, "readers", api_str(text));
}

void api_holders(json_t *object, struct hub *hub, struct txn *txn,
		 const struct catalog_entry *entry)
{
	struct catalog_holder *holders = mem_new(HOLDERS_MAX, sizeof(*holders));
	size_t count = catalog_holders(hub, txn, entry, holders, HOLDERS_MAX);
	json_t *slugs = json_array(), *claims = json_array(), *list = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct catalog_holder *holder = &holders[i];

		if (i == 0 || holders[i - 1].proved != holder->proved ||
		    strcmp(holders[i - 1].slug, holder->slug) != 0)
			json_array_append_new(holder->proved ? slugs : claims,
					      api_str(holder->slug));
		json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:b}", "slug",
						      api_str(holder->slug), "name",
						      api_str(holder->name), "operator",
						      api_operator(holder->operator_name), "proved",
						      holder->proved));
	}
	json_object_set_new(object, "held_by", slugs);
	json_object_set_new(object, "claimed_by", claims);
	json_object_set_new(object, "holders", list);
	json_object_set_new(object, "copies", api_uint(catalog_copies(holders, count)));
	free(holders);
}
