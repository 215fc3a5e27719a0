/*
 * publish_said - what a version says where its publisher has said nothing: what the one before
 * said, or the settings.
 */
#ifndef ALLMENDE_PUBLISH_SAID_H
#define ALLMENDE_PUBLISH_SAID_H

#include "proto/catalog/catalog.h"

/*
 * Fills the fields of *d that are empty, but for those that a version has of its own (times,
 * counts, path, folder). before: NULL when there is none, or it cannot be read. *d borrows from it
 * and from the settings.
 */
void publish_said_inherit(struct description *d, const struct publish_options *options,
			  const struct description *before);

#endif
