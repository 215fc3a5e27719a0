#include "tools/kit/tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/kit/text.h"

/* On a terminal a progress line may stand where the sentence goes. */
static void tool_say(const char *format, va_list args)
{
	char *text = text_vformat(format, args, false);

	fprintf(stderr, "%sallmende: %s\n", isatty(STDERR_FILENO) ? "\r\033[K" : "", text);
	free(text);
}

int tool_fail(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tool_say(format, args);
	va_end(args);
	return code;
}

void tool_remark(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tool_say(format, args);
	va_end(args);
}

const char *tool_word(const struct tool *tool, size_t i)
{
	return i < tool->args.word_count ? tool->args.words[i] : NULL;
}
