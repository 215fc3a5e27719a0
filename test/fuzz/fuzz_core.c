/*
 * A core with a sequence of messages: the input is a script (core_script.h) of what a member gone
 * bad, one who wants to join, and the world do to Meißen, the steward of a small federation. Links
 * bring whole messages; what is not one yet is for the targets frames and handshake. What must hold
 * whatever the script says stands in core_world.h.
 */
#include "test/fuzz/fuzz.h"

#include "test/fuzz/core_script.h"

/* The first byte says whose store it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world world;
	struct bytes script = bytes_slice(bytes_of(data, size), 1, size);
	world_open(&world, size > 0 && data[0] % 2);
	script_run(&world, script);
	if (world.heard > 0)
		fuzz_accepted();
	world_close(&world);
	return 0;
}

/* ---- seeds ---- */

#define STEP(step, much) (STEP_##step + (much)*STEP_COUNT)
#define SAY(wire, type)  STEP(SAY, wire), MESSAGE_##type - 1
#define SEED(...)                                                                                  \
	do {                                                                                       \
		static const uint8_t script[] = {__VA_ARGS__};                                     \
		fuzz_seed(corpus, bytes_obj(&script));                                             \
	} while (0)

enum { MEMBER = 0, JOINER = 1, OTHER = 2, VOICE = 0x42, NOW = 0, OLD = 1 };

/* Members compare, tell, fetch; one joins; an old copy finds out what it has lost. */
static void honest_seeds(struct fuzz_corpus *corpus)
{
	SEED(NOW, STEP(LINK, 0), MEMBER, STEP(RUN, 7), STEP(TIME, 1), 10, STEP(RUN, 7),
	     STEP(WAKE, 5), STEP(RUN, 7));
	SEED(NOW, STEP(LINK, 0), JOINER, STEP(RUN, 9), STEP(TIME, 1), 10, STEP(RUN, 9),
	     STEP(LINK, 1), MEMBER, STEP(RUN, 15));
	SEED(OLD, STEP(LINK, 0), MEMBER, STEP(RUN, 9), STEP(LINK, 1), OTHER, STEP(RUN, 15),
	     STEP(TIME, 4), 14, STEP(RUN, 15), STEP(WAKE, 3));
}

/* Malwine's voice alone. */
static void voice_seeds(struct fuzz_corpus *corpus)
{
	SEED(NOW, STEP(LINK, 0), VOICE, SAY(0, HELLO), 0, 1, 1, 0, 0, SAY(0, SKETCH), 1, 0, 9, 0, 0,
	     SAY(0, STATES), 1, 4, 0, 0, 0, 0, 0, SAY(0, STATES), 0, 0, SAY(0, TOTALS), 1, 1, 1, 0,
	     SAY(0, SYNC_END), 0, SAY(0, TAKEN), 9, 0, STEP(TIME, 2), 12);
	SEED(NOW, STEP(LINK, 0), VOICE, SAY(0, HELLO), 0, 1, 1, 0, 0, SAY(0, NOT_HERE), 0, 0, 0,
	     SAY(0, LEAVES_GET), 0, 0, 0, 5, 0, SAY(0, RECORDS_GET), 0, 0, 1, 1, 1, 1, 0,
	     SAY(0, INDEX_GET), 0, 0, 0, 0, 0, SAY(0, CHUNK_GET), 2, 0, 0, 0, 1, 0, 0,
	     SAY(0, HOLDS), 2, 0, 0, 1, 0, 0, STEP(TIME, 0), 10);
	SEED(NOW, STEP(LINK, 0), VOICE, SAY(0, HELLO), 1, 1, 1, 0, 0, SAY(0, CHARTER), 5, 0, 1, 2,
	     3, 4, 0, SAY(0, ORGLOG), 4, 0, 1, 2, 3, 0, STEP(RUN, 0), STEP(WAKE, 2));
	SEED(NOW, STEP(LINK, 0), VOICE, SAY(0, HELLO), 0, 1, 1, 0, 0, SAY(0, FORK), 3, 4, 0,
	     SAY(0, HELLO), 1, 1, 1, 0, 0, SAY(0, CHARTER), 1, 5, 0, SAY(0, CHARTER_GET), 0, 0,
	     SAY(0, ORGLOG_GET), 2, 0, 0, 2, 0, 0);
	SEED(NOW, STEP(LINK, 0), VOICE, SAY(0, HELLO), 0, 1, 1, 0, 0, SAY(0, RECORDS), 4, 1, 2, 3,
	     4, 0, SAY(0, HEAD), 1, 0, STEP(SIGN, 0), 7, 0, STEP(SIGN, 0), 9, 64, 2, 9, 7,
	     STEP(HEAD, 0), 0, STEP(HEAD, 0), 34, 0, 1, STEP(WAKE, 3));
}

