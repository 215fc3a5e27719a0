/*
 * hostile DIR HOST:PORT ATTACK [WORD...] [--seconds N] [--size N] [--wanted N]
 *
 * Attacks the node at HOST:PORT as the member whose (stopped) node lives in DIR, for so long, and
 * prints what it did as one line of JSON. Exit codes: 0 it did what it wanted, 2 it could not even
 * begin, 3 it was stopped before: fewer blows than wanted (1) were struck.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/selftest.h"
#include "test/hostile/attack.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_STOPPED = 3 };

static const struct attack *const lists[] = {attacks_records, attacks_asks, attacks_doors};

static const struct attack *attack_find(const char *name)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct attack *attack = lists[i]; attack->name; attack++)
			if (!strcmp(attack->name, name))
				return attack;
	return NULL;
}

static int usage(void)
{
	fprintf(stderr, "hostile DIR HOST:PORT ATTACK [WORD...] [--seconds N] [--size N] "
			"[--wanted N]\n");
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct attack *attack = lists[i]; attack->name; attack++)
			fprintf(stderr, "  %-20s %s\n", attack->name, attack->text);
	return EXIT_USAGE;
}

static void counts_print(const char *what, const uint64_t *counts)
{
	const char *comma = "";

	printf(", \"%s\": {", what);
	for (unsigned i = 0; i < BAND_MESSAGE_TYPES; i++) {
		if (counts[i] > 0) {
			printf("%s\"%s\": %" PRIu64, comma, message_name((enum message_type)i),
			       counts[i]);
			comma = ", ";
		}
	}
	printf("}");
}

static void report(const struct band *band)
{
	const char *comma = "";

	printf("{\"attack\": \"%s\", \"blows\": %" PRIu64 ", \"stopped\": %s, \"opened\": %" PRIu64
	       ", \"came_up\": %" PRIu64 ", \"up_most\": %" PRIu64 ", \"sent_bytes\": %" PRIu64
	       ", \"got_bytes\": %" PRIu64,
	       band->attack->name, band->blows, band->blows < band->blows_wanted ? "true" : "false",
	       band->opened, band->came_up, band->up_most, band->sent_bytes, band->got_bytes);
	counts_print("sent", band->sent);
	counts_print("got", band->got);
	printf(", \"closed\": {");
	for (unsigned i = 0; i <= LINK_REASON_UNKNOWN; i++) {
		if (band->closed[i] > 0) {
			printf("%s\"%s\": %" PRIu64, comma, link_reason_text((enum link_reason)i),
			       band->closed[i]);
			comma = ", ";
		}
	}
	printf("}}\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"seconds", required_argument, NULL, 's'},
						{"size", required_argument, NULL, 'z'},
						{"wanted", required_argument, NULL, 'w'},
						{0}};
	static struct band band;
	static struct foe foe;
	const char *what;
	unsigned seconds = 5;
	int option;

	band.size = 1;
	band.again_ms = 200;
	band.blows_wanted = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			seconds = (unsigned)atoi(optarg);
		else if (option == 'z')
			band.size = (unsigned)atoi(optarg);
		else if (option == 'w')
			band.blows_wanted = (uint64_t)atoll(optarg);
		else
			return usage();
	}
	if (argc - optind < 3 || argc - optind > 6 ||
	    !(band.attack = attack_find(argv[optind + 2])))
		return usage();
	for (int i = optind + 3; i < argc; i++)
		band.words[i - optind - 3] = argv[i];
	if (selftest_run(&what))
		foe_die(what, ERR_OK);
	foe_open(&foe, argv[optind]);
	band.foe = &foe;
	band_victim(&band, argv[optind + 1]);
	band.begin_ms = band_now_ms();
	band.attack->begin(&band);
	band.end_ms = band_now_ms() + 1000 * (uint64_t)seconds;
	band_run(&band);
	if (band.attack->end)
		band.attack->end(&band);
	report(&band);
	band_close(&band);
	foe_close(&foe);
	return band.blows >= band.blows_wanted ? EXIT_DONE : EXIT_STOPPED;
}
