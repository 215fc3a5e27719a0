#include "test/node/node_test.h"

#include <jansson.h>
#include <raptor2.h>
#include <stdlib.h>
#include <string.h>

#include "node/portal/rdf.h"

#define DATASET "https://daten.example/id/1"

static void sample(struct rdf *rdf)
{
	rdf_type(rdf, DATASET, "dcat:Dataset");
	rdf_text(rdf, DATASET, "dcterms:title", bytes_str("Pegel \"M\xc3\xbchlbach\" <&>\\"), "de");
	rdf_text(rdf, DATASET, "dcterms:description",
		 bytes_str("a\nb\x01\xef\xbf\xbe"
			   "c"),
		 "de");
	rdf_text(rdf, DATASET, "dcat:keyword", bytes_str("Pegel"), "de");
	rdf_text(rdf, DATASET, "dcat:keyword", bytes_str("Wasser"), "de");
	rdf_text(rdf, DATASET, "dcat:keyword", bytes_str(""), "de");
	rdf_value(rdf, DATASET, "dcterms:modified", "2026-05-01T08:00:00Z", "xsd:dateTime");
	rdf_link(rdf, DATASET, "dcterms:temporal", "_:t1");
	rdf_type(rdf, "_:t1", "dcterms:PeriodOfTime");
	rdf_link(rdf, DATASET, "dcat:landingPage", "https://daten.example/d/\xc3\xbc?a=%20&b");
	rdf_link(rdf, DATASET, "dcat:landingPage", "https://daten.example/a b");
	rdf_link(rdf, "no iri", "dcat:landingPage", "https://daten.example/");
}

static enum err write_sample(enum rdf_syntax syntax, struct buf *out)
{
	struct rdf *rdf = rdf_open(syntax, out);

	sample(rdf);
	return rdf_close(rdf);
}

/* ---- what a reader finds ---- */

struct found {
	size_t count;
	bool title, text, time, page;
};

static void look(void *arg, raptor_statement *statement)
{
	struct found *found = arg;
	const raptor_term *object = statement->object;

	found->count++;
	if (object->type == RAPTOR_TERM_TYPE_URI) {
		const char *iri = (const char *)raptor_uri_as_string(object->value.uri);
		found->page |= strcmp(iri, "https://daten.example/d/\xc3\xbc?a=%20&b") == 0;
	} else if (object->type == RAPTOR_TERM_TYPE_LITERAL) {
		const char *text = (const char *)object->value.literal.string;
		found->title |= strcmp(text, "Pegel \"M\xc3\xbchlbach\" <&>\\") == 0 &&
				strcmp((const char *)object->value.literal.language, "de") == 0;
		found->text |= strcmp(text, "a\nbc") == 0;
		found->time |=
			strcmp(text, "2026-05-01T08:00:00Z") == 0 && object->value.literal.datatype;
	}
}

static void read_back(enum rdf_syntax syntax)
{
	struct found found = {.count = 0};
	struct buf out;

	buf_init(&out, 1 << 20);
	assert_int_equal(write_sample(syntax, &out), ERR_OK);
	raptor_world *world = raptor_new_world();
	raptor_parser *parser =
		raptor_new_parser(world, syntax == RDF_TURTLE ? "turtle" : "rdfxml");
	raptor_uri *base = raptor_new_uri(world, (const unsigned char *)"http://base/");
	raptor_parser_set_statement_handler(parser, &found, look);
	assert_int_equal(raptor_parser_parse_start(parser, base), 0);
	assert_int_equal(raptor_parser_parse_chunk(parser, out.ptr, out.len, 1), 0);
	raptor_free_uri(base);
	raptor_free_parser(parser);
	raptor_free_world(world);
	buf_fini(&out);
	assert_int_equal(found.count, 9);
	assert_true(found.title && found.text && found.time && found.page);
}

static void turtle(void **state)
{
	read_back(RDF_TURTLE);
}

static void xml(void **state)
{
	read_back(RDF_XML);
}

static void jsonld(void **state)
{
	struct buf out;
	json_t *keywords, *title;
	const char *prefix;

	buf_init(&out, 1 << 20);
	assert_int_equal(write_sample(RDF_JSONLD, &out), ERR_OK);
	json_t *whole = json_loadb((const char *)out.ptr, out.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(whole);
	assert_int_equal(json_unpack(whole, "{s:{s:s}, s:[{s:o, s:o}]}", "@context", "dcat",
				     &prefix, "@graph", "dcat:keyword", &keywords, "dcterms:title",
				     &title),
			 0);
	assert_string_equal(prefix, "http://www.w3.org/ns/dcat#");
	assert_int_equal(json_array_size(keywords), 2);
	assert_string_equal(json_string_value(json_object_get(title, "@value")),
			    "Pegel \"M\xc3\xbchlbach\" <&>\\");
	json_decref(whole);
	buf_fini(&out);
}

/* A page that is too long is a fault, and no shorter page. */
static void too_long(void **state)
{
	struct buf out;

	for (int i = 0; i < RDF_SYNTAX_COUNT; i++) {
		buf_init(&out, 500);
		assert_int_equal(write_sample((enum rdf_syntax)i, &out), ERR_FULL);
		buf_fini(&out);
	}
}

static void iris(void **state)
{
	static const struct {
		const char *iri;
		bool ok;
	} cases[] = {
		{"https://a.example/b", true},
		{"http://a/%20", true},
		{"http://a/%2", false},
		{"http://a/%zz", false},
		{"http://", false},
		{"http:///a", false},
		{"mailto:a@b.example", true},
		{"tel:+493521", true},
		{"urn:uuid:0b6f2a54-53f4-4b66-9d6f-6f0a52a2f7a1", true},
		{"javascript:alert(1)", false},
		{"ftp://a/b", false},
		{"https://a/ b", false},
		{"https://a/<b>", false},
		{"https://a/\"", false},
		{"https://a/\n", false},
		{"https://a/\xe2\x80\xae", false}, /* turns the direction of writing */
		{"https://a/\xff", false},
		{"", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (rdf_iri_ok(bytes_str(cases[i].iri)) != cases[i].ok)
			fail_msg("\"%s\"", cases[i].iri);
}

static void names(void **state)
{
	enum rdf_syntax syntax;

	assert_true(rdf_by_extension("xml", &syntax));
	assert_int_equal(syntax, RDF_XML);
	assert_true(rdf_by_extension("jsonld", &syntax));
	assert_int_equal(syntax, RDF_JSONLD);
	assert_false(rdf_by_extension("json", &syntax));
	assert_false(rdf_by_extension("", &syntax));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turtle),   cmocka_unit_test(xml),  cmocka_unit_test(jsonld),
		cmocka_unit_test(too_long), cmocka_unit_test(iris), cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
