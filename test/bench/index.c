/*
 * index - how long the questions to the index take: bench-index [DATASETS]. Not part of the daily
 * tests, but for a few datasets, so that it works when it is wanted.
 *
 * The datasets are made from a seed: titles and texts of compounds and other words, some of which
 * nearly all of them have and most of which hardly any has, as in real texts; 400 organisations,
 * 13 themes, nine tenths open. Each question is asked seven times, each time as if nothing was
 * remembered, and the facets once more; the middle time of the processor counts, as the machine
 * may be busy.
 */
#include <stdio.h>
#include <time.h>

#include "test/node/index/index_test.h"

#define ASKED 7

static const char *const FIRST[] = {
	"Kinder",  "Jugend", "Schul",   "Straßen", "Verkehrs", "Wasser", "Abwasser", "Grün",
	"Baum",    "Umwelt", "Luft",    "Lärm",    "Müll",     "Bau",    "Wohn",     "Gewerbe",
	"Steuer",  "Wahl",   "Sozial",  "Kultur",  "Sport",    "Spiel",  "Fahrrad",  "Park",
	"Brücken", "Hoch",   "Energie", "Wärme",   "Strom",    "Wald",   "Tier",     "Denkmal",
};
static const char *const SECOND[] = {
	"tagesstätten",  "plätze",   "kataster",  "plan",          "messung",  "statistik",
	"verzeichnis",   "belegung", "zählung",   "einrichtungen", "flächen",  "gebiete",
	"bericht",       "haushalt", "übersicht", "standorte",     "netz",     "anlagen",
	"schutzgebiete", "nutzung",  "bedarf",    "förderung",     "gebühren", "bescheide",
};
static const char *const THEMES[] = {"AGRI", "ECON", "EDUC", "ENER", "ENVI", "GOVE", "HEAL",
				     "INTR", "JUST", "REGI", "SOCI", "TECH", "TRAN"};
static const char *const LICENSES[] = {"dl-by-de/2.0", "cc-zero", "dl-zero-de/2.0", "cc-by/4.0"};
enum { FIRST_COUNT = 32, SECOND_COUNT = 24, WORD_COUNT = 40000 };

/* Small numbers more often than large ones. */
static uint64_t skewed(struct random *random, uint64_t bound)
{
	uint64_t below = random_below(random, bound) + 1;

	return random_below(random, random_below(random, below) + 1);
}

static void add_word(struct buf *out, struct random *random)
{
	uint64_t n = skewed(random, WORD_COUNT);
	char text[96];

	if (n < 400)
		snprintf(text, sizeof(text), "%s ", n % 2 ? "und" : "der");
	else if (n % 8 == 0)
		snprintf(text, sizeof(text), "%s%s ", FIRST[n / 8 % FIRST_COUNT],
			 SECOND[n / 256 % SECOND_COUNT]);
	else
		snprintf(text, sizeof(text), "%c%c%c%c%s ", (int)('a' + n % 23),
			 "aeiou"[n / 23 % 5], (int)('b' + n / 115 % 22), "eiao"[n / 2530 % 4],
			 n % 3 ? SECOND[n / 10120 % SECOND_COUNT] : "");
	buf_add(out, bytes_str(text));
}

static void text_make(char *out, size_t size, struct random *random, unsigned words)
{
	struct buf text;

	buf_init(&text, size - 1);
	for (unsigned i = 0; i < words && !text.err; i++)
		add_word(&text, random);
	snprintf(out, size, "%.*s", (int)text.len, (const char *)text.ptr);
	buf_fini(&text);
}

