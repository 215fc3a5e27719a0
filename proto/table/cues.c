#include "proto/table/cues.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "crypto/utf8.h"

/* ---- folding ---- */

static const struct {
	uint32_t first, last;
	char as[3];
} folds[] = {
	{0xc4, 0xc4, "ae"},  {0xd6, 0xd6, "oe"},  {0xdc, 0xdc, "ue"},  {0xe4, 0xe4, "ae"},
	{0xf6, 0xf6, "oe"},  {0xfc, 0xfc, "ue"},  {0xdf, 0xdf, "ss"},  {0x1e9e, 0x1e9e, "ss"},
	{0xc0, 0xc5, "a"},   {0xc7, 0xc7, "c"},   {0xc8, 0xcb, "e"},   {0xcc, 0xcf, "i"},
	{0xd1, 0xd1, "n"},   {0xd2, 0xd8, "o"},   {0xd9, 0xdb, "u"},   {0xdd, 0xdd, "y"},
	{0xe0, 0xe5, "a"},   {0xe7, 0xe7, "c"},   {0xe8, 0xeb, "e"},   {0xec, 0xef, "i"},
	{0xf1, 0xf1, "n"},   {0xf2, 0xf8, "o"},   {0xf9, 0xfb, "u"},   {0xfd, 0xff, "y"},
	{0x100, 0x105, "a"}, {0x106, 0x10d, "c"}, {0x10e, 0x111, "d"}, {0x112, 0x11b, "e"},
	{0x11c, 0x123, "g"}, {0x128, 0x131, "i"}, {0x139, 0x142, "l"}, {0x143, 0x148, "n"},
	{0x14c, 0x151, "o"}, {0x154, 0x159, "r"}, {0x15a, 0x161, "s"}, {0x162, 0x167, "t"},
	{0x168, 0x173, "u"}, {0x179, 0x17e, "z"},
};

static const char *fold_of(uint32_t c)
{
	for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]); i++)
		if (c >= folds[i].first && c <= folds[i].last)
			return folds[i].as;
	return "";
}

void cues_fold(char out[CUES_LEN_MAX], struct bytes text)
{
	size_t len = 0, n;
	uint32_t c;

	for (; len + 3 < CUES_LEN_MAX && (n = utf8_next(text, &c)) > 0;
	     text = bytes_slice(text, n, text.len)) {
		if (c >= 'A' && c <= 'Z')
			out[len++] = (char)(c - 'A' + 'a');
		else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[len++] = (char)c;
		else if (c > 0x7f)
			for (const char *as = fold_of(c); *as; as++)
				out[len++] = *as;
	}
	out[len] = '\0';
}

/* ---- headings ---- */

/*
 * How a word stands in a heading: it is the whole of it, one of its words, its beginning, or
 * somewhere in it. All but WORD look at it with blanks and marks left out.
 */
enum where { WHOLE, WORD, BEGINS, INSIDE };

