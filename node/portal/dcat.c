#include "node/portal/dcat.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "node/base/clock.h"
#include "node/portal/dataset.h"
#include "proto/dcat/vocab.h"

#define EU_THEMES "http://publications.europa.eu/resource/authority/data-theme"
#define IANA      "https://www.iana.org/assignments/media-types/"

/* ---- names ---- */

/* The text, when it fits; else "", of which nothing is said (rdf.h). */
__attribute__((format(printf, 2, 3))) static void iri_print(char out[RDF_IRI_LEN_MAX + 1],
							    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(out, RDF_IRI_LEN_MAX + 1, format, args);
	va_end(args);
	if (len < 0 || len > RDF_IRI_LEN_MAX)
		out[0] = 0;
}

static void dcat_iri(char out[RDF_IRI_LEN_MAX + 1], const struct dcat_site *site, const char *uuid)
{
	iri_print(out, "%s/id/%s", site->base, uuid);
}

/* BASE/d/PATH, or BASE/d/PATH/files/NAME. */
static void page_iri(char out[RDF_IRI_LEN_MAX + 1], const struct dcat_site *site, const char *path,
		     struct bytes name)
{
	struct buf text;

	buf_init(&text, RDF_IRI_LEN_MAX + 1);
	buf_add(&text, bytes_str(site->base));
	dataset_address_put(&text, path, 0, name);
	buf_add_u8(&text, 0);
	if (text.err)
		out[0] = 0;
	else
		memcpy(out, text.ptr, text.len);
	buf_fini(&text);
}

static void put_moment(struct rdf *rdf, const char *subject, const char *predicate, int64_t ms)
{
	char text[CLOCK_UTC_LEN];

	clock_utc(text, ms);
	if (ms > 0 && text[0])
		rdf_value(rdf, subject, predicate, text, "xsd:dateTime");
}

static void put_term(struct rdf *rdf, const char *subject, const char *predicate, enum vocab vocab,
		     struct bytes code)
{
	const struct vocab_term *term = code.len > 0 ? vocab_find(vocab, code) : NULL;

	if (term)
		rdf_link(rdf, subject, predicate, term->iri);
}

/* ---- who publishes ---- */

/*
 * The organisation, or who else it says the publisher is. The IRI names the organisation by the
 * slug of its admission, which a rename does not change.
 */
static void agent_iri(char out[RDF_IRI_LEN_MAX + 1], const struct dcat_site *site, const char *home,
		      struct bytes other)
{
	uint8_t id[ID_LEN];

	if (other.len == 0) {
		iri_print(out, "%s/id/org/%s", site->base, home);
		return;
	}
	hash_plain(id, other);
	iri_print(out, "%s/id/org/%s/%02x%02x%02x%02x%02x%02x%02x%02x", site->base, home, id[0],
		  id[1], id[2], id[3], id[4], id[5], id[6], id[7]);
}

static void put_agent(struct rdf *rdf, const char *iri, struct bytes name, const char *ags,
		      struct bytes url)
{
	const struct vocab_term *local =
		vocab_find(VOCAB_PUBLISHER_TYPE, bytes_str("LocalAuthority"));

	rdf_type(rdf, iri, "foaf:Organization");
	rdf_type(rdf, iri, "foaf:Agent");
	rdf_text(rdf, iri, "foaf:name", name, NULL);
	if (ags[0] && local)
		rdf_link(rdf, iri, "dcterms:type", local->iri);
	rdf_link_bytes(rdf, iri, "foaf:homepage", url);
}

static void put_publisher(struct dcat *dcat)
{
	const struct index_item *item = dcat->item;
	const struct bytes own = bytes_str(item->organisation[0] ? item->organisation : item->slug);
	const struct bytes said = item->description.publisher;
	const bool other = said.len > 0 && !bytes_eq(said, own);
	char iri[RDF_IRI_LEN_MAX + 1];

	agent_iri(iri, dcat->site, item->home, other ? said : bytes_of(NULL, 0));
	rdf_link(dcat->rdf, dcat->iri, "dcterms:publisher", iri);
	put_agent(dcat->rdf, iri, other ? said : own, other ? "" : item->ags,
		  item->description.publisher_url);
}

/* ---- the catalogue ---- */

static void page_address(char out[RDF_IRI_LEN_MAX + 1], const struct dcat_site *site,
			 const struct dcat_page *page, uint64_t number)
{
	iri_print(out, "%s/catalog.%s?page=%" PRIu64 "%s", site->base, rdf_extension(page->syntax),
		  number, page->query ? page->query : "");
}

