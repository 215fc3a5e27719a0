/*
 * markup - what text must not hold in HTML and XML.
 */
#ifndef ALLMENDE_MARKUP_H
#define ALLMENDE_MARKUP_H

#include "crypto/bytes.h"

/* Appends what stands for < > & or " there; false: c stands for itself, nothing was appended. */
bool markup_special(struct buf *out, uint32_t c);

#endif
