/*
 * vocab_terms - the short lists: themes, frequencies, access, availability, status, levels, kinds
 * of publisher.
 */
#include "proto/dcat/vocab_internal.h"

#include <stddef.h>

#define THEME(code, de, en)                                                                        \
	{                                                                                          \
		code, "http://publications.europa.eu/resource/authority/data-theme/" code, de, en, \
			.parent = NULL                                                             \
	}
static const struct vocab_term themes[] = {
	THEME("AGRI", "Landwirtschaft, Fischerei, Forstwirtschaft und Nahrungsmittel",
	      "Agriculture, fisheries, forestry and food"),
	THEME("ECON", "Wirtschaft und Finanzen", "Economy and finance"),
	THEME("EDUC", "Bildung, Kultur und Sport", "Education, culture and sport"),
	THEME("ENER", "Energie", "Energy"),
	THEME("ENVI", "Umwelt", "Environment"),
	THEME("GOVE", "Regierung und öffentlicher Sektor", "Government and public sector"),
	THEME("HEAL", "Gesundheit", "Health"),
	THEME("INTR", "Internationale Themen", "International issues"),
	THEME("JUST", "Justiz, Rechtssystem und öffentliche Sicherheit",
	      "Justice, legal system and public safety"),
	THEME("OP_DATPRO", "vorläufige Daten", "Provisional data"),
	THEME("REGI", "Regionen und Städte", "Regions and cities"),
	THEME("SOCI", "Bevölkerung und Gesellschaft", "Population and society"),
	THEME("TECH", "Wissenschaft und Technologie", "Science and technology"),
	THEME("TRAN", "Verkehr", "Transport"),
};
const struct vocab_table vocab_themes = {themes, sizeof(themes) / sizeof(themes[0])};

#define FREQUENCY(code, de, en)                                                                    \
	{                                                                                          \
		code, "http://publications.europa.eu/resource/authority/frequency/" code, de, en,  \
			.parent = NULL                                                             \
	}
static const struct vocab_term frequencies[] = {
	FREQUENCY("10MIN", "alle 10 Minuten", "every 10 minutes"),
	FREQUENCY("12HRS", "alle 12 Stunden", "every 12 hours"),
	FREQUENCY("15MIN", "alle 15 Minuten", "every 15 minutes"),
	FREQUENCY("1MIN", "jede Minute", "every minute"),
	FREQUENCY("30MIN", "alle 30 Minuten", "every 30 minutes"),
	FREQUENCY("5MIN", "alle 5 Minuten", "every 5 minutes"),
	FREQUENCY("ANNUAL", "jährlich", "annual"),
	FREQUENCY("ANNUAL_2", "halbjährlich", "twice a year"),
	FREQUENCY("ANNUAL_3", "dreimal jährlich", "three times a year"),
	FREQUENCY("AS_NEEDED", "bei Bedarf", "as needed"),
	FREQUENCY("BIDECENNIAL", "alle 20 Jahre", "every 20 years"),
	FREQUENCY("BIENNIAL", "alle zwei Jahre", "every two years"),
	FREQUENCY("BIHOURLY", "alle zwei Stunden", "every two hours"),
	FREQUENCY("BIMONTHLY", "alle zwei Monate", "every two months"),
	FREQUENCY("BIWEEKLY", "alle zwei Wochen", "every two weeks"),
	FREQUENCY("CONT", "kontinuierlich", "continuous"),
	FREQUENCY("DAILY", "täglich", "daily"),
	FREQUENCY("DAILY_2", "zweimal täglich", "twice a day"),
	FREQUENCY("DECENNIAL", "alle zehn Jahre", "every ten years"),
	FREQUENCY("HOURLY", "stündlich", "hourly"),
	FREQUENCY("IRREG", "unregelmäßig", "irregular"),
	FREQUENCY("MONTHLY", "monatlich", "monthly"),
	FREQUENCY("MONTHLY_2", "zweimal monatlich", "twice a month"),
	FREQUENCY("MONTHLY_3", "dreimal monatlich", "three times a month"),
	FREQUENCY("NEVER", "niemals", "never"),
	FREQUENCY("NOT_PLANNED", "nicht geplant", "not planned"),
	FREQUENCY("OP_DATPRO", "vorläufige Daten", "provisional data"),
	FREQUENCY("OTHER", "andere", "other"),
	FREQUENCY("QUADRENNIAL", "alle vier Jahre", "every four years"),
	FREQUENCY("QUARTERLY", "vierteljährlich", "quarterly"),
	FREQUENCY("QUINQUENNIAL", "alle fünf Jahre", "every five years"),
	FREQUENCY("TRIDECENNIAL", "alle 30 Jahre", "every 30 years"),
	FREQUENCY("TRIENNIAL", "alle drei Jahre", "every three years"),
	FREQUENCY("TRIHOURLY", "alle drei Stunden", "every three hours"),
	FREQUENCY("UNKNOWN", "unbekannt", "unknown"),
	FREQUENCY("UPDATE_CONT", "laufend aktualisiert", "continuously updated"),
	FREQUENCY("WEEKLY", "wöchentlich", "weekly"),
	FREQUENCY("WEEKLY_2", "zweimal wöchentlich", "twice a week"),
	FREQUENCY("WEEKLY_3", "dreimal wöchentlich", "three times a week"),
	FREQUENCY("WEEKLY_5", "fünfmal wöchentlich", "five times a week"),
};
const struct vocab_table vocab_frequencies = {frequencies,
					      sizeof(frequencies) / sizeof(frequencies[0])};

