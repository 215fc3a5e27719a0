#include "tools/kit/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/path.h"
#include "crypto/utf8.h"
#include "proto/charter/identity.h"
#include "proto/wire/protocol.h"
#include "tools/kit/text.h"

#define PORT_MAX          65535
#define INVITATION_PREFIX PROTOCOL_TEXT "-"

static int refuse_path(const char *text)
{
	char *guess = text_path_guess(text);
	bool helps = strcmp(guess, text) != 0 && !path_check(bytes_str(guess));
	int code;

	if (helps)
		code = tool_fail(TOOL_USAGE, "\"%s\" cannot name a dataset; did you mean %s?", text,
				 guess);
	else
		code = tool_fail(
			TOOL_USAGE,
			"\"%s\" cannot name a dataset: write it in full, in a-z, 0-9, \".\", "
			"\"_\", \"-\" and \"/\", such as meissen/wasser/pegel-elbe",
			text);
	free(guess);
	return code;
}

int value_path(const char *text)
{
	return path_check(bytes_str(text)) ? refuse_path(text) : TOOL_DONE;
}

int value_ref(struct value_ref *out, const char *text)
{
	const char *at = strrchr(text, '@');
	size_t len = at ? (size_t)(at - text) : strlen(text);

	*out = (struct value_ref){0};
	if (at && (!args_number(at + 1, INT64_MAX, &out->version) || out->version == 0))
		return tool_fail(TOOL_USAGE,
				 "\"%s\" names no version: behind the @ stands its number, such as "
				 "meissen/wasser/pegel-elbe@3",
				 text);
	if (len >= sizeof(out->path))
		return refuse_path(text);
	memcpy(out->path, text, len);
	return value_path(out->path);
}

int value_pattern(const char *text)
{
	if (!path_pattern_check(bytes_str(text)))
		return TOOL_DONE;
	return tool_fail(
		TOOL_USAGE,
		"\"%s\" is not a pattern: write a dataset, with * for any one part and ** at "
		"the end for all below, such as meissen/** or */kita/**",
		text);
}

int value_name(const char *what, const char *text)
{
	size_t len = strlen(text);

	if (len == 0)
		return tool_fail(TOOL_USAGE, "%s is empty: give a name, such as \"Stadt Meißen\"",
				 what);
	if (len > LIMIT_NAME_LEN_MAX)
		return tool_fail(TOOL_USAGE,
				 "%s has %zu bytes, %d are allowed: give a shorter name", what, len,
				 LIMIT_NAME_LEN_MAX);
	if (!utf8_check(bytes_str(text), false))
		return tool_fail(
			TOOL_USAGE,
			"%s \"%s\" holds characters that are not printable UTF-8: type it anew",
			what, text);
	return TOOL_DONE;
}

int value_slug(const char *what, const char *text)
{
	char *guess;
	bool helps;
	int code;

	if (!path_slug_check(bytes_str(text)))
		return TOOL_DONE;
	guess = text_path_guess(text);
	helps = !path_slug_check(bytes_str(guess));
	code = tool_fail(
		TOOL_USAGE,
		"%s \"%s\" is not a short name: up to 40 of a-z, 0-9 and hyphens, such as %s", what,
		text, helps ? guess : "landkreis-meissen");
	free(guess);
	return code;
}

int value_ags(const char *what, const char *text)
{
	size_t len = strlen(text);

	if ((len == 5 || len == 8) && strspn(text, "0123456789") == len)
		return TOOL_DONE;
	return tool_fail(
		TOOL_USAGE,
		"%s \"%s\" is not an official municipality key: it has 8 digits (14627140 for "
		"Stadt Meißen) or 5 for a county (14627)",
		what, text);
}

/* Length of the host part of HOST:PORT, 0 when there is none. */
static size_t host_len(const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (text[0] == '[')
		return len > 2 && text[len - 1] == ']' ? len : 0;
	return memchr(text, ':', len) ? 0 : len;
}

int value_address(const char *what, const char *text, bool zero_ok)
{
	size_t len = host_len(text);
	uint64_t port = 0;

	if (len == 0 || strlen(text) > LIMIT_ADDRESS_LEN_MAX || strcspn(text, " \t\r\n") < len ||
	    !utf8_check(bytes_str(text), false))
		return tool_fail(TOOL_USAGE,
				 "%s \"%s\" is not an address: write HOST:PORT, such as "
				 "node.meissen.example:7420 or [2001:db8::1]:7420",
				 what, text);
	if (!args_number(text + len + 1, PORT_MAX, &port) || (port == 0 && !zero_ok))
		return tool_fail(TOOL_USAGE,
				 "%s \"%s\" has no valid port: it is a number from %d to %d", what,
				 text, zero_ok ? 0 : 1, PORT_MAX);
	return TOOL_DONE;
}

int value_day(const char *what, const char *text, int64_t *out_ms)
{
	struct tm day = {.tm_isdst = -1};
	char rest;

	if (strlen(text) != 10 ||
	    sscanf(text, "%4d-%2d-%2d%c", &day.tm_year, &day.tm_mon, &day.tm_mday, &rest) != 3)
		return tool_fail(TOOL_USAGE, "%s \"%s\" is no date: write it as 2027-11-20", what,
				 text);
	day.tm_year -= 1900;
	day.tm_mon -= 1;
	struct tm noon = day;
	noon.tm_hour = 12;
	if (mktime(&noon) < 0 || noon.tm_mday != day.tm_mday || noon.tm_mon != day.tm_mon)
		return tool_fail(TOOL_USAGE, "%s \"%s\": there is no such day", what, text);
	*out_ms = (int64_t)mktime(&day) * 1000;
	return TOOL_DONE;
}

