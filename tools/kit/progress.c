#include "tools/kit/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/kit/clock.h"
#include "tools/kit/text.h"

#define REDRAW_MS 100
#define QUIET_MS  300 /* what is done by then shows no line */

void progress_begin(struct progress *progress, bool terminal, const char *what)
{
	int64_t now_ms = clock_steady_ms();

	*progress = (struct progress){.begin_ms = now_ms, .next_ms = now_ms + QUIET_MS};
	if (terminal)
		progress->what = text_escape(what, false);
}

void progress_note(struct progress *progress, const char *format, ...)
{
	va_list args;

	if (!progress->what)
		return;
	va_start(args, format);
	vsnprintf(progress->note, sizeof(progress->note), format, args);
	va_end(args);
}

static void draw(const struct progress *progress, int64_t now_ms)
{
	char done[TEXT_SHORT_LEN], all[TEXT_SHORT_LEN], speed[TEXT_SHORT_LEN];
	uint64_t ms = (uint64_t)(now_ms - progress->begin_ms) + 1;

	text_size(done, progress->bytes);
	text_size(all, progress->bytes_all);
	text_size(speed, (progress->bytes - progress->bytes_first) * 1000 / ms);
	fprintf(stderr, "\r\033[K%s  ", progress->what);
	if (progress->bytes_all)
		fprintf(stderr, "%s of %s  %s/s  ", done, all, speed);
	else if (progress->bytes)
		fprintf(stderr, "%s  %s/s  ", done, speed);
	fputs(progress->note, stderr);
	fflush(stderr);
}

void progress_bytes(struct progress *progress, uint64_t bytes, uint64_t bytes_all)
{
	int64_t now_ms;

	if (!progress->what)
		return;
	now_ms = clock_steady_ms();
	if (progress->bytes_all == 0)
		progress->bytes_first = bytes;
	progress->bytes = bytes;
	progress->bytes_all = bytes_all;
	if (now_ms < progress->next_ms)
		return;
	progress->next_ms = now_ms + REDRAW_MS;
	progress->shown = true;
	draw(progress, now_ms);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	free(progress->what);
	*progress = (struct progress){0};
}
