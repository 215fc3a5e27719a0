/*
 * wfs_feature - GetFeature: features by KVP, as GML 3.2 or GeoJSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "crypto/check.h"
#include "node/features/instant.h"
#include "node/ogc/feature_json.h"
#include "node/ogc/fes.h"
#include "node/ogc/gml.h"
#include "node/ogc/wfs.h"

struct getting {
	struct web_call *call;
	struct layer layer;
	struct wfs_names names;
	struct feature_query query;
	struct feature_writer writer;
	struct fes fes;
	const char *srs; /* as it was asked for */
	bool swapped;
	bool json, hits, alone, counted, full;
	bool chosen, shown[TABLE_FIELD_MAX], place; /* propertyName */
	int64_t fids[FEATURE_FID_MAX];
	uint64_t start, returned;
	struct buf out; /* the members */
};

static bool get_wrong(struct getting *get, const char *name, const char *value, const char *wanted)
{
	wfs_fail(get->call, 400, "InvalidParameterValue", name, "%s is \"%.100s\"; it is %s", name,
		 value, wanted);
	return false;
}

static bool get_format(struct getting *get)
{
	static const char *const json[] = {OGC_GEOJSON, "application/json", "json", "geojson"};
	static const char *const gml[] = {WFS_GML,
					  "application/gml+xml;version=3.2",
					  "text/xml; subtype=gml/3.2",
					  "text/xml;subtype=gml/3.2",
					  "text/xml; subtype=gml/3.2.1",
					  "gml32",
					  "gml3.2",
					  "gml3",
					  "text/xml",
					  "application/gml+xml"};
	const char *format = wfs_arg(get->call, "OUTPUTFORMAT");

	if (!format)
		return true;
	for (size_t i = 0; i < sizeof(json) / sizeof(*json); i++)
		if (strcasecmp(format, json[i]) == 0)
			return get->json = true;
	for (size_t i = 0; i < sizeof(gml) / sizeof(*gml); i++)
		if (strcasecmp(format, gml[i]) == 0)
			return true;
	return get_wrong(get, "outputFormat", format, WFS_GML " or " OGC_GEOJSON);
}

static bool get_take_number(struct getting *get, const char *name, uint64_t max, uint64_t *out)
{
	const char *value = wfs_arg(get->call, name);

	if (!value)
		return true;
	if (strspn(value, "0123456789") != strlen(value) || strlen(value) > 18)
		return get_wrong(get, name, value, "a number");
	*out = strtoull(value, NULL, 10);
	*out = *out > max ? max : *out;
	return true;
}

static bool get_srs(struct getting *get)
{
	const char *srs = wfs_arg(get->call, "SRSNAME");

	get->srs = srs ? srs : crs_urn(CRS_4326);
	if (crs_parse(bytes_str(get->srs), &get->writer.crs, &get->swapped))
		return get_wrong(get, "srsName", srs,
				 "EPSG:4326, EPSG:25832, EPSG:25833 or CRS84, best as a URN");
	return true;
}

/* "TYPE.7": the type before the last point, the fid behind it. */
static bool split_id(struct bytes id, struct bytes *type, int64_t *fid)
{
	const uint8_t *point = id.len ? memrchr(id.ptr, '.', id.len) : NULL;
	char text[24];

	if (!point)
		return false;
	*type = bytes_slice(id, 0, (size_t)(point - id.ptr));
	struct bytes number = bytes_slice(id, type->len + 1, id.len);
	if (!number.len || number.len > 18)
		return false;
	memcpy(text, number.ptr, number.len);
	text[number.len] = 0;
	if (strspn(text, "0123456789") != number.len)
		return false;
	*fid = strtoll(text, NULL, 10);
	return true;
}

static bool get_ids(struct getting *get, const char *ids)
{
	struct bytes list = bytes_str(ids), one, type;
	int64_t fid;

	while (wfs_next(&list, ',', &one)) {
		if (get->query.fid_count == FEATURE_FID_MAX)
			return get_wrong(get, "featureID", ids, "a list that is too long");
		/* what is of another type is not among the features of this one */
		if (split_id(one, &type, &fid) && bytes_eq(type, bytes_str(get->layer.id)))
			get->fids[get->query.fid_count++] = fid;
	}
	get->query.fids = get->fids;
	return true;
}

