/*
 * wfs - /wfs: which operation is asked for, by KVP; and what is wrong with the question.
 */
#include "node/ogc/wfs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto/check.h"

const char *wfs_arg(struct web_call *call, const char *name)
{
	const char *one, *value;
	size_t at = 0;

	while (web_arg_next(call, &at, &one, &value))
		if (strcasecmp(one, name) == 0 && *value)
			return value;
	return NULL;
}

void wfs_answer(struct web_call *call, const char *type, struct buf *taken)
{
	if (taken->err) {
		buf_fini(taken);
		wfs_fail(call, 500, "NoApplicableCode", NULL, "the answer is too long");
		return;
	}
	web_text(call, 200, type, taken);
}

void wfs_fail(struct web_call *call, unsigned status, const char *code, const char *locator,
	      const char *format, ...)
{
	char text[WHY_LEN];
	struct buf out;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_init(&out, 16384);
	struct xml xml = xml_begin(&out);
	xml_open(&xml, "ows:ExceptionReport");
	xml_attr(&xml, "xmlns:ows", "http://www.opengis.net/ows/1.1");
	xml_attr(&xml, "version", "2.0.0");
	xml_open(&xml, "ows:Exception");
	xml_attr(&xml, "exceptionCode", code);
	if (locator)
		xml_attr(&xml, "locator", locator);
	xml_leaf(&xml, "ows:ExceptionText", text);
	xml_close(&xml, "ows:Exception");
	xml_close(&xml, "ows:ExceptionReport");
	web_text(call, status, WFS_XML, &out);
}

void wfs_fail_err(struct web_call *call, enum err err, const char *locator)
{
	if (err == ERR_ABSENT || err == ERR_MALFORMED) {
		wfs_fail(call, 400, "InvalidParameterValue", locator,
			 "there is nothing of this name");
	} else if (err == ERR_AGAIN || err == ERR_BUSY) {
		web_set(call, "Retry-After", "5");
		wfs_fail(call, 503, "NoApplicableCode", locator,
			 err == ERR_AGAIN ? "this is being made ready; ask again in a moment"
					  : "the question takes too long; ask for less");
	} else {
		wfs_fail(call, 500, "NoApplicableCode", locator, "%s", err_text(err));
	}
}

bool wfs_next(struct bytes *list, char sign, struct bytes *one)
{
	if (!list->len)
		return false;
	const uint8_t *end = memchr(list->ptr, sign, list->len);
	*one = bytes_slice(*list, 0, end ? (size_t)(end - list->ptr) : list->len);
	*list = bytes_slice(*list, one->len + 1, list->len);
	while (one->len && one->ptr[0] == ' ')
		*one = bytes_slice(*one, 1, one->len);
	while (one->len && one->ptr[one->len - 1] == ' ')
		one->len--;
	return true;
}

struct bytes wfs_local(struct bytes name)
{
	const uint8_t *colon = name.len ? memchr(name.ptr, ':', name.len) : NULL;

	return colon ? bytes_slice(name, (size_t)(colon - name.ptr) + 1, name.len) : name;
}

static bool name_taken(const struct wfs_names *names, const char *name)
{
	if (strcmp(name, WFS_GEOMETRY) == 0)
		return true;
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->names[i], name) == 0)
			return true;
	return false;
}

void wfs_names_of(struct wfs_names *names, const struct feature_table *table)
{
	size_t count;
	const struct table_field *fields = feature_table_fields(table, &count);
	struct buf name;

	names->count = 0;
	for (size_t i = 0; i < count; i++) {
		buf_init(&name, WFS_NAME_MAX);
		xml_name(&name, bytes_str(fields[i].name));
		for (unsigned n = 2; !name.err && name_taken(names, (char *)name.ptr); n++) {
			char more[16];
			buf_reset(&name);
			xml_name(&name, bytes_str(fields[i].name));
			int len = snprintf(more, sizeof(more), "_%u", n);
			buf_add(&name, bytes_of(more, (size_t)len + 1));
			name.len--;
		}
		names->names[names->count++] = mem_str(name.err ? "_" : (char *)name.ptr);
		buf_fini(&name);
	}
}

void wfs_names_fini(struct wfs_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	names->count = 0;
}

size_t wfs_names_find(const struct wfs_names *names, const struct feature_table *table,
		      struct bytes name)
{
	for (size_t i = 0; i < names->count; i++)
		if (bytes_eq(bytes_str(names->names[i]), wfs_local(name)))
			return i;
	return feature_table_field(table, name);
}

/* The version that is spoken stands in VERSION, or among those that the client accepts. */
static bool wfs_version_fits(struct web_call *call, bool capabilities)
{
	const char *version = wfs_arg(call, "VERSION"), *accepted = wfs_arg(call, "ACCEPTVERSIONS");
	struct bytes list, one;

	if (accepted && capabilities) {
		list = bytes_str(accepted);
		while (wfs_next(&list, ',', &one))
			if (one.len >= 3 && memcmp(one.ptr, "2.0", 3) == 0)
				return true;
		wfs_fail(call, 400, "VersionNegotiationFailed", "acceptversions",
			 "this server speaks version 2.0.0");
		return false;
	}
	if (!version || capabilities || strncmp(version, "2.0", 3) == 0)
		return true;
	wfs_fail(call, 400, "InvalidParameterValue", "version",
		 "version is \"%.40s\"; this server speaks 2.0.0", version);
	return false;
}

static void wfs_serve(struct web_call *call)
{
	static const char *const unknown[] = {"ALIASES", "CQL_FILTER"};
	const char *service = wfs_arg(call, "SERVICE"), *request = wfs_arg(call, "REQUEST");

	if (service && strcasecmp(service, "WFS") != 0) {
		wfs_fail(call, 400, "InvalidParameterValue", "service",
			 "service is \"%.40s\"; here it is WFS", service);
		return;
	}
	if (!request) {
		wfs_fail(call, 400, "MissingParameterValue", "request",
			 "request is missing; begin with service=WFS&request=GetCapabilities");
		return;
	}
	if (!wfs_version_fits(call, strcasecmp(request, "GetCapabilities") == 0))
		return;
	/* what would narrow the answer and is not understood must not widen it */
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
		if (wfs_arg(call, unknown[i])) {
			wfs_fail(call, 501, "OptionNotSupported", unknown[i],
				 "%s is not understood here; use filter, bbox, featureID, or ask "
				 "OGC API Features at /ogc",
				 unknown[i]);
			return;
		}
	if (strcasecmp(request, "GetCapabilities") == 0)
		wfs_capabilities(call);
	else if (strcasecmp(request, "DescribeFeatureType") == 0)
		wfs_describe(call);
	else if (strcasecmp(request, "GetFeature") == 0)
		wfs_features(call);
	else if (strcasecmp(request, "ListStoredQueries") == 0)
		wfs_queries(call, false);
	else if (strcasecmp(request, "DescribeStoredQueries") == 0)
		wfs_queries(call, true);
	else
		wfs_fail(call, 501, "OperationNotSupported", "request",
			 "request is \"%.60s\"; known are GetCapabilities, DescribeFeatureType, "
			 "GetFeature, ListStoredQueries and DescribeStoredQueries",
			 request);
}

const struct route wfs_routes[] = {
	{HTTP_GET, "/wfs", .who = WHO_ANYONE, .serve = wfs_serve,
	 .params = PARAMS({"*", "string", "as WFS 2.0 has them for GET, in any case of letters"}),
	 .answers = "text/xml " OGC_GEOJSON, .about = "the same features by WFS 2.0.0"},
	{0},
};
