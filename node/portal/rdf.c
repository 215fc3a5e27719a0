#include "node/portal/rdf.h"

#include <jansson.h>
#include <pthread.h>
#include <raptor2.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/utf8.h"

struct prefix {
	const char *name, *iri;
};

static const struct prefix PREFIXES[] = {
	{"adms", "http://www.w3.org/ns/adms#"},
	{"dcat", "http://www.w3.org/ns/dcat#"},
	{"dcatap", "http://data.europa.eu/r5r/"},
	{"dcatde", "http://dcat-ap.de/def/dcatde/"},
	{"dcterms", "http://purl.org/dc/terms/"},
	{"foaf", "http://xmlns.com/foaf/0.1/"},
	{"geo", "http://www.opengis.net/ont/geosparql#"},
	{"hydra", "http://www.w3.org/ns/hydra/core#"},
	{"rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"},
	{"rdfs", "http://www.w3.org/2000/01/rdf-schema#"},
	{"skos", "http://www.w3.org/2004/02/skos/core#"},
	{"spdx", "http://spdx.org/rdf/terms#"},
	{"vcard", "http://www.w3.org/2006/vcard/ns#"},
	{"xsd", "http://www.w3.org/2001/XMLSchema#"},
};
enum { PREFIX_COUNT = sizeof(PREFIXES) / sizeof(PREFIXES[0]), NAME_LEN_MAX = 128 };

struct rdf {
	enum rdf_syntax syntax;
	struct buf *out;
	enum err err; /* the first fault of a library */
	/* Turtle, RDF/XML */
	raptor_world *world;
	raptor_serializer *serializer;
	raptor_iostream *stream;
	/* JSON-LD */
	json_t *graph; /* array of nodes */
	json_t *nodes; /* the same by subject */
};

static const char *const EXTENSIONS[] = {
#define X(name, extension, type) extension,
	RDF_SYNTAX_LIST(X)
#undef X
};

static const char *const TYPES[] = {
#define X(name, extension, type) type "; charset=utf-8",
	RDF_SYNTAX_LIST(X)
#undef X
};

const char *rdf_extension(enum rdf_syntax syntax)
{
	return EXTENSIONS[syntax];
}

const char *rdf_media_type(enum rdf_syntax syntax)
{
	return TYPES[syntax];
}

bool rdf_by_extension(const char *extension, enum rdf_syntax *out)
{
	for (int i = 0; i < RDF_SYNTAX_COUNT; i++) {
		*out = (enum rdf_syntax)i;
		if (strcmp(extension, EXTENSIONS[i]) == 0)
			return true;
	}
	*out = RDF_XML; /* portals ask for catalog.xml too */
	return strcmp(extension, "xml") == 0;
}

/* ---- names ---- */

/* "dcterms:title" written out. */
static void name_expand(char out[NAME_LEN_MAX], const char *name)
{
	const char *colon = strchr(name, ':');

	check(colon);
	for (size_t i = 0; i < PREFIX_COUNT; i++) {
		size_t len = strlen(PREFIXES[i].name);
		if (len != (size_t)(colon - name) || memcmp(PREFIXES[i].name, name, len) != 0)
			continue;
		size_t iri_len = strlen(PREFIXES[i].iri);
		check(iri_len + strlen(colon) < NAME_LEN_MAX);
		memcpy(out, PREFIXES[i].iri, iri_len);
		memcpy(out + iri_len, colon + 1, strlen(colon));
		return;
	}
	check(false); /* a prefix that is not in the list */
}

static bool scheme_ok(struct bytes text)
{
	static const char *const SCHEMES[] = {"http://", "https://", "mailto:", "tel:", "urn:"};

	for (size_t i = 0; i < sizeof(SCHEMES) / sizeof(SCHEMES[0]); i++) {
		size_t len = strlen(SCHEMES[i]);
		if (text.len > len && memcmp(text.ptr, SCHEMES[i], len) == 0)
			return text.ptr[len] != '/';
	}
	return false;
}

