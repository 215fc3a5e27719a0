#include "test/node/portal/dcat_sample.h"
#include "node/index/uuid.h"

#include <stdio.h>
#include <string.h>

#define TEXT(s)                                                                                    \
	{                                                                                          \
		(const uint8_t *)(s), sizeof(s) - 1                                                \
	}
#define TIME_MS   INT64_C(1777622400000) /* 2026-05-01T08:00:00Z */
#define FIRST_MS  INT64_C(1767225600000) /* 2026-01-01 */
#define HVD_ELI   "http://data.europa.eu/eli/reg_impl/2023/138/oj"
#define DEGREE(x) ((int64_t)((x)*DESCRIPTION_DEGREE))

const struct dcat_site DCAT_SAMPLE_SITE = {
	.base = "https://daten.example",
	.organisation = "Landkreis Meißen",
	.slug = "landkreis-meissen",
	.home = "landkreis-meissen",
	.ags = "14627",
	.contributor = "http://dcat-ap.de/def/contributors/openNRW",
};

static const struct description FULL = {
	.title = TEXT("Pegelstände \"Mühlbach\" <&>"),
	.text = TEXT("Wasserstände am Mühlbach,\nalle 15 Minuten.\\"),
	.keywords = {TEXT("Pegel"), TEXT("Hochwasser")},
	.keyword_count = 2,
	.themes = {TEXT("ENVI"), TEXT("TRAN")},
	.theme_count = 2,
	.license = TEXT("dl-by-de/2.0"),
	.attribution = TEXT("Große Kreisstadt Meißen, Umweltamt"),
	.publisher = TEXT("Umweltamt Meißen"),
	.publisher_url = TEXT("https://www.meissen.example/umweltamt"),
	.contact_name = TEXT("Open-Data-Stelle"),
	.contact_email = TEXT("opendata@meissen.example"),
	.contact_url = TEXT("https://www.meissen.example/kontakt"),
	.contact_phone = TEXT("+49 3521 467-0"),
	.place_key = TEXT("14627140"),
	.place_name = TEXT("Meißen"),
	.has_bbox = true,
	.bbox = {DEGREE(13.4), DEGREE(51.1), DEGREE(13.55), DEGREE(51.2)},
	.from = TEXT("2024-01-01"),
	.to = TEXT("2026"),
	.frequency = TEXT("15MIN"),
	.identifier = TEXT("meissen:pegel-muehlbach"),
	.hvd = {TEXT("c_dd313021")},
	.hvd_count = 1,
	.legislation = {TEXT(HVD_ELI)},
	.legislation_count = 1,
	.level = TEXT("municipality"),
	.contributors = {TEXT("http://dcat-ap.de/def/contributors/openNRW"),
			 TEXT("http://dcat-ap.de/def/contributors/stadtOldenburg"),
			 TEXT("https://daten.sachsen.example/contributors/1")},
	.contributor_count = 3,
	.languages = {TEXT("DEU")},
	.language_count = 1,
	.landing_page = TEXT("https://www.meissen.example/pegel"),
	.access = TEXT("PUBLIC"),
	.availability = TEXT("STABLE"),
	.provenance = TEXT("Messstelle\nder Stadt"),
	.issued_ms = FIRST_MS,
};

/* What GovData wants at least; the other texts are the node's. */
static const struct description LEAST = {
	.title = TEXT("Schulen"),
	.keywords = {TEXT("Schule")},
	.keyword_count = 1,
	.license = TEXT("cc-zero"),
};

/* By licence somebody is to be named, and nobody has said who; nobody says how he is reached. */
static const struct description BY = {
	.title = TEXT("Kindertagesstätten"),
	.text = TEXT("Plätze."),
	.keywords = {TEXT("Kita")},
	.keyword_count = 1,
	.themes = {TEXT("no such theme")},
	.theme_count = 1,
	.license = TEXT("http://dcat-ap.de/def/licenses/cc-by/4.0"),
	.contact_name = TEXT("Jugendamt"),
	.contact_phone = TEXT("03521 / 123"),
	.place_key = TEXT("14627"),
	.has_bbox = true,
	.bbox = {DEGREE(177), DEGREE(-17.5), DEGREE(-177), DEGREE(-16)},
	.from = TEXT("2025-03"),
	.landing_page = TEXT("https://www.example/a b"),
	.legislation = {TEXT("https://www.example/<law>")},
	.legislation_count = 1,
	.languages = {TEXT("HSB")},
	.language_count = 1,
};

