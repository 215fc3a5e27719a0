#include "test/proto/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/id.h"

enum { VECTOR_LEN_MAX = 1 << 20 };

void vectors_path(const struct vectors *vectors, char out[200], const char *name)
{
	size_t from = strlen(vectors->folder);

	snprintf(out, 200, "%s%s.json", vectors->folder, name);
	for (char *p = out + from; *p; p++)
		*p = *p == '_' ? '-' : *p;
}

static void file_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "%s\n", text);
	assert_int_equal(fclose(file), 0);
}

static void file_compare(const char *path, const char *text)
{
	size_t len = strlen(text) + 1;
	char *there = mem_new(1, len + 2);
	FILE *file = fopen(path, "r");

	if (!file)
		fail_msg("%s is not there: make it with --write", path);
	size_t got = fread(there, 1, len + 2, file);
	fclose(file);
	if (got != len || memcmp(there, text, len - 1) != 0)
		fail_msg("%s is not what is made now: if that is meant, --write", path);
	free(there);
}

void vectors_same(const struct vectors *vectors, const char *name, json_t *json)
{
	char path[200], *text = json_dumps(json, JSON_INDENT(1) | JSON_PRESERVE_ORDER);

	assert_non_null(text);
	vectors_path(vectors, path, name);
	if (vectors->writes)
		file_write(path, text);
	else
		file_compare(path, text);
	free(text);
	json_decref(json);
}

/* The words of docs/vectors/README.md. */
static const char *verdict_of(enum err err)
{
	return err == ERR_OK          ? "accepted"
	       : err == ERR_MALFORMED ? "malformed"
	       : err == ERR_VERSION   ? "not known"
	       : err == ERR_FULL      ? "too long"
	       : err == ERR_DENIED    ? "denied"
	       : err == ERR_PROTOCOL  ? "does not fit"
	       : err == ERR_CORRUPT   ? "other bytes"
	       : err == ERR_AGAIN     ? "waits"
	       : err == ERR_ABSENT    ? "no author"
	       : err == ERR_NOSPACE   ? "above the quota"
				      : "?";
}

void vectors_case(const struct vectors *vectors, const char *name, const char *about,
		  struct bytes in, enum err wants, enum err found, json_t *more)
{
	if (found != wants)
		fail_msg("%s%s: %s", vectors->folder, name, err_text(found));
	json_t *json = json_pack("{s:s, s:o, s:s}", "about", about, "bytes", vectors_hex(in),
				 "verdict", verdict_of(wants));
	if (more) {
		json_object_update(json, more);
		json_decref(more);
	}
	vectors_same(vectors, name, json);
}

json_t *vectors_load(const struct vectors *vectors, const char *name)
{
	char path[200];

	vectors_path(vectors, path, name);
	json_t *json = json_load_file(path, 0, NULL);
	assert_non_null(json);
	return json;
}

json_t *vectors_hex(struct bytes b)
{
	char *text = mem_new(2 * b.len + 1, 1);

	hex_put(text, b);
	json_t *json = json_string(text);
	free(text);
	return json;
}

struct buf vectors_bytes(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));
	struct buf out;

	assert_non_null(text);
	size_t len = strlen(text) / 2;
	buf_init(&out, VECTOR_LEN_MAX);
	assert_int_equal(hex_get(buf_space(&out, len), len, text), ERR_OK);
	return out;
}
