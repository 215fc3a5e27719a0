/*
 * preview_map - where the features of a file are, drawn by the server: points as dots, one a pixel,
 * lines and areas as far as a pixel shows them. North is up, without a background.
 *
 * Bounds: PREVIEW_FEATURES_MAX features, PREVIEW_DRAWING_MAX bytes of drawing, PREVIEW_MAP_MS; past
 * one of them the page says that not all are shown.
 */
#ifndef ALLMENDE_PREVIEW_MAP_H
#define ALLMENDE_PREVIEW_MAP_H

#include "node/html/html.h"
#include "node/ogc/layer.h"

#define PREVIEW_FEATURES_MAX 25000
#define PREVIEW_DRAWING_MAX  (512u * 1024)
#define PREVIEW_MAP_MS       2000

/* layer: open, with at least one feature that has a place. */
void preview_map_put(struct html *html, const struct layer *layer);

#endif
