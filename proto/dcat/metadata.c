#include "proto/dcat/metadata.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crypto/check.h"
#include "crypto/utf8.h"
#include "proto/content/form.h"
#include "proto/dcat/mojibake.h"
#include "proto/dcat/vocab.h"

enum value {
	VALUE_TEXT,
	VALUE_CODE,        /* of a vocabulary */
	VALUE_CONTRIBUTOR, /* an IRI, of the vocabulary or of another list */
	VALUE_ISSUED,
	VALUE_MODIFIED,
	VALUE_BBOX,
};

struct name {
	const char *object, *name; /* object NULL: at the top */
	enum description_key key;
	enum value value;
	size_t at, count_at; /* in struct description; count_at 0: no list */
	uint32_t len_max, count_max;
	enum vocab vocab;
	bool lines;
	bool (*form)(struct bytes text);
	const char *wants; /* what has the form, for sentences */
};

#define AT(member) .at = offsetof(struct description, member)
#define LIST(member, count, max)                                                                   \
	AT(member), .count_at = offsetof(struct description, count), .count_max = (max)
#define CODE(v) .value = VALUE_CODE, .vocab = (v), .len_max = LIMIT_IRI_LEN_MAX
#define IRI     .form = form_iri, .len_max = LIMIT_IRI_LEN_MAX, .wants = "a URL"
#define DATE                                                                                       \
	.form = form_date, .len_max = FORM_DATE_LEN_MAX,                                           \
	.wants = "a date such as 2026, 2026-05, 2026-05-31 or 2026-05-31T12:00:00Z"

static const struct name names[] = {
	{NULL, "title", DESCRIPTION_TITLE, AT(title), .len_max = LIMIT_TITLE_LEN_MAX},
	{NULL, "description", DESCRIPTION_TEXT, AT(text), .len_max = LIMIT_DESCRIPTION_LEN_MAX,
	 .lines = true},
	{NULL, "keywords", DESCRIPTION_KEYWORDS,
	 LIST(keywords, keyword_count, LIMIT_KEYWORD_COUNT_MAX), .len_max = LIMIT_NAME_LEN_MAX},
	{NULL, "themes", DESCRIPTION_THEME, LIST(themes, theme_count, LIMIT_THEME_COUNT_MAX),
	 CODE(VOCAB_THEME)},
	{NULL, "license", DESCRIPTION_LICENSE, AT(license), CODE(VOCAB_LICENSE)},
	{NULL, "attribution", DESCRIPTION_ATTRIBUTION, AT(attribution),
	 .len_max = LIMIT_TITLE_LEN_MAX},
	{"publisher", "name", DESCRIPTION_PUBLISHER, AT(publisher), .len_max = LIMIT_NAME_LEN_MAX},
	{"publisher", "url", DESCRIPTION_PUBLISHER_URL, AT(publisher_url), IRI},
	{"contact", "name", DESCRIPTION_CONTACT_NAME, AT(contact_name),
	 .len_max = LIMIT_TITLE_LEN_MAX},
	{"contact", "email", DESCRIPTION_CONTACT_EMAIL, AT(contact_email), .form = form_email,
	 .len_max = LIMIT_EMAIL_LEN_MAX, .wants = "a mail address"},
	{"contact", "url", DESCRIPTION_CONTACT_URL, AT(contact_url), IRI},
	{"contact", "phone", DESCRIPTION_CONTACT_PHONE, AT(contact_phone), .form = form_phone,
	 .len_max = LIMIT_PHONE_LEN_MAX, .wants = "a telephone number such as +49 3521 725-0"},
	{"place", "key", DESCRIPTION_PLACE_KEY, AT(place_key), .form = form_place,
	 .len_max = FORM_PLACE_LEN_MAX,
	 .wants = "a key of 8 (AGS), 12 (regional key), 2, 3, 5 or 9 digits"},
	{"place", "name", DESCRIPTION_PLACE_NAME, AT(place_name), .len_max = LIMIT_NAME_LEN_MAX},
	{"place", "bbox", DESCRIPTION_BBOX, .value = VALUE_BBOX},
	{"time", "from", DESCRIPTION_FROM, AT(from), DATE},
	{"time", "to", DESCRIPTION_TO, AT(to), DATE},
	{NULL, "frequency", DESCRIPTION_FREQUENCY, AT(frequency), CODE(VOCAB_FREQUENCY)},
	{NULL, "identifier", DESCRIPTION_IDENTIFIER, AT(identifier), .len_max = LIMIT_IRI_LEN_MAX},
	{NULL, "issued", DESCRIPTION_ISSUED, .value = VALUE_ISSUED, DATE},
	{NULL, "modified", DESCRIPTION_MODIFIED, .value = VALUE_MODIFIED, DATE},
	{NULL, "hvd_categories", DESCRIPTION_HVD, LIST(hvd, hvd_count, LIMIT_HVD_COUNT_MAX),
	 CODE(VOCAB_HVD)},
	{NULL, "legislation", DESCRIPTION_LEGISLATION,
	 LIST(legislation, legislation_count, LIMIT_LEGISLATION_COUNT_MAX), IRI},
	{NULL, "political_level", DESCRIPTION_LEVEL, AT(level), CODE(VOCAB_LEVEL)},
	{NULL, "contributor_ids", DESCRIPTION_CONTRIBUTORS,
	 LIST(contributors, contributor_count, LIMIT_CONTRIBUTOR_COUNT_MAX),
	 .value = VALUE_CONTRIBUTOR, .vocab = VOCAB_CONTRIBUTOR, .len_max = LIMIT_IRI_LEN_MAX},
	{NULL, "languages", DESCRIPTION_LANGUAGES,
	 LIST(languages, language_count, LIMIT_LANGUAGE_COUNT_MAX), CODE(VOCAB_LANGUAGE)},
	{NULL, "landing_page", DESCRIPTION_LANDING_PAGE, AT(landing_page), IRI},
	{NULL, "access_rights", DESCRIPTION_ACCESS, AT(access), CODE(VOCAB_ACCESS)},
	{NULL, "availability", DESCRIPTION_AVAILABILITY, AT(availability),
	 CODE(VOCAB_AVAILABILITY)},
	{NULL, "provenance", DESCRIPTION_PROVENANCE, AT(provenance),
	 .len_max = LIMIT_PROVENANCE_LEN_MAX, .lines = true},
};
#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

