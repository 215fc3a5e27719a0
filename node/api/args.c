#include "node/api/args.h"

#include <stdlib.h>
#include <string.h>

static void drop_nulls(json_t *object)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, name, value)
	{
		if (json_is_null(value))
			json_object_del(object, name);
	}
}

bool api_body(struct call *call)
{
	struct buf *body = &call->request->body;
	json_error_t error;

	if (body->err) {
		api_fail(call, ERR_FULL, "the body is longer than %zu bytes", body->max);
		return false;
	}
	if (body->len == 0) {
		call->in = json_object();
		return true;
	}
	call->in = json_loadb((const char *)body->ptr, body->len, JSON_REJECT_DUPLICATES, &error);
	if (!call->in) {
		api_fail(call, ERR_CONFIG, "the body is not JSON: line %d, column %d: %s",
			 error.line, error.column, error.text);
		return false;
	}
	if (!json_is_object(call->in)) {
		api_fail(call, ERR_CONFIG, "the body is not a JSON object");
		return false;
	}
	drop_nulls(call->in);
	return true;
}

bool api_text_arg(struct call *call, const char *name, struct buf *out, bool needed)
{
	enum err err = http_query(call->request, name, out);

	if (out == &call->path)
		call->is_path = !strcmp(name, "path") || !strcmp(name, "pattern");

	if (err == ERR_ABSENT && !needed) {
		buf_add_u8(out, 0);
		out->len = 0;
		return true;
	}
	if (err == ERR_ABSENT)
		api_fail(call, ERR_CONFIG, "the argument \"%s\" is missing", name);
	else if (err)
		api_fail(call, ERR_CONFIG,
			 "the argument \"%s\" is too long or not percent-encoded as it should be",
			 name);
	return !err;
}

static bool digits(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	return text.len > 0 && text.len < 16;
}

bool api_number_arg(struct call *call, const char *name, uint64_t *out, bool *has)
{
	struct buf text;
	bool ok;

	buf_init(&text, 64);
	ok = api_text_arg(call, name, &text, false);
	if (ok && text.len > 0 && !digits(buf_bytes(&text))) {
		api_fail(call, ERR_CONFIG, "\"%s\" is not a number", name);
		ok = false;
	}
	if (ok && text.len > 0)
		*out = strtoull((const char *)text.ptr, NULL, 10);
	if (ok && has)
		*has = text.len > 0;
	buf_fini(&text);
	return ok;
}

bool api_time_arg(struct call *call, const char *name, int64_t *out)
{
	struct buf text;
	bool ok;

	buf_init(&text, 64);
	ok = api_text_arg(call, name, &text, false);
	const bool before = ok && text.len > 1 && text.ptr[0] == '-';
	if (ok && text.len > 0 && !digits(bytes_slice(buf_bytes(&text), before, text.len))) {
		api_fail(call, ERR_CONFIG, "\"%s\" is not a number", name);
		ok = false;
	}
	if (ok && text.len > 0)
		*out = strtoll((const char *)text.ptr, NULL, 10);
	buf_fini(&text);
	return ok;
}

bool api_path_args(struct call *call)
{
	return api_text_arg(call, "path", &call->path, true) &&
	       api_number_arg(call, "version", &call->number, NULL);
}

void api_path_begin(struct call *call)
{
	if (api_path_args(call))
		api_push(call);
}

const char *api_in_text(struct call *call, const char *name)
{
	return json_string_value(json_object_get(call->in, name));
}

bool api_in_true(struct call *call, const char *name)
{
	return json_is_true(json_object_get(call->in, name));
}

uint64_t api_in_uint(struct call *call, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(call->in, name));
}

static bool is_text_list(const json_t *list)
{
	if (!json_is_array(list))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!json_is_string(json_array_get(list, i)))
			return false;
	return true;
}

static const char *wrong_type(const json_t *value, char type)
{
	switch (type) {
	case 's':
		return json_is_string(value) ? NULL : "a text";
	case 'b':
		return json_is_boolean(value) ? NULL : "true or false";
	case 'i':
		return json_is_integer(value) && json_integer_value(value) >= 0
			       ? NULL
			       : "a number from 0 on";
	case 'm':
		return NULL; /* proto/dcat/metadata.h knows */
	default:
		return is_text_list(value) ? NULL : "a list of texts";
	}
}

bool api_in_check(struct call *call, const char *const *fields)
{
	size_t known = 0;

	for (; *fields; fields++) {
		const char *name = *fields + 2, *wrong;
		char type = (*fields)[0];
		bool needed = type >= 'A' && type <= 'Z';
		const json_t *value = json_object_get(call->in, name);

		if (!value && needed) {
			api_fail(call, ERR_CONFIG, "\"%s\" is missing", name);
			return false;
		}
		if (!value)
			continue;
		known++;
		wrong = wrong_type(value, needed ? (char)(type - 'A' + 'a') : type);
		if (wrong) {
			api_fail(call, ERR_CONFIG, "\"%s\" is not %s", name, wrong);
			return false;
		}
	}
	if (known == json_object_size(call->in))
		return true;
	api_fail(call, ERR_CONFIG,
		 "the body has fields that this request does not know; "
		 "docs/API.md lists them");
	return false;
}
