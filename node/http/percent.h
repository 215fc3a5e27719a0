/*
 * percent - texts in which bytes are written as %NN.
 */
#ifndef ALLMENDE_PERCENT_H
#define ALLMENDE_PERCENT_H

#include "crypto/bytes.h"

/* Appends the text without escapes, and a terminating zero that does not count. ERR_MALFORMED: a
   bad escape, a zero byte, or too long for out. */
enum err percent_decode(struct buf *out, struct bytes text);
/* Appends the text as a path of a URL has it: letters, digits and -._~/@ stay. */
void percent_encode(struct buf *out, struct bytes text);
/* The same for one part of a path, of a query or of a header: letters, digits and -._~ stay. */
void percent_encode_part(struct buf *out, struct bytes text);

#endif