/* Four numbers in a system, of which y may stand first; without one that of the type, EPSG:4326. */
static bool get_put_box(struct getting *get, const char *name, const char *value, const double *v,
			struct bytes srs)
{
	enum crs crs = CRS_4326;
	bool swapped = true;

	if (srs.len && crs_parse(srs, &crs, &swapped))
		return get_wrong(get, name, value, "in a reference system that is known here");
	struct box box = {v[swapped], v[!swapped], v[2 + swapped], v[2 + !swapped]};
	if (box.west > box.east || box.south > box.north)
		return get_wrong(get, name, value, "the lower corner, then the upper one");
	get->query.has_box = true;
	get->query.box = box;
	get->query.box_crs = crs == CRS_4326 ? CRS_84 : crs;
	return true;
}

static bool get_bbox(struct getting *get)
{
	const char *value = wfs_arg(get->call, "BBOX");
	struct bytes list = bytes_str(value ? value : ""), one;
	double v[4];
	size_t count = 0;

	if (!value)
		return true;
	while (count < 4 && wfs_next(&list, ',', &one)) {
		char text[64], *end;
		if (!one.len || one.len >= sizeof(text))
			break;
		memcpy(text, one.ptr, one.len);
		text[one.len] = 0;
		v[count] = strtod(text, &end);
		if (*end || !(v[count] >= -1e15 && v[count] <= 1e15))
			break;
		count++;
	}
	if (count < 4)
		return get_wrong(get, "bbox", value,
				 "four numbers with commas between, and a reference system");
	return get_put_box(get, "bbox", value, v, list);
}

static bool get_put_filter(struct getting *get, const char *text)
{
	struct fes *fes = &get->fes;

	if (get->query.has_box && fes->has_box)
		return get_wrong(get, "filter", text, "beside bbox another box");
	if (fes->has_box && !get_put_box(get, "filter", text, fes->box, fes->srs))
		return false;
	for (size_t i = 0; i < fes->equal_count; i++) {
		size_t field = wfs_names_find(&get->names, get->layer.open, fes->equals[i].name);
		if (field == SIZE_MAX)
			return get_wrong(get, "filter", text, "about a property that is not known");
		get->query.filters[get->query.filter_count++] =
			(struct feature_filter){field, fes->equals[i].value};
	}
	return true;
}

static bool get_filter(struct getting *get)
{
	const char *text = wfs_arg(get->call, "FILTER");
	char why[WHY_LEN];
	enum err err;

	if (!text)
		return true;
	err = fes_read(&get->fes, bytes_str(text), why);
	if (!err && get->fes.has_ids && !get_ids(get, (const char *)get->fes.ids.ptr))
		return false;
	if (!err)
		return get_put_filter(get, text);
	if (err == ERR_ABSENT)
		wfs_fail(get->call, 501, "OperationProcessingFailed", "filter",
			 "%s; known are BBOX, PropertyIsEqualTo, And, and ResourceId", why);
	else
		wfs_fail(get->call, 400, "InvalidParameterValue", "filter", "%s", why);
	return false;
}

static bool cuts_word(struct bytes *one, const char *word)
{
	size_t len = strlen(word);

	if (one->len <= len || strncasecmp((const char *)one->ptr + one->len - len, word, len) != 0)
		return false;
	one->len -= len;
	return true;
}

/* "name", "name ASC", "name D"; GDAL writes gml:id for the order of the file. */
static bool get_sort(struct getting *get)
{
	const char *value = wfs_arg(get->call, "SORTBY");
	struct bytes list = bytes_str(value ? value : ""), one;

	while (wfs_next(&list, ',', &one)) {
		bool down = cuts_word(&one, " DESC") || cuts_word(&one, " D");
		if (!down && !cuts_word(&one, " ASC"))
			cuts_word(&one, " A");
		size_t field = wfs_names_find(&get->names, get->layer.open, one);
		if (field == SIZE_MAX && !bytes_eq(one, bytes_str("gml:id")))
			return get_wrong(get, "sortBy", value, "names of properties of this type");
		if (get->query.sort_count == FEATURE_SORT_MAX)
			return get_wrong(get, "sortBy", value, "too many properties");
		get->query.sorts[get->query.sort_count++] = (struct feature_sort){field, down};
	}
	return true;
}