static void put_other(struct rdf *rdf, const struct dcat_site *site, const struct dcat_page *page,
		      const char *view, const char *predicate, uint64_t number)
{
	char iri[RDF_IRI_LEN_MAX + 1];

	page_address(iri, site, page, number);
	rdf_link(rdf, view, predicate, iri);
}

static void put_number(struct rdf *rdf, const char *subject, const char *predicate, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	rdf_value(rdf, subject, predicate, text, "xsd:integer");
}

/* What a harvester follows to the next page (hydra:next). */
static void put_view(struct rdf *rdf, const struct dcat_site *site, const struct dcat_page *page)
{
	char view[RDF_IRI_LEN_MAX + 1], iri[RDF_IRI_LEN_MAX + 1];

	page_address(view, site, page, page->number);
	rdf_type(rdf, view, "hydra:PartialCollectionView");
	rdf_type(rdf, view, "hydra:PagedCollection");
	put_number(rdf, view, "hydra:itemsPerPage", page->size);
	if (page->dataset_count > 0)
		put_number(rdf, view, "hydra:totalItems", page->dataset_count);
	if (page->next) {
		iri_print(iri, "%s/catalog.%s?%s", site->base, rdf_extension(page->syntax),
			  page->next);
		rdf_link(rdf, view, "hydra:next", iri);
		return;
	}
	put_other(rdf, site, page, view, "hydra:first", 1);
	put_other(rdf, site, page, view, "hydra:last", page->count);
	if (page->number > 1)
		put_other(rdf, site, page, view, "hydra:previous", page->number - 1);
	if (page->number < page->count)
		put_other(rdf, site, page, view, "hydra:next", page->number + 1);
}

/* What the node answers for programs, beside the files. */
static void put_dcat_service(struct rdf *rdf, const struct dcat_site *site, const char *catalog,
			     const char *name, const char *title, const char *endpoint,
			     const char *described)
{
	char iri[RDF_IRI_LEN_MAX + 1], other[RDF_IRI_LEN_MAX + 1];

	iri_print(iri, "%s/id/service/%s", site->base, name);
	rdf_link(rdf, catalog, "dcat:service", iri);
	rdf_type(rdf, iri, "dcat:DataService");
	rdf_text(rdf, iri, "dcterms:title", bytes_str(title), "de");
	iri_print(other, "%s%s", site->base, endpoint);
	rdf_link(rdf, iri, "dcat:endpointURL", other);
	iri_print(other, "%s%s", site->base, described);
	rdf_link(rdf, iri, "dcat:endpointDescription", other);
	agent_iri(other, site, site->home, bytes_of(NULL, 0));
	rdf_link(rdf, iri, "dcterms:publisher", other);
}

static void put_services(struct rdf *rdf, const struct dcat_site *site, const char *catalog)
{
	put_dcat_service(rdf, site, catalog, "ogc", "OGC API Features", "/ogc", "/ogc/api");
	put_dcat_service(rdf, site, catalog, "wfs", "WFS 2.0", "/wfs",
			 "/wfs?service=WFS&request=GetCapabilities");
	put_dcat_service(rdf, site, catalog, "ckan", "CKAN Action API", "/api/3/action",
			 "/api/v1/openapi.json");
	put_dcat_service(rdf, site, catalog, "api", "Katalog als JSON", "/api/v1/datasets",
			 "/api/v1/openapi.json");
}

static void catalog_iri(char out[RDF_IRI_LEN_MAX + 1], const struct dcat_site *site)
{
	iri_print(out, "%s/catalog", site->base);
}