static const struct {
	enum where where;
	const char *word;
	uint32_t cues;
} headings[] = {
	{INSIDE, "geburtsdat", CUE_BIRTH},
	{INSIDE, "geburtstag", CUE_BIRTH},
	{INSIDE, "gebdat", CUE_BIRTH},
	{INSIDE, "geborenam", CUE_BIRTH},
	{INSIDE, "dateofbirth", CUE_BIRTH},
	{INSIDE, "birthdate", CUE_BIRTH},
	{INSIDE, "birthday", CUE_BIRTH},
	{WHOLE, "geb", CUE_BIRTH},
	{WHOLE, "gebam", CUE_BIRTH},
	{WHOLE, "geboren", CUE_BIRTH},
	{WHOLE, "born", CUE_BIRTH},
	{WORD, "dob", CUE_BIRTH},

	{INSIDE, "vorname", CUE_FIRST_NAME},
	{INSIDE, "rufname", CUE_FIRST_NAME},
	{INSIDE, "firstname", CUE_FIRST_NAME},
	{INSIDE, "givenname", CUE_FIRST_NAME},
	{INSIDE, "forename", CUE_FIRST_NAME},
	{INSIDE, "nachname", CUE_LAST_NAME},
	{INSIDE, "familienname", CUE_LAST_NAME},
	{INSIDE, "zuname", CUE_LAST_NAME},
	{INSIDE, "lastname", CUE_LAST_NAME},
	{INSIDE, "surname", CUE_LAST_NAME},
	{INSIDE, "familyname", CUE_LAST_NAME},
	{WHOLE, "name", CUE_LAST_NAME},
	{INSIDE, "ansprechpartner", CUE_PERSON},
	{INSIDE, "ansprechperson", CUE_PERSON},
	{INSIDE, "kontaktperson", CUE_PERSON},
	{INSIDE, "contactperson", CUE_PERSON},
	{INSIDE, "inhaber", CUE_PERSON},
	{INSIDE, "eigentuemer", CUE_PERSON},
	{INSIDE, "sachbearbeiter", CUE_PERSON},
	{INSIDE, "fullname", CUE_PERSON},
	{INSIDE, "personname", CUE_PERSON},
	{INSIDE, "antragsteller", CUE_PRIVATE},
	{INSIDE, "bewohner", CUE_PRIVATE},
	{INSIDE, "einwohner", CUE_PRIVATE},
	{INSIDE, "patient", CUE_PRIVATE},
	{INSIDE, "schuelername", CUE_PRIVATE},
	{INSIDE, "kindername", CUE_PRIVATE},
	{INSIDE, "halter", CUE_PRIVATE},
	{INSIDE, "steuerpflichtig", CUE_PRIVATE},
	{INSIDE, "erziehungsberechtigt", CUE_PRIVATE},
	{INSIDE, "sorgeberechtigt", CUE_PRIVATE},
	{INSIDE, "mieter", CUE_PRIVATE},
	{INSIDE, "leistungsempfaenger", CUE_PRIVATE},
	{INSIDE, "verstorben", CUE_PRIVATE},

	{INSIDE, "telefon", CUE_PHONE},
	{INSIDE, "telephone", CUE_PHONE},
	{INSIDE, "phone", CUE_PHONE},
	{INSIDE, "rufnummer", CUE_PHONE},
	{INSIDE, "handy", CUE_PHONE},
	{INSIDE, "mobil", CUE_PHONE},
	{WORD, "tel", CUE_PHONE},
	{WHOLE, "telnr", CUE_PHONE},

	{INSIDE, "strasse", CUE_STREET | CUE_AREA},
	{INSIDE, "anschrift", CUE_STREET | CUE_AREA},
	{INSIDE, "wohnort", CUE_STREET | CUE_AREA},
	{INSIDE, "adresse", CUE_STREET | CUE_AREA},
	{INSIDE, "street", CUE_STREET | CUE_AREA},
	{INSIDE, "address", CUE_STREET | CUE_AREA},
	{INSIDE, "hausnummer", CUE_STREET | CUE_AREA},
	{WORD, "hausnr", CUE_STREET | CUE_AREA},
	{INSIDE, "ortsteil", CUE_AREA},
	{INSIDE, "stadtteil", CUE_AREA},
	{INSIDE, "stadtbezirk", CUE_AREA},
	{INSIDE, "stadtviertel", CUE_AREA},
	{INSIDE, "quartier", CUE_AREA},
	{INSIDE, "baublock", CUE_AREA},
	{INSIDE, "gemeinde", CUE_AREA},
	{INSIDE, "wahlbezirk", CUE_AREA},
	{INSIDE, "stimmbezirk", CUE_AREA},
	{INSIDE, "postleitzahl", CUE_AREA},
	{INSIDE, "einrichtung", CUE_AREA},
	{INSIDE, "municipality", CUE_AREA},
	{INSIDE, "postcode", CUE_AREA},
	{INSIDE, "neighbourhood", CUE_AREA},
	{WORD, "plz", CUE_AREA},
	{WORD, "ort", CUE_AREA},
	{WORD, "schule", CUE_AREA},
	{WORD, "kita", CUE_AREA},
	{WORD, "bezirk", CUE_AREA},

	{BEGINS, "anzahl", CUE_COUNT},
	{INSIDE, "personen", CUE_COUNT},
	{BEGINS, "einwohner", CUE_COUNT},
	{INSIDE, "faelle", CUE_COUNT},
	{INSIDE, "schueler", CUE_COUNT},
	{INSIDE, "patienten", CUE_COUNT},
	{BEGINS, "bewohner", CUE_COUNT},
	{INSIDE, "empfaenger", CUE_COUNT},
	{INSIDE, "arbeitslose", CUE_COUNT},
	{INSIDE, "haushalte", CUE_COUNT},
	{INSIDE, "auslaender", CUE_COUNT | CUE_ATTRIBUTE},
	{WHOLE, "kinder", CUE_COUNT},
	{WHOLE, "count", CUE_COUNT},
	{WHOLE, "cases", CUE_COUNT},
	{WHOLE, "persons", CUE_COUNT},
	{WHOLE, "people", CUE_COUNT},
	{WHOLE, "population", CUE_COUNT},
	{WHOLE, "insgesamt", CUE_COUNT},
	{WORD, "maennlich", CUE_COUNT | CUE_ATTRIBUTE},
	{WORD, "weiblich", CUE_COUNT | CUE_ATTRIBUTE},
	{WORD, "divers", CUE_COUNT | CUE_ATTRIBUTE},
	{WORD, "male", CUE_COUNT | CUE_ATTRIBUTE},
	{WORD, "female", CUE_COUNT | CUE_ATTRIBUTE},
	{WORD, "jahre", CUE_COUNT | CUE_ATTRIBUTE},
	{INSIDE, "jaehrige", CUE_COUNT | CUE_ATTRIBUTE},

	{INSIDE, "geschlecht", CUE_ATTRIBUTE},
	{WHOLE, "sex", CUE_ATTRIBUTE},
	{WHOLE, "gender", CUE_ATTRIBUTE},
	{WHOLE, "alter", CUE_ATTRIBUTE},
	{WHOLE, "age", CUE_ATTRIBUTE},
	{INSIDE, "altersgruppe", CUE_ATTRIBUTE},
	{INSIDE, "altersklasse", CUE_ATTRIBUTE},
	{INSIDE, "agegroup", CUE_ATTRIBUTE},
	{INSIDE, "geburtsjahr", CUE_ATTRIBUTE},
	{INSIDE, "jahrgang", CUE_ATTRIBUTE},
	{INSIDE, "nationalit", CUE_ATTRIBUTE},
	{INSIDE, "staatsangehoerig", CUE_ATTRIBUTE},
	{INSIDE, "staatsbuerger", CUE_ATTRIBUTE},
	{INSIDE, "herkunftsland", CUE_ATTRIBUTE},
	{INSIDE, "migration", CUE_ATTRIBUTE},
	{INSIDE, "religion", CUE_ATTRIBUTE},
	{INSIDE, "konfession", CUE_ATTRIBUTE},
	{INSIDE, "familienstand", CUE_ATTRIBUTE},
	{INSIDE, "diagnose", CUE_ATTRIBUTE},
	{INSIDE, "krankheit", CUE_ATTRIBUTE},
	{INSIDE, "todesursache", CUE_ATTRIBUTE},
	{INSIDE, "behinderung", CUE_ATTRIBUTE},
	{INSIDE, "pflegegrad", CUE_ATTRIBUTE},
	{INSIDE, "foerderbedarf", CUE_ATTRIBUTE},
	{INSIDE, "leistungsart", CUE_ATTRIBUTE},
	{INSIDE, "einkommen", CUE_ATTRIBUTE},
	{INSIDE, "straftat", CUE_ATTRIBUTE},
	{INSIDE, "delikt", CUE_ATTRIBUTE},

	{INSIDE, "steuerid", CUE_TAX_ID},
	{INSIDE, "identifikationsnummer", CUE_TAX_ID},
	{WORD, "idnr", CUE_TAX_ID},
	{INSIDE, "krankenversich", CUE_HEALTH_ID},
	{INSIDE, "versichertennummer", CUE_HEALTH_ID},
	{INSIDE, "versichertennr", CUE_HEALTH_ID},
	{WORD, "kvnr", CUE_HEALTH_ID},
	{INSIDE, "sozialversicherungsn", CUE_PENSION_ID},
	{INSIDE, "rentenversicherungsn", CUE_PENSION_ID},
	{WORD, "svnr", CUE_PENSION_ID},
	{WORD, "rvnr", CUE_PENSION_ID},

	{INSIDE, "sitzung", CUE_NOT_BIRTH},
	{INSIDE, "gueltig", CUE_NOT_BIRTH},
	{INSIDE, "baujahr", CUE_NOT_BIRTH},
	{INSIDE, "eroeffn", CUE_NOT_BIRTH},
	{INSIDE, "gruendung", CUE_NOT_BIRTH},
	{INSIDE, "stand", CUE_NOT_BIRTH},
	{INSIDE, "sterbe", CUE_NOT_BIRTH},
	{INSIDE, "benennung", CUE_NOT_BIRTH},
};

