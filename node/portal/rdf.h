/*
 * rdf - triples, written as Turtle, RDF/XML or JSON-LD.
 *
 * One caller says the triples, in any order; what belongs to one subject is put together. Turtle
 * and RDF/XML are made by libraptor2, JSON-LD by jansson, with its context inside, as harvesters
 * behind firewalls can fetch none. The whole text is in memory when it is written: who has much to
 * say says it in pages.
 *
 * Texts may come from anywhere: characters that XML cannot have are left out of them, and a triple
 * with an IRI that is none is left out as a whole.
 */
#ifndef ALLMENDE_RDF_H
#define ALLMENDE_RDF_H

#include "crypto/bytes.h"

/* X(NAME, extension, media type) */
#define RDF_SYNTAX_LIST(X)                                                                         \
	X(TURTLE, "ttl", "text/turtle")                                                            \
	X(XML, "rdf", "application/rdf+xml")                                                       \
	X(JSONLD, "jsonld", "application/ld+json")

enum rdf_syntax {
#define X(name, extension, type) RDF_##name,
	RDF_SYNTAX_LIST(X)
#undef X
		RDF_SYNTAX_COUNT
};
const char *rdf_extension(enum rdf_syntax syntax);
const char *rdf_media_type(enum rdf_syntax syntax); /* with the charset, where it is a text type */
/* "ttl", "rdf", "xml", "jsonld"; false: any other. */
bool rdf_by_extension(const char *extension, enum rdf_syntax *out);

enum { RDF_IRI_LEN_MAX = 8191 };

struct rdf;

/* Appends to out, when it is closed. */
struct rdf *rdf_open(enum rdf_syntax syntax, struct buf *out);
/*
 * Subject and object are IRIs or "_:NAME" with letters and digits, predicate, class and type are
 * written with a prefix of rdf.c ("dcterms:title"). Absolute IRIs are of http, https, mailto, tel
 * or urn.
 */
void rdf_type(struct rdf *rdf, const char *subject, const char *class);
void rdf_link(struct rdf *rdf, const char *subject, const char *predicate, const char *object);
void rdf_link_bytes(struct rdf *rdf, const char *subject, const char *predicate,
		    struct bytes object);
/* An empty text is no triple. language: "de", or NULL. */
void rdf_text(struct rdf *rdf, const char *subject, const char *predicate, struct bytes text,
	      const char *language);
void rdf_value(struct rdf *rdf, const char *subject, const char *predicate, const char *text,
	       const char *type);
/* Writes, and releases. ERR_FULL: longer than out may be; ERR_NOMEM. */
enum err rdf_close(struct rdf *rdf);

/* Whether it can stand as an IRI. */
bool rdf_iri_ok(struct bytes text);

#endif
