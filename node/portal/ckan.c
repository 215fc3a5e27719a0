#include "node/portal/ckan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/hash.h"
#include "node/index/uuid.h"

/* ---- answers ---- */

static json_t *envelope(struct ckan *ckan, bool success)
{
	char path[200];

	snprintf(path, sizeof(path), "/api/3/action/help_show?name=%.100s", ckan->action);
	return json_pack("{s:o, s:b}", "help", ckan_url(ckan, path), "success", success);
}

void ckan_done(struct ckan *ckan, json_t *result)
{
	json_t *out = envelope(ckan, true);

	json_object_set_new(out, "result", result);
	web_json(ckan->call, 200, out);
}

void ckan_refuse(struct ckan *ckan, unsigned status, json_t *error)
{
	json_t *out = envelope(ckan, false);

	json_object_set_new(out, "error", error);
	web_json(ckan->call, status, out);
}

void ckan_absent(struct ckan *ckan)
{
	ckan_refuse(ckan, 404,
		    json_pack("{s:s, s:s}", "__type", "Not Found Error", "message", "Not found"));
}

void ckan_invalid(struct ckan *ckan, const char *field, const char *what)
{
	ckan_refuse(ckan, 409,
		    json_pack("{s:s, s:[o]}", "__type", "Validation Error", field,
			      ckan_str(bytes_str(what))));
}

void ckan_bad_query(struct ckan *ckan, const char *what)
{
	ckan_refuse(ckan, 400,
		    json_pack("{s:s, s:o}", "__type", "Search Query Error", "message",
			      ckan_str(bytes_str(what))));
}

void ckan_failed(struct ckan *ckan, enum err err, const char *why)
{
	if (err == ERR_ABSENT)
		ckan_absent(ckan);
	else if (err == ERR_CONFIG)
		ckan_bad_query(ckan, why);
	else if (err == ERR_BUSY)
		web_busy_later(ckan->call, 10, "this took too long");
	else
		web_busy_later(ckan->call, 10, "the index is being made");
}

/* ---- what JSON is made of ---- */

json_t *ckan_str(struct bytes text)
{
	json_t *out = json_stringn(text.len ? (const char *)text.ptr : "", text.len);

	return out ? out : json_string("");
}

json_t *ckan_time(int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[64];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + len, sizeof(text) - len, ".%03d000", (int)(ms % 1000));
	return json_string(text);
}

json_t *ckan_url(struct ckan *ckan, const char *path)
{
	struct buf url;

	buf_init(&url, 16384);
	web_url(ckan->call, &url, path);
	json_t *out = ckan_str(buf_bytes(&url));
	buf_fini(&url);
	return out;
}

void ckan_uuid(char out[INDEX_UUID_LEN + 1], const char *kind, const char *name)
{
	struct hash hash;
	uint8_t digest[ID_LEN];

	hash_init_plain(&hash);
	hash_add(&hash, bytes_of(kind, strlen(kind) + 1));
	hash_add(&hash, bytes_str(name));
	hash_done(&hash, digest, sizeof(digest));
	uuid_make(out, digest);
}

/* Whether two dashes for each slash can be turned back. */
static bool path_is_plain(const char *path)
{
	size_t len = strlen(path);

	for (const char *at = path; *at; at++)
		len += *at == '/';
	return len <= CKAN_NAME_LEN_MAX && !strchr(path, '.') && !strchr(path, '~') &&
	       !strstr(path, "--") && !strstr(path, "-/") && !strstr(path, "/-") &&
	       !strstr(path, "_-");
}

void ckan_name(char out[CKAN_NAME_LEN_MAX + 1], const char *path, const char *uuid)
{
	bool plain = path_is_plain(path);
	size_t max = plain ? CKAN_NAME_LEN_MAX : CKAN_NAME_LEN_MAX - 10, len = 0;

	for (const char *at = path; *at && len + 2 <= max + 1; at++) {
		if (*at == '/' && plain)
			out[len++] = '-';
		if (len < max)
			out[len++] = *at == '/' || *at == '~' ? '-' : *at == '.' ? '_' : *at;
	}
	out[len] = '\0';
	if (!plain)
		snprintf(out + len, CKAN_NAME_LEN_MAX + 1 - len, "_-%.8s", uuid);
}