static void dataset_make(struct index_stand *stand, struct random *random, unsigned i)
{
	char path[128], title[300], text[2000], keywords[3][64], organisation[64];
	unsigned org = (unsigned)skewed(random, 400);
	const char *first = FIRST[random_below(random, FIRST_COUNT)];
	const char *second = SECOND[random_below(random, SECOND_COUNT)];
	struct made made = {.path = path,
			    .title = title,
			    .text = text,
			    .keywords = {keywords[0], keywords[1], keywords[2]},
			    .organisation = organisation,
			    .theme = THEMES[skewed(random, 13)],
			    .license = LICENSES[random_below(random, 4)],
			    .tier = random_below(random, 10) ? TIER_OPEN : TIER_MEMBERS};
	struct index_seen seen;

	snprintf(path, sizeof(path), "ort%u/bereich%u/daten%u", org, i % 20, i);
	snprintf(organisation, sizeof(organisation), "Stadt Ort %u", org);
	snprintf(title, sizeof(title), "%s%s in Ort %u, Jahr %u", first, second, org,
		 2000 + i % 27);
	text_make(text, sizeof(text), random, 40);
	for (unsigned k = 0; k < 3; k++)
		snprintf(keywords[k], sizeof(keywords[k]), "%s%s",
			 FIRST[skewed(random, FIRST_COUNT)], k ? SECOND[skewed(random, 24)] : "");
	seen_make(&seen, &made);
	store_put(&stand->store, &seen, ++stand->now_ms);
	index_seen_fini(&seen);
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fill(struct index_stand *stand, unsigned count)
{
	struct random random = random_seeded(7);
	double began = now_s();

	for (unsigned i = 0; i < count;) {
		store_begin(&stand->store);
		for (unsigned k = 0; k < 32 && i < count; k++)
			dataset_make(stand, &random, i++);
		check(!store_commit(&stand->store));
	}
	printf("%u datasets put in %.1f s\n", count, now_s() - began);
}

/* ---- questions ---- */

static bool see_item(void *arg, const struct index_item *item)
{
	return true;
}

static bool see_count(void *arg, const char *value, const char *label, uint64_t count)
{
	return true;
}

static int by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void ask(struct index_stand *stand, const char *what, const struct visitor *visitor,
		const struct index_query *query)
{
	double times[ASKED], facets[ASKED];
	uint64_t total = 0;
	char why[WHY_LEN];

	for (unsigned i = 0; i < ASKED; i++) {
		index_reader_close(stand->reader);
		stand->reader = index_reader_open(&stand->store);
		check(index_generation(stand->reader, visitor) > 0); /* the connection */
		double began = now_s();
		check(!index_search(stand->reader, visitor, query, see_item, NULL, &total, why));
		times[i] = now_s() - began;
		began = now_s();
		for (unsigned f = 0; f < 6; f++)
			check(!index_facets(stand->reader, visitor, query,
					    (const enum index_facet[]){
						    INDEX_FACET_ORGANISATION, INDEX_FACET_THEME,
						    INDEX_FACET_KEYWORD, INDEX_FACET_FORMAT,
						    INDEX_FACET_LICENSE, INDEX_FACET_TIER}[f],
					    50, see_count, NULL, why));
		facets[i] = (now_s() - began) / 6;
	}
	qsort(times, ASKED, sizeof(times[0]), by_time);
	qsort(facets, ASKED, sizeof(facets[0]), by_time);
	printf("%-44s %7llu found  %7.2f ms  a facet %7.2f ms\n", what, (unsigned long long)total,
	       times[ASKED / 2] * 1e3, facets[ASKED / 2] * 1e3);
}

static void questions(struct index_stand *stand)
{
	static const struct visitor token = {
		.kind = VISITOR_TOKEN, .prefix = "ort1", .verb = TOKEN_LIST};

	ask(stand, "all, a page of 20", &anyone, &(struct index_query){.limit = 20});
	ask(stand, "all, for the administrator", &admin, &(struct index_query){.limit = 20});
	ask(stand, "all, for a token", &token, &(struct index_query){.limit = 20});
	ask(stand, "all by id, page of 100 at 50000", &anyone,
	    &(struct index_query){.sort = INDEX_BY_UUID, .limit = 100, .offset = 50000});
	ask(stand, "newest", &anyone,
	    &(struct index_query){.sort = INDEX_BY_MODIFIED_DOWN, .limit = 20});
	ask(stand, "one theme", &anyone, &(struct index_query){.theme = "ENVI", .limit = 20});
	ask(stand, "one organisation, two words", &anyone,
	    &(struct index_query){.slug = "ort3", .words = "kinder tagesstätten", .limit = 20});
	ask(stand, "kindertagesstätten", &anyone,
	    &(struct index_query){.words = "kindertagesstätten", .limit = 20});
	ask(stand, "tagesstätte", &anyone,
	    &(struct index_query){.words = "tagesstätte", .limit = 20});
	ask(stand, "wasser", &anyone, &(struct index_query){.words = "wasser", .limit = 20});
	ask(stand, "kindertagestätten (wrong)", &anyone,
	    &(struct index_query){.words = "kindertagestätten", .limit = 20});
	ask(stand, "ort (all have it)", &anyone,
	    &(struct index_query){.words = "ort", .limit = 20});
	ask(stand, "stadt jahr und (all have them)", &anyone,
	    &(struct index_query){.words = "stadt jahr und", .limit = 20});
	ask(stand, "baumkataster ort 2012", &admin,
	    &(struct index_query){.words = "baumkataster ort 2012", .limit = 20});
	ask(stand, "nichtsdergleichen", &anyone,
	    &(struct index_query){.words = "nichtsdergleichen", .limit = 20});
}

/* As a node does that is started again; what was in memory alone is gone. */
static void open_again(struct index_stand *stand)
{
	double began = now_s();

	index_reader_close(stand->reader);
	store_close(&stand->store);
	check(!store_open(&stand->store, stand->dir));
	atomic_store(&stand->store.complete, true);
	stand->reader = index_reader_open(&stand->store);
	printf("opened again in %.1f s; %zu words\n", now_s() - began,
	       stand->store.columns.sides[SIDE_OPEN].words.count);
}

static void memory_say(void)
{
	char line[128];
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "RssAnon", 7) || !strncmp(line, "VmHWM", 5))
			fputs(line, stdout);
	if (file)
		fclose(file);
}

int main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 100000;
	struct stat file;
	void *state;

	index_stand_open(&state);
	struct index_stand *stand = state;
	fill(stand, count);
	check(!stat(stand->store.path, &file));
	printf("%.1f MiB on the disk\n", (double)file.st_size / (1 << 20));
	open_again(stand);
	questions(stand);
	memory_say();
	index_stand_close(&state);
	return 0;
}
