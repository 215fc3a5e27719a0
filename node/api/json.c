#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/api/call.h"
#include "crypto/path.h"
#include "proto/membership.h"

enum { HOLDERS_MAX = 1024 };

json_t *api_text(struct bytes text)
{
	char shown[LIMIT_DESCRIPTION_LEN_MAX * 4 + 8];
	json_t *value = json_stringn((const char *)text.ptr, text.len);

	if (value)
		return value;
	log_escape(shown, sizeof(shown), text);
	return json_string(shown);
}

json_t *api_str(const char *text)
{
	return api_text(bytes_str(text));
}

json_t *api_uint(uint64_t v)
{
	return json_integer((json_int_t)(v > INT64_MAX ? INT64_MAX : v));
}

json_t *api_operator(const char *name)
{
	char text[LIMIT_NAME_LEN_MAX + 8];

	snprintf(text, sizeof(text), "%s%s", name[0] ? "hosted:" : "self", name);
	return api_str(text);
}

json_t *api_hex(struct bytes id)
{
	char hex[ID_HEX_LEN + 1];

	hex_put(hex, bytes_slice(id, 0, ID_LEN));
	return json_string(hex);
}

json_t *api_entry(const struct catalog_entry *entry)
{
	struct bytes slug = path_slug(bytes_str(entry->path));

	return json_pack(
		"{s:o, s:o, s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:b, s:b, s:b, s:b, s:b, s:b}",
		"dataset", api_str(entry->path), "version", api_uint(entry->number), "tier",
		tier_name(entry->tier), "title", api_text(entry->description.title), "organisation",
		api_text(slug), "published_ms", (json_int_t)entry->time_ms, "files",
		api_uint(entry->description.file_count), "bytes",
		api_uint(entry->description.byte_count), "sealed_bytes",
		api_uint(entry->index_bytes), "readable", entry->readable, "held", entry->held,
		"damaged", entry->damaged, "own", entry->own, "former", entry->former, "current",
		entry->current);
}

static int add_text(const char *text, size_t len, void *arg)
{
	buf_add(arg, bytes_of(text, len));
	return 0;
}

void api_list_add(struct call *call, json_t *element)
{
	if (call->text.len && call->text.ptr[call->text.len - 1] == '}')
		buf_add_u8(&call->text, ',');
	json_dump_callback(element, add_text, &call->text, JSON_COMPACT);
	json_decref(element);
}

bool api_page_goes_on(struct call *call, const struct catalog_entry *entry)
{
	if (++call->page_count < API_PAGE_MAX)
		return true;
	call->page_count = 0;
	call->more = true;
	snprintf(call->after, sizeof(call->after), "%s", entry->path);
	return false;
}

void api_readers(json_t *object, struct core *core, struct txn *txn,
		 const struct catalog_entry *entry)
{
	struct membership_status status;
	char text[LIMIT_NAME_LEN_MAX + 64] = "its owner alone";
	json_t *granted = api_granted(core, txn, entry);

	membership_status(core, &status);
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

void api_holders(json_t *object, struct core *core, struct txn *txn,
		 const struct catalog_entry *entry)
{
	struct catalog_holder *holders = mem_new(HOLDERS_MAX, sizeof(*holders));
	size_t count = catalog_holders(core, txn, entry, holders, HOLDERS_MAX);
	json_t *slugs = json_array(), *list = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct catalog_holder *holder = &holders[i];

		if (i == 0 || strcmp(holders[i - 1].slug, holder->slug) != 0)
			json_array_append_new(slugs, api_str(holder->slug));
		json_array_append_new(list,
				      json_pack("{s:o, s:o, s:o}", "slug", api_str(holder->slug),
						"name", api_str(holder->name), "operator",
						api_operator(holder->operator_name)));
	}
	json_object_set_new(object, "held_by", slugs);
	json_object_set_new(object, "holders", list);
	json_object_set_new(object, "operators", api_uint(catalog_operators(holders, count)));
	free(holders);
}
