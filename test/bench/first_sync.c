/*
 * first_sync - what it costs a member that comes back to an empty store to take all records that
 * are there: bench-first_sync [RECORDS ...]. Not part of the daily tests, but for a few records, so
 * that it works when it is wanted.
 *
 * Two nodes of the simulator, linked; the records are versions of 8 further members, made in the
 * sender's store as if they had come. Time is that of the processor in the receiver's turns,
 * commits included (the store lies in memory); bytes and signatures are the receiver's, too. After
 * several sizes the last line has the exponent of time between the first and the last.
 *
 *	row;records;bytes;commits;signatures;cpu_ms;RssAnon of both nodes in KiB
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "test/sim/filled.h"

enum { MEMBERS = 8, TURN_RECORDS = 256 }; /* small turns, for their memory is counted, too */

struct stand {
	struct sim sim;
	struct sim_node *from, *to, *members[MEMBERS];
	uint64_t want; /* rows of RECORD */
};

static void join(struct stand *stand, struct sim_node *node)
{
	sim_join(stand->from, node);
	check(sim_run(&stand->sim, 120000, sim_agree, NULL));
}

static void stand_open(struct stand *stand, unsigned count)
{
	*stand = (struct stand){.want = 0};
	sim_init(&stand->sim, 1);
	stand->sim.map_bytes = ((size_t)1 << 28) + (size_t)count * 8192;
	stand->from = sim_add(&stand->sim, "Stadt Meißen", "meissen", "14627140");
	stand->to = sim_add(&stand->sim, "Stadt Radebeul", "radebeul", "14627210");
	check(!sim_found(stand->from, "Landkreis Meißen"));
	join(stand, stand->to);
	for (unsigned i = 0; i < MEMBERS; i++) {
		char name[32], slug[32], ags[9];
		snprintf(name, sizeof(name), "Gemeinde %u", i);
		snprintf(slug, sizeof(slug), "gemeinde-%u", i);
		snprintf(ags, sizeof(ags), "146270%02u", i + 1);
		stand->members[i] = sim_add(&stand->sim, name, slug, ags);
		join(stand, stand->members[i]);
	}
	sim_run(&stand->sim, 30000, NULL, NULL);
	for (unsigned i = 0; i < MEMBERS; i++)
		sim_cut(stand->members[i], true);
	sim_cut(stand->to, true);
}

static void stand_fill(struct stand *stand, unsigned count)
{
	for (unsigned i = 0; i < MEMBERS; i++) {
		unsigned of = count / MEMBERS + (i < count % MEMBERS);
		for (unsigned at = 0; at < of; at += TURN_RECORDS)
			filled_add(stand->from, stand->members[i], at,
				   of - at < TURN_RECORDS ? of - at : TURN_RECORDS);
	}
	stand->want = sim_rows(stand->from, TABLE_RECORD);
}

static bool all_here(struct sim *sim, void *arg)
{
	struct stand *stand = arg;
	return sim_rows(stand->to, TABLE_RECORD) >= stand->want &&
	       stand->to->note_counts[NOTE_SYNCED] > 0;
}

static uint64_t rss_anon_kib(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];
	unsigned long kib = 0;
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %lu", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

/* Returns the milliseconds. */
static double measure(unsigned count)
{
	struct stand stand;
	uint8_t digest[ID_LEN];
	stand_open(&stand, count);
	stand_fill(&stand, count);
	const struct sim_node before = *stand.to;
	stand.to->note_counts[NOTE_SYNCED] = 0;
	sim_cut(stand.to, false);
	check(sim_run(&stand.sim, 24 * 3600 * 1000, all_here, &stand));
	double ms = (double)(stand.to->turn_ns - before.turn_ns) / 1e6;
	printf("first sync;%u;%llu;%llu;%llu;%.1f;%llu\n", count,
	       (unsigned long long)(stand.to->message_bytes - before.message_bytes),
	       (unsigned long long)(stand.to->turns - before.turns),
	       (unsigned long long)(stand.to->curves - before.curves), ms,
	       (unsigned long long)rss_anon_kib());
	fflush(stdout);
	sim_fini(&stand.sim, digest);
	return ms;
}

int main(int argc, char **argv)
{
	static const unsigned usual[] = {1000, 10000, 100000, 1000000};
	double first = 0, last = 0;
	unsigned from = 0, count = 0;
	const char *what;
	check(!selftest_run(&what));
	for (int i = 0; i < (argc > 1 ? argc - 1 : 4); i++) {
		count = argc > 1 ? (unsigned)strtoul(argv[i + 1], NULL, 10) : usual[i];
		last = measure(count);
		if (i == 0) {
			first = last;
			from = count;
		}
	}
	if (count > from)
		printf("first sync;exponent;%.2f\n",
		       log(last / first) / log((double)count / (double)from));
	return 0;
}
