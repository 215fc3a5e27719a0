/*
 * filled - many records of a member in another node's store, as if they had come: versions of
 * datasets whose chunks are nowhere, and a head that names them.
 */
#ifndef ALLMENDE_TEST_FILLED_H
#define ALLMENDE_TEST_FILLED_H

#include "test/sim/sim.h"

/* The author runs, and hears nothing of it; numbers count from 0, and are used once each. */
void filled_add(struct sim_node *at, struct sim_node *author, unsigned from, unsigned count);
/* The same, with records whose own signatures are wrong, although a head names them. */
void filled_add_wrong(struct sim_node *at, struct sim_node *author, unsigned from, unsigned count);
/* Whether both have all that the author's latest head at `a` names. */
bool filled_same(struct sim_node *a, struct sim_node *b, struct sim_node *author);

#endif
