#include "node/api/named.h"

#include <stdio.h>
#include <string.h>

#include "crypto/path.h"

/* Fields of a body that are paths, prefixes or patterns. */
static const char *const fields_in[] = {"dataset", "prefix", "pattern", "path", "below"};
/* The same of an answer, and fields that are sentences or commands in which such may stand. */
static const char *const fields_out[] = {"dataset", "prefix",    "pattern",
					 "path",    "stored_as", "organisation"};
static const char *const sentences[] = {"why", "text", "what", "command", "again"};

#define AMONG(name, list) among(name, list, sizeof(list) / sizeof((list)[0]))

static bool among(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

/* ---- in ---- */

void named_in(struct call *call, const struct charter *charter)
{
	char kept[LIMIT_PATH_LEN_MAX + 1];
	json_t *value;

	if (charter->rename_count == 0)
		return;
	/* An id has no slug in front, and what somebody searches is no path. */
	if (call->is_path && charter_path_kept(charter, buf_bytes(&call->path), kept)) {
		buf_reset(&call->path);
		buf_add(&call->path, bytes_str(kept));
		buf_add_u8(&call->path, 0);
		call->path.len--;
	}
	for (size_t i = 0; call->in && i < sizeof(fields_in) / sizeof(fields_in[0]); i++) {
		value = json_object_get(call->in, fields_in[i]);
		if (json_is_string(value) &&
		    charter_path_kept(charter, bytes_str(json_string_value(value)), kept))
			json_string_set(value, kept);
	}
}

/* ---- out ---- */

static bool path_begins(const char *text, const char *at)
{
	const char before = at > text ? at[-1] : ' ';

	return !strchr("abcdefghijklmnopqrstuvwxyz0123456789-._~/", before);
}

/* A path in a sentence begins behind something that is no part of one, and goes on with a slash. */
static void sentence_show(const struct charter *charter, const char *text, struct buf *out)
{
	char shown[LIMIT_PATH_LEN_MAX + 1];

	for (const char *at = text; *at;) {
		const size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-");
		const struct bytes slug = bytes_of(at, len);
		const bool found = at[len] == '/' && len <= CHARTER_SLUG_LEN_MAX &&
				   path_begins(text, at) &&
				   charter_path_shown(charter, slug, shown);
		buf_add(out, found ? bytes_str(shown) : slug);
		at += len;
		if (len == 0)
			buf_add_u8(out, (uint8_t)*at++);
	}
}

static void value_show(const struct charter *charter, json_t *value, bool sentence)
{
	char shown[LIMIT_PATH_LEN_MAX + 1];
	const char *text = json_string_value(value);
	struct buf out;

	if (!sentence) {
		if (charter_path_shown(charter, bytes_str(text), shown))
			json_string_set(value, shown);
		return;
	}
	buf_init(&out, 64 * 1024);
	sentence_show(charter, text, &out);
	buf_add_u8(&out, 0);
	if (!out.err)
		json_string_set(value, (const char *)out.ptr);
	buf_fini(&out);
}

/* Answers are ours, and a few levels deep. */
static void tree_show(const struct charter *charter, json_t *tree) /* NOLINT(misc-no-recursion) */
{
	const char *name;
	json_t *value;
	size_t i;

	json_array_foreach(tree, i, value) tree_show(charter, value);
	json_object_foreach(tree, name, value)
	{
		const bool is_name = !strcmp(name, "name") && json_object_get(tree, "pattern");
		if (!json_is_string(value))
			tree_show(charter, value);
		else if (AMONG(name, fields_out) || is_name)
			value_show(charter, value, false);
		else if (AMONG(name, sentences))
			value_show(charter, value, true);
	}
}

void named_element(const struct charter *charter, json_t *element)
{
	if (charter->rename_count > 0)
		tree_show(charter, element);
}

void named_out(struct call *call, const struct charter *charter)
{
	struct buf why;

	charter_path_shown(charter, buf_bytes(&call->path), call->shown);
	if (charter->rename_count == 0)
		return;
	if (call->out)
		tree_show(charter, call->out);
	buf_init(&why, 2 * WHY_LEN);
	sentence_show(charter, call->why, &why);
	snprintf(call->why, sizeof(call->why), "%.*s", (int)why.len, (const char *)why.ptr);
	buf_fini(&why);
}
