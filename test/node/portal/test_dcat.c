/* dcat: which triples a dataset comes to. That the rules hold is judged by dcat_check.sh. */
#include "test/node/node_test.h"
#include "node/index/uuid.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "test/node/portal/dcat_sample.h"

#define SAMPLE_IRI "https://daten.example/id/0b6f2a54-53f4-4b66-9d6f-6f0a52a2f7a"

static json_t *sample_read(void)
{
	struct buf out;

	buf_init(&out, 1 << 24);
	assert_int_equal(dcat_sample_write(RDF_JSONLD, &out), ERR_OK);
	json_t *whole = json_loadb((const char *)out.ptr, out.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(whole);
	buf_fini(&out);
	return whole;
}

/* The node of an IRI; borrowed. */
static json_t *node_of(json_t *whole, const char *iri)
{
	json_t *graph = json_object_get(whole, "@graph"), *node;
	size_t i;

	json_array_foreach(graph, i,
			   node) if (strcmp(json_string_value(json_object_get(node, "@id")), iri) ==
				     0) return node;
	fail_msg("%s is not there", iri);
	return NULL;
}

/* One value, of several the first. */
static const char *value_of(json_t *node, const char *predicate)
{
	json_t *value = json_object_get(node, predicate);

	if (json_is_array(value))
		value = json_array_get(value, 0);
	if (json_is_string(value))
		return json_string_value(value);
	const char *text = json_string_value(json_object_get(value, "@value"));
	return text ? text : json_string_value(json_object_get(value, "@id"));
}

static size_t count_of(json_t *node, const char *predicate)
{
	json_t *value = json_object_get(node, predicate);

	return json_is_array(value) ? json_array_size(value) : value ? 1 : 0;
}

static void whole_dataset(void **state)
{
	json_t *whole = sample_read(), *node = node_of(whole, SAMPLE_IRI "0");

	assert_string_equal(value_of(node, "dcterms:identifier"), "meissen:pegel-muehlbach");
	assert_string_equal(value_of(node, "dcterms:modified"), "2026-05-01T08:00:00Z");
	assert_string_equal(value_of(node, "dcterms:issued"), "2026-01-01T00:00:00Z");
	assert_string_equal(value_of(node, "dcat:landingPage"),
			    "https://www.meissen.example/pegel");
	assert_int_equal(count_of(node, "dcat:theme"), 2);
	assert_int_equal(count_of(node, "dcat:distribution"), 2);
	/* of GovData's list one, however many somebody has written; those of others stay */
	assert_int_equal(count_of(node, "dcatde:contributorID"), 2);
	node = node_of(whole, value_of(node, "dcterms:publisher"));
	assert_string_equal(value_of(node, "foaf:name"), "Umweltamt Meißen");
	node = node_of(whole, value_of(node_of(whole, SAMPLE_IRI "0"), "dcat:contactPoint"));
	assert_string_equal(value_of(node, "vcard:hasTelephone"), "tel:+4935214670");
	json_decref(whole);
}

static void least(void **state)
{
	json_t *whole = sample_read(), *node = node_of(whole, SAMPLE_IRI "1");

	assert_string_equal(value_of(node, "dcterms:identifier"),
			    "urn:uuid:0b6f2a54-53f4-4b66-9d6f-6f0a52a2f7a1");
	assert_string_equal(value_of(node, "dcterms:description"), "Schulen");
	assert_string_equal(value_of(node, "dcatde:contributorID"), DCAT_SAMPLE_SITE.contributor);
	assert_string_equal(value_of(node, "dcat:distribution"), SAMPLE_IRI "1/all");
	node = node_of(whole, SAMPLE_IRI "1/all");
	assert_string_equal(value_of(node, "dcat:accessURL"),
			    "https://daten.example/d/meissen/schulen");
	assert_null(json_object_get(node, "dcat:downloadURL"));
	assert_null(json_object_get(node, "spdx:checksum"));
	json_decref(whole);
}

/* What is no IRI or code is left out, and what a licence wants is there. */
static void what_is_wrong(void **state)
{
	json_t *whole = sample_read(), *node = node_of(whole, SAMPLE_IRI "2");

	assert_null(json_object_get(node, "dcat:theme"));
	assert_null(json_object_get(node, "dcatap:applicableLegislation"));
	assert_string_equal(value_of(node, "dcat:landingPage"),
			    "https://daten.example/d/riesa/kita");
	json_t *contact = node_of(whole, value_of(node, "dcat:contactPoint"));
	assert_string_equal(value_of(contact, "vcard:hasURL"),
			    "https://daten.example/d/riesa/kita");
	node = node_of(whole, value_of(node, "dcat:distribution"));
	assert_string_equal(value_of(node, "dcatde:licenseAttributionByText"),
			    "Große Kreisstadt Riesa");
	json_decref(whole);
}

static void many_files(void **state)
{
	json_t *whole = sample_read(), *node = node_of(whole, SAMPLE_IRI "3");

	assert_int_equal(count_of(node, "dcat:distribution"), DCAT_FILE_COUNT_MAX + 1);
	node = node_of(whole, SAMPLE_IRI "3/all");
	assert_string_equal(value_of(node, "dcterms:title"), "Alle 250 Dateien");
	json_decref(whole);
}

static void pages(void **state)
{
	json_t *whole = sample_read();
	json_t *node = node_of(whole, "https://daten.example/catalog.jsonld?page=2&of=3");

	assert_string_equal(value_of(node, "hydra:next"),
			    "https://daten.example/catalog.jsonld?page=3&of=3");
	assert_string_equal(value_of(node, "hydra:previous"),
			    "https://daten.example/catalog.jsonld?page=1&of=3");
	assert_int_equal(count_of(node_of(whole, "https://daten.example/catalog"), "dcat:dataset"),
			 DCAT_SAMPLE_COUNT);
	json_decref(whole);
}

/* A name leads to one distribution for ever, in each dataset to another. */
static void names_for_life(void **state)
{
	struct dataset_id one = {{1}}, two = {{2}};
	char a[INDEX_UUID_LEN + 1], b[INDEX_UUID_LEN + 1];

	uuid_of_file(a, &one, bytes_str("pegel.csv"));
	assert_string_equal(a, "dc49e9a8-2fa2-8100-89b2-4bea1f9721df");
	uuid_of_file(b, &two, bytes_str("pegel.csv"));
	assert_string_not_equal(a, b);
	uuid_of_file(b, &one, bytes_str("pegel.CSV"));
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_dataset), cmocka_unit_test(least),
		cmocka_unit_test(what_is_wrong), cmocka_unit_test(many_files),
		cmocka_unit_test(pages),         cmocka_unit_test(names_for_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
