#include "proto/dcat/rules.h"

#include <stdio.h>
#include <string.h>

#include "crypto/err.h"
#include "crypto/utf8.h"
#include "proto/content/form.h"
#include "proto/dcat/metadata.h"
#include "proto/dcat/mojibake.h"
#include "proto/dcat/rules_internal.h"
#include "proto/dcat/vocab.h"

#define HVD_LAW "http://data.europa.eu/eli/reg_impl/2023/138/oj"

enum { TEXT_DEPTH = 3 }; /* an object, a list in it, a text */

struct judge {
	struct rules *out;
	const json_t *in;
	const struct rules_file *files;
	size_t file_count;
	bool hvd; /* it says that it is one */
};

/* ---- findings ---- */

/* For each light and field the gravest, and of two alike the first. */
static struct rules_finding *slot(struct judge *judge, enum rules_light light,
				  enum rules_colour colour, const char *field)
{
	struct rules *out = judge->out;

	for (size_t i = 0; i < out->count; i++) {
		struct rules_finding *other = &out->findings[i];
		if (other->light == light && !strcmp(other->field, field))
			return other->colour < colour ? other : NULL;
	}
	return out->count < RULES_FINDING_MAX ? &out->findings[out->count++] : NULL;
}

static struct rules_finding *rule_broken(struct judge *judge, enum rules_light light,
					 enum rules_colour colour, const char *field,
					 enum rule rule)
{
	struct rules_finding *finding;

	if (light == RULES_HVD && !judge->hvd)
		return NULL;
	finding = slot(judge, light, colour, field);
	if (finding)
		*finding = (struct rules_finding){.light = light,
						  .colour = colour,
						  .field = field,
						  .text = rules_text_of(rule)};
	return finding;
}

static void value_set(struct rules_finding *finding, struct bytes value)
{
	struct bytes cut = utf8_cut(value, RULES_VALUE_LEN - 1);

	if (finding)
		snprintf(finding->value, sizeof(finding->value), "%.*s", (int)cut.len,
			 (const char *)cut.ptr);
}

static void nearest_set(struct rules_finding *finding, enum vocab vocab, struct bytes value)
{
	const struct vocab_term *nearest[3];
	size_t count = finding ? vocab_nearest(vocab, value, nearest, 3) : 0, len = 0;

	for (size_t i = 0; i < count && len < sizeof(finding->nearest); i++)
		len += (size_t)snprintf(finding->nearest + len, sizeof(finding->nearest) - len,
					"%s%s", i ? ", " : "", nearest[i]->code);
}

/* ---- values ---- */

static struct bytes text_bytes(const json_t *value)
{
	return bytes_of(json_string_value(value), json_string_length(value));
}

/* The i-th text of a name that may have one or a list; empty: there is none. */
static struct bytes value_at(const json_t *in, const char *name, size_t i)
{
	const json_t *value = json_object_get(in, name);

	if (json_is_array(value))
		value = json_array_get(value, i);
	else if (i > 0)
		value = NULL;
	return json_is_string(value) ? text_bytes(value) : bytes_of(NULL, 0);
}

static bool has_value(const json_t *in, const char *name)
{
	return value_at(in, name, 0).len > 0;
}

/* A part of an object; a text in place of the object is the part that it looks like. */
static struct bytes rule_part(const json_t *in, const char *name, const char *part)
{
	const json_t *value = json_object_get(in, name);
	struct bytes text = {NULL, 0};

	if (!json_is_string(value))
		return value_at(value, part, 0);
	json_t *object = metadata_short(name, value);
	if (json_object_get(object, part))
		text = text_bytes(value);
	json_decref(object);
	return text;
}

static bool has_part(const json_t *in, const char *name, const char *part)
{
	return rule_part(in, name, part).len > 0;
}

/* ---- words of vocabularies ---- */

static const struct {
	const char *field;
	enum vocab vocab;
	enum rules_colour colour; /* of one that does not stand in it */
} coded[] = {
	{"themes", VOCAB_THEME, RULES_RED},
	{"frequency", VOCAB_FREQUENCY, RULES_RED},
	{"languages", VOCAB_LANGUAGE, RULES_RED},
	{"access_rights", VOCAB_ACCESS, RULES_RED},
	{"availability", VOCAB_AVAILABILITY, RULES_RED},
	{"political_level", VOCAB_LEVEL, RULES_YELLOW},
	{"contributor_ids", VOCAB_CONTRIBUTOR, RULES_YELLOW},
};

