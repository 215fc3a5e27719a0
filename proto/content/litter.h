/*
 * litter - files that programs leave beside those that people mean; told by the last part of the
 * name.
 */
#ifndef ALLMENDE_LITTER_H
#define ALLMENDE_LITTER_H

#include <stdbool.h>

#include "crypto/bytes.h"

/*
 * What file managers leave in every folder that somebody looks into, and Windows and macOS on every
 * share: nobody has put it there, and it goes with what it lies beside. A lock of an office program
 * holds nothing either; what is changed under it is.
 */
bool litter_is(struct bytes name);
/* What nobody means to publish: such litter, what is hidden, what an editor or a transfer has not
   ended with yet. */
bool litter_passes(struct bytes name);

#endif