void dcat_catalog(struct rdf *rdf, const struct dcat_site *site, const struct dcat_page *page)
{
	const char *name = site->organisation[0] ? site->organisation : site->slug;
	char iri[RDF_IRI_LEN_MAX + 1], other[RDF_IRI_LEN_MAX + 1], text[LIMIT_NAME_LEN_MAX + 64];

	catalog_iri(iri, site);
	rdf_type(rdf, iri, "dcat:Catalog");
	snprintf(text, sizeof(text), "Datenkatalog %s", name);
	rdf_text(rdf, iri, "dcterms:title", bytes_str(text), "de");
	snprintf(text, sizeof(text), "Offene Daten, die %s bereitstellt.", name);
	rdf_text(rdf, iri, "dcterms:description", bytes_str(text), "de");
	agent_iri(other, site, site->home, bytes_of(NULL, 0));
	rdf_link(rdf, iri, "dcterms:publisher", other);
	put_agent(rdf, other, bytes_str(name), site->ags, bytes_of(NULL, 0));
	put_term(rdf, iri, "dcterms:language", VOCAB_LANGUAGE, bytes_str("DEU"));
	iri_print(other, "%s/", site->base);
	rdf_link(rdf, iri, "foaf:homepage", other);
	rdf_link(rdf, iri, "dcat:themeTaxonomy", EU_THEMES);
	put_moment(rdf, iri, "dcterms:modified", page->modified_ms);
	if (page->number == 1)
		put_services(rdf, site, iri);
	put_view(rdf, site, page);
}

/* ---- a dataset ---- */

/* A node without a name of its own, one of each kind. */
static void blank_name(char out[64], const struct dcat *dcat, const char *kind)
{
	snprintf(out, 64, "_:%s%s", kind, dcat->plain);
}

static const char *language_of(const struct description *d)
{
	const struct vocab_term *term =
		d->language_count > 0 ? vocab_find(VOCAB_LANGUAGE, d->languages[0]) : NULL;

	return term && term->alias ? term->alias : "de";
}

static void put_words(struct dcat *dcat)
{
	const struct description *d = &dcat->item->description;
	const struct bytes title = d->title.len > 0 ? d->title : bytes_str(dcat->item->path);
	struct rdf *rdf = dcat->rdf;

	rdf_text(rdf, dcat->iri, "dcterms:title", title, dcat->language);
	rdf_text(rdf, dcat->iri, "dcterms:description", d->text.len > 0 ? d->text : title,
		 dcat->language);
	for (uint32_t i = 0; i < d->keyword_count; i++)
		rdf_text(rdf, dcat->iri, "dcat:keyword", d->keywords[i], dcat->language);
	for (uint32_t i = 0; i < d->theme_count; i++)
		put_term(rdf, dcat->iri, "dcat:theme", VOCAB_THEME, d->themes[i]);
	for (uint32_t i = 0; i < d->language_count; i++)
		put_term(rdf, dcat->iri, "dcterms:language", VOCAB_LANGUAGE, d->languages[i]);
	if (d->language_count == 0)
		put_term(rdf, dcat->iri, "dcterms:language", VOCAB_LANGUAGE, bytes_str("DEU"));
	if (d->provenance.len > 0) {
		char blank[64];
		blank_name(blank, dcat, "v");
		rdf_link(rdf, dcat->iri, "dcterms:provenance", blank);
		rdf_type(rdf, blank, "dcterms:ProvenanceStatement");
		rdf_text(rdf, blank, "rdfs:label", d->provenance, dcat->language);
	}
}

/* Their own identifier, wherever it is passed on: else two portals have it twice. */
static void put_identity(struct dcat *dcat)
{
	const struct index_item *item = dcat->item;
	const struct description *d = &item->description;
	char text[DCAT_UUID_LEN + 16];

	snprintf(text, sizeof(text), "urn:uuid:%s", item->uuid);
	rdf_text(dcat->rdf, dcat->iri, "dcterms:identifier",
		 d->identifier.len > 0 ? d->identifier : bytes_str(text), NULL);
	put_moment(dcat->rdf, dcat->iri, "dcterms:issued",
		   d->issued_ms > 0 && d->issued_ms < INT64_MAX ? (int64_t)d->issued_ms
								: item->first_published_ms);
	put_moment(dcat->rdf, dcat->iri, "dcterms:modified", item->modified_ms);
	snprintf(text, sizeof(text), "%" PRIu64, item->number);
	rdf_text(dcat->rdf, dcat->iri, "dcat:version", bytes_str(text), NULL);
}

static void put_contributors(struct dcat *dcat)
{
	const struct description *d = &dcat->item->description;
	bool listed = false;

	for (uint32_t i = 0; i < d->contributor_count; i++) {
		const struct vocab_term *term = vocab_find(VOCAB_CONTRIBUTOR, d->contributors[i]);
		if (term && listed)
			continue; /* of GovData's list there may be one */
		listed = listed || term;
		if (term)
			rdf_link(dcat->rdf, dcat->iri, "dcatde:contributorID", term->iri);
		else
			rdf_link_bytes(dcat->rdf, dcat->iri, "dcatde:contributorID",
				       d->contributors[i]);
	}
	if (!listed && dcat->site->contributor[0])
		rdf_link(dcat->rdf, dcat->iri, "dcatde:contributorID", dcat->site->contributor);
}

