#include "proto/content/description.h"

#include <stddef.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/content/form.h"
#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"

#define KEY_COUNT_MAX 64

enum kind {
	KIND_TEXT,
	KIND_LINES,
	KIND_UINT,
	KIND_PATH,
	KIND_LIST,
	KIND_THEME,  /* the first of the list */
	KIND_THEMES, /* the others */
	KIND_BBOX,
};
struct field {
	enum kind kind;
	size_t at;       /* in struct description */
	size_t count_at; /* of a list */
	uint32_t len_max, count_max;
	bool (*form)(struct bytes text); /* of each text; NULL: any */
};

#define FIELD(kind, name, len_max, form)                                                           \
	{                                                                                          \
		kind, offsetof(struct description, name), 0, len_max, 0, form                      \
	}
#define LIST(kind, name, count, len_max, count_max, form)                                          \
	{                                                                                          \
		kind, offsetof(struct description, name), offsetof(struct description, count),     \
			len_max, count_max, form                                                   \
	}

/* A name of a dataset as people give it. */
static bool path_form(struct bytes text)
{
	return !path_check(text) && path_parent(text).len > 0 && !path_is_hidden(text);
}

/*
 * One row for each key. PROTOCOL: "| 2 description; 35 provenance | text, with line feeds | 8,192;
 * 1,024 bytes |" and the rows around it.
 */
static const struct field fields[DESCRIPTION_KEY_END] = {
	[DESCRIPTION_TITLE] = FIELD(KIND_TEXT, title, LIMIT_TITLE_LEN_MAX, NULL),
	[DESCRIPTION_TEXT] = FIELD(KIND_LINES, text, LIMIT_DESCRIPTION_LEN_MAX, NULL),
	[DESCRIPTION_KEYWORDS] = LIST(KIND_LIST, keywords, keyword_count, LIMIT_NAME_LEN_MAX,
				      LIMIT_KEYWORD_COUNT_MAX, NULL),
	[DESCRIPTION_THEME] = LIST(KIND_THEME, themes, theme_count, LIMIT_TITLE_LEN_MAX, 1, NULL),
	[DESCRIPTION_LICENSE] = FIELD(KIND_TEXT, license, LIMIT_TITLE_LEN_MAX, NULL),
	[DESCRIPTION_CONTACT_NAME] = FIELD(KIND_TEXT, contact_name, LIMIT_TITLE_LEN_MAX, NULL),
	[DESCRIPTION_ISSUED] = FIELD(KIND_UINT, issued_ms, 0, NULL),
	[DESCRIPTION_MODIFIED] = FIELD(KIND_UINT, modified_ms, 0, NULL),
	[DESCRIPTION_FILE_COUNT] = FIELD(KIND_UINT, file_count, 0, NULL),
	[DESCRIPTION_BYTE_COUNT] = FIELD(KIND_UINT, byte_count, 0, NULL),
	[DESCRIPTION_PUBLISHER] = FIELD(KIND_TEXT, publisher, LIMIT_NAME_LEN_MAX, NULL),
	[DESCRIPTION_PATH] = FIELD(KIND_PATH, path, LIMIT_PATH_LEN_MAX, path_form),
	[DESCRIPTION_FOLDER] = FIELD(KIND_UINT, folder, 0, NULL),
	[DESCRIPTION_THEMES] = LIST(KIND_THEMES, themes, theme_count, LIMIT_CODE_LEN_MAX,
				    LIMIT_THEME_COUNT_MAX - 1, form_code),
	[DESCRIPTION_ATTRIBUTION] = FIELD(KIND_TEXT, attribution, LIMIT_TITLE_LEN_MAX, NULL),
	[DESCRIPTION_PUBLISHER_URL] = FIELD(KIND_TEXT, publisher_url, LIMIT_IRI_LEN_MAX, form_iri),
	[DESCRIPTION_CONTACT_EMAIL] =
		FIELD(KIND_TEXT, contact_email, LIMIT_EMAIL_LEN_MAX, form_email),
	[DESCRIPTION_CONTACT_URL] = FIELD(KIND_TEXT, contact_url, LIMIT_IRI_LEN_MAX, form_iri),
	[DESCRIPTION_CONTACT_PHONE] =
		FIELD(KIND_TEXT, contact_phone, LIMIT_PHONE_LEN_MAX, form_phone),
	[DESCRIPTION_PLACE_KEY] = FIELD(KIND_TEXT, place_key, FORM_PLACE_LEN_MAX, form_place),
	[DESCRIPTION_PLACE_NAME] = FIELD(KIND_TEXT, place_name, LIMIT_NAME_LEN_MAX, NULL),
	[DESCRIPTION_BBOX] = FIELD(KIND_BBOX, bbox, 0, NULL),
	[DESCRIPTION_FROM] = FIELD(KIND_TEXT, from, FORM_DATE_LEN_MAX, form_date),
	[DESCRIPTION_TO] = FIELD(KIND_TEXT, to, FORM_DATE_LEN_MAX, form_date),
	[DESCRIPTION_FREQUENCY] = FIELD(KIND_TEXT, frequency, LIMIT_CODE_LEN_MAX, form_code),
	[DESCRIPTION_IDENTIFIER] = FIELD(KIND_TEXT, identifier, LIMIT_IRI_LEN_MAX, NULL),
	[DESCRIPTION_HVD] =
		LIST(KIND_LIST, hvd, hvd_count, LIMIT_CODE_LEN_MAX, LIMIT_HVD_COUNT_MAX, form_code),
	[DESCRIPTION_LEGISLATION] = LIST(KIND_LIST, legislation, legislation_count,
					 LIMIT_IRI_LEN_MAX, LIMIT_LEGISLATION_COUNT_MAX, form_iri),
	[DESCRIPTION_LEVEL] = FIELD(KIND_TEXT, level, LIMIT_CODE_LEN_MAX, form_code),
	[DESCRIPTION_CONTRIBUTORS] = LIST(KIND_LIST, contributors, contributor_count,
					  LIMIT_IRI_LEN_MAX, LIMIT_CONTRIBUTOR_COUNT_MAX, form_iri),
	[DESCRIPTION_LANGUAGES] = LIST(KIND_LIST, languages, language_count, LIMIT_CODE_LEN_MAX,
				       LIMIT_LANGUAGE_COUNT_MAX, form_code),
	[DESCRIPTION_LANDING_PAGE] = FIELD(KIND_TEXT, landing_page, LIMIT_IRI_LEN_MAX, form_iri),
	[DESCRIPTION_ACCESS] = FIELD(KIND_TEXT, access, LIMIT_CODE_LEN_MAX, form_code),
	[DESCRIPTION_AVAILABILITY] = FIELD(KIND_TEXT, availability, LIMIT_CODE_LEN_MAX, form_code),
	[DESCRIPTION_PROVENANCE] = FIELD(KIND_LINES, provenance, LIMIT_PROVENANCE_LEN_MAX, NULL),
	[DESCRIPTION_DEFAULTED] = FIELD(KIND_UINT, defaulted, 0, NULL),
};

