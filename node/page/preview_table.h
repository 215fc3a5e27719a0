/*
 * preview_table - some rows of a table of text, as they stand in the file.
 *
 * The rows before are read, too: PREVIEW_BYTES_MAX of the file at most, and then the page says so.
 */
#ifndef ALLMENDE_PREVIEW_TABLE_H
#define ALLMENDE_PREVIEW_TABLE_H

#include "node/files/content.h"
#include "node/html/html.h"

#define PREVIEW_BYTES_MAX (64u * 1024 * 1024)

/* From that row on, from 1, without the row of names; with links to the rows before and after. */
void preview_table_put(struct html *html, struct content *content, const struct manifest_file *file,
		       uint64_t row);

#endif
