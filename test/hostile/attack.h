/* attack - the list of them; each stands in the file of its kind. */
#ifndef ALLMENDE_TEST_ATTACK_H
#define ALLMENDE_TEST_ATTACK_H

#include "test/hostile/band.h"

/* Ends with one without a name. */
extern const struct attack attacks_records[], attacks_asks[], attacks_doors[];

/* Kinds of records that no version of the program knows. */
#define ATTACK_KIND 99

#endif
