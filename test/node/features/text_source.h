/* text_source - a text as the stream that the readers of this room take, a few bytes at a time. */
#ifndef ALLMENDE_TEXT_SOURCE_H
#define ALLMENDE_TEXT_SOURCE_H

#include <string.h>
#include <sys/types.h>

#include "crypto/bytes.h"

struct text_source {
	struct bytes text;
	size_t at, step; /* step 0: as much as is asked for */
	bool fails;      /* at its end */
	unsigned rewound;
};

static inline ssize_t text_source_read(void *arg, void *to, size_t len)
{
	struct text_source *source = arg;
	size_t left = source->text.len - source->at;

	if (!left)
		return source->fails ? -1 : 0;
	len = source->step && len > source->step ? source->step : len;
	len = len > left ? left : len;
	memcpy(to, source->text.ptr + source->at, len);
	source->at += len;
	return (ssize_t)len;
}

static inline bool text_source_rewind(void *arg)
{
	struct text_source *source = arg;

	source->at = 0;
	source->rewound++;
	return true;
}

#endif