static void put_codes(struct dcat *dcat)
{
	const struct description *d = &dcat->item->description;
	const bool open = dcat->item->tier == TIER_OPEN;
	struct rdf *rdf = dcat->rdf;

	put_term(rdf, dcat->iri, "dcterms:accrualPeriodicity", VOCAB_FREQUENCY, d->frequency);
	put_term(rdf, dcat->iri, "dcterms:accessRights", VOCAB_ACCESS,
		 d->access.len > 0 ? d->access : bytes_str(open ? "PUBLIC" : "RESTRICTED"));
	put_term(rdf, dcat->iri, "dcatap:availability", VOCAB_AVAILABILITY, d->availability);
	put_term(rdf, dcat->iri, "dcatde:politicalGeocodingLevelURI", VOCAB_LEVEL, d->level);
	for (uint32_t i = 0; i < d->hvd_count; i++)
		put_term(rdf, dcat->iri, "dcatap:hvdCategory", VOCAB_HVD, d->hvd[i]);
	for (uint32_t i = 0; i < d->legislation_count; i++)
		rdf_link_bytes(rdf, dcat->iri, "dcatap:applicableLegislation", d->legislation[i]);
}

/* ---- where and when ---- */

static void degree_add(struct buf *out, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.7f", (double)value / DESCRIPTION_DEGREE);
	size_t len = strlen(text);
	while (text[len - 1] == '0')
		len--;
	buf_add(out, bytes_of(text, text[len - 1] == '.' ? len - 1 : len));
}

static void ring_add(struct buf *out, int64_t west, int64_t south, int64_t east, int64_t north)
{
	const int64_t points[5][2] = {
		{west, south}, {east, south}, {east, north}, {west, north}, {west, south}};

	for (size_t i = 0; i < 5; i++) {
		buf_add(out, bytes_str(i == 0 ? "((" : ","));
		degree_add(out, points[i][0]);
		buf_add_u8(out, ' ');
		degree_add(out, points[i][1]);
	}
	buf_add(out, bytes_str("))"));
}

/* As WKT: longitude first; across the 180th meridian it is two. */
static void bbox_add(struct buf *out, const int64_t bbox[4])
{
	const int64_t edge = 180 * (int64_t)DESCRIPTION_DEGREE;

	if (bbox[0] <= bbox[2]) {
		buf_add(out, bytes_str("POLYGON"));
		ring_add(out, bbox[0], bbox[1], bbox[2], bbox[3]);
	} else {
		buf_add(out, bytes_str("MULTIPOLYGON("));
		ring_add(out, bbox[0], bbox[1], edge, bbox[3]);
		buf_add_u8(out, ',');
		ring_add(out, -edge, bbox[1], bbox[2], bbox[3]);
		buf_add_u8(out, ')');
	}
	buf_add_u8(out, 0);
}

static void put_place(struct dcat *dcat)
{
	const struct description *d = &dcat->item->description;
	struct rdf *rdf = dcat->rdf;
	struct buf text;
	char blank[64];

	buf_init(&text, 1 << 12);
	if (d->place_key.len > 0 && vocab_place_iri(&text, d->place_key))
		rdf_link_bytes(rdf, dcat->iri, "dcterms:spatial", buf_bytes(&text));
	if (d->has_bbox || d->place_name.len > 0) {
		blank_name(blank, dcat, "s");
		rdf_link(rdf, dcat->iri, "dcterms:spatial", blank);
		rdf_type(rdf, blank, "dcterms:Location");
		rdf_text(rdf, blank, "skos:prefLabel", d->place_name, dcat->language);
	}
	if (d->has_bbox) {
		buf_reset(&text);
		bbox_add(&text, d->bbox);
		rdf_value(rdf, blank, "dcat:bbox", (const char *)text.ptr, "geo:wktLiteral");
	}
	buf_fini(&text);
}

static void put_day(struct rdf *rdf, const char *subject, const char *predicate, struct bytes day)
{
	const char *type = day.len == 4    ? "xsd:gYear"
			   : day.len == 7  ? "xsd:gYearMonth"
			   : day.len == 10 ? "xsd:date"
					   : "xsd:dateTime";
	char text[32];

	if (day.len == 0 || day.len >= sizeof(text))
		return;
	memcpy(text, day.ptr, day.len);
	text[day.len] = 0;
	rdf_value(rdf, subject, predicate, text, type);
}