static void *field_at(struct description *d, const struct field *f)
{
	return (uint8_t *)d + f->at;
}

static const void *field_of(const struct description *d, const struct field *f)
{
	return (const uint8_t *)d + f->at;
}

static uint32_t *count_at(struct description *d, const struct field *f)
{
	return (uint32_t *)(void *)((uint8_t *)d + f->count_at);
}

static uint32_t list_count(const struct description *d, const struct field *f)
{
	return *(const uint32_t *)(const void *)((const uint8_t *)d + f->count_at);
}

/* How many texts of a list its key carries, and from which on. */
static uint32_t list_of(const struct description *d, const struct field *f,
			const struct bytes **first)
{
	uint32_t count = list_count(d, f), from = f->kind == KIND_THEMES;

	*first = (const struct bytes *)field_of(d, f) + from;
	if (count <= from)
		return 0;
	return f->kind == KIND_THEME ? 1 : count - from;
}

/* What is empty or zero is left out. */
static bool field_present(const struct description *d, const struct field *f)
{
	const struct bytes *first;

	switch (f->kind) {
	case KIND_TEXT:
	case KIND_LINES:
	case KIND_PATH:
		return ((const struct bytes *)field_of(d, f))->len > 0;
	case KIND_LIST:
	case KIND_THEME:
	case KIND_THEMES:
		return list_of(d, f, &first) > 0;
	case KIND_UINT:
		return *(const uint64_t *)field_of(d, f) > 0;
	case KIND_BBOX:
		return d->has_bbox;
	}
	return false;
}

static void list_put(struct buf *out, const struct description *d, const struct field *f)
{
	const struct bytes *first;
	uint32_t count = list_of(d, f, &first);

	if (f->kind != KIND_THEME)
		out_array(out, count);
	for (uint32_t i = 0; i < count && i < f->count_max; i++)
		out_text(out, first[i]);
}

static struct bytes form_get(struct wire_in *w, const struct field *f)
{
	struct bytes text = wire_text(w, 1, f->len_max);

	if (!w->err && f->form && !f->form(text))
		wire_fail(w);
	return text;
}

static void list_get(struct wire_in *w, struct description *d, const struct field *f)
{
	struct bytes *list = field_at(d, f);
	uint32_t from = *count_at(d, f);
	uint32_t count = f->kind == KIND_THEME ? 1 : wire_array(w, 1, f->count_max);

	/* PROTOCOL: "Further themes (14) are there only behind a theme (4)." */
	if (from != (f->kind == KIND_THEMES))
		wire_fail(w);
	for (uint32_t i = 0; i < count && !w->err; i++) {
		list[from + i] = form_get(w, f);
		*count_at(d, f) = from + i + 1;
	}
}

/* PROTOCOL: "west and east from -180 degrees, south and north from -90 degrees, in units of 10^-7
   degrees" */