static bool is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool rdf_iri_ok(struct bytes text)
{
	size_t len;
	uint32_t c;

	if (text.len > RDF_IRI_LEN_MAX || !scheme_ok(text))
		return false;
	for (size_t at = 0; at < text.len; at += len) {
		struct bytes rest = bytes_of(text.ptr + at, text.len - at);
		len = utf8_next(rest, &c);
		if (len == 0 || c <= 0x20 || (c < 0x80 && strchr("<>\"{}|\\^`", (int)c)) ||
		    utf8_unsafe(c) || (c & 0xfffe) == 0xfffe)
			return false;
		if (c == '%' && (rest.len < 3 || !is_hex(rest.ptr[1]) || !is_hex(rest.ptr[2])))
			return false;
	}
	return true;
}

static bool node_is_blank(const char *node)
{
	return node[0] == '_' && node[1] == ':';
}

static bool node_ok(const char *node)
{
	return node_is_blank(node) || rdf_iri_ok(bytes_str(node));
}

/* Appends a text without what XML 1.0 cannot have, and a zero that counts. */
static void text_clean(struct buf *out, struct bytes text)
{
	size_t len;
	uint32_t c;

	for (size_t at = 0; at < text.len; at += len) {
		struct bytes rest = bytes_of(text.ptr + at, text.len - at);
		len = utf8_next(rest, &c);
		bool has = len > 0 && (c >= 0x20 || c == '\n' || c == '\t') &&
			   (c & 0xfffe) != 0xfffe && c != 0x7f;
		if (len == 0)
			len = 1;
		if (has)
			buf_add(out, bytes_of(rest.ptr, len));
	}
	buf_add_u8(out, 0);
}

/* ---- libraptor2 ---- */

static void raptor_fault(void *arg, raptor_log_message *message)
{
	struct rdf *rdf = arg;

	if (message->level >= RAPTOR_LOG_LEVEL_ERROR && !rdf->err)
		rdf->err = ERR_IO;
}

static int out_byte(void *context, const int byte)
{
	struct buf *out = context;

	buf_add_u8(out, (uint8_t)byte);
	return out->err ? 1 : 0;
}

static int out_bytes(void *context, const void *ptr, size_t size, size_t count)
{
	struct buf *out = context;

	buf_add(out, bytes_of(ptr, size * count));
	return out->err ? 0 : (int)(size * count);
}

/*
 * The end of a world takes from libxml2 what all threads of the process have of it, also from one
 * that is just writing. So none ends: who is through leaves its for the next.
 */
enum { WORLDS_MAX = 64 }; /* written at the same time: fewer, by the number of threads */
static struct {
	pthread_mutex_t lock;
	raptor_world *idle[WORLDS_MAX];
	size_t count;
} worlds = {.lock = PTHREAD_MUTEX_INITIALIZER};

static raptor_world *world_take(void)
{
	raptor_world *world;

	pthread_mutex_lock(&worlds.lock);
	if (worlds.count) {
		world = worlds.idle[--worlds.count];
	} else {
		world = raptor_new_world();
		check(world && !raptor_world_open(world));
	}
	pthread_mutex_unlock(&worlds.lock);
	return world;
}

static void world_give(raptor_world *world)
{
	raptor_world_set_log_handler(world, NULL, NULL);
	pthread_mutex_lock(&worlds.lock);
	check(worlds.count < WORLDS_MAX);
	worlds.idle[worlds.count++] = world;
	pthread_mutex_unlock(&worlds.lock);
}