static void put_span(struct dcat *dcat)
{
	const struct description *d = &dcat->item->description;
	char blank[64];

	if (d->from.len == 0 && d->to.len == 0)
		return;
	blank_name(blank, dcat, "t");
	rdf_link(dcat->rdf, dcat->iri, "dcterms:temporal", blank);
	rdf_type(dcat->rdf, blank, "dcterms:PeriodOfTime");
	put_day(dcat->rdf, blank, "dcat:startDate", d->from);
	put_day(dcat->rdf, blank, "dcat:endDate", d->to);
}

/* ---- whom to ask ---- */

/* "mailto:" or "tel:" and the text, as an IRI. */
static void put_reach(struct rdf *rdf, const char *subject, const char *predicate,
		      const char *scheme, struct bytes text)
{
	struct buf iri;

	if (text.len == 0)
		return;
	buf_init(&iri, RDF_IRI_LEN_MAX);
	buf_add(&iri, bytes_str(scheme));
	for (size_t i = 0; i < text.len; i++)
		if (scheme[0] != 't' || (text.ptr[i] >= '0' && text.ptr[i] <= '9') ||
		    (text.ptr[i] == '+' && i == 0))
			buf_add_u8(&iri, text.ptr[i]);
	rdf_link_bytes(rdf, subject, predicate, buf_bytes(&iri));
	buf_fini(&iri);
}

static void put_contact(struct dcat *dcat)
{
	const struct description *d = &dcat->item->description;
	struct rdf *rdf = dcat->rdf;
	char blank[64];

	if (d->contact_name.len + d->contact_email.len + d->contact_url.len +
		    d->contact_phone.len ==
	    0)
		return;
	blank_name(blank, dcat, "c");
	rdf_link(rdf, dcat->iri, "dcat:contactPoint", blank);
	rdf_type(rdf, blank, "vcard:Kind");
	rdf_text(rdf, blank, "vcard:fn", d->contact_name, NULL);
	put_reach(rdf, blank, "vcard:hasEmail", "mailto:", d->contact_email);
	put_reach(rdf, blank, "vcard:hasTelephone", "tel:", d->contact_phone);
	/* The standard wants a mail address or a URL: the page says what there is. */
	if (rdf_iri_ok(d->contact_url))
		rdf_link_bytes(rdf, blank, "vcard:hasURL", d->contact_url);
	else if (d->contact_email.len == 0)
		rdf_link(rdf, blank, "vcard:hasURL", dcat->page);
}

void dcat_begin(struct dcat *dcat, struct rdf *rdf, const struct dcat_site *site,
		const struct index_item *item, bool in_catalog)
{
	char iri[RDF_IRI_LEN_MAX + 1];
	size_t len = 0;

	*dcat = (struct dcat){.rdf = rdf, .site = site, .item = item};
	dcat_iri(dcat->iri, site, item->uuid);
	page_iri(dcat->page, site, item->path, bytes_of(NULL, 0));
	for (const char *c = item->uuid; *c && len + 1 < sizeof(dcat->plain); c++)
		if (*c != '-')
			dcat->plain[len++] = *c;
	dcat->plain[len] = 0;
	dcat->language = language_of(&item->description);
	if (in_catalog) {
		catalog_iri(iri, site);
		rdf_link(rdf, iri, "dcat:dataset", dcat->iri);
	}
	rdf_type(rdf, dcat->iri, "dcat:Dataset");
	put_words(dcat);
	put_identity(dcat);
	put_publisher(dcat);
	put_contributors(dcat);
	put_codes(dcat);
	put_place(dcat);
	put_span(dcat);
	put_contact(dcat);
	if (rdf_iri_ok(item->description.landing_page))
		rdf_link_bytes(rdf, dcat->iri, "dcat:landingPage", item->description.landing_page);
	else
		rdf_link(rdf, dcat->iri, "dcat:landingPage", dcat->page);
}

/* ---- distributions ---- */

