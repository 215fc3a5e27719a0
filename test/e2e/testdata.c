/*
 * testdata SEED BYTES KIND - writes reproducible bytes to standard output.
 *
 * KIND: text (a made-up series of gauge levels, compresses well), noise (does not compress at all),
 * mixed (1 MiB of each in turn), words (lines of letters in which no 16 bytes come twice, for
 * searching).
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK (1 << 20)

/* xorshift64*: the same numbers on every machine. */
static uint64_t draw(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

static void fill_noise(char *block, uint64_t *state)
{
	for (size_t i = 0; i < BLOCK; i += 8) {
		uint64_t x = draw(state);

		memcpy(block + i, &x, 8);
	}
}

static void fill_words(char *block, uint64_t *state)
{
	for (size_t i = 0; i < BLOCK; i++)
		block[i] = i % 64 == 63 ? '\n' : (char)('a' + draw(state) % 26);
}

/* One line per quarter of an hour and gauge: a slow walk with a little noise. */
static void fill_text(char *block, uint64_t *state, uint64_t *row)
{
	static const char *const gauges[] = {"Meissen", "Riesa", "Nuenchritz", "Strehla"};
	size_t used = 0;

	while (used < BLOCK) {
		uint64_t minute = *row / 4 * 15;
		char line[96];
		int len = snprintf(line, sizeof(line),
				   "%04" PRIu64 "-%02" PRIu64 "-%02" PRIu64 "T%02" PRIu64
				   ":%02" PRIu64 ";%s;%" PRIu64 ".%" PRIu64 "\n",
				   2020 + minute / 525600, 1 + minute / 43800 % 12,
				   1 + minute / 1440 % 28, minute / 60 % 24, minute % 60,
				   gauges[*row % 4], 180 + *row / 4000 % 200, draw(state) % 10);
		size_t take = (size_t)len < BLOCK - used ? (size_t)len : BLOCK - used;

		memcpy(block + used, line, take);
		used += take;
		++*row;
	}
}

static bool fill(char *block, const char *kind, uint64_t number, uint64_t *state, uint64_t *row)
{
	bool mixed = strcmp(kind, "mixed") == 0;

	if (strcmp(kind, "words") == 0)
		fill_words(block, state);
	else if (strcmp(kind, "text") == 0 || (mixed && number % 2 == 0))
		fill_text(block, state, row);
	else if (strcmp(kind, "noise") == 0 || mixed)
		fill_noise(block, state);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	uint64_t state, left, row = 0;
	char *block = malloc(BLOCK);
	int status = 0;

	if (argc != 4 || !block) {
		fprintf(stderr, "usage: testdata SEED BYTES text|noise|mixed|words\n");
		free(block);
		return 2;
	}
	/* A state of zero would stay zero. */
	state = (strtoull(argv[1], NULL, 10) + 1) * UINT64_C(0x9e3779b97f4a7c15);
	left = strtoull(argv[2], NULL, 10);
	for (uint64_t number = 0; left > 0 && status == 0; number++) {
		size_t take = left < BLOCK ? (size_t)left : BLOCK;

		if (!fill(block, argv[3], number, &state, &row))
			status = 2;
		else if (fwrite(block, 1, take, stdout) != take)
			status = 1;
		left -= take;
	}
	free(block);
	return fflush(stdout) == 0 ? status : 1;
}