struct reading { /* of one value */
	struct metadata *out;
	const struct name *name;
	char *why;
	char label[48]; /* as people have written it: "contact.email" */
};

__attribute__((format(printf, 2, 3))) static enum err value_refuse(const struct reading *r,
								   const char *format, ...)
{
	char what[WHY_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(r->why, WHY_LEN, "\"%s\": %.400s", r->label, what);
	return ERR_CONFIG;
}

/* ---- one text ---- */

static struct bytes string_of(const json_t *value)
{
	return bytes_of(json_string_value(value), json_string_length(value));
}

/* Some of the text, from a place on or a little before it, for a sentence. */
static struct bytes some_of(struct bytes text, size_t at)
{
	size_t from = at > 20 ? at - 20 : 0;

	while (from > 0 && (text.ptr[from] & 0xc0) == 0x80)
		from--;
	return utf8_cut(bytes_slice(text, from, text.len), 60);
}

static enum err mojibake_refuse(const struct reading *r, struct bytes text)
{
	struct mojibake found;
	char meant[32] = "";

	if (!mojibake_find(text, &found))
		return ERR_OK;
	struct bytes some = some_of(text, found.at);
	if (found.meant[0])
		snprintf(meant, sizeof(meant), ", where \"%s\" was meant", found.meant);
	return value_refuse(
		r,
		"there is \"%.*s\" at character %zu (\"%.*s\")%s: the text went through a "
		"wrong encoding on its way here; write it again as UTF-8",
		(int)found.len, (const char *)text.ptr + found.at, found.letter, (int)some.len,
		(const char *)some.ptr, meant);
}

static enum err vocab_refuse(const struct reading *r, struct bytes text)
{
	const struct vocab_term *nearest[3];
	const size_t count = vocab_nearest(r->name->vocab, text, nearest, 3);
	const struct bytes some = utf8_cut(text, 80);
	char list[300] = "";

	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(list);

		snprintf(list + len, sizeof(list) - len, "%s%s (%.60s)", i ? ", " : "",
			 nearest[i]->code, nearest[i]->en);
	}
	return value_refuse(r, "\"%.*s\" is no %s; the nearest are %s", (int)some.len,
			    (const char *)some.ptr, vocab_name(r->name->vocab), list);
}

/* A code of the vocabulary, however it was written. */
static enum err term_take(const struct reading *r, struct bytes *text)
{
	const struct vocab_term *term = vocab_find(r->name->vocab, *text);