int value_moment(const char *what, const char *text, int64_t *out_ms)
{
	enum { DAY_LEN = 10, MINUTE_LEN = 16, SECOND_LEN = 19 };
	char day[DAY_LEN + 1] = "", rest;
	int hours = 23, minutes = 59, seconds = 59;
	const size_t len = strlen(text);

	snprintf(day, sizeof(day), "%.10s", text);
	bool right = len == DAY_LEN;
	if (len == MINUTE_LEN)
		right = sscanf(text + DAY_LEN, " %2d:%2d%c", &hours, &minutes, &rest) == 2;
	if (len == SECOND_LEN)
		right = sscanf(text + DAY_LEN, " %2d:%2d:%2d%c", &hours, &minutes, &seconds,
			       &rest) == 3;
	if (!right || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 ||
	    seconds > 60)
		return tool_fail(TOOL_USAGE,
				 "%s \"%s\" is no date: write it as 2027-11-20, or as "
				 "\"2027-11-20 14:30\"",
				 what, text);
	int code = value_day(what, day, out_ms);
	*out_ms += ((int64_t)hours * 3600 + minutes * 60 + seconds) * 1000 + 999;
	return code;
}

int value_operator(const char *text)
{
	if (strcmp(text, "self") == 0)
		return TOOL_DONE;
	if (strncmp(text, "hosted:", 7) == 0 && text[7] &&
	    strlen(text) <= IDENTITY_OPERATOR_LEN_MAX && utf8_check(bytes_str(text), false))
		return TOOL_DONE;
	return tool_fail(
		TOOL_USAGE,
		"--operator \"%s\" is not known: write self, or hosted:NAME with the name of "
		"the provider that runs the machine",
		text);
}

int value_number(const struct args *args, const char *option, uint64_t max, uint64_t *out)
{
	const char *text = args_value(args, option);

	if (!text || args_number(text, max, out))
		return TOOL_DONE;
	return tool_fail(TOOL_USAGE, "--%s \"%s\" is not a whole number from 0 to %" PRIu64, option,
			 text, max);
}

int value_texts(const struct args *args)
{
	for (size_t i = 0; i < args->given_count; i++) {
		const struct args_given *given = &args->given[i];

		if (given->value && !utf8_check(bytes_str(given->value), true))
			return tool_fail(
				TOOL_USAGE,
				"--%s \"%s\" holds characters that are not printable UTF-8: "
				"type it anew",
				given->option->name, given->value);
	}
	return TOOL_DONE;
}

static int read_line(char *out, size_t size, FILE *file)
{
	setvbuf(file, NULL, _IONBF, 0); /* no copy stays in memory */
	if (!fgets(out, (int)size, file))
		return ferror(file) ? errno : ENODATA;
	out[strcspn(out, "\r\n")] = 0;
	return 0;
}

/* Taken, as refusing mends no mistake that has happened; and gone from the process list. */
static int argument_take(char out[VALUE_INVITATION_SIZE], const char *from)
{
	const size_t len = strlen(from);

	if (len >= VALUE_INVITATION_SIZE)
		return tool_fail(TOOL_USAGE, "the invitation is too long (%zu characters)", len);
	memcpy(out, from, len + 1);
	secret_wipe((char *)from, len);
	fputs("An invitation is a secret, and everybody on this machine could read it on the "
	      "command line: next time give a file that holds it, or - and then paste it.\n",
	      stderr);
	return TOOL_DONE;
}

int value_invitation_read(char out[VALUE_INVITATION_SIZE], const char *from)
{
	bool typed = strcmp(from, "-") == 0;
	FILE *file = typed ? stdin : NULL;
	int failed;

	if (strncmp(from + strspn(from, " \t\r\n"), INVITATION_PREFIX, strlen(INVITATION_PREFIX)) ==
	    0)
		return argument_take(out, from);
	if (!typed)
		file = fopen(from, "re");
	if (!file)
		return tool_fail(
			TOOL_FAILED,
			"cannot read %s: %s; give the file that holds the invitation, or - "
			"and then paste it",
			from, strerror(errno));
	if (typed && isatty(STDIN_FILENO))
		fputs("Paste the invitation, one line: ", stderr);
	failed = read_line(out, VALUE_INVITATION_SIZE, file);
	if (!typed)
		fclose(file);
	if (failed)
		return tool_fail(TOOL_FAILED, "no invitation could be read from %s: %s",
				 typed ? "standard input" : from, strerror(failed));
	return TOOL_DONE;
}

int value_invitation(struct invitation *out, const char *text, int64_t now_ms)
{
	enum err err = invitation_get(out, bytes_str(text));
	char when[TEXT_SHORT_LEN];

	if (err == ERR_VERSION)
		return tool_fail(TOOL_USAGE,
				 "the invitation was made by another version of Allmende: "
				 "bring both to the same one, then ask for a new one");
	if (err && strncmp(text + strspn(text, " \t\r\n"), INVITATION_PREFIX,
			   strlen(INVITATION_PREFIX)) == 0)
		return tool_fail(
			TOOL_USAGE,
			"the invitation is truncated or mistyped (%zu characters arrived): "
			"copy the whole line again",
			strlen(text));
	if (err)
		return tool_fail(TOOL_USAGE,
				 "\"%.24s%s\" is not an invitation: that is one line of text which "
				 "begins with " INVITATION_PREFIX,
				 text, strlen(text) > 24 ? "..." : "");
	if (out->valid_until_ms > now_ms)
		return TOOL_DONE;
	text_local(when, out->valid_until_ms);
	tool_fail(TOOL_DENIED, "the invitation of %s for %s (%s) ended on %s: ask for a new one",
		  out->fed_name, out->name, out->slug, when);
	invitation_wipe(out);
	return TOOL_DENIED;
}
