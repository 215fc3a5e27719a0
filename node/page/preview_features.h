/*
 * preview_features - some features of a file as rows of a table.
 */
#ifndef ALLMENDE_PREVIEW_FEATURES_H
#define ALLMENDE_PREVIEW_FEATURES_H

#include "node/html/html.h"
#include "node/ogc/layer.h"

/* From that row on, from 1; with links to the rows before and after. */
void preview_features_put(struct html *html, const struct layer *layer, uint64_t row);

#endif