static void raptor_begin(struct rdf *rdf)
{
	static const raptor_iostream_handler HANDLER = {
		.version = 2, .write_byte = out_byte, .write_bytes = out_bytes};

	rdf->world = world_take();
	raptor_world_set_log_handler(rdf->world, rdf, raptor_fault);
	rdf->serializer = raptor_new_serializer(
		rdf->world, rdf->syntax == RDF_TURTLE ? "turtle" : "rdfxml-abbrev");
	check(rdf->serializer);
	for (size_t i = 0; i < PREFIX_COUNT; i++) {
		raptor_uri *uri =
			raptor_new_uri(rdf->world, (const unsigned char *)PREFIXES[i].iri);
		raptor_serializer_set_namespace(rdf->serializer, uri,
						(const unsigned char *)PREFIXES[i].name);
		raptor_free_uri(uri);
	}
	raptor_serializer_set_option(rdf->serializer, RAPTOR_OPTION_WRITE_BASE_URI, NULL, 0);
	rdf->stream = raptor_new_iostream_from_handler(rdf->world, rdf->out, &HANDLER);
	check(rdf->stream);
	if (raptor_serializer_start_to_iostream(rdf->serializer, NULL, rdf->stream) && !rdf->err)
		rdf->err = ERR_IO;
}

static raptor_term *raptor_node(const struct rdf *rdf, const char *node)
{
	if (node_is_blank(node))
		return raptor_new_term_from_blank(rdf->world, (const unsigned char *)node + 2);
	return raptor_new_term_from_uri_string(rdf->world, (const unsigned char *)node);
}

/* Takes the object. */
static void raptor_say(struct rdf *rdf, const char *subject, const char *predicate,
		       raptor_term *object)
{
	raptor_statement statement;
	char name[NAME_LEN_MAX];

	name_expand(name, predicate);
	raptor_statement_init(&statement, rdf->world);
	statement.subject = raptor_node(rdf, subject);
	statement.predicate =
		raptor_new_term_from_uri_string(rdf->world, (const unsigned char *)name);
	statement.object = object;
	if ((!statement.subject || !statement.predicate || !object ||
	     raptor_serializer_serialize_statement(rdf->serializer, &statement)) &&
	    !rdf->err)
		rdf->err = ERR_NOMEM;
	raptor_statement_clear(&statement);
}

static void raptor_literal(struct rdf *rdf, const char *subject, const char *predicate,
			   const char *text, const char *language, const char *type)
{
	raptor_uri *uri = NULL;
	char name[NAME_LEN_MAX];

	if (type) {
		name_expand(name, type);
		uri = raptor_new_uri(rdf->world, (const unsigned char *)name);
	}
	raptor_say(rdf, subject, predicate,
		   raptor_new_term_from_literal(rdf->world, (const unsigned char *)text, uri,
						(const unsigned char *)language));
	if (uri)
		raptor_free_uri(uri);
}

/* ---- JSON-LD ---- */

static json_t *json_subject(struct rdf *rdf, const char *subject)
{
	json_t *node = json_object_get(rdf->nodes, subject);

	if (node)
		return node;
	node = json_pack("{s:s}", "@id", subject);
	check(node);
	json_object_set(rdf->nodes, subject, node);
	json_array_append_new(rdf->graph, node);
	return node;
}

/* Agents are described by each dataset of theirs. */
static bool json_has(const json_t *values, const json_t *value)
{
	enum { LOOK_MAX = 16 };

	for (size_t i = 0; i < json_array_size(values) && i < LOOK_MAX; i++)
		if (json_equal(json_array_get(values, i), value))
			return true;
	return json_equal(values, value);
}

/* One value stands for itself, several in an array; takes the value. */
static void json_say(struct rdf *rdf, const char *subject, const char *predicate, json_t *value)
{
	json_t *node = json_subject(rdf, subject);
	json_t *before = json_object_get(node, predicate);

	check(value);
	if (before && json_has(before, value))
		json_decref(value);
	else if (!before)
		json_object_set_new(node, predicate, value);
	else if (json_is_array(before))
		json_array_append_new(before, value);
	else
		json_object_set_new(node, predicate, json_pack("[O, o]", before, value));
}