	if (!term)
		return vocab_refuse(r, *text);
	*text = bytes_str(term->code);
	return ERR_OK;
}

static enum err contributor_take(const struct reading *r, struct bytes *text)
{
	const char *base = vocab_base(VOCAB_CONTRIBUTOR);
	const struct vocab_term *term = vocab_find(VOCAB_CONTRIBUTOR, *text);
	bool theirs = text->len >= strlen(base) && !memcmp(text->ptr, base, strlen(base));

	if (!term && (theirs || !form_iri(*text)))
		return vocab_refuse(r, *text);
	if (term)
		*text = bytes_str(term->iri);
	return ERR_OK;
}

static enum err string_take(const struct reading *r, const json_t *value, struct bytes *out)
{
	const struct name *name = r->name;
	struct bytes text = string_of(value);

	if (!json_is_string(value))
		return value_refuse(r, "this is not a text");
	enum err err = mojibake_refuse(r, text);
	if (err)
		return err;
	if (!utf8_check(text, name->lines))
		return value_refuse(r, "there is a control character in it%s",
				    name->lines ? "" : ", perhaps a tab or the end of a line");
	if (text.len > name->len_max)
		return value_refuse(r, "it has %zu bytes, and %u are allowed", text.len,
				    name->len_max);
	if (name->form && !name->form(text)) {
		struct bytes some = utf8_cut(text, 80);

		return value_refuse(r, "\"%.*s\" is not %s", (int)some.len, (const char *)some.ptr,
				    name->wants);
	}
	if (name->value == VALUE_CODE)
		err = term_take(r, &text);
	else if (name->value == VALUE_CONTRIBUTOR)
		err = contributor_take(r, &text);
	*out = text;
	return err;
}

/* ---- one value ---- */

static bool says_nothing(const json_t *value)
{
	return (json_is_string(value) && json_string_length(value) == 0) ||
	       (json_is_array(value) && json_array_size(value) == 0) ||
	       (json_is_object(value) && json_object_size(value) == 0);
}

/* A single text is a list of one. Twice the same is once. */
static enum err texts_take(const struct reading *r, const json_t *value)
{
	const struct name *name = r->name;
	uint8_t *d = (uint8_t *)&r->out->said;
	struct bytes *list = (struct bytes *)(void *)(d + name->at), text;
	uint32_t *count = (uint32_t *)(void *)(d + name->count_at);
	size_t all = json_is_array(value) ? json_array_size(value) : 1;

	if (all > name->count_max)
		return value_refuse(r, "there are %zu, and %u are allowed", all, name->count_max);
	for (size_t i = 0; i < all; i++) {
		bool twice = false;
		const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;
		enum err err = says_nothing(one) ? value_refuse(r, "one of them is empty")
						 : string_take(r, one, &text);

		if (err)
			return err;
		for (uint32_t j = 0; j < *count; j++)
			twice = twice || bytes_eq(list[j], text);
		if (!twice)
			list[(*count)++] = text;
	}
	return ERR_OK;
}

/* Four numbers, or a text of them as a command line has it. */
static enum err bbox_take(const struct reading *r, const json_t *value)
{
	static const char *const wants =
		"four numbers in degrees: west, south, east, north, such as 13.43,51.11,13.55,51.2";
	struct description *d = &r->out->said;
	double v[4];
	int end = 0;

	if (json_is_string(value) && (sscanf(json_string_value(value), "%lf,%lf,%lf,%lf%n", &v[0],
					     &v[1], &v[2], &v[3], &end) != 4 ||
				      (size_t)end != json_string_length(value)))
		return value_refuse(r, "\"%.80s\" is not %s", json_string_value(value), wants);
	if (!json_is_string(value) && json_array_size(value) != 4)
		return value_refuse(r, "this is not %s", wants);
	for (size_t i = 0; i < 4; i++) {
		const double half = i % 2 ? 90 : 180;

		if (json_is_array(value)) {
			if (!json_is_number(json_array_get(value, i)))
				return value_refuse(r, "this is not %s", wants);
			v[i] = json_number_value(json_array_get(value, i));
		}
		if (!(v[i] >= -half && v[i] <= half))
			return value_refuse(r, "%g is not from %g to %g: write %s", v[i], -half,
					    half, wants);
		d->bbox[i] = (int64_t)llround(v[i] * DESCRIPTION_DEGREE);
	}
	if (d->bbox[1] > d->bbox[3])
		return value_refuse(r, "the south, %g, lies above the north, %g: write %s", v[1],
				    v[3], wants);
	d->has_bbox = true;
	return ERR_OK;
}