void ckan_path(char out[LIMIT_PATH_LEN_MAX + 1], struct bytes name)
{
	size_t len = 0;

	for (size_t i = 0; i < name.len && len < LIMIT_PATH_LEN_MAX; i++) {
		bool slash = i + 1 < name.len && name.ptr[i] == '-' && name.ptr[i + 1] == '-';

		out[len++] = slash ? '/' : (char)name.ptr[i];
		i += slash;
	}
	out[len] = '\0';
}

void ckan_group_name(char out[32], const char *code)
{
	size_t len = 0;

	for (; code[len] && len < 31; len++)
		out[len] = code[len] >= 'A' && code[len] <= 'Z' ? (char)(code[len] - 'A' + 'a')
								: code[len];
	out[len] = '\0';
}

/* ---- arguments ---- */

const char *ckan_text(struct ckan *ckan, const char *name)
{
	json_t *value = json_object_get(ckan->in, name);

	if (value && !json_is_string(value) && !json_is_null(value))
		ckan_invalid(ckan, name, "Must be a text, and there once");
	return json_string_value(value);
}

const char *ckan_need(struct ckan *ckan, const char *name)
{
	const char *text = ckan_text(ckan, name);

	if ((!text || !*text) && !web_answered(ckan->call))
		ckan_invalid(ckan, name, "Missing value");
	return text && *text ? text : NULL;
}

bool ckan_uint(struct ckan *ckan, const char *name, uint64_t max, uint64_t *out)
{
	json_t *value = json_object_get(ckan->in, name);
	const char *text = json_string_value(value);
	json_int_t number = json_integer_value(value);
	char *end = NULL;

	if (!value || json_is_null(value))
		return true;
	if (text)
		number = strtoll(text, &end, 10);
	if ((!text && !json_is_integer(value)) || (text && (end == text || *end)) || number < 0 ||
	    (uint64_t)number > max) {
		ckan_invalid(ckan, name, "Must be a natural number");
		return false;
	}
	*out = (uint64_t)number;
	return true;
}

bool ckan_bool(struct ckan *ckan, const char *name, bool *out)
{
	json_t *value = json_object_get(ckan->in, name);
	const char *text = json_string_value(value);
	static const char *const words[] = {"false", "False", "0", "no",
					    "true",  "True",  "1", "yes"};

	if (json_is_boolean(value))
		*out = json_is_true(value);
	for (size_t i = 0; text && i < 8; i++) {
		if (strcmp(text, words[i]))
			continue;
		*out = i >= 4;
		return true;
	}
	if (value && !json_is_boolean(value) && !json_is_null(value)) {
		ckan_invalid(ckan, name, "Must be true or false");
		return false;
	}
	return true;
}

static json_t *names_split(const char *text)
{
	json_t *list = json_array();

	while (*text) {
		size_t len = strcspn(text, ", ");

		if (len)
			json_array_append_new(list, json_stringn(text, len));
		text += len + (text[len] != '\0');
	}
	return list;
}

json_t *ckan_list(struct ckan *ckan, const char *name)
{
	json_t *value = json_object_get(ckan->in, name), *list, *one;
	const char *text = json_string_value(value);
	size_t i;

	if (!value || json_is_null(value))
		return json_array();
	if (text && *text == '[')
		list = json_loads(text, 0, NULL);
	else
		list = text ? names_split(text) : json_incref(value);
	bool right = json_is_array(list) && json_array_size(list) <= INDEX_FILTER_COUNT_MAX;
	json_array_foreach(list, i, one) right = right && json_is_string(one);
	if (right)
		return list;
	json_decref(list);
	ckan_invalid(ckan, name, "Must be a name or a list of names");
	return NULL;
}