static int json_out(const char *text, size_t len, void *arg)
{
	struct buf *out = arg;

	buf_add(out, bytes_of(text, len));
	return out->err ? -1 : 0;
}

static void json_end(struct rdf *rdf)
{
	json_t *context = json_object();

	for (size_t i = 0; i < PREFIX_COUNT; i++)
		json_object_set_new(context, PREFIXES[i].name, json_string(PREFIXES[i].iri));
	json_t *whole = json_pack("{s:o, s:O}", "@context", context, "@graph", rdf->graph);
	check(whole);
	json_dump_callback(whole, json_out, rdf->out, JSON_INDENT(1));
	json_decref(whole);
	json_decref(rdf->graph);
	json_decref(rdf->nodes);
}

/* ---- both ---- */

struct rdf *rdf_open(enum rdf_syntax syntax, struct buf *out)
{
	struct rdf *rdf = mem_new(1, sizeof(*rdf));

	*rdf = (struct rdf){.syntax = syntax, .out = out};
	if (syntax == RDF_JSONLD) {
		rdf->graph = json_array();
		rdf->nodes = json_object();
	} else {
		raptor_begin(rdf);
	}
	return rdf;
}

void rdf_type(struct rdf *rdf, const char *subject, const char *class)
{
	char name[NAME_LEN_MAX];

	if (!node_ok(subject))
		return;
	if (rdf->syntax == RDF_JSONLD) {
		json_say(rdf, subject, "@type", json_string(class));
		return;
	}
	name_expand(name, class);
	raptor_say(rdf, subject, "rdf:type", raptor_node(rdf, name));
}

void rdf_link(struct rdf *rdf, const char *subject, const char *predicate, const char *object)
{
	if (!node_ok(subject) || !node_ok(object))
		return;
	if (rdf->syntax == RDF_JSONLD)
		json_say(rdf, subject, predicate, json_pack("{s:s}", "@id", object));
	else
		raptor_say(rdf, subject, predicate, raptor_node(rdf, object));
}

void rdf_link_bytes(struct rdf *rdf, const char *subject, const char *predicate,
		    struct bytes object)
{
	char *text = rdf_iri_ok(object) ? bytes_text(object) : NULL;

	if (text)
		rdf_link(rdf, subject, predicate, text);
	free(text);
}

void rdf_text(struct rdf *rdf, const char *subject, const char *predicate, struct bytes text,
	      const char *language)
{
	struct buf clean;

	buf_init(&clean, text.len + 1);
	text_clean(&clean, text);
	if (clean.err) {
		rdf->err = clean.err;
	} else if (clean.len > 1 && node_ok(subject)) {
		const char *value = (const char *)clean.ptr;
		if (rdf->syntax != RDF_JSONLD)
			raptor_literal(rdf, subject, predicate, value, language, NULL);
		else if (language)
			json_say(rdf, subject, predicate,
				 json_pack("{s:s, s:s}", "@value", value, "@language", language));
		else
			json_say(rdf, subject, predicate, json_string(value));
	}
	buf_fini(&clean);
}

void rdf_value(struct rdf *rdf, const char *subject, const char *predicate, const char *text,
	       const char *type)
{
	if (!node_ok(subject))
		return;
	if (rdf->syntax == RDF_JSONLD)
		json_say(rdf, subject, predicate,
			 json_pack("{s:s, s:s}", "@value", text, "@type", type));
	else
		raptor_literal(rdf, subject, predicate, text, NULL, type);
}

enum err rdf_close(struct rdf *rdf)
{
	if (rdf->syntax == RDF_JSONLD) {
		json_end(rdf);
	} else {
		if (raptor_serializer_serialize_end(rdf->serializer) && !rdf->err)
			rdf->err = ERR_IO;
		raptor_free_serializer(rdf->serializer);
		raptor_free_iostream(rdf->stream);
		world_give(rdf->world);
	}
	enum err err = rdf->out->err ? rdf->out->err : rdf->err;
	free(rdf);
	return err;
}
