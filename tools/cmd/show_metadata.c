#include "tools/cmd/show_metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/dcat/vocab.h"
#include "tools/kit/print.h"

#define LINE_LEN_MAX 16384

/* The parts of an object that it has, with ", " between; to be released. */
static void parts_join(struct buf *out, const json_t *object, const char *const *parts)
{
	buf_init(out, LINE_LEN_MAX);
	for (; *parts; parts++) {
		const char *text = field_text(object, *parts);

		if (*text && out->len > 0)
			buf_add(out, bytes_str(", "));
		buf_add(out, bytes_str(text));
	}
	buf_add_u8(out, 0);
}

#define PARTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void print_some(const char *label, const json_t *object, const char *const *parts)
{
	struct buf line;

	parts_join(&line, object, parts);
	if (line.len > 1)
		print_field(label, (const char *)line.ptr);
	buf_fini(&line);
}

void show_publisher(const json_t *entry)
{
	const json_t *publisher = json_object_get(entry, "publisher");

	if (*field_text(publisher, "name"))
		print_some("Publisher", publisher, PARTS("name", "url"));
	else
		print_field("Publisher", field_text(entry, "organisation"));
}

static void code_add(struct buf *line, enum vocab vocab, const char *code)
{
	const struct vocab_term *term = vocab_find(vocab, bytes_str(code));

	if (line->len > 0)
		buf_add(line, bytes_str(", "));
	buf_add(line, bytes_str(code));
	if (!term || strcmp(term->en, code) == 0)
		return;
	buf_add(line, bytes_str(" ("));
	buf_add(line, bytes_str(term->en));
	buf_add(line, bytes_str(")"));
}

/* One code or a list of them. */
static void print_codes(const char *label, enum vocab vocab, const json_t *value)
{
	struct buf line;
	const json_t *code;
	size_t i;

	buf_init(&line, LINE_LEN_MAX);
	if (json_is_string(value))
		code_add(&line, vocab, json_string_value(value));
	json_array_foreach((json_t *)value, i, code)
		code_add(&line, vocab, json_is_string(code) ? json_string_value(code) : "?");
	buf_add_u8(&line, 0);
	if (line.len > 1)
		print_field(label, (const char *)line.ptr);
	buf_fini(&line);
}

static void print_texts(const char *label, const json_t *list)
{
	char *text = print_join(list);

	print_field(label, text);
	free(text);
}

static void print_place(const json_t *place)
{
	const json_t *bbox = json_object_get(place, "bbox");
	double v[4];

	print_some("Place", place, PARTS("name", "key"));
	if (json_array_size(bbox) != 4)
		return;
	for (size_t i = 0; i < 4; i++)
		v[i] = json_number_value(json_array_get(bbox, i));
	print_fieldf("Bounds", "west %.9g, south %.9g, east %.9g, north %.9g", v[0], v[1], v[2],
		     v[3]);
}

static void print_span(const json_t *time)
{
	const char *from = field_text(time, "from"), *to = field_text(time, "to");

	if (*from || *to)
		print_fieldf("Time", "%s to %s", *from ? from : "...", *to ? to : "...");
}

static const json_t *at(const json_t *entry, const char *name)
{
	return json_object_get(entry, name);
}

void show_metadata(const json_t *entry)
{
	print_texts("Keywords", at(entry, "keywords"));
	print_codes("Theme", VOCAB_THEME, at(entry, "themes"));
	print_codes("Licence", VOCAB_LICENSE, at(entry, "license"));
	print_field("Attribution", field_text(entry, "attribution"));
	print_some("Contact", at(entry, "contact"), PARTS("name", "email", "phone", "url"));
	print_place(at(entry, "place"));
	print_span(at(entry, "time"));
	print_codes("Frequency", VOCAB_FREQUENCY, at(entry, "frequency"));
	print_codes("Languages", VOCAB_LANGUAGE, at(entry, "languages"));
	print_field("Identifier", field_text(entry, "identifier"));
	print_field("Landing page", field_text(entry, "landing_page"));
	print_codes("Level", VOCAB_LEVEL, at(entry, "political_level"));
	print_codes("High value", VOCAB_HVD, at(entry, "hvd_categories"));
	print_texts("Legislation", at(entry, "legislation"));
	print_texts("Contributor", at(entry, "contributor_ids"));
	print_codes("Access", VOCAB_ACCESS, at(entry, "access_rights"));
	print_codes("Availability", VOCAB_AVAILABILITY, at(entry, "availability"));
	print_field("Provenance", field_text(entry, "provenance"));
}