static void judge_codes(struct judge *judge)
{
	struct bytes value;

	for (size_t c = 0; c < sizeof(coded) / sizeof(coded[0]); c++)
		for (size_t i = 0; (value = value_at(judge->in, coded[c].field, i)).len; i++) {
			if (vocab_find(coded[c].vocab, value))
				continue;
			/* What cannot even be an IRI is wrong wherever an IRI is wanted. */
			bool text = !form_iri(value) && !form_code(value);
			struct rules_finding *finding = rule_broken(
				judge, RULES_SPECIFICATION, text ? RULES_RED : coded[c].colour,
				coded[c].field, RULE_CODE);
			value_set(finding, value);
			nearest_set(finding, coded[c].vocab, value);
		}
}

static void judge_iris(struct judge *judge)
{
	static const char *const fields[] = {"legislation", "landing_page"};
	struct bytes value;

	for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++)
		for (size_t i = 0; (value = value_at(judge->in, fields[f], i)).len; i++)
			if (!form_iri(value))
				value_set(rule_broken(judge, RULES_SPECIFICATION, RULES_RED,
						      fields[f], RULE_IRI),
					  value);
}

/* ---- licence ---- */

static void judge_license(struct judge *judge)
{
	struct bytes value = value_at(judge->in, "license", 0);
	const struct vocab_term *term = value.len ? vocab_find(VOCAB_LICENSE, value) : NULL;
	bool text = value.len && !form_iri(value) && !form_code(value);
	struct rules_finding *finding;

	if (!value.len) {
		rule_broken(judge, RULES_SPECIFICATION, RULES_RED, "license", RULE_LICENSE);
		rule_broken(judge, RULES_GOVDATA, RULES_RED, "license", RULE_LICENSE);
	} else if (!term) {
		finding = rule_broken(judge, RULES_SPECIFICATION, text ? RULES_RED : RULES_YELLOW,
				      "license", text ? RULE_LICENSE_TEXT : RULE_LICENSE_LIST);
		value_set(finding, value);
		nearest_set(finding, VOCAB_LICENSE, value);
		finding =
			rule_broken(judge, RULES_GOVDATA, RULES_RED, "license", RULE_LICENSE_LIST);
		value_set(finding, value);
		nearest_set(finding, VOCAB_LICENSE, value);
	} else if (!term->is_open) {
		value_set(rule_broken(judge, RULES_GOVDATA, RULES_YELLOW, "license",
				      RULE_LICENSE_OPEN),
			  value);
	}
	if (!term || !term->is_open)
		rule_broken(judge, RULES_HVD, RULES_RED, "license", RULE_HVD_LICENSE);
	if (term && term->is_by && !has_value(judge->in, "attribution"))
		value_set(rule_broken(judge, RULES_GOVDATA, RULES_YELLOW, "attribution",
				      RULE_ATTRIBUTION),
			  value);
}

/* ---- contact and time ---- */

static bool says_contact(const json_t *in)
{
	const json_t *contact = json_object_get(in, "contact");

	return json_string_length(contact) > 0 || json_object_size(contact) > 0;
}

static void judge_contact(struct judge *judge)
{
	const json_t *in = judge->in;
	struct bytes email = rule_part(in, "contact", "email"),
		     url = rule_part(in, "contact", "url");
	bool wrong_email = email.len && !form_email(email), wrong_url = url.len && !form_iri(url);

	if (!says_contact(in)) {
		rule_broken(judge, RULES_GOVDATA, RULES_YELLOW, "contact", RULE_CONTACT);
		rule_broken(judge, RULES_HVD, RULES_YELLOW, "contact", RULE_CONTACT);
		return;
	}
	if (wrong_email || wrong_url) {
		struct bytes wrong = wrong_email ? email : url;
		value_set(rule_broken(judge, RULES_SPECIFICATION, RULES_RED, "contact", RULE_IRI),
			  wrong);
		value_set(rule_broken(judge, RULES_HVD, RULES_RED, "contact", RULE_IRI), wrong);
	}
	if (email.len || url.len)
		return;
	if (!has_part(in, "contact", "phone"))
		rule_broken(judge, RULES_SPECIFICATION, RULES_RED, "contact", RULE_REACH);
	rule_broken(judge, RULES_GOVDATA, RULES_RED, "contact", RULE_REACH_PAGE);
}