/* A licence that the list has no code for is left as the IRI that it is. */
static void put_dcat_license(struct dcat *dcat, const char *subject)
{
	const struct description *d = &dcat->item->description;
	const struct vocab_term *term =
		d->license.len > 0 ? vocab_find(VOCAB_LICENSE, d->license) : NULL;

	if (term)
		rdf_link(dcat->rdf, subject, "dcterms:license", term->iri);
	else
		rdf_link_bytes(dcat->rdf, subject, "dcterms:license", d->license);
	if (d->attribution.len > 0)
		rdf_text(dcat->rdf, subject, "dcatde:licenseAttributionByText", d->attribution,
			 dcat->language);
	else if (term && term->is_by) /* the licence wants a name */
		rdf_text(dcat->rdf, subject, "dcatde:licenseAttributionByText",
			 d->publisher.len > 0 ? d->publisher : bytes_str(dcat->item->organisation),
			 dcat->language);
}

/* What all distributions of a dataset have. */
static void put_distribution(struct dcat *dcat, const char *iri, struct bytes title)
{
	const struct description *d = &dcat->item->description;
	struct rdf *rdf = dcat->rdf;

	rdf_link(rdf, dcat->iri, "dcat:distribution", iri);
	rdf_type(rdf, iri, "dcat:Distribution");
	rdf_text(rdf, iri, "dcterms:title", title, dcat->language);
	put_dcat_license(dcat, iri);
	put_term(rdf, iri, "dcatap:availability", VOCAB_AVAILABILITY, d->availability);
	for (uint32_t i = 0; i < d->legislation_count; i++)
		rdf_link_bytes(rdf, iri, "dcatap:applicableLegislation", d->legislation[i]);
	put_moment(rdf, iri, "dcterms:modified", dcat->item->modified_ms);
}

static void put_sha256(struct dcat *dcat, const char *subject, const char *uuid,
		       const struct digest *sha256)
{
	char blank[64], hex[ID_HEX_LEN + 1];
	size_t len = 0;

	blank[len++] = '_';
	blank[len++] = ':';
	blank[len++] = 'h';
	for (const char *c = uuid; *c; c++)
		if (*c != '-')
			blank[len++] = *c;
	blank[len] = 0;
	hex_put(hex, id_bytes(sha256));
	rdf_link(dcat->rdf, subject, "spdx:checksum", blank);
	rdf_type(dcat->rdf, blank, "spdx:Checksum");
	rdf_link(dcat->rdf, blank, "spdx:algorithm",
		 "http://spdx.org/rdf/terms#checksumAlgorithm_sha256");
	rdf_value(dcat->rdf, blank, "spdx:checksumValue", hex, "xsd:hexBinary");
}

bool dcat_file(void *arg, const struct index_file *file)
{
	struct dcat *dcat = arg;
	const struct bytes name = bytes_str(file->name);
	char iri[RDF_IRI_LEN_MAX + 1], at[RDF_IRI_LEN_MAX + 1], size[24];

	if (name.len == 0 || name.ptr[name.len - 1] == '/' ||
	    dcat->file_count++ >= DCAT_FILE_COUNT_MAX)
		return true;
	iri_print(iri, "%s/%s", dcat->iri, file->uuid);
	page_iri(at, dcat->site, dcat->item->path, name);
	put_distribution(dcat, iri, name);
	rdf_link(dcat->rdf, iri, "dcat:accessURL", at);
	rdf_link(dcat->rdf, iri, "dcat:downloadURL", at);
	put_term(dcat->rdf, iri, "dcterms:format", VOCAB_FILE_TYPE, bytes_str(file->format));
	if (file->media_type[0]) {
		iri_print(at, IANA "%.*s", (int)strcspn(file->media_type, "; "), file->media_type);
		rdf_link(dcat->rdf, iri, "dcat:mediaType", at);
	}
	snprintf(size, sizeof(size), "%" PRIu64, file->size);
	rdf_value(dcat->rdf, iri, "dcat:byteSize", size, "xsd:nonNegativeInteger");
	put_sha256(dcat, iri, file->uuid, &file->sha256);
	return true;
}

/* Files that are not known, or too many: the page of all is the distribution. */
void dcat_end(struct dcat *dcat)
{
	char iri[RDF_IRI_LEN_MAX + 1], title[64];

	if (dcat->file_count > 0 && dcat->file_count <= DCAT_FILE_COUNT_MAX)
		return;
	iri_print(iri, "%s/all", dcat->iri);
	if (dcat->file_count > 0)
		snprintf(title, sizeof(title), "Alle %" PRIu64 " Dateien", dcat->file_count);
	else
		snprintf(title, sizeof(title), "Alle Dateien");
	put_distribution(dcat, iri, bytes_str(title));
	rdf_link(dcat->rdf, iri, "dcat:accessURL", dcat->page);
}