static bool get_properties(struct getting *get)
{
	const char *value = wfs_arg(get->call, "PROPERTYNAME");
	struct bytes list = bytes_str(value ? value : ""), one;

	get->chosen = value && strcmp(value, "*") != 0;
	while (get->chosen && wfs_next(&list, ',', &one)) {
		size_t field = wfs_names_find(&get->names, get->layer.open, one);
		if (bytes_eq(wfs_local(one), bytes_str(WFS_GEOMETRY)))
			get->place = true;
		else if (field == SIZE_MAX)
			return get_wrong(get, "propertyName", value,
					 "names of properties of this type");
		else
			get->shown[field] = true;
	}
	return true;
}

/* The type, told by its name or by the first id. */
static char *type_asked(struct web_call *call, const char *ids)
{
	const char *name = wfs_arg(call, "TYPENAMES");
	struct bytes list, one, type;
	int64_t fid;

	name = name ? name : wfs_arg(call, "TYPENAME");
	if (name)
		return bytes_text(wfs_local(bytes_str(name)));
	list = bytes_str(ids ? ids : "");
	if (wfs_next(&list, ',', &one) && split_id(one, &type, &fid))
		return bytes_text(type);
	return NULL;
}

static bool open_type(struct getting *get, const char *ids)
{
	char *type = type_asked(get->call, ids);
	enum err err;

	if (!type && !ids) {
		wfs_fail(get->call, 400, "MissingParameterValue", "typeNames",
			 "typeNames is missing");
		return false;
	}
	err = type ? layer_get(get->call, type, &get->layer) : ERR_ABSENT;
	free(type);
	if (err && get->alone && err == ERR_ABSENT)
		wfs_fail(get->call, 404, "NotFound", "ID", "there is no feature of this id");
	else if (err)
		wfs_fail_err(get->call, err, ids ? "featureID" : "typeNames");
	if (err)
		return false;
	wfs_names_of(&get->names, get->layer.open);
	feature_writer_of(&get->writer, get->layer.open);
	return true;
}

static const char *ids_asked(struct getting *get, bool *bad)
{
	const char *query = wfs_arg(get->call, "STOREDQUERY_ID"), *ids;

	*bad = false;
	if (!query) {
		ids = wfs_arg(get->call, "RESOURCEID");
		return ids ? ids : wfs_arg(get->call, "FEATUREID");
	}
	ids = wfs_arg(get->call, "ID");
	get->alone = true;
	*bad = true;
	if (strcmp(query, WFS_BY_ID) != 0)
		get_wrong(get, "STOREDQUERY_ID", query, WFS_BY_ID);
	else if (!ids)
		wfs_fail(get->call, 400, "MissingParameterValue", "ID", "ID is missing");
	else
		*bad = false;
	return ids;
}

static bool get_question(struct getting *get)
{
	const char *type = wfs_arg(get->call, "RESULTTYPE"), *ids;
	bool bad;

	get->query.limit = OGC_PAGE_DEFAULT;
	ids = ids_asked(get, &bad);
	if (bad || !get_format(get) || !open_type(get, ids) || !get_srs(get) || !get_bbox(get) ||
	    !get_filter(get) || !get_sort(get) || !get_properties(get) ||
	    !get_take_number(get, "MAXFEATURES", OGC_PAGE_MAX, &get->query.limit) ||
	    !get_take_number(get, "COUNT", OGC_PAGE_MAX, &get->query.limit) ||
	    !get_take_number(get, "STARTINDEX", INT64_MAX, &get->start) ||
	    (ids && !get_ids(get, ids)))
		return false;
	if (type && strcasecmp(type, "hits") != 0 && strcasecmp(type, "results") != 0)
		return get_wrong(get, "resultType", type, "results or hits");
	get->hits = type && strcasecmp(type, "hits") == 0;
	/* the fids of all features are 1, 2, 3 and so on, so nobody has to count up to there */
	if (!get->query.has_box && !get->query.fids && !get->query.filter_count &&
	    !get->query.sort_count)
		get->query.after = (int64_t)get->start;
	else
		get->query.offset = get->start;
	return true;
}

