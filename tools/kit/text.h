/*
 * text - words for people: escaping, columns, sizes, dates, and the nearest word.
 *
 * Nothing here writes; results that are returned as char * belong to the caller (free).
 */
#ifndef ALLMENDE_TEXT_H
#define ALLMENDE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"

/*
 * The text with everything made visible that could steer a terminal or deceive a reader: control
 * characters (C0, DEL, C1), bytes that are not UTF-8, line and paragraph separators, and
 * marks that turn the direction of writing. lines: line feeds stay.
 */
char *text_escape(const char *text, bool lines);
/* As vasprintf(), escaped. */
__attribute__((format(printf, 1, 0))) char *text_vformat(const char *format, va_list args,
							 bool lines);
/* Columns on a terminal: combining characters take none, East Asian wide ones two. */
size_t text_width(const char *text);
/* The text in at most width columns (at least 1), its end replaced by an ellipsis when it is
   longer. */
char *text_cut(const char *text, size_t width);

#define TEXT_SHORT_LEN 48
/* "512 B", "3.1 MB", "34 GB": decimal units, at most three digits. */
void text_size(char out[TEXT_SHORT_LEN], uint64_t bytes);
/* What a noun has at its end that counts so many: "" for one, else "s". */
const char *text_plural(uint64_t count);
/* "1,234,567". */
void text_count(char out[TEXT_SHORT_LEN], uint64_t count);
/* "just now", "5 minutes ago", "in 3 days", "yesterday"; a date when more than 30 days away. */
void text_ago(char out[TEXT_SHORT_LEN], int64_t time_ms, int64_t now_ms);
/* "2026-11-20T18:10:00Z". */
void text_utc(char out[TEXT_SHORT_LEN], int64_t time_ms);
/* "2026-11-20 19:10" in local time. */
void text_local(char out[TEXT_SHORT_LEN], int64_t time_ms);
/* "45 s", "3 min", "2 h 10 min", "4 days". */
void text_span(char out[TEXT_SHORT_LEN], uint64_t ms);

#define TEXT_UNLIKE SIZE_MAX
/* How far the typed word is from a known one it may have been meant for: 0 for one it begins,
   otherwise the changes (insert, delete, replace, swap of neighbours); TEXT_UNLIKE when there are
   too many. Both are cut at 64 bytes. */
size_t text_likeness(const char *typed, const char *known);
/* Makes a valid path or short name of what somebody typed: lower case, umlauts spelled out, hyphens
   for blanks. Empty when nothing is left. */
char *text_path_guess(const char *typed);
/* For commands we print: quoted for a shell when it has to be. */
char *text_shell(const char *word);
/* The sentence with dir_words (" -d DIR", or "") behind every `allmende and `allmended in it: the
   daemon does not know how its directory was named, and what is printed shall work as typed. */
char *text_commands(const char *sentence, const char *dir_words);

/* Appends the text percent-encoded, for a part of a URL: '/' too. */
void text_url(struct buf *out, const char *text);

#endif
