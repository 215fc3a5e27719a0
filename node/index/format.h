/*
 * format - what kind of file a file is, as a code of the file types of the EU. Private to this
 * room.
 */
#ifndef ALLMENDE_INDEX_FORMAT_H
#define ALLMENDE_INDEX_FORMAT_H

#include "crypto/bytes.h"

/* By the end of the name, else by the media type. "": none that is known. */
const char *format_of(struct bytes name, struct bytes media_type);

#endif