static void get_put_member(struct getting *get, const struct feature_row *row)
{
	char name[LAYER_ID_LEN_MAX + 8], id[LAYER_ID_LEN_MAX + 32], place[sizeof(id) + 8];
	struct xml xml = xml_part(&get->out);

	snprintf(name, sizeof(name), "app:%s", get->layer.id);
	snprintf(id, sizeof(id), "%s.%lld", get->layer.id, (long long)row->fid);
	snprintf(place, sizeof(place), "%s.place", id);
	xml_open(&xml, name);
	if (get->alone) {
		xml_attr(&xml, "xmlns:app", WFS_NAMESPACE);
		xml_attr(&xml, "xmlns:gml", "http://www.opengis.net/gml/3.2");
	}
	xml_attr(&xml, "gml:id", id);
	for (size_t i = 0; i < get->names.count; i++) {
		struct buf text;
		if ((get->chosen && !get->shown[i]) || feature_is_null(row, i))
			continue;
		char element[WFS_NAME_MAX + 8];
		snprintf(element, sizeof(element), "app:%s", get->names.names[i]);
		buf_init(&text, TABLE_VALUES_LEN_MAX);
		feature_put_plain(&text, row, i);
		xml_open(&xml, element);
		xml_text(&xml, buf_bytes(&text));
		xml_close(&xml, element);
		buf_fini(&text);
	}
	if ((!get->chosen || get->place) && !box_is_empty(row->box) &&
	    feature_writer_place(&get->writer, row)) {
		struct gml_form form = {get->srs, get->swapped, crs_digits(get->writer.crs), place};
		xml_open(&xml, "app:" WFS_GEOMETRY);
		gml_put(&xml, &get->writer.geometry, &form);
		xml_close(&xml, "app:" WFS_GEOMETRY);
	}
	/* a feature without a property is no empty element for every reader */
	xml_text(&xml, bytes_str(""));
	xml_close(&xml, name);
}

static bool member_each(void *arg, const struct feature_row *row)
{
	struct getting *get = arg;

	if (get->json) {
		if (get->returned)
			buf_add(&get->out, bytes_str(",\n"));
		feature_writer_put(&get->writer, &get->out, row);
		buf_add_u8(&get->out, '}');
	} else {
		if (!get->alone)
			buf_add(&get->out, bytes_str("<wfs:member>"));
		get_put_member(get, row);
		if (!get->alone)
			buf_add(&get->out, bytes_str("</wfs:member>\n"));
	}
	get->returned++;
	get->full = get->out.len >= OGC_ANSWER_LEN_ENOUGH;
	return !get->out.err && !get->full;
}

/* The address of the page that follows: as this one, from another start. */
static void next_address(struct getting *get, struct buf *out)
{
	const char *name, *value;
	char text[96], sign = '?';
	size_t at = 0;

	web_url(get->call, out, "/wfs");
	while (web_arg_next(get->call, &at, &name, &value)) {
		if (strcasecmp(name, "STARTINDEX") == 0 || strcasecmp(name, "COUNT") == 0)
			continue;
		ogc_put_arg(out, &sign, name, value);
	}
	snprintf(text, sizeof(text), "%cstartIndex=%llu&count=%llu", sign,
		 (unsigned long long)(get->start + get->returned),
		 (unsigned long long)get->query.limit);
	buf_add(out, bytes_str(text));
	buf_add_u8(out, 0);
}