static unsigned number_at(struct bytes text, size_t at, size_t len, unsigned otherwise)
{
	unsigned v = 0;

	if (at >= text.len)
		return otherwise;
	for (size_t i = at; i < at + len; i++)
		v = v * 10 + (unsigned)(text.ptr[i] - '0');
	return v;
}

static enum err issued_take(const struct reading *r, const json_t *value)
{
	struct bytes text;
	enum err err = string_take(r, value, &text);

	if (err)
		return err;
	struct tm tm = {.tm_year = (int)number_at(text, 0, 4, 0) - 1900,
			.tm_mon = (int)number_at(text, 5, 2, 1) - 1,
			.tm_mday = (int)number_at(text, 8, 2, 1),
			.tm_hour = (int)number_at(text, 11, 2, 0),
			.tm_min = (int)number_at(text, 14, 2, 0),
			.tm_sec = (int)number_at(text, 17, 2, 0)};
	time_t time = timegm(&tm);
	if (time <= 0)
		return value_refuse(r, "\"%.*s\" is before 1970", (int)text.len,
				    (const char *)text.ptr);
	r->out->said.issued_ms = (uint64_t)time * 1000;
	return ERR_OK;
}

static enum err field_read(const struct reading *r, const json_t *value)
{
	const struct name *name = r->name;

	if (!value || json_is_null(value))
		return ERR_OK;
	if (name->value == VALUE_MODIFIED)
		return value_refuse(r, "the node says when the files have changed; leave it out");
	if (says_nothing(value)) {
		r->out->cleared |= DESCRIPTION_BIT(name->key);
		return ERR_OK;
	}
	if (name->value == VALUE_BBOX)
		return bbox_take(r, value);
	if (name->value == VALUE_ISSUED)
		return issued_take(r, value);
	if (name->count_at)
		return texts_take(r, value);
	return string_take(r, value, (struct bytes *)(void *)((uint8_t *)&r->out->said + name->at));
}

/* ---- all of them ---- */

/* A text in place of an object: a contact's address or name, a place's key or name, a publisher. */
static const char *short_for(const char *object, const json_t *value)
{
	if (strcmp(object, "contact") == 0)
		return form_email(string_of(value)) ? "email" : "name";
	if (strcmp(object, "place") == 0)
		return form_place(string_of(value)) ? "key" : "name";
	return strcmp(object, "publisher") == 0 ? "name" : "";
}

json_t *metadata_short(const char *object, const json_t *text)
{
	json_t *out = json_object();

	json_object_set(out, short_for(object, text), (json_t *)text);
	return out;
}

/* What a name has for a value; NULL: nothing. */
static const json_t *value_find(const json_t *in, const struct name *name)
{
	const json_t *value = json_object_get(in, name->object ? name->object : name->name);

	if (!name->object || !value || says_nothing(value))
		return value;
	if (json_is_string(value))
		return strcmp(short_for(name->object, value), name->name) == 0 ? value : NULL;
	return json_object_get(value, name->name);
}

static bool in_object(const char *object, const char *name)
{
	for (size_t i = 0; i < NAME_COUNT; i++)
		if (names[i].object && strcmp(names[i].object, object) == 0 &&
		    strcmp(names[i].name, name) == 0)
			return true;
	return false;
}

/* The object of a name is one, and has no other names. */
static enum err object_check(const json_t *in, const char *object, char *why)
{
	const json_t *value = json_object_get(in, object);
	const char *name;
	json_t *part;

	if (!value || json_is_null(value) || says_nothing(value) ||
	    (json_is_string(value) && *short_for(object, value)))
		return ERR_OK;
	if (!json_is_object(value)) {
		snprintf(why, WHY_LEN, "\"%s\": this is not an object", object);
		return ERR_CONFIG;
	}
	json_object_foreach((json_t *)value, name, part) if (!in_object(object, name))
	{
		snprintf(why, WHY_LEN, "\"%s\": \"%.60s\" is not among its names", object, name);
		return ERR_CONFIG;
	}
	return ERR_OK;
}

static enum err time_check(const struct description *d, char *why)
{
	size_t len = d->from.len < d->to.len ? d->from.len : d->to.len;

