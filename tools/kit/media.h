/*
 * media - the media type that goes with the ending of a file name (IANA registry).
 */
#ifndef ALLMENDE_MEDIA_H
#define ALLMENDE_MEDIA_H

/* Empty when the ending says nothing. */
const char *media_type(const char *name);

#endif
