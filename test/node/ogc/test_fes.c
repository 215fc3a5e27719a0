#include "test/node/node_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/ogc/fes.h"

#define FES(inside)                                                                                \
	"<fes:Filter xmlns:fes=\"http://www.opengis.net/fes/2.0\" xmlns:gml='http://x'>" inside    \
	"</fes:Filter>"
#define BOX                                                                                        \
	"<BBOX><ValueReference>geometry</ValueReference><gml:Envelope srsName=\"EPSG:25833\">"     \
	"<gml:lowerCorner>51.1 13.4</gml:lowerCorner>\n<gml:upperCorner> 51.2 13.5 "               \
	"</gml:upperCorner></gml:Envelope></BBOX>"
#define EQUAL(name, value)                                                                         \
	"<fes:PropertyIsEqualTo><fes:ValueReference>" name                                         \
	"</fes:ValueReference><fes:Literal>" value "</fes:Literal></fes:PropertyIsEqualTo>"

/* What is read, as a text: box, comparisons, ids. */
static void say_fes(const struct fes *fes, char *out, size_t len)
{
	size_t at = 0;

	out[0] = 0;
	if (fes->has_box)
		at += (size_t)snprintf(out + at, len - at, "%g %g %g %g in \"%.*s\" ", fes->box[0],
				       fes->box[1], fes->box[2], fes->box[3], (int)fes->srs.len,
				       (const char *)fes->srs.ptr);
	for (size_t i = 0; i < fes->equal_count; i++)
		at += (size_t)snprintf(
			out + at, len - at, "%.*s=%.*s ", (int)fes->equals[i].name.len,
			(const char *)fes->equals[i].name.ptr, (int)fes->equals[i].value.len,
			(const char *)fes->equals[i].value.ptr);
	if (fes->has_ids)
		snprintf(out + at, len - at, "ids %s", (const char *)fes->ids.ptr);
}