static void judge_time(struct judge *judge)
{
	const json_t *time = json_object_get(judge->in, "time");

	if (json_is_object(time) && !has_value(time, "from") && !has_value(time, "to"))
		rule_broken(judge, RULES_SPECIFICATION, RULES_RED, "time", RULE_TIME);
}

/* ---- what GovData wants ---- */

static void judge_contributors(struct judge *judge)
{
	const char *base = vocab_base(VOCAB_CONTRIBUTOR);
	unsigned known = 0, theirs = 0;
	struct bytes value;

	for (size_t i = 0; (value = value_at(judge->in, "contributor_ids", i)).len; i++) {
		bool is_known = vocab_find(VOCAB_CONTRIBUTOR, value) != NULL;
		known += is_known;
		theirs += is_known ||
			  (value.len > strlen(base) && !memcmp(value.ptr, base, strlen(base)));
	}
	if (!known)
		rule_broken(judge, RULES_GOVDATA, RULES_RED, "contributor_ids", RULE_CONTRIBUTOR);
	else if (theirs > 1)
		rule_broken(judge, RULES_GOVDATA, RULES_RED, "contributor_ids", RULE_CONTRIBUTORS);
}

static void judge_govdata(struct judge *judge)
{
	const json_t *in = judge->in;

	judge_contributors(judge);
	if (!has_value(in, "keywords"))
		rule_broken(judge, RULES_GOVDATA, RULES_RED, "keywords", RULE_KEYWORD);
	if (!has_value(in, "themes"))
		rule_broken(judge, RULES_GOVDATA, RULES_YELLOW, "themes", RULE_THEME);
	if (!has_value(in, "political_level"))
		rule_broken(judge, RULES_GOVDATA, RULES_YELLOW, "political_level", RULE_LEVEL);
	if (!has_part(in, "place", "key") && !has_part(in, "place", "name") &&
	    !json_object_get(json_object_get(in, "place"), "bbox"))
		rule_broken(judge, RULES_GOVDATA, RULES_YELLOW, "place", RULE_PLACE);
}

static void judge_files(struct judge *judge)
{
	if (!judge->file_count)
		rule_broken(judge, RULES_GOVDATA, RULES_YELLOW, "files", RULE_FILES);
	for (size_t i = 0; judge->files && i < judge->file_count; i++) {
		const struct rules_file *file = &judge->files[i];
		if (!vocab_file_type(file->name, file->media_type))
			value_set(rule_broken(judge, RULES_GOVDATA, RULES_YELLOW, "files",
					      RULE_FORMAT),
				  file->name);
	}
}

/* ---- high-value datasets ---- */

static bool names_law(const json_t *in)
{
	struct bytes value;

	for (size_t i = 0; (value = value_at(in, "legislation", i)).len; i++)
		if (bytes_eq(value, bytes_str(HVD_LAW)))
			return true;
	return false;
}

static void judge_hvd(struct judge *judge)
{
	struct bytes value;

	if (!has_value(judge->in, "hvd_categories"))
		rule_broken(judge, RULES_HVD, RULES_RED, "hvd_categories", RULE_CATEGORY);
	for (size_t i = 0; (value = value_at(judge->in, "hvd_categories", i)).len; i++) {
		if (vocab_find(VOCAB_HVD, value))
			continue;
		struct rules_finding *finding =
			rule_broken(judge, RULES_HVD, RULES_RED, "hvd_categories", RULE_CODE);
		value_set(finding, value);
		nearest_set(finding, VOCAB_HVD, value);
	}
	if (!names_law(judge->in))
		rule_broken(judge, RULES_HVD, RULES_RED, "legislation", RULE_LEGISLATION);
}

/* ---- what cannot be published at all ---- */

static bool found_red(const struct rules *out, const char *field)
{
	for (size_t i = 0; i < out->count; i++)
		if (out->findings[i].colour == RULES_RED && !strcmp(out->findings[i].field, field))
			return true;
	return false;
}

