/*
 * preview_rows - foreign rows as a table that scrolls by itself, and the way to the rows before and
 * after: what previews of all kinds have in common.
 */
#ifndef ALLMENDE_PREVIEW_ROWS_H
#define ALLMENDE_PREVIEW_ROWS_H

#include "node/html/html.h"

#define PREVIEW_ROWS     50  /* of a page */
#define PREVIEW_COLUMNS  100 /* shown of a row */
#define PREVIEW_CELL_LEN 200 /* bytes shown of a cell */

/* In this order: begin, the names of the columns as the first row, the other rows, end, pages. */
void preview_rows_begin(struct html *html, struct bytes caption);
void preview_row_begin(struct html *html);
void preview_cell(struct html *html, struct bytes cell, bool head);
void preview_row_end(struct html *html, bool head);
void preview_rows_end(struct html *html);
/* Rows from to to were shown, none when to is before from; more: there are others behind them. */
void preview_rows_pages(struct html *html, uint64_t from, uint64_t to, bool more);

#endif
