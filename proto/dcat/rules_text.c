#include <stdio.h>
#include <string.h>

#include "proto/dcat/rules_internal.h"

/* In a sentence {v} stands for the value, {f} for the field, {n} for the nearest values, {w} for
   the words of metadata.h. */
struct rules_text {
	const char *say[2], *advise[2]; /* English, German */
};

static const struct rules_text texts[] = {
	[RULE_TITLE] = {{"The title is missing.", "Der Titel fehlt."},
			{"Give it one that says what it is and of which place: --title.",
			 "Geben Sie einen, der sagt, was es ist und von welchem Ort: --title."}},
	[RULE_DESCRIPTION] =
		{{"The description is missing.", "Die Beschreibung fehlt."},
		 {"Say in a few sentences what the data are, how they came about and what they are "
		  "good for: --description.",
		  "Sagen Sie in wenigen Sätzen, was die Daten sind, wie sie entstehen und wozu sie "
		  "taugen: --description."}},
	[RULE_CODE] = {{"\"{v}\" does not stand in the vocabulary of \"{f}\".",
			"„{v}“ steht nicht im Vokabular von „{f}“."},
		       {"Take a value of the list; the nearest are {n}.",
			"Nehmen Sie einen Wert der Liste; am nächsten liegen {n}."}},
	[RULE_FORM] = {{"This cannot be published: {w}.",
			"Der Wert von „{f}“ hat nicht die verlangte Form ({w})."},
		       {"Write the value anew; docs/API.md (Metadata) says its form.",
			"Schreiben Sie den Wert neu; die Form steht in docs/API.md (Metadata)."}},
	[RULE_MOJIBAKE] =
		{{"The text went through a wrong encoding: \"{v}\" stands where \"{n}\" was meant.",
		  "Der Text ist falsch umkodiert: Es steht „{v}“, wo „{n}“ gemeint war."},
		 {"Write it again as UTF-8; it is not published so.",
		  "Schreiben Sie ihn neu, als UTF-8; so wird er nicht veröffentlicht."}},
	[RULE_TIME_ORDER] = {{"The time covered ends before it begins.",
			      "Der Zeitraum endet, bevor er beginnt."},
			     {"Exchange --from and --to, or correct them.",
			      "Vertauschen Sie --from und --to, oder berichtigen Sie sie."}},
	[RULE_IRI] = {{"\"{v}\" is no web address (IRI).", "„{v}“ ist keine Webadresse (IRI)."},
		      {"Give an address such as https://www.example.org/page, or leave it out.",
		       "Geben Sie eine Adresse wie https://www.example.org/seite an, oder lassen "
		       "Sie das Feld weg."}},
	[RULE_NAME] = {{"There is no field \"{v}\".", "Ein Feld „{v}“ gibt es nicht."},
		       {"Correct the name; docs/API.md (Metadata) has all of them.",
			"Berichtigen Sie den Namen; alle stehen in docs/API.md (Metadata)."}},
	[RULE_LICENSE] = {{"The licence is missing, so nobody may use the data.",
			   "Die Lizenz fehlt; so darf niemand die Daten nutzen."},
			  {"Choose one, such as --license dl-by-de/2.0 or dl-zero-de/2.0.",
			   "Wählen Sie eine, etwa --license dl-by-de/2.0 oder dl-zero-de/2.0."}},
	[RULE_LICENSE_TEXT] = {{"The licence \"{v}\" is a text, and portals want its IRI.",
				"Die Lizenz „{v}“ ist ein Text; Portale verlangen ihre IRI."},
			       {"Take its code from the list; the nearest are {n}.",
				"Nehmen Sie ihr Kürzel aus der Liste; am nächsten liegen {n}."}},
	[RULE_LICENSE_LIST] = {{"The licence \"{v}\" does not stand in GovData's list.",
				"Die Lizenz „{v}“ steht nicht in der Liste von GovData."},
			       {"Take its code from the list; the nearest are {n}.",
				"Nehmen Sie ihr Kürzel aus der Liste; am nächsten liegen {n}."}},
	[RULE_LICENSE_OPEN] = {{"The licence \"{v}\" does not count as open.",
				"Die Lizenz „{v}“ gilt nicht als offen."},
			       {"If the rights allow it, take dl-by-de/2.0, dl-zero-de/2.0 or "
				"cc-by/4.0.",
				"Wenn die Rechte es erlauben, nehmen Sie dl-by-de/2.0, "
				"dl-zero-de/2.0 oder cc-by/4.0."}},
	[RULE_ATTRIBUTION] =
		{{"The licence \"{v}\" wants a source to be named, and no text is given for it.",
		  "Die Lizenz „{v}“ verlangt eine Quellenangabe, und der Text dafür fehlt."},
		 {"Say how the source is named: --attribution; else the publisher's name is taken.",
		  "Sagen Sie, wie die Quelle zu nennen ist: --attribution; sonst wird der Name des "
		  "Herausgebers genommen."}},
	[RULE_CONTACT] = {{"Nobody is named who can be asked.",
			   "Es ist niemand genannt, den man fragen kann."},
			  {"Name an office with a mail address: --contact-name, --contact-email.",
			   "Nennen Sie eine Stelle mit Mailadresse: --contact-name, "
			   "--contact-email."}},
	[RULE_REACH] = {{"The contact has neither mail address nor page nor telephone number.",
			 "Der Kontakt hat weder Mailadresse noch Seite noch Telefonnummer."},
			{"Give --contact-email or --contact-url.",
			 "Geben Sie --contact-email oder --contact-url an."}},
	[RULE_REACH_PAGE] = {{"The contact has neither a mail address nor a page.",
			      "Der Kontakt hat weder Mailadresse noch Seite."},
			     {"Give --contact-email or --contact-url.",
			      "Geben Sie --contact-email oder --contact-url an."}},
	[RULE_TIME] = {{"The time covered has neither begin nor end.",
			"Der Zeitraum hat weder Anfang noch Ende."},
		       {"Give --from or --to, or leave it out.",
			"Geben Sie --from oder --to an, oder lassen Sie ihn weg."}},
	[RULE_CONTRIBUTOR] =
		{{"There is no contributor ID of GovData's list.",
		  "Es fehlt eine Datenbereitsteller-ID aus der Liste von GovData."},
		 {"Set the one of the portal that delivers yours (in Saxony freistaatSachsen): "
		  "--contributor, or as a default of the node. A portal that harvests you may set "
		  "it itself.",
		  "Setzen Sie die des Portals, das Ihre Daten weitergibt (in Sachsen "
		  "freistaatSachsen): --contributor, oder als Vorgabe des Knotens. Ein Portal, das "
		  "bei Ihnen abholt, kann sie selbst setzen."}},
	[RULE_CONTRIBUTORS] =
		{{"There is more than one contributor ID of GovData's list.",
		  "Es gibt mehr als eine Datenbereitsteller-ID aus der Liste von GovData."},
		 {"Keep one; those of other lists may stay.",
		  "Behalten Sie eine; solche aus anderen Listen dürfen bleiben."}},
	[RULE_KEYWORD] = {{"There is no keyword.", "Es gibt kein Schlagwort."},
			  {"Give at least one: --keyword.", "Geben Sie mindestens eines an: "
							    "--keyword."}},
	[RULE_THEME] = {{"There is no theme of the EU's list.",
			 "Es gibt kein Thema aus der Liste der EU."},
			{"Choose one, such as --theme ENVI.", "Wählen Sie eines, etwa --theme "
							      "ENVI."}},
	[RULE_LEVEL] = {{"It is not said which political level the data are about.",
			 "Es ist nicht gesagt, welche Verwaltungsebene die Daten betreffen."},
			{"For a municipality: --level municipality.",
			 "Für eine Gemeinde: --level municipality."}},
	[RULE_PLACE] =
		{{"It is not said which place the data are about.",
		  "Es ist nicht gesagt, welchen Ort die Daten betreffen."},
		 {"Give its key (AGS or regional key) or its bounds: --place, --bbox.",
		  "Geben Sie seinen Schlüssel (AGS oder ARS) oder seine Grenzen an: --place, "
		  "--bbox."}},
	[RULE_FILES] = {{"There is no file, and portals pass over such datasets.",
			 "Es gibt keine Datei; Portale übergehen solche Datensätze."},
			{"Publish at least one.", "Veröffentlichen Sie mindestens eine."}},
	[RULE_FORMAT] = {{"The format of \"{v}\" is not known from its name.",
			  "Das Format von „{v}“ ist am Namen nicht zu erkennen."},
			 {"Give the file its usual ending, such as .csv.",
			  "Geben Sie der Datei ihre übliche Endung, etwa .csv."}},
	[RULE_CATEGORY] = {{"It is published under (EU) 2023/138, and has no category.",
			    "Er steht unter (EU) 2023/138 und hat keine Kategorie."},
			   {"Choose one, such as --hvd c_dd313021 (earth observation and "
			    "environment).",
			    "Wählen Sie eine, etwa --hvd c_dd313021 (Erdbeobachtung und Umwelt)."}},
	[RULE_LEGISLATION] =
		{{"It has a category of high-value datasets, and does not name (EU) 2023/138.",
		  "Er hat eine Kategorie hochwertiger Datensätze und nennt (EU) 2023/138 nicht."},
		 {"Add --legislation http://data.europa.eu/eli/reg_impl/2023/138/oj.",
		  "Ergänzen Sie --legislation http://data.europa.eu/eli/reg_impl/2023/138/oj."}},
	[RULE_HVD_LICENSE] = {{"High-value datasets need an open licence.",
			       "Hochwertige Datensätze brauchen eine offene Lizenz."},
			      {"Take cc-zero, cc-by/4.0, dl-by-de/2.0 or dl-zero-de/2.0.",
			       "Nehmen Sie cc-zero, cc-by/4.0, dl-by-de/2.0 oder dl-zero-de/2.0."}},
};
_Static_assert(sizeof(texts) / sizeof(texts[0]) == RULE_END, "each rule has its texts");