static bool word_stops(uint8_t before, uint8_t c)
{
	bool lower = before >= 'a' && before <= 'z';

	return c <= 0x7f && ((c < '0' || (c > '9' && c < 'A') || (c > 'Z' && c < 'a') || c > 'z') ||
			     (lower && c >= 'A' && c <= 'Z'));
}

/* Whether the heading has the word by itself: between marks, or as in dateOfBirth. */
static bool heading_has(struct bytes heading, const char *word)
{
	char folded[CUES_LEN_MAX];
	size_t from = 0;

	for (size_t i = 1; i <= heading.len; i++) {
		if (i < heading.len && !word_stops(heading.ptr[i - 1], heading.ptr[i]))
			continue;
		cues_fold(folded, bytes_slice(heading, from, i - from));
		if (!strcmp(folded, word))
			return true;
		from = i;
	}
	return false;
}

uint32_t cues_of(struct bytes heading)
{
	char folded[CUES_LEN_MAX];
	uint32_t cues = 0;

	cues_fold(folded, heading);
	for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++) {
		const char *word = headings[i].word;
		bool is = false;
		switch (headings[i].where) {
		case WHOLE:
			is = !strcmp(folded, word);
			break;
		case WORD:
			is = strstr(folded, word) && heading_has(heading, word);
			break;
		case BEGINS:
			is = !strncmp(folded, word, strlen(word));
			break;
		case INSIDE:
			is = strstr(folded, word) != NULL;
			break;
		}
		cues |= is ? headings[i].cues : 0;
	}
	/* Which runs in many streets. */
	if (strstr(folded, "strassenbahn"))
		cues &= ~(uint32_t)(CUE_STREET | CUE_AREA);
	return cues;
}

