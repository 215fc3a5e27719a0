#include "proto/dcat/vocab.h"

#include <string.h>
#include <strings.h>

#include "crypto/check.h"
#include "proto/content/form.h"
#include "proto/dcat/vocab_internal.h"

#define AUTHORITY "http://publications.europa.eu/resource/authority/"
#define GEOCODING "http://dcat-ap.de/def/politicalGeocoding/"

static const struct {
	const struct vocab_table *table;
	const char *name, *base;
} vocabs[VOCAB_END] = {
	[VOCAB_THEME] = {&vocab_themes, "theme", AUTHORITY "data-theme/"},
	[VOCAB_LICENSE] = {&vocab_licenses, "licence", "http://dcat-ap.de/def/licenses/"},
	[VOCAB_FREQUENCY] = {&vocab_frequencies, "frequency", AUTHORITY "frequency/"},
	[VOCAB_FILE_TYPE] = {&vocab_file_types, "file type", AUTHORITY "file-type/"},
	[VOCAB_ACCESS] = {&vocab_accesses, "access right", AUTHORITY "access-right/"},
	[VOCAB_AVAILABILITY] = {&vocab_availabilities, "availability",
				AUTHORITY "planned-availability/"},
	[VOCAB_STATUS] = {&vocab_statuses, "status", AUTHORITY "distribution-status/"},
	[VOCAB_LANGUAGE] = {&vocab_languages, "language", AUTHORITY "language/"},
	[VOCAB_LEVEL] = {&vocab_levels, "political level", GEOCODING "Level/"},
	[VOCAB_HVD] = {&vocab_hvds, "HVD category", "http://data.europa.eu/bna/"},
	[VOCAB_CONTRIBUTOR] = {&vocab_contributors, "contributor",
			       "http://dcat-ap.de/def/contributors/"},
	[VOCAB_PUBLISHER_TYPE] = {&vocab_publisher_types, "publisher type",
				  "http://purl.org/adms/publishertype/"},
};

const char *vocab_name(enum vocab vocab)
{
	check(vocab < VOCAB_END);
	return vocabs[vocab].name;
}

const char *vocab_base(enum vocab vocab)
{
	check(vocab < VOCAB_END);
	return vocabs[vocab].base;
}

const struct vocab_term *vocab_at(enum vocab vocab, size_t i)
{
	check(vocab < VOCAB_END);
	return i < vocabs[vocab].table->count ? &vocabs[vocab].table->terms[i] : NULL;
}

static bool same(struct bytes text, const char *word)
{
	return word && text.len == strlen(word) &&
	       strncasecmp((const char *)text.ptr, word, text.len) == 0;
}

static bool front_is(struct bytes text, const char *word)
{
	return text.len >= strlen(word) &&
	       strncasecmp((const char *)text.ptr, word, strlen(word)) == 0;
}

/* What stands behind the base, or the text itself. */
static struct bytes code_of(enum vocab vocab, struct bytes text)
{
	const char *base = vocabs[vocab].base + strlen("http");

	for (size_t at = 4; at <= 5; at++) /* http and https */
		if (front_is(text, at == 4 ? "http:" : "https:") &&
		    front_is(bytes_slice(text, at, text.len), base))
			return bytes_slice(text, at + strlen(base), text.len);
	return text;
}

const struct vocab_term *vocab_find(enum vocab vocab, struct bytes text)
{
	const struct vocab_term *term;

	check(vocab < VOCAB_END);
	text = code_of(vocab, text);
	for (size_t i = 0; (term = vocab_at(vocab, i)); i++)
		if (same(text, term->code) || same(text, term->alias))
			return term;
	return NULL;
}

/* ---- nearest ---- */

#define WORD_LEN_MAX 48

