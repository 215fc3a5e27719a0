/*
 * plain - runs a fuzz target without libFuzzer: seeds, files, and mutations that are always the
 * same.
 *
 *	fuzz-plain-NAME [-n MUTATIONS] [-w DIR] [DIR...]
 *
 * -w writes the seeds into a directory, to begin a run of libFuzzer with.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/random.h"
#include "test/fuzz/fuzz.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void corpus_fini(struct fuzz_corpus *corpus)
{
	for (size_t i = 0; i < corpus->count; i++)
		buf_fini(&corpus->inputs[i]);
	free(corpus->inputs);
}

/* In memory of its own, so that a sanitizer sees the first byte too many. */
static void run(struct bytes input)
{
	uint8_t *copy = malloc(input.len + !input.len);
	if (!copy)
		mem_gone(1, input.len);
	if (input.len > 0)
		memcpy(copy, input.ptr, input.len);
	LLVMFuzzerTestOneInput(copy, input.len);
	free(copy);
}

static uint8_t interesting_byte(struct random *random)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
					0xc0, 0xc1, 0xc4, 0xcc, 0xcd, 0xcf, 0xd9, 0xdd, 0xff};
	return random_below(random, 2) ? bytes[random_below(random, COUNT(bytes))]
				       : (uint8_t)random_below(random, 256);
}

static void insert(struct buf *b, size_t at, struct bytes part)
{
	size_t tail = b->len - at;
	if (part.len == 0 || !buf_space(b, part.len))
		return;
	memmove(b->ptr + at + part.len, b->ptr + at, tail);
	memcpy(b->ptr + at, part.ptr, part.len);
}

static void erase(struct buf *b, size_t at, size_t len)
{
	memmove(b->ptr + at, b->ptr + at + len, b->len - at - len);
	b->len -= len;
}

/* One small damage; other is another input to take parts from. */
static void mutate(struct buf *b, struct bytes other, struct random *random)
{
	size_t at = random_below(random, b->len + 1);
	size_t len = 1 + random_below(random, random_below(random, 4) ? 4 : 64);
	size_t left = b->len - at;
	uint8_t byte = interesting_byte(random);
	switch (random_below(random, 7)) {
	case 0:
		if (left > 0)
			b->ptr[at] ^= (uint8_t)(1u << random_below(random, 8));
		break;
	case 1:
		if (left > 0)
			b->ptr[at] = byte;
		break;
	case 2:
		if (left >= 4)
			be32_put(b->ptr + at, (uint32_t)random_below(random, UINT32_MAX));
		break;
	case 3:
		insert(b, at, bytes_of(&byte, 1));
		break;
	case 4:
		erase(b, at, len < left ? len : left);
		break;
	case 5:
		insert(b, at, bytes_slice(other, random_below(random, other.len + 1), len));
		break;
	case 6:
		if (random_below(random, 4) == 0)
			b->len = at;
		break;
	}
}

static void run_mutations(const struct fuzz_corpus *corpus, size_t seed, unsigned long count)
{
	struct random random = random_seeded(seed);
	struct buf input;
	buf_init(&input, FUZZ_INPUT_LEN_MAX);
	for (unsigned long i = 0; i < count; i++) {
		size_t other = random_below(&random, corpus->count);
		buf_reset(&input);
		buf_add(&input, buf_bytes(&corpus->inputs[seed]));
		for (uint64_t k = random_below(&random, 4); k < 4; k++)
			mutate(&input, buf_bytes(&corpus->inputs[other]), &random);
		run(buf_bytes(&input));
	}
	buf_fini(&input);
}

static void file_read(struct fuzz_corpus *corpus, const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = mem_new(1, FUZZ_INPUT_LEN_MAX);
	if (!file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	fuzz_seed(corpus, bytes_of(bytes, fread(bytes, 1, FUZZ_INPUT_LEN_MAX, file)));
	fclose(file);
	free(bytes);
}

static int not_dot(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A directory that does not exist has no files. */
static void dir_read(struct fuzz_corpus *corpus, const char *dir)
{
	struct dirent **entries;
	char path[4096];
	int count = scandir(dir, &entries, not_dot, alphasort);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		file_read(corpus, path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static void dir_write(const struct fuzz_corpus *corpus, const char *dir)
{
	char path[4096];
	for (size_t i = 0; i < corpus->count; i++) {
		snprintf(path, sizeof(path), "%s/seed-%zu", dir, i);
		FILE *file = fopen(path, "wb");
		if (!file ||
		    fwrite(corpus->inputs[i].ptr, 1, corpus->inputs[i].len, file) !=
			    corpus->inputs[i].len ||
		    fclose(file) != 0) {
			fprintf(stderr, "%s: %s\n", path, strerror(errno));
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	struct fuzz_corpus corpus = {0};
	unsigned long mutations = 2000;
	const char *write_dir = NULL;
	int option;
	LLVMFuzzerInitialize(&argc, &argv);
	while ((option = getopt(argc, argv, "n:w:")) != -1) {
		if (option == 'n')
			mutations = strtoul(optarg, NULL, 10);
		else if (option == 'w')
			write_dir = optarg;
		else
			return 2;
	}
	fuzz_seeds(&corpus);
	size_t seeds = corpus.count;
	if (write_dir)
		dir_write(&corpus, write_dir);
	for (int i = optind; i < argc; i++)
		dir_read(&corpus, argv[i]);
	for (size_t i = 0; i < corpus.count; i++) {
		unsigned long before = fuzz_accepted_count();
		run(buf_bytes(&corpus.inputs[i]));
		/* a seed that is refused tests nothing */
		if (i < seeds && fuzz_accepted_count() == before) {
			fprintf(stderr, "seed %zu was refused\n", i);
			return 1;
		}
	}
	check(seeds > 0);
	for (size_t i = 0; i < corpus.count; i++)
		run_mutations(&corpus, i, mutations);
	printf("%zu seeds, %zu files, %lu mutations of each; %lu inputs accepted\n", seeds,
	       corpus.count - seeds, mutations, fuzz_accepted_count());
	corpus_fini(&corpus);
	return 0;
}