static void filters(void **state)
{
	static const struct {
		const char *text;
		enum err err;
		const char *says;
	} cases[] = {
		{FES(BOX), ERR_OK, "51.1 13.4 51.2 13.5 in \"EPSG:25833\" "},
		{"<!-- x -->" FES(BOX), ERR_MALFORMED, "a name"},
		{"<?xml version=\"1.0\"?>\n" FES("<!-- <x> -->" BOX) "\n", ERR_OK,
		 "51.1 13.4 51.2 13.5 in \"EPSG:25833\" "},
		{FES(EQUAL("city", "A &amp; &#228;&#xe4;&lt;")), ERR_OK, "city=A & ää< "},
		{FES(EQUAL("a", "")), ERR_OK, "a= "},
		{FES("<And>" BOX EQUAL("a", "1") EQUAL("b", "2") "</And>"), ERR_OK,
		 "51.1 13.4 51.2 13.5 in \"EPSG:25833\" a=1 b=2 "},
		{FES("<fes:ResourceId rid=\"x.1\"/><fes:ResourceId rid='x.2'/>"), ERR_OK,
		 "ids x.1,x.2"},
		/* what would be half understood */
		{FES("<Or>" EQUAL("a", "1") EQUAL("b", "2") "</Or>"), ERR_ABSENT, "an operator"},
		{FES("<Not>" EQUAL("a", "1") "</Not>"), ERR_ABSENT, "an operator"},
		{FES("<And>" BOX BOX "</And>"), ERR_ABSENT, "two boxes"},
		{FES("<And><ResourceId rid=\"x.1\"/>" BOX "</And>"), ERR_ABSENT, "an operator"},
		{FES("<PropertyIsEqualTo><Function name=\"f\"/><Literal>1</Literal>"
		     "</PropertyIsEqualTo>"),
		 ERR_ABSENT, "other things"},
		{FES("<BBOX><Point/></BBOX>"), ERR_ABSENT, "no Envelope"},
		/* what is no filter */
		{FES(BOX EQUAL("a", "1")), ERR_MALFORMED, "more than one"},
		{FES(""), ERR_MALFORMED, "no Filter"},
		{"<x>" BOX "</x>", ERR_MALFORMED, "no Filter"},
		{FES("<BBOX/>"), ERR_MALFORMED, "without corners"},
		{FES("<BBOX><lowerCorner>1</lowerCorner><upperCorner>1 2</upperCorner></BBOX>"),
		 ERR_MALFORMED, "a corner"},
		{FES("<BBOX><lowerCorner>1 2 3</lowerCorner><upperCorner>1 2</upperCorner></BBOX>"),
		 ERR_MALFORMED, "a corner"},
		/* what is no XML */
		{"", ERR_MALFORMED, "no element"},
		{"<", ERR_MALFORMED, "a name"},
		{"<a", ERR_MALFORMED, "a name is missing"},
		{"<Filter><a></Filter>", ERR_MALFORMED, "fits no beginning"},
		{"<Filter>", ERR_MALFORMED, "does not end"},
		{"<Filter a>", ERR_MALFORMED, "without a value"},
		{"<Filter a=b/>", ERR_MALFORMED, "without quotes"},
		{"<Filter a=\"<\"/>", ERR_MALFORMED, "may stand"},
		{"<Filter a=\"b/>", ERR_MALFORMED, "does not end"},
		{"<Filter>&x;</Filter>", ERR_MALFORMED, "entity"},
		{"<Filter>&#0;</Filter>", ERR_MALFORMED, "entity"},
		{"<Filter>&#xd800;</Filter>", ERR_MALFORMED, "entity"},
		{"<Filter>&#99999999999;</Filter>", ERR_MALFORMED, "entity"},
		{"<!DOCTYPE x [<!ENTITY a \"b\">]><Filter/>", ERR_MALFORMED, "a name"},
		{"<Filter><![CDATA[x]]></Filter>", ERR_MALFORMED, "a name"},
		{"<Filter>\xff</Filter>", ERR_MALFORMED, "UTF-8"},
		{FES(BOX) "x", ERR_MALFORMED, "behind"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fes fes;
		char why[WHY_LEN] = "", said[1024];
		enum err err = fes_read(&fes, bytes_str(cases[i].text), why);
		if (err != cases[i].err)
			fail_msg("%s: %d %s", cases[i].text, err, why);
		say_fes(&fes, said, sizeof(said));
		if (err ? !strstr(why, cases[i].says) : strcmp(said, cases[i].says) != 0)
			fail_msg("%s: \"%s\" \"%s\"", cases[i].text, said, why);
		fes_fini(&fes);
	}
}

/* Deep, many and long ones end at their bounds. */
static void bounds(void **state)
{
	struct buf text;

	for (size_t depth = FES_DEPTH_MAX; depth <= FES_DEPTH_MAX + 1; depth++) {
		struct fes fes;
		char why[WHY_LEN];
		buf_init(&text, 65536);
		buf_add(&text, bytes_str("<Filter>"));
		for (size_t i = 0; i + 4 < depth; i++)
			buf_add(&text, bytes_str("<And>"));
		buf_add(&text, bytes_str("<BBOX><Envelope><lowerCorner>1 2</lowerCorner>"
					 "<upperCorner>3 4</upperCorner></Envelope></BBOX>"));
		for (size_t i = 0; i + 4 < depth; i++)
			buf_add(&text, bytes_str("</And>"));
		buf_add(&text, bytes_str("</Filter>"));
		assert_int_equal(fes_read(&fes, buf_bytes(&text), why),
				 depth > FES_DEPTH_MAX ? ERR_FULL : ERR_OK);
		fes_fini(&fes);
		buf_fini(&text);
	}
	for (size_t count = FES_EQUAL_MAX; count <= FES_EQUAL_MAX + 1; count++) {
		struct fes fes;
		char why[WHY_LEN];
		buf_init(&text, 65536);
		buf_add(&text, bytes_str("<Filter><And>"));
		for (size_t i = 0; i < count; i++)
			buf_add(&text, bytes_str(EQUAL("a", "b")));
		buf_add(&text, bytes_str("</And></Filter>"));
		assert_int_equal(fes_read(&fes, buf_bytes(&text), why),
				 count > FES_EQUAL_MAX ? ERR_FULL : ERR_OK);
		fes_fini(&fes);
		buf_fini(&text);
	}
	buf_init(&text, 2 * FES_LEN_MAX);
	buf_add(&text, bytes_str("<Filter>"));
	while (text.len <= FES_LEN_MAX)
		buf_add(&text, bytes_str("        "));
	struct fes fes;
	char why[WHY_LEN];
	assert_int_equal(fes_read(&fes, buf_bytes(&text), why), ERR_FULL);
	fes_fini(&fes);
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters),
		cmocka_unit_test(bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
