/*
 * show_metadata - what is said of a dataset, as lines for people: codes with their labels.
 */
#ifndef ALLMENDE_SHOW_METADATA_H
#define ALLMENDE_SHOW_METADATA_H

#include <jansson.h>

/* entry: an answer of GET /dataset. What is not said has no line. */
void show_publisher(const json_t *entry);
void show_metadata(const json_t *entry);

#endif