void dcat_sample_item(struct index_item *out, unsigned which)
{
	static const struct description *const WHAT[DCAT_SAMPLE_COUNT] = {&FULL, &LEAST, &BY,
									  &LEAST};
	static const char *const PATHS[DCAT_SAMPLE_COUNT] = {
		"meissen/wasser/pegel", "meissen/schulen", "riesa/kita", "riesa/karten"};

	*out = (struct index_item){.open = true,
				   .number = 3 + which,
				   .tier = TIER_OPEN,
				   .readable = true,
				   .held = true,
				   .listed = true,
				   .first_published_ms = FIRST_MS,
				   .published_ms = TIME_MS,
				   .modified_ms = TIME_MS,
				   .description = *WHAT[which]};
	snprintf(out->path, sizeof(out->path), "%s", PATHS[which]);
	snprintf(out->kept, sizeof(out->kept), "%s", PATHS[which]);
	snprintf(out->slug, sizeof(out->slug), "%.*s", (int)strcspn(PATHS[which], "/"),
		 PATHS[which]);
	snprintf(out->home, sizeof(out->home), "%s", out->slug);
	snprintf(out->organisation, sizeof(out->organisation), "%s",
		 which < 2 ? "Große Kreisstadt Meißen" : "Große Kreisstadt Riesa");
	snprintf(out->ags, sizeof(out->ags), "%s", which < 2 ? "14627140" : "14627230");
	snprintf(out->uuid, sizeof(out->uuid), "0b6f2a54-53f4-4b66-9d6f-6f0a52a2f7a%u", which);
	out->dataset.b[0] = (uint8_t)which;
}

/* The name for life of a file comes with it, as from the index. */
static void sample_file(unsigned which, struct index_file *file,
			bool (*each)(void *arg, const struct index_file *file), void *arg)
{
	const struct dataset_id dataset = {{(uint8_t)which}};
	char uuid[INDEX_UUID_LEN + 1];

	uuid_of_file(uuid, &dataset, bytes_str(file->name));
	file->uuid = uuid;
	each(arg, file);
}

void dcat_sample_files(unsigned which, bool (*each)(void *arg, const struct index_file *file),
		       void *arg)
{
	struct index_file file = {.name = "pegel ä/2026.csv",
				  .media_type = "text/csv; charset=utf-8",
				  .format = "CSV",
				  .size = 2048,
				  .modified_ms = TIME_MS,
				  .sha256 = {{0x9f, 0x86, 0xd0}}};
	char name[32];

	if (which == 3) { /* of which most are not named */
		for (unsigned i = 0; i < DCAT_FILE_COUNT_MAX + 50; i++) {
			snprintf(name, sizeof(name), "%03u.tif", i);
			file.name = name;
			file.format = "";
			file.media_type = "";
			sample_file(which, &file, each, arg);
		}
		return;
	}
	if (which == 1)
		return; /* not known here */
	sample_file(which, &file, each, arg);
	file = (struct index_file){
		.name = "lies mich", .media_type = "", .format = "", .modified_ms = TIME_MS};
	sample_file(which, &file, each, arg);
	file.name = "empty/";
	sample_file(which, &file, each, arg);
}

enum err dcat_sample_write(enum rdf_syntax syntax, struct buf *out)
{
	const struct dcat_page page = {.syntax = syntax,
				       .number = 2,
				       .count = 3,
				       .dataset_count = DCAT_SAMPLE_COUNT,
				       .size = 500,
				       .modified_ms = TIME_MS,
				       .query = "&of=3"};
	struct rdf *rdf = rdf_open(syntax, out);
	struct index_item item;
	struct dcat dcat;

	/* the first of them says more of the catalogue */
	struct dcat_page first = page;
	first.number = 1;
	dcat_catalog(rdf, &DCAT_SAMPLE_SITE, &first);
	dcat_catalog(rdf, &DCAT_SAMPLE_SITE, &page);
	for (unsigned i = 0; i < DCAT_SAMPLE_COUNT; i++) {
		dcat_sample_item(&item, i);
		dcat_begin(&dcat, rdf, &DCAT_SAMPLE_SITE, &item, true);
		dcat_sample_files(i, dcat_file, &dcat);
		dcat_end(&dcat);
	}
	return rdf_close(rdf);
}
