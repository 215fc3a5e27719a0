#include "tools/cmd/publish_metadata.h"

#include <stdlib.h>
#include <string.h>

#include "proto/dcat/metadata.h"
#include "tools/kit/metadata_file.h"

/* What an option gives: a name of metadata, or a part of one. */
static const struct {
	const char *option, *name, *part;
} options[] = {
	{"title", "title", NULL},
	{"description", "description", NULL},
	{"keyword", "keywords", NULL},
	{"theme", "themes", NULL},
	{"license", "license", NULL},
	{"attribution", "attribution", NULL},
	{"publisher", "publisher", "name"},
	{"publisher-url", "publisher", "url"},
	{"contact-name", "contact", "name"},
	{"contact-email", "contact", "email"},
	{"contact-url", "contact", "url"},
	{"contact-phone", "contact", "phone"},
	{"place-name", "place", "name"},
	{"bbox", "place", "bbox"},
	{"from", "time", "from"},
	{"to", "time", "to"},
	{"frequency", "frequency", NULL},
	{"identifier", "identifier", NULL},
	{"issued", "issued", NULL},
	{"hvd", "hvd_categories", NULL},
	{"legislation", "legislation", NULL},
	{"level", "political_level", NULL},
	{"contributor", "contributor_ids", NULL},
	{"language", "languages", NULL},
	{"landing-page", "landing_page", NULL},
	{"access", "access_rights", NULL},
	{"availability", "availability", NULL},
	{"provenance", "provenance", NULL},
};

/* An object under that name, also where the file has a text in its place. */
static json_t *object_at(json_t *body, const char *name)
{
	json_t *object = json_object_get(body, name);

	if (json_is_object(object))
		return object;
	json_t *longer = json_object();
	if (json_is_string(object) && json_string_length(object) > 0)
		json_object_update_new(longer, metadata_short(name, object));
	json_object_set_new(body, name, longer);
	return longer;
}

static void option_put(json_t *body, const char *name, const char *part, const char *value)
{
	if (part)
		json_object_set_new(object_at(body, name), part, json_string(value));
	else
		json_object_set_new(body, name, json_string(value));
}

/* All values of one that may be given more than once. */
static void options_put(const struct args *args, json_t *body, const char *option, const char *name)
{
	json_t *list = json_array();
	const char *value;
	size_t at = 0;

	while ((value = args_next(args, option, &at)))
		if (*value)
			json_array_append_new(list, json_string(value));
	json_object_set_new(body, name, list);
}

/* --contact and --place may be a part or the other, as their text shows. */
static void short_put(const struct args *args, json_t *body, const char *name)
{
	const char *value = args_value(args, name);

	if (!value)
		return;
	if (!*value) {
		json_object_set_new(body, name, json_object());
		return;
	}
	json_t *text = json_string(value);
	json_object_update_new(object_at(body, name), metadata_short(name, text));
	json_decref(text);
}

static bool may_repeat(const struct args *args, const char *option)
{
	for (const struct option *o = args->own; o->name; o++)
		if (strcmp(o->name, option) == 0)
			return o->many;
	return false;
}

static void options_take(const struct args *args, json_t *body)
{
	size_t at;

	short_put(args, body, "contact");
	short_put(args, body, "place");
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const char *option = options[i].option;

		at = 0;
		if (may_repeat(args, option) && args_next(args, option, &at))
			options_put(args, body, option, options[i].name);
		else if (!may_repeat(args, option) && args_value(args, option))
			option_put(body, options[i].name, options[i].part,
				   args_value(args, option));
	}
}

/* ---- the file ---- */

static int file_take(const char *path, json_t *body)
{
	struct metadata said;
	char why[WHY_LEN];
	json_t *in;
	int code = metadata_file_read(path, &in);

	if (code)
		return code;
	if (metadata_names_check(in, why) || metadata_from_json(&said, in, why))
		code = tool_fail(TOOL_FAILED, "%s: %s", path, why);
	else
		json_object_update(body, in);
	json_decref(in);
	return code;
}

static int files_take(const struct tool *tool, const char *const *paths, size_t count, json_t *body)
{
	const char *named = args_value(&tool->args, "metadata");
	int code = TOOL_DONE;

	if (named)
		return file_take(named, body);
	for (size_t i = 0; i < count && !code; i++) {
		char *beside = metadata_file_beside(paths[i]);

		if (beside && count == 1)
			code = file_take(beside, body);
		if (beside && !code)
			tool_remark(count == 1 ? "metadata taken from %s"
					       : "%s is not taken, as several files are named: "
						 "say --metadata if it is meant",
				    beside);
		free(beside);
	}
	return code;
}

int publish_metadata(const struct tool *tool, const char *const *paths, size_t count, json_t *body)
{
	struct metadata said;
	char why[WHY_LEN];
	int code = files_take(tool, paths, count, body);

	if (code)
		return code;
	options_take(&tool->args, body);
	if (metadata_from_json(&said, body, why))
		return tool_fail(TOOL_USAGE, "%s", why);
	return TOOL_DONE;
}

/* ---- again ---- */

/* All that is in one is the same in the other. */
static bool holds(const json_t *part, const json_t *whole)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)part, name, value)
	{
		const json_t *other = json_object_get(whole, name);

		if (json_is_object(value) ? !holds(value, other) : !json_equal(value, other))
			return false;
	}
	return true;
}

bool publish_metadata_stays(const json_t *body, const json_t *entry)
{
	struct metadata said;
	char why[WHY_LEN];
	bool stays = !metadata_from_json(&said, body, why) && !said.cleared;
	json_t *normal = stays ? metadata_to_json(&said.said) : NULL;

	stays = stays && holds(normal, entry);
	json_decref(normal);
	return stays;
}
