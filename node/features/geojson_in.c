#include "node/features/geojson_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"

#define MEMBER_LEN_MAX (64u * 1024) /* of a "crs" or an id, as JSON */

struct geojson {
	struct json_scan scan;
	struct table_make *make;
	enum crs crs;
	bool crs_told; /* a "crs" was found, or the caller knows it from the pass before */
	bool again;    /* it stands behind features that were read without it */
	bool features; /* the file says of itself that it is GeoJSON */
	struct buf key, name, raw, value;
};

/* {"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::25833"}}, or null. */
static void geojson_crs(struct geojson *in)
{
	static const char before[] = "\"name\":\"";
	enum crs crs = CRS_84;
	bool swapped;

	buf_reset(&in->raw);
	json_scan_value(&in->scan, &in->raw);
	buf_add_u8(&in->raw, 0);
	if (in->scan.err || strcmp((char *)in->raw.ptr, "null") == 0)
		return;
	const char *name = strstr((char *)in->raw.ptr, before);
	if (name) {
		name += strlen(before);
		struct bytes text = bytes_of(name, strcspn(name, "\""));
		name = crs_parse(text, &crs, &swapped) ? NULL : name;
	}
	if (!name) {
		table_make_fault(in->make, ERR_MALFORMED,
				 "the file names a reference system that is not known here; known "
				 "are CRS84, EPSG:4326, EPSG:25832 and EPSG:25833");
		return;
	}
	in->again = !in->crs_told && crs != in->crs && table_make_count(in->make) > 0;
	in->crs = crs;
	in->crs_told = true;
}

static void geojson_properties(struct geojson *in)
{
	struct json_scan *scan = &in->scan;

	if (json_scan_peek(scan) == 'n') {
		json_scan_value(scan, NULL);
		return;
	}
	json_scan_open(scan, '{');
	while (json_scan_key(scan, &in->name)) {
		buf_reset(&in->value);
		json_scan_value(scan, &in->value);
		size_t field = table_make_field(in->make, buf_bytes(&in->name));
		table_make_value(in->make, field, buf_bytes(&in->value));
	}
}

static void geojson_place(struct geojson *in)
{
	buf_reset(&in->raw);
	json_scan_value(&in->scan, &in->raw);
	buf_add_u8(&in->raw, 0);
	if (in->raw.err)
		table_make_fault(in->make, in->raw.err, "feature %llu: the geometry is too long",
				 (unsigned long long)table_make_count(in->make) + 1);
	else if (!in->scan.err)
		table_make_place(in->make, (char *)in->raw.ptr, in->crs);
}

static void geojson_id(struct geojson *in)
{
	if (json_scan_peek(&in->scan) == '"') {
		json_scan_string(&in->scan, &in->value);
	} else {
		buf_reset(&in->value);
		json_scan_value(&in->scan, &in->value);
	}
	if (!in->scan.err && in->value.len && !strchr("{[", in->value.ptr[0]))
		table_make_id(in->make, buf_bytes(&in->value));
}

static bool geojson_key_is(const struct geojson *in, const char *name)
{
	return bytes_eq(buf_bytes(&in->key), bytes_str(name));
}

/* The members of a feature that is open. */
static void geojson_feature(struct geojson *in)
{
	while (json_scan_key(&in->scan, &in->key) && !table_make_err(in->make)) {
		if (geojson_key_is(in, "properties"))
			geojson_properties(in);
		else if (geojson_key_is(in, "geometry"))
			geojson_place(in);
		else if (geojson_key_is(in, "id"))
			geojson_id(in);
		else
			json_scan_value(&in->scan, NULL);
	}
	if (!in->scan.err)
		table_make_next(in->make);
}

static void geojson_features(struct geojson *in)
{
	json_scan_open(&in->scan, '[');
	while (!table_make_err(in->make) && json_scan_item(&in->scan)) {
		json_scan_open(&in->scan, '{');
		geojson_feature(in);
	}
}