	if (len == 0 || memcmp(d->from.ptr, d->to.ptr, len) <= 0)
		return ERR_OK;
	snprintf(why, WHY_LEN, "\"time\": it begins at %.*s, after its end, %.*s", (int)d->from.len,
		 (const char *)d->from.ptr, (int)d->to.len, (const char *)d->to.ptr);
	return ERR_CONFIG;
}

enum err metadata_from_json(struct metadata *out, const json_t *in, char *why)
{
	enum err err = ERR_OK;

	*out = (struct metadata){.cleared = 0};
	for (size_t i = 0; i < NAME_COUNT && !err; i++) {
		struct reading r = {.out = out, .name = &names[i], .why = why};

		snprintf(r.label, sizeof(r.label), "%s%s%s", names[i].object ? names[i].object : "",
			 names[i].object ? "." : "", names[i].name);
		if (names[i].object)
			err = object_check(in, names[i].object, why);
		if (!err)
			err = field_read(&r, value_find(in, &names[i]));
	}
	return err ? err : time_check(&out->said, why);
}

static const char *top(const struct name *name)
{
	return name->object ? name->object : name->name;
}

const char *metadata_name(const char *name)
{
	for (size_t i = 0; i < NAME_COUNT; i++)
		if (strcmp(top(&names[i]), name) == 0)
			return top(&names[i]);
	return NULL;
}

enum err metadata_names_check(const json_t *in, char *why)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)in, name, value) if (!metadata_name(name))
	{
		struct bytes some = utf8_cut(bytes_str(name), 60);
		size_t len =
			(size_t)snprintf(why, WHY_LEN, "\"%.*s\" is no name of metadata; there are",
					 (int)some.len, (const char *)some.ptr);

		for (size_t i = 0; i < NAME_COUNT && len < WHY_LEN; i++)
			if (i == 0 || strcmp(top(&names[i]), top(&names[i - 1])) != 0)
				len += (size_t)snprintf(why + len, WHY_LEN - len, "%s %s",
							i ? "," : "", top(&names[i]));
		return ERR_CONFIG;
	}
	return ERR_OK;
}

/* ---- to JSON ---- */

#define TIME_MS_END UINT64_C(253402300800000) /* the year 10000 */

static json_t *text_json(struct bytes text)
{
	return json_stringn((const char *)text.ptr, text.len);
}

static json_t *texts_json(const struct description *d, const struct name *name)
{
	const uint8_t *at = (const uint8_t *)d;
	const struct bytes *list = (const struct bytes *)(const void *)(at + name->at);
	const uint32_t count = *(const uint32_t *)(const void *)(at + name->count_at);
	json_t *out = json_array();

	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(out, text_json(list[i]));
	return out;
}

static json_t *time_json(uint64_t ms)
{
	const time_t seconds = (time_t)(ms / 1000);
	char text[FORM_DATE_LEN_MAX + 1];
	struct tm tm;

	if (ms >= TIME_MS_END || !gmtime_r(&seconds, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	return json_string(text);
}

static json_t *bbox_json(const struct description *d)
{
	json_t *out = json_array();

	for (size_t i = 0; i < 4; i++)
		json_array_append_new(out, json_real((double)d->bbox[i] / DESCRIPTION_DEGREE));
	return out;
}

static json_t *value_json(const struct description *d, const struct name *name)
{
	switch (name->value) {
	case VALUE_BBOX:
		return bbox_json(d);
	case VALUE_ISSUED:
		return time_json(d->issued_ms);
	case VALUE_MODIFIED:
		return time_json(d->modified_ms);
	case VALUE_TEXT:
	case VALUE_CODE:
	case VALUE_CONTRIBUTOR:
		break;
	}
	if (name->count_at)
		return texts_json(d, name);
	return text_json(*(const struct bytes *)(const void *)((const uint8_t *)d + name->at));
}

json_t *metadata_to_json(const struct description *d)
{
	json_t *out = json_object();

	for (size_t i = 0; i < NAME_COUNT; i++) {
		const struct name *name = &names[i];
		json_t *into = out;

		if (!description_has(d, name->key))
			continue;
		if (name->object && !json_object_get(out, name->object))
			json_object_set_new(out, name->object, json_object());
		if (name->object)
			into = json_object_get(out, name->object);
		json_object_set_new(into, name->name, value_json(d, name));
	}
	return out;
}
