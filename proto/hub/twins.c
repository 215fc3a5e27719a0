#include "proto/hub/twins.h"

#include <string.h>

static struct twin_seen *twin_of(struct twins *twins, uint32_t author)
{
	struct twin_seen *oldest = &twins->items[0];

	for (size_t i = 0; i < twins->count; i++) {
		if (twins->items[i].author == author)
			return &twins->items[i];
		if (twins->items[i].at_ms[0] < oldest->at_ms[0])
			oldest = &twins->items[i];
	}
	struct twin_seen *twin = twins->count < TWINS_MAX ? &twins->items[twins->count++] : oldest;
	*twin = (struct twin_seen){.author = author};
	return twin;
}

void twins_mark(struct twins *twins, uint32_t author, int64_t mono_ms)
{
	struct twin_seen *twin = twin_of(twins, author);
	const int64_t first_ms = twin->at_ms[TWINS_COUNT - 2];

	memmove(&twin->at_ms[1], &twin->at_ms[0], (TWINS_COUNT - 1) * sizeof(twin->at_ms[0]));
	twin->at_ms[0] = mono_ms;
	/* Once noticed, each further time says that it goes on. */
	if ((first_ms && mono_ms - first_ms <= TWINS_SPAN_MS) ||
	    (twin->noticed_ms && mono_ms - twin->noticed_ms <= TWINS_SHOWN_MS))
		twin->noticed_ms = mono_ms;
}

bool twins_next(const struct twins *twins, int64_t mono_ms, size_t *at, uint32_t *author)
{
	for (; *at < twins->count; ++*at) {
		const struct twin_seen *twin = &twins->items[*at];
		if (!twin->noticed_ms || mono_ms - twin->noticed_ms > TWINS_SHOWN_MS)
			continue;
		*author = twin->author;
		return true;
	}
	return false;
}
