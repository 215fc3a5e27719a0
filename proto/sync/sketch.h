/*
 * sketch - which authors two nodes differ in, from fewer bytes than a list of all authors takes
 * (docs/PROTOCOL.md, section 9: Session).
 *
 * An invertible table. Each author falls into one cell of each of three parts, and adds its value
 * v, which depends on its state, and author * v, both modulo a prime. In the difference of two
 * such tables authors with one state are gone, and a cell that one author alone has made holds d
 * and author * d, so their quotient is the author, who is then taken out of the other two cells,
 * and so on. That comes to an end with an empty table when there are about 1.3 cells for each
 * author in whom they differ; how many these are is guessed from marks (roll.h).
 *
 * Values and cells depend on a key of the session, so nobody can prepare authors that hide each
 * other. Whatever a peer sends: as many steps as there are cells, and what does not come out empty
 * is no answer.
 */
#ifndef ALLMENDE_SKETCH_H
#define ALLMENDE_SKETCH_H

#include "proto/charter/charter.h"
#include "proto/hub/message.h"
#include "proto/ledger/roll.h"

enum {
	SKETCH_PARTS = 3,
	SKETCH_CELL_LEN = 8,
	SKETCH_STEP_LEN = MESSAGE_SKETCH_STEP,                       /* one cell in each part */
	SKETCH_WIDTH_MAX = MESSAGE_SKETCH_LEN_MAX / SKETCH_STEP_LEN, /* cells of a part */
	SKETCH_STATE_LEN = 13, /* about what a state takes in STATES */
};

/*
 * How many cells a part should have, to tell about so many authors; 0: all states are fewer bytes.
 */
size_t sketch_width(uint64_t distance, size_t author_count);
/* key: the first SIPHASH_KEY_LEN bytes of the session key */
void sketch_make(struct buf *out, const struct roll *roll, const uint8_t *key, size_t width);
/*
 * The authors in whom this roll and the one of a sketch differ, rising; for free(). NULL: it can
 * not be told.
 */
uint32_t *sketch_differ(const struct roll *roll, const uint8_t *key, const struct charter *charter,
			struct bytes theirs, size_t *count);

#endif
