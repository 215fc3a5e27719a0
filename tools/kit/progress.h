/*
 * progress - one line on standard error that says how far long work has come.
 *
 * It is shown on a terminal only, at most ten times a second, and cleared at the end; logs and
 * pipes never see it.
 */
#ifndef ALLMENDE_PROGRESS_H
#define ALLMENDE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_NOTE_LEN 96

struct progress {
	bool shown;
	char *what; /* escaped */
	char note[PROGRESS_NOTE_LEN];
	uint64_t bytes, bytes_all; /* bytes_all 0: unknown */
	uint64_t bytes_first;      /* when it began: not counted in the speed */
	int64_t begin_ms, next_ms; /* next time to draw */
};

/* terminal: standard error is one; otherwise nothing is ever shown. */
void progress_begin(struct progress *progress, bool terminal, const char *what);
/* Words behind the bytes, such as "12 of 1,000 files". */
__attribute__((format(printf, 2, 3))) void progress_note(struct progress *progress,
							 const char *format, ...);
/* Shows the line when its time has come. */
void progress_bytes(struct progress *progress, uint64_t bytes, uint64_t bytes_all);
void progress_end(struct progress *progress);

#endif
