/*
 * fuzz - one decoder, any bytes: it must not fall over, and what it accepts it must give back.
 *
 * A target is one file, fuzz_NAME.c, with the two functions below, and its name in meson.build. It
 * is built in two ways: as a plain test that runs seeds, the files in corpus/NAME and a fixed
 * number of seeded mutations of each, always the same; and, with clang and -Dfuzz=true, as a
 * libFuzzer program (see README.md).
 */
#ifndef ALLMENDE_FUZZ_H
#define ALLMENDE_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/check.h"

#define FUZZ_INPUT_LEN_MAX ((size_t)4 << 20)

struct fuzz_corpus {
	struct buf *inputs;
	size_t count;
};

/* Written by each target. Faults end the program by check(). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Inputs to begin with, made by the encoders: all of them must be accepted. */
void fuzz_seeds(struct fuzz_corpus *corpus);

/* For targets. */
void fuzz_seed(struct fuzz_corpus *corpus, struct bytes input); /* copies */
void fuzz_accepted(void);                                       /* the decoder liked this input */
/* PROTOCOL: "So decoding and encoding gives the same bytes." */
void fuzz_same(struct bytes encoded, struct bytes input);

/* For plain.c. */
unsigned long fuzz_accepted_count(void);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#endif