static void get_put_head(struct getting *get, struct buf *out)
{
	char matched[32] = "unknown", returned[32], stamp[INSTANT_TEXT_LEN];
	struct xml xml = xml_begin(out);

	if (get->counted)
		snprintf(matched, sizeof(matched), "%llu", (unsigned long long)get->query.matched);
	snprintf(returned, sizeof(returned), "%llu", (unsigned long long)get->returned);
	instant_text((int64_t)time(NULL) * 1000, stamp);
	xml_open(&xml, "wfs:FeatureCollection");
	xml_attr(&xml, "xmlns:wfs", "http://www.opengis.net/wfs/2.0");
	xml_attr(&xml, "xmlns:gml", "http://www.opengis.net/gml/3.2");
	xml_attr(&xml, "xmlns:app", WFS_NAMESPACE);
	xml_attr(&xml, "timeStamp", stamp);
	xml_attr(&xml, "numberMatched", matched);
	xml_attr(&xml, "numberReturned", returned);
	if (!get->hits && get->counted && get->start + get->returned < get->query.matched &&
	    get->returned) {
		struct buf next;
		buf_init(&next, 65536);
		next_address(get, &next);
		if (!next.err)
			xml_attr(&xml, "next", (const char *)next.ptr);
		buf_fini(&next);
	}
	xml_text(&xml, bytes_str("\n"));
}

static void answer_gml(struct getting *get)
{
	struct buf out;

	buf_init(&out, OGC_ANSWER_LEN_MAX + 65536);
	if (get->alone) {
		xml_begin(&out);
		buf_add(&out, buf_bytes(&get->out));
	} else {
		get_put_head(get, &out);
		buf_add(&out, buf_bytes(&get->out));
		buf_add(&out, bytes_str("</wfs:FeatureCollection>\n"));
	}
	if (get->out.err && !out.err)
		out.err = get->out.err;
	wfs_answer(get->call, WFS_GML, &out);
}

static void answer_geojson(struct getting *get)
{
	char text[256];
	struct buf out;

	buf_init(&out, OGC_ANSWER_LEN_MAX + 65536);
	buf_add(&out, bytes_str("{\"type\":\"FeatureCollection\","));
	if (get->writer.crs == CRS_25832 || get->writer.crs == CRS_25833) {
		snprintf(text, sizeof(text),
			 "\"crs\":{\"type\":\"name\",\"properties\":{\"name\":\"%s\"}},",
			 crs_urn(get->writer.crs));
		buf_add(&out, bytes_str(text));
	}
	if (get->counted) {
		snprintf(text, sizeof(text), "\"numberMatched\":%llu,",
			 (unsigned long long)get->query.matched);
		buf_add(&out, bytes_str(text));
	}
	snprintf(text, sizeof(text), "\"numberReturned\":%llu,\"features\":[\n",
		 (unsigned long long)get->returned);
	buf_add(&out, bytes_str(text));
	buf_add(&out, buf_bytes(&get->out));
	buf_add(&out, bytes_str("\n]}\n"));
	if (get->out.err && !out.err)
		out.err = get->out.err;
	wfs_answer(get->call, OGC_GEOJSON, &out);
}

static void get_answer(struct getting *get)
{
	enum err err;

	get->query.work_ms = OGC_COUNT_MS;
	err = feature_count(get->layer.open, &get->query, &get->query.matched);
	get->counted = !err;
	if (!err || err == ERR_BUSY) {
		get->query.work_ms = OGC_WORK_MS;
		err = get->hits || !get->query.limit
			      ? ERR_OK
			      : feature_select(get->layer.open, &get->query, member_each, get);
	}
	if (err)
		wfs_fail_err(get->call, err, NULL);
	else if (get->alone && !get->returned)
		wfs_fail(get->call, 404, "NotFound", "ID", "there is no feature of this id");
	else if (get->json)
		answer_geojson(get);
	else
		answer_gml(get);
}

void wfs_features(struct web_call *call)
{
	struct getting *get = mem_new(1, sizeof(*get));

	get->call = call;
	layer_init(&get->layer);
	feature_writer_init(&get->writer);
	buf_init(&get->out, OGC_ANSWER_LEN_MAX);
	if (get_question(get))
		get_answer(get);
	buf_fini(&get->out);
	fes_fini(&get->fes);
	wfs_names_fini(&get->names);
	feature_writer_fini(&get->writer);
	layer_fini(&get->layer);
	free(get);
}