static void bbox_put(struct buf *out, const struct description *d)
{
	out_array(out, 4);
	for (unsigned i = 0; i < 4; i++)
		out_uint(out,
			 (uint64_t)(d->bbox[i] + (i % 2 ? 90 : 180) * (int64_t)DESCRIPTION_DEGREE));
}

static void bbox_get(struct wire_in *w, struct description *d)
{
	wire_array(w, 4, 4);
	for (unsigned i = 0; i < 4; i++) {
		const int64_t half = (i % 2 ? 90 : 180) * (int64_t)DESCRIPTION_DEGREE;

		d->bbox[i] = (int64_t)wire_uint(w, (uint64_t)half * 2) - half;
	}
	d->has_bbox = !w->err;
	if (d->bbox[1] > d->bbox[3])
		wire_fail(w);
}

static void field_put(struct buf *out, const struct description *d, const struct field *f)
{
	switch (f->kind) {
	case KIND_TEXT:
	case KIND_LINES:
	case KIND_PATH:
		out_text(out, *(const struct bytes *)field_of(d, f));
		break;
	case KIND_LIST:
	case KIND_THEME:
	case KIND_THEMES:
		list_put(out, d, f);
		break;
	case KIND_UINT:
		out_uint(out, *(const uint64_t *)field_of(d, f));
		break;
	case KIND_BBOX:
		bbox_put(out, d);
		break;
	}
}

static void field_get(struct wire_in *w, struct description *d, const struct field *f)
{
	switch (f->kind) {
	case KIND_TEXT:
	case KIND_PATH:
		*(struct bytes *)field_at(d, f) = form_get(w, f);
		break;
	case KIND_LINES:
		*(struct bytes *)field_at(d, f) = wire_text_lines(w, 1, f->len_max);
		break;
	case KIND_LIST:
	case KIND_THEME:
	case KIND_THEMES:
		list_get(w, d, f);
		break;
	case KIND_UINT:
		*(uint64_t *)field_at(d, f) = wire_uint(w, UINT64_MAX);
		break;
	case KIND_BBOX:
		bbox_get(w, d);
		break;
	}
	if (!field_present(d, f))
		wire_fail(w);
}

enum err description_decode(struct description *d, struct bytes in)
{
	struct wire_in w = wire_in(in);
	uint64_t key = 0;

	memset(d, 0, sizeof(*d));
	if (in.len > DESCRIPTION_MAP_LEN_MAX)
		wire_fail(&w);
	uint32_t count = wire_map(&w, KEY_COUNT_MAX);
	for (uint32_t i = 0; i < count && wire_key(&w, &key) > 0; i++) {
		/* PROTOCOL: "The receiving node MUST ignore keys that it does not know." */
		if (key >= DESCRIPTION_KEY_END)
			wire_skip(&w, 1, 1);
		else
			field_get(&w, d, &fields[key]);
	}
	return wire_end(&w);
}

enum err description_encode(struct buf *out, const struct description *d)
{
	struct description again;
	size_t from = out->len;
	uint32_t count = 0;

	for (size_t key = 1; key < DESCRIPTION_KEY_END; key++)
		count += field_present(d, &fields[key]);
	out_map(out, count);
	for (size_t key = 1; key < DESCRIPTION_KEY_END; key++) {
		if (!field_present(d, &fields[key]))
			continue;
		out_uint(out, key);
		field_put(out, d, &fields[key]);
	}
	if (!out->err && out->len - from > DESCRIPTION_MAP_LEN_MAX)
		return ERR_FULL;
	/* the texts come from a person: the decoder knows what is wrong with them */
	return out->err ? out->err
			: description_decode(&again, bytes_slice(buf_bytes(out), from, out->len));
}

bool description_has(const struct description *d, enum description_key key)
{
	check(key > 0 && key < DESCRIPTION_KEY_END);
	return field_present(d, &fields[key]);
}

/* All themes go by the key of the first. */
static void list_copy(struct description *to, const struct description *from, const struct field *f)
{
	const struct bytes *list = field_of(from, f);
	struct bytes *copy = field_at(to, f);
	uint32_t count = f->kind == KIND_THEMES ? 0 : list_count(from, f);

	for (uint32_t i = 0; i < count; i++)
		copy[i] = list[i];
	if (f->kind != KIND_THEMES)
		*count_at(to, f) = count;
}

void description_copy(struct description *to, const struct description *from,
		      enum description_key key)
{
	const struct field *f = &fields[key];

	check(key > 0 && key < DESCRIPTION_KEY_END);
	switch (f->kind) {
	case KIND_TEXT:
	case KIND_LINES:
	case KIND_PATH:
		*(struct bytes *)field_at(to, f) = *(const struct bytes *)field_of(from, f);
		break;
	case KIND_LIST:
	case KIND_THEME:
	case KIND_THEMES:
		list_copy(to, from, f);
		break;
	case KIND_UINT:
		*(uint64_t *)field_at(to, f) = *(const uint64_t *)field_of(from, f);
		break;
	case KIND_BBOX:
		to->has_bbox = from->has_bbox;
		memcpy(to->bbox, from->bbox, sizeof(to->bbox));
		break;
	}
}