/* One document of the stream; what it is, its type says, which may come last. */
static void geojson_document(struct geojson *in)
{
	struct json_scan *scan = &in->scan;
	struct buf *type = &in->value;
	bool feature = false, collection = false;

	json_scan_open(scan, '{');
	while (!table_make_err(in->make) && json_scan_key(scan, &in->key)) {
		if (geojson_key_is(in, "type") && json_scan_peek(scan) == '"') {
			json_scan_string(scan, type);
			feature |= bytes_eq(buf_bytes(type), bytes_str("Feature"));
			in->features |= feature ||
					bytes_eq(buf_bytes(type), bytes_str("FeatureCollection"));
		} else if (geojson_key_is(in, "features") && json_scan_peek(scan) == '[') {
			collection = true;
			geojson_features(in);
		} else if (geojson_key_is(in, "crs")) {
			geojson_crs(in);
		} else if (geojson_key_is(in, "properties") && json_scan_peek(scan) == '{') {
			geojson_properties(in);
		} else if (geojson_key_is(in, "geometry")) {
			geojson_place(in);
		} else if (geojson_key_is(in, "id")) {
			geojson_id(in);
		} else {
			json_scan_value(scan, NULL);
		}
	}
	if (feature && !collection && !scan->err)
		table_make_next(in->make);
}

static void geojson_all(struct geojson *in)
{
	struct json_scan *scan = &in->scan;

	while (!table_make_err(in->make) && json_scan_between(scan)) {
		if (json_scan_peek(scan) != '{') {
			in->features = false;
			break;
		}
		geojson_document(in);
	}
	if (scan->err)
		table_make_fault(in->make, scan->err, "the file is not in order: %s", scan->why);
	else if (!in->features)
		table_make_fault(in->make, ERR_ABSENT, "the file is no GeoJSON");
}

/* Reads the stream once. */
static void geojson_pass(struct geojson *in, const struct geojson_source *source, const char *path,
			 const struct table_limits *limits)
{
	json_scan_init(&in->scan, source->read, source->arg);
	in->again = in->features = false;
	in->make = table_make_begin(path, limits);
	geojson_all(in);
	json_scan_fini(&in->scan);
}

/* Whether a file that was not in order as it stood has a "crs" behind its features. */
static bool geojson_find_crs(struct geojson *in, const struct geojson_source *source)
{
	if (in->crs_told || table_make_err(in->make) != ERR_MALFORMED ||
	    !source->rewind(source->arg))
		return false;
	json_scan_init(&in->scan, source->read, source->arg);
	if (json_scan_peek(&in->scan) == '{') {
		json_scan_open(&in->scan, '{');
		while (!in->crs_told && json_scan_key(&in->scan, &in->key)) {
			if (geojson_key_is(in, "crs"))
				geojson_crs(in);
			else
				json_scan_value(&in->scan, NULL);
		}
	}
	json_scan_fini(&in->scan);
	return in->crs_told;
}

enum err geojson_table(const struct geojson_source *source, const char *path,
		       const struct table_limits *limits, struct table_about *about,
		       struct table_keep **kept, char *why)
{
	struct geojson in = {.crs = CRS_84};
	enum err err;

	buf_init(&in.key, JSON_SCAN_KEY_LEN_MAX + 2);
	buf_init(&in.name, JSON_SCAN_KEY_LEN_MAX + 2);
	buf_init(&in.raw, GEOMETRY_TEXT_LEN_MAX);
	buf_init(&in.value, TABLE_VALUES_LEN_MAX);
	geojson_pass(&in, source, path, limits);
	if ((in.again || geojson_find_crs(&in, source)) && source->rewind(source->arg)) {
		table_make_fault(in.make, ERR_AGAIN, "the reference system stands at the end");
		table_make_end(in.make, about, kept, why);
		geojson_pass(&in, source, path, limits);
	}
	err = table_make_end(in.make, about, kept, why);
	buf_fini(&in.key);
	buf_fini(&in.name);
	buf_fini(&in.raw);
	buf_fini(&in.value);
	return err;
}