/* ---- mail ---- */

bool cues_office(struct bytes local)
{
	static const char *const inside[] = {
		"info",         "post",        "kontakt",     "contact",   "verwaltung",
		"rathaus",      "stadt",       "gemeinde",    "landkreis", "buerger",
		"sekretariat",  "schule",      "gymnasium",   "kita",      "hort",
		"kindergarten", "krippe",      "tagespflege", "verein",    "feuerwehr",
		"polizei",      "bibliothek",  "buecherei",   "museum",    "theater",
		"tourist",      "tourismus",   "service",     "support",   "hotline",
		"redaktion",    "presse",      "office",      "zentrale",  "leitung",
		"hotel",        "pension",     "praxis",      "apotheke",  "klinik",
		"krankenhaus",  "pflege",      "kirche",      "pfarr",     "friedhof",
		"standesamt",   "bauamt",      "ordnungsamt", "jugendamt", "sozialamt",
		"wirtschaft",   "foerderung",  "planung",     "umwelt",    "abfall",
		"wasser",       "opendata",    "open.data",   "geodaten",  "statistik",
		"webmaster",    "admin",       "noreply",     "no-reply",  "datenschutz",
		"bewerbung",    "buchhaltung", "vertrieb",    "kasse",     "steuern",
		"wahl",         "zentrum",     "center",      "station",   "werk",
		"haus",         "heim",        "club",        "team",      "firma",
		"gmbh",         "stiftung",    "projekt",     "abteilung", "referat",
		"dezernat",     "fachdienst",  "beratung",    "agentur",   "archiv",
	};
	char folded[CUES_LEN_MAX];

	cues_fold(folded, local);
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
		if (strstr(folded, inside[i]))
			return true;
	return heading_has(local, "amt") || heading_has(local, "kg") || heading_has(local, "ev");
}