static uint8_t small(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Letters to change, add or take away, the case aside; of the first WORD_LEN_MAX bytes. */
static size_t distance(struct bytes a, struct bytes b)
{
	size_t row[WORD_LEN_MAX + 1];

	a = bytes_slice(a, 0, WORD_LEN_MAX);
	b = bytes_slice(b, 0, WORD_LEN_MAX);
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 0; i < a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < b.len; j++) {
			size_t change = diagonal + (small(a.ptr[i]) != small(b.ptr[j]));
			size_t more = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;

			diagonal = row[j + 1];
			row[j + 1] = change < more ? change : more;
		}
	}
	return row[b.len];
}

static size_t alike(struct bytes a, struct bytes b)
{
	size_t i = 0;

	while (i < a.len && i < b.len && small(a.ptr[i]) == small(b.ptr[i]))
		i++;
	return i;
}

/* How far a term is from the text: what has it in it is near, and what begins alike is nearer than
   what only has its length. */
static size_t far(struct bytes text, const char *word)
{
	struct bytes w = bytes_slice(bytes_str(word), 0, WORD_LEN_MAX);
	const size_t front = alike(text, w), shorter = text.len < w.len ? text.len : w.len;

	for (size_t i = 0; text.len > 2 && i < w.len; i++)
		if (alike(text, bytes_slice(w, i, w.len)) == text.len)
			return w.len - text.len;
	return 2 * distance(text, w) + 4 * (shorter - front) + WORD_LEN_MAX - front;
}

size_t vocab_nearest(enum vocab vocab, struct bytes text, const struct vocab_term **out, size_t max)
{
	const struct vocab_term *term;
	size_t fars[8] = {0}, count = 0;

	check(max <= sizeof(fars) / sizeof(fars[0]));
	text = bytes_slice(code_of(vocab, text), 0, WORD_LEN_MAX);
	for (size_t i = 0; (term = vocab_at(vocab, i)); i++) {
		size_t de = far(text, term->de), here = far(text, term->code), at;

		here = de < here ? de : here;
		for (at = count; at > 0 && fars[at - 1] > here; at--)
			if (at < max) {
				fars[at] = fars[at - 1];
				out[at] = out[at - 1];
			}
		if (at < max) {
			fars[at] = here;
			out[at] = term;
			count += count < max;
		}
	}
	return count;
}

/* ---- files ---- */

/* Whether a name has one of the endings, and how long that is. */
static size_t ending(struct bytes name, const char *endings)
{
	size_t longest = 0;

	while (endings && *endings) {
		size_t len = strcspn(endings, " ");

		if (name.len > len && name.ptr[name.len - len - 1] == '.' && len > longest &&
		    strncasecmp((const char *)name.ptr + name.len - len, endings, len) == 0)
			longest = len;
		endings += len + (endings[len] == ' ');
	}
	return longest;
}

const struct vocab_term *vocab_file_type(struct bytes name, struct bytes media_type)
{
	const struct vocab_term *term, *by_name = NULL, *by_type = NULL;
	size_t longest = 0;

	while (media_type.len > 0 && memchr(media_type.ptr, ';', media_type.len))
		media_type.len--; /* parameters */
	for (size_t i = 0; (term = vocab_at(VOCAB_FILE_TYPE, i)); i++) {
		size_t len = ending(name, term->endings);

		if (len > longest) {
			longest = len;
			by_name = term;
		}
		if (!by_type && same(media_type, term->media_type))
			by_type = term;
	}
	return by_name ? by_name : by_type;
}

/* ---- places ---- */

bool vocab_place_iri(struct buf *out, struct bytes key)
{
	static const char *const kinds[FORM_PLACE_LEN_MAX + 1] = {
		[2] = "stateKey/",        [3] = "governmentDistrictKey/",   [5] = "districtKey/",
		[8] = "municipalityKey/", [9] = "municipalAssociationKey/", [12] = "regionalKey/",
	};

	if (!form_place(key))
		return false;
	buf_add(out, bytes_str(GEOCODING));
	buf_add(out, bytes_str(kinds[key.len]));
	buf_add(out, key);
	return true;
}