/* What she signs in the name of others, asks for too often, and answers wrongly. */
static void bad_seeds(struct fuzz_corpus *corpus)
{
	SEED(OLD, STEP(LINK, 0), MEMBER, STEP(RUN, 2), STEP(PASS, 0), 0, 0, STEP(PASS, 0), 0, 0,
	     STEP(PASS, 0), 0, 0, SAY(0, NOT_HERE), 0, 0, 0, 0, 0, SAY(0, LEAVES), 0, 0, 0, 3, 1, 0,
	     0);
	SEED(NOW, STEP(LINK, 0), MEMBER, STEP(RUN, 1), SAY(0, CHUNK), 13, 13, 1, ALTER_FLIP, 0xc0,
	     3, SAY(0, CHUNK), 14, 0, 1, 0, SAY(0, CHUNK), 15, 15, 1, ALTER_FLIP, 0xc0, 3,
	     SAY(0, CHUNK), 16, 16, 1, ALTER_FLIP, 0xc0, 3, SAY(0, CHUNK), 17, 0, 1, 0,
	     SAY(0, CHUNK), 18, 18, 1, ALTER_FLIP, 0xc0, 3, STEP(RUN, 9));
	SEED(NOW, STEP(LINK, 0), VOICE, STEP(SIGN, 0), 3, 1, 0, STEP(SIGN, 0), 3, 1, 1,
	     STEP(HEAD, 0), 1, 1, STEP(HEAD, 0), 33, 0, 1, STEP(WAKE, 2));
	SEED(NOW, STEP(LINK, 0), VOICE, STEP(BATCH, 6), SAY(0, LEAVES_GET), 0, 0, 0, 0, 0,
	     SAY(0, LEAVES_GET), 0, 0, 0, 0, 0, SAY(0, LEAVES_GET), 0, 0, 0, 0, 0,
	     SAY(0, LEAVES_GET), 0, 0, 0, 0, 0, SAY(0, LEAVES_GET), 0, 0, 0, 0, 0,
	     SAY(0, LEAVES_GET), 0, 0, 0, 0, 0);
}

/* What happens beside messages; and guests. */
static void other_seeds(struct fuzz_corpus *corpus)
{
	SEED(NOW, STEP(LINK, 0), MEMBER, STEP(RUN, 2), STEP(OTHER, 3), 1, STEP(OTHER, 1),
	     STEP(BATCH, 4), STEP(RUN, 1), STEP(BACK, 3), 16, STEP(RUN, 2), STEP(RESTART, 0),
	     STEP(LINK, 0), MEMBER, STEP(OTHER, 0), STEP(RUN, 9), STEP(UNLINK, 0), STEP(WAKE, 2));
	SEED(NOW, STEP(LINK, 0), VOICE + JOINER, SAY(0, HELLO), 0x85, 1, 1, 1, 0,
	     SAY(0, CHARTER_GET), 0, 0, SAY(0, ORGLOG_GET), 1, 0, 0, 0, SAY(0, JOIN), 2, 3, 4, 0,
	     STEP(TIME, 1), 17);
	SEED(NOW, STEP(LINK, 0), MEMBER, STEP(RUN, 0), STEP(PASS, 0), 0, ALTER_FLIP, 9, 3,
	     STEP(LINK, 0), MEMBER, STEP(RUN, 1), STEP(DROP, 0), 1, STEP(PASS, 0), 1, ALTER_TWICE,
	     STEP(REPLAY, 0), 2, ALTER_NUMBER, 7, 1, STEP(RUN, 9), STEP(RAW, 0), 3, 0x92, 1, 1);
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	honest_seeds(corpus);
	voice_seeds(corpus);
	bad_seeds(corpus);
	other_seeds(corpus);
}