bool cues_free_mail(struct bytes host)
{
	static const char *const hosts[] = {
		"gmx.de",      "gmx.net",        "gmx.at",     "gmx.ch",      "gmx.com",
		"web.de",      "t-online.de",    "freenet.de", "arcor.de",    "gmail.com",
		"yahoo.de",    "yahoo.com",      "hotmail.de", "hotmail.com", "outlook.de",
		"outlook.com", "live.de",        "live.com",   "aol.com",     "aol.de",
		"icloud.com",  "me.com",         "posteo.de",  "mailbox.org", "protonmail.com",
		"proton.me",   "googlemail.com", "online.de",  "email.de",    "mail.ru",
		"ukr.net",     "wp.pl",          "seznam.cz",
	};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (host.len == strlen(hosts[i]) &&
		    !strncasecmp((const char *)host.ptr, hosts[i], host.len))
			return true;
	return false;
}

/* ---- names ---- */

static bool folded_among(const char *folded, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(folded, list[i]))
			return true;
	return false;
}

bool cues_title(const char *folded)
{
	static const char *const titles[] = {
		"herr", "frau", "dr",  "prof", "med", "dent",   "dipl", "ing", "mr", "mrs",
		"ms",   "phil", "jur", "ra",   "mag", "doktor", "vet",  "rer", "nat"};

	return folded_among(folded, titles, sizeof(titles) / sizeof(titles[0]));
}

bool cues_particle(const char *folded)
{
	static const char *const particles[] = {"von", "van", "de",  "der", "den",
						"zu",  "zur", "vom", "di",  "da",
						"del", "la",  "le",  "al",  "el"};

	return folded_among(folded, particles, sizeof(particles) / sizeof(particles[0]));
}

bool cues_place(const char *folded)
{
	static const char *const wholes[] = {"und", "ev", "kg", "ag", "bad", "st", "sankt", "gbr"};
	static const char *const ends[] = {
		"strasse", "str",      "weg",       "platz",   "allee",    "gasse",   "ring",
		"ufer",    "schule",   "haus",      "kirche",  "gmbh",     "verein",  "stiftung",
		"klinik",  "apotheke", "gymnasium", "bruecke", "siedlung", "brunnen", "denkmal",
		"museum",  "kita",     "zentrum",   "praxis",
	};
	size_t len = strlen(folded);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t end = strlen(ends[i]);
		if (len >= end && !strcmp(folded + len - end, ends[i]))
			return true;
	}
	return folded_among(folded, wholes, sizeof(wholes) / sizeof(wholes[0]));
}

const char *cues_papers(struct bytes name)
{
	static const char *const papers[] = {
		"lebenslauf",          "personalakte",   "personalausweis",
		"reisepass",           "krankmeldung",   "krankschein",
		"krankschreibung",     "attest",         "gehaltsabrechnung",
		"lohnabrechnung",      "gehaltsliste",   "bewerbungsunterlagen",
		"bewerbungen",         "arbeitsvertrag", "arbeitszeugnis",
		"abmahnung",           "geburtsurkunde", "sterbeurkunde",
		"meldebescheinigung",  "melderegister",  "einwohnermeldedaten",
		"sozialhilfebescheid", "steuerbescheid", "patientenakte",
		"fuehrungszeugnis",    "schuelerakte",   "schuelerliste",
		"kundenliste",         "adressliste",    "mitgliederliste",
		"geburtstagsliste",    "telefonliste",
	};
	char folded[CUES_LEN_MAX];

	cues_fold(folded, name);
	for (size_t i = 0; i < sizeof(papers) / sizeof(papers[0]); i++)
		if (strstr(folded, papers[i]))
			return papers[i];
	return NULL;
}