static void form_why_set(struct rules_finding *finding, const char *why)
{
	size_t len = strlen(why);

	if (!finding)
		return;
	while (len > 0 && why[len - 1] == '.')
		len--;
	len = utf8_cut(bytes_of(why, len), sizeof(finding->why) - 1).len;
	snprintf(finding->why, sizeof(finding->why), "%.*s", (int)len, why);
}

/* The first text below a value, so deep, that was encoded twice; false: there is none. */
static bool judge_mojibake(struct judge *judge, const char *field, const json_t *value,
			   unsigned depth)
{
	struct mojibake found;
	const json_t *part;
	const char *name;
	size_t i;

	json_array_foreach((json_t *)value, i,
			   part) if (judge_mojibake(judge, field, part, depth - 1)) return true;
	json_object_foreach((json_t *)value, name,
			    part) if (judge_mojibake(judge, field, part, depth - 1)) return true;
	if (!json_is_string(value) || !mojibake_find(text_bytes(value), &found))
		return false;
	struct rules_finding *finding =
		rule_broken(judge, RULES_SPECIFICATION, RULES_RED, field, RULE_MOJIBAKE);
	value_set(finding, bytes_slice(text_bytes(value), found.at, found.len));
	if (finding)
		snprintf(finding->nearest, sizeof(finding->nearest), "%s", found.meant);
	return true;
}

/* Begin and end each have their form, so their order is all that can be wrong. */
static bool time_order(const char *field, const json_t *value)
{
	struct bytes from = value_at(value, "from", 0), to = value_at(value, "to", 0);

	return !strcmp(field, "time") && form_date(from) && form_date(to);
}

/* A field by itself, as metadata.h takes it; what a rule has named already is not said twice. */
static void judge_form(struct judge *judge, const char *field, json_t *value)
{
	struct metadata said;
	char why[WHY_LEN] = "";

	/* When files have changed a node says in its answers, and nobody else. */
	if (!strcmp(field, "modified") || found_red(judge->out, field) ||
	    judge_mojibake(judge, field, value, TEXT_DEPTH))
		return;
	json_t *one = json_pack("{s:O}", field, value);
	if (metadata_from_json(&said, one, why))
		form_why_set(rule_broken(judge, RULES_SPECIFICATION, RULES_RED, field,
					 time_order(field, value) ? RULE_TIME_ORDER : RULE_FORM),
			     why);
	json_decref(one);
}

static void judge_names(struct judge *judge)
{
	const char *name, *known;
	json_t *value;

	json_object_foreach((json_t *)judge->in, name, value)
	{
		known = metadata_name(name);
		if (known)
			judge_form(judge, known, value);
		else
			value_set(rule_broken(judge, RULES_SPECIFICATION, RULES_RED, "names",
					      RULE_NAME),
				  bytes_str(name));
	}
}

/* ---- all ---- */

static void lights_set(struct judge *judge)
{
	struct rules *out = judge->out;

	for (size_t i = 0; i < RULES_LIGHT_COUNT; i++)
		out->lights[i] = i == RULES_HVD && !judge->hvd ? RULES_NONE : RULES_GREEN;
	for (size_t i = 0; i < out->count; i++)
		if (out->findings[i].colour > out->lights[out->findings[i].light])
			out->lights[out->findings[i].light] = out->findings[i].colour;
}

void rules_judge(struct rules *out, const json_t *metadata, const struct rules_file *files,
		 size_t file_count)
{
	struct judge judge = {
		.out = out,
		.in = metadata,
		.files = files,
		.file_count = file_count,
		.hvd = has_value(metadata, "hvd_categories") || names_law(metadata),
	};

	memset(out, 0, sizeof(*out));
	if (!has_value(metadata, "title"))
		rule_broken(&judge, RULES_SPECIFICATION, RULES_RED, "title", RULE_TITLE);
	if (!has_value(metadata, "description"))
		rule_broken(&judge, RULES_SPECIFICATION, RULES_RED, "description",
			    RULE_DESCRIPTION);
	judge_codes(&judge);
	judge_iris(&judge);
	if (file_count > 0)
		judge_license(&judge);
	judge_contact(&judge);
	judge_time(&judge);
	judge_govdata(&judge);
	judge_files(&judge);
	judge_hvd(&judge);
	judge_names(&judge);
	lights_set(&judge);
}