#define ACCESS(code, de, en)                                                                       \
	{                                                                                          \
		code, "http://publications.europa.eu/resource/authority/access-right/" code, de,   \
			en, .parent = NULL                                                         \
	}
static const struct vocab_term accesses[] = {
	ACCESS("PUBLIC", "öffentlich", "public"),
	ACCESS("RESTRICTED", "eingeschränkt", "restricted"),
	ACCESS("NON_PUBLIC", "nicht öffentlich", "non-public"),
};
const struct vocab_table vocab_accesses = {accesses, sizeof(accesses) / sizeof(accesses[0])};

#define AVAILABILITY(code, de, en)                                                                 \
	{                                                                                          \
		code,                                                                              \
			"http://publications.europa.eu/resource/authority/"                        \
			"planned-availability/" code,                                              \
			de, en, .parent = NULL                                                     \
	}
static const struct vocab_term availabilities[] = {
	AVAILABILITY("AVAILABLE", "verfügbar", "available"),
	AVAILABILITY("EXPERIMENTAL", "experimentell", "experimental"),
	AVAILABILITY("STABLE", "dauerhaft", "stable"),
	AVAILABILITY("TEMPORARY", "vorübergehend", "temporary"),
	AVAILABILITY("OP_DATPRO", "vorläufige Daten", "provisional data"),
};
const struct vocab_table vocab_availabilities = {availabilities, sizeof(availabilities) /
									 sizeof(availabilities[0])};

#define STATUS(code, de, en)                                                                       \
	{                                                                                          \
		code,                                                                              \
			"http://publications.europa.eu/resource/authority/"                        \
			"distribution-status/" code,                                               \
			de, en, .parent = NULL                                                     \
	}
static const struct vocab_term statuses[] = {
	STATUS("COMPLETED", "fertiggestellt", "completed"),
	STATUS("DEPRECATED", "veraltet", "deprecated"),
	STATUS("DEVELOP", "in Entwicklung", "under development"),
	STATUS("OP_DATPRO", "vorläufige Daten", "provisional data"),
	STATUS("WITHDRAWN", "zurückgezogen", "withdrawn"),
};
const struct vocab_table vocab_statuses = {statuses, sizeof(statuses) / sizeof(statuses[0])};

#define LEVEL(code, de, en)                                                                        \
	{                                                                                          \
		code, "http://dcat-ap.de/def/politicalGeocoding/Level/" code, de, en,              \
			.parent = NULL                                                             \
	}
static const struct vocab_term levels[] = {
	LEVEL("international", "international", "international"),
	LEVEL("european", "Europa", "European"),
	LEVEL("federal", "Bund", "federal"),
	LEVEL("state", "Land", "state"),
	LEVEL("administrativeDistrict", "Kreis", "administrative district"),
	LEVEL("municipality", "Gemeinde", "municipality"),
};
const struct vocab_table vocab_levels = {levels, sizeof(levels) / sizeof(levels[0])};

#define PUBLISHER_TYPE(code, de, en)                                                               \
	{                                                                                          \
		code, "http://purl.org/adms/publishertype/" code, de, en, .parent = NULL           \
	}
static const struct vocab_term publisher_types[] = {
	PUBLISHER_TYPE("LocalAuthority", "Kommunalbehörde", "local authority"),
	PUBLISHER_TYPE("RegionalAuthority", "Regionalbehörde", "regional authority"),
	PUBLISHER_TYPE("NationalAuthority", "nationale Behörde", "national authority"),
	PUBLISHER_TYPE("SupraNationalAuthority", "supranationale Behörde",
		       "supra-national authority"),
	PUBLISHER_TYPE("Company", "Unternehmen", "company"),
	PUBLISHER_TYPE("Academia-ScientificOrganisation", "Wissenschaft",
		       "academia, scientific organisation"),
	PUBLISHER_TYPE("IndustryConsortium", "Industriekonsortium", "industry consortium"),
	PUBLISHER_TYPE("NonGovernmentalOrganisation", "Nichtregierungsorganisation",
		       "non-governmental organisation"),
	PUBLISHER_TYPE("NonProfitOrganisation", "gemeinnützige Organisation",
		       "non-profit organisation"),
	PUBLISHER_TYPE("PrivateIndividual(s)", "Privatperson", "private individual"),
	PUBLISHER_TYPE("StandardisationBody", "Normungsorganisation", "standardisation body"),
};
const struct vocab_table vocab_publisher_types = {
	publisher_types, sizeof(publisher_types) / sizeof(publisher_types[0])};
