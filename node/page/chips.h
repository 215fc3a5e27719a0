/*
 * chips - what a dataset is, in a word with a sign: its tier, a format.
 */
#ifndef ALLMENDE_CHIPS_H
#define ALLMENDE_CHIPS_H

#include "node/html/html.h"
#include "proto/content/version.h"
#include "proto/dcat/vocab.h"

/* A word of the catalogue of texts. */
const char *chip_tier_label(enum tier tier);
void chip_tier(struct html *html, enum tier tier);
/* What people call a term of a vocabulary; of none, the code. */
struct bytes chip_term(const struct html *html, enum vocab vocab, struct bytes code);
void chip_put(struct html *html, struct bytes text);

#endif