const struct rules_text *rules_text_of(enum rule rule)
{
	return &texts[rule];
}

static const char *named(const struct rules_finding *finding, char letter)
{
	switch (letter) {
	case 'v':
		return finding->value;
	case 'f':
		return finding->field;
	case 'n':
		return *finding->nearest ? finding->nearest : "...";
	default:
		return finding->why;
	}
}

static void fill(char out[RULES_TEXT_LEN], const struct rules_finding *finding, const char *text)
{
	size_t len = 0;

	for (; *text && len + 1 < RULES_TEXT_LEN; text++) {
		if (text[0] == '{' && text[1] && text[2] == '}') {
			int more = snprintf(out + len, RULES_TEXT_LEN - len, "%s",
					    named(finding, text[1]));
			len += (size_t)more < RULES_TEXT_LEN - len ? (size_t)more
								   : RULES_TEXT_LEN - len - 1;
			text += 2;
		} else {
			out[len++] = *text;
		}
	}
	out[len] = '\0';
}

void rules_say(char out[RULES_TEXT_LEN], const struct rules_finding *finding, bool german)
{
	fill(out, finding, finding->text->say[german]);
}

void rules_advise(char out[RULES_TEXT_LEN], const struct rules_finding *finding, bool german)
{
	fill(out, finding, finding->text->advise[german]);
}

/* ---- words ---- */

const char *rules_light_word(enum rules_light light)
{
	static const char *const words[] = {
#define X(name, word, english, german) word,
		RULES_LIGHT_LIST(X)
#undef X
	};

	return words[light];
}

const char *rules_light_text(enum rules_light light, bool german)
{
	static const char *const lights[][2] = {
#define X(name, word, english, german) {english, german},
		RULES_LIGHT_LIST(X)
#undef X
	};

	return lights[light][german];
}

const char *rules_colour_word(enum rules_colour colour)
{
	static const char *const words[] = {"none", "green", "yellow", "red"};

	return words[colour];
}

const char *rules_colour_text(enum rules_colour colour, bool german)
{
	static const char *const colours[][2] = {
		{"none", "entfällt"}, {"green", "grün"}, {"yellow", "gelb"}, {"red", "rot"}};

	return colours[colour][german];
}
