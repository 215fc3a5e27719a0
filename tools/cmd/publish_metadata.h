/*
 * publish_metadata - what is said of a dataset when it is published: options, and a file of JSON
 * beside the data, under the names of proto/dcat/metadata.h.
 */
#ifndef ALLMENDE_PUBLISH_METADATA_H
#define ALLMENDE_PUBLISH_METADATA_H

#include <jansson.h>

#include "tools/kit/tool.h"

/* Rows for the options of a command; an option given empty clears its field. */
#define PUBLISH_METADATA_OPTIONS                                                                   \
	{"title", 0, "TEXT", false, "title people see in lists"},                                  \
		{"description", 0, "TEXT", false, "what it is, where it comes from"},              \
		{"keyword", 0, "WORD", true, "may be given several times"},                        \
		{"theme", 0, "CODE", true,                                                         \
		 "EU data theme, also several: AGRI ECON EDUC ENER ENVI GOVE HEAL ..."},           \
		{"license", 0, "CODE", false,                                                      \
		 "licence: dl-by-de/2.0, dl-zero-de/2.0, cc-by/4.0, cc-zero ..."},                 \
		{"attribution", 0, "TEXT", false, "what who uses it has to name as the source"},   \
		{"publisher", 0, "NAME", false, "who publishes it; else your organisation"},       \
		{"publisher-url", 0, "URL", false, "the page of that"},                            \
		{"contact", 0, "TEXT", false,                                                      \
		 "whom to ask: a mail address such as it@meissen.example, or a name"},             \
		{"contact-name", 0, "NAME", false, "an office or person, beside an address"},      \
		{"contact-email", 0, "ADDRESS", false, "its mail address"},                        \
		{"contact-url", 0, "URL", false, "its page"},                                      \
		{"contact-phone", 0, "NUMBER", false, "its telephone number"},                     \
		{"place", 0, "KEY|NAME", false,                                                    \
		 "the place it is about, by its key (AGS, or regional key) or its name"},          \
		{"place-name", 0, "NAME", false, "the name beside a key"},                         \
		{"bbox", 0, "W,S,E,N", false, "its bounds in degrees: 13.43,51.11,13.55,51.2"},    \
		{"from", 0, "DATE", false, "begin of the time it covers: 2026, 2026-05-31 ..."},   \
		{"to", 0, "DATE", false, "end of that time"},                                      \
		{"frequency", 0, "CODE", false,                                                    \
		 "how often it is renewed: DAILY WEEKLY MONTHLY ANNUAL IRREG 15MIN ..."},          \
		{"identifier", 0, "TEXT", false, "by which it is known elsewhere"},                \
		{"issued", 0, "DATE", false, "when it was first published, if not here"},          \
		{"hvd", 0, "CODE", true, "category of high-value datasets, such as c_43f88346"},   \
		{"legislation", 0, "URL", true, "law by which it is published"},                   \
		{"level", 0, "CODE", false,                                                        \
		 "political level: municipality administrativeDistrict state ..."},                \
		{"contributor", 0, "CODE", true,                                                   \
		 "GovData's contributor ID: freistaatSachsen ..."},                                \
		{"language", 0, "CODE", true, "language of the data: de, en, hsb ..."},            \
		{"landing-page", 0, "URL", false, "page about it"},                                \
		{"access", 0, "CODE", false, "PUBLIC, RESTRICTED or NON_PUBLIC"},                  \
		{"availability", 0, "CODE", false,                                                 \
		 "STABLE, AVAILABLE, TEMPORARY or EXPERIMENTAL"},                                  \
		{"provenance", 0, "TEXT", false, "how the data came about"},                       \
	{                                                                                          \
		"metadata", 0, "FILE", false,                                                      \
			"take these from a file of JSON, else from NAME.metadata.json beside it"   \
	}

/*
 * Adds to body what the file and then the options say. paths: what is published, whose file is
 * looked for beside it when it is one. Prints its own complaint.
 */
int publish_metadata(const struct tool *tool, const char *const *paths, size_t count, json_t *body);
/* Whether what body says is what an answer of GET /dataset has. */
bool publish_metadata_stays(const json_t *body, const json_t *entry);

#endif
