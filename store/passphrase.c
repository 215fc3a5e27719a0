#include "store/passphrase.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "crypto/utf8.h"
#include "store/dir.h"
#include "store/keyfile.h"

enum {
	KEY_INTERRUPT = 3,
	KEY_END = 4,
	KEY_BACKSPACE = 8,
	KEY_KILL = 21,
	KEY_DELETE = 127,
};

__attribute__((format(printf, 3, 4))) static enum err why_put(char *why, enum err err,
							      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, WHY_LEN, format, args);
	va_end(args);
	return err;
}

/* -- without a person -- */

static enum err take_file(struct secret **out, const char *path, char *why)
{
	enum err err = keyfile_passphrase_read(out, path);

	if (err == ERR_ABSENT)
		return why_put(
			why, ERR_CONFIG,
			"there is no passphrase file %s: write the passphrase into its first "
			"line",
			path);
	if (err == ERR_CONFIG)
		return why_put(
			why, err,
			"the first line of the passphrase file %s is empty or longer than %d "
			"bytes: write the passphrase there",
			path, KEYFILE_PASSPHRASE_LEN_MAX);
	return err ? why_put(why, err, "cannot read the passphrase file %s: %s", path,
			     strerror(errno))
		   : ERR_OK;
}

static enum err take_fd(struct secret **out, const char *text, char *why)
{
	char *end;
	long fd = strtol(text, &end, 10);

	if (!*text || *end || fd < 0 || fd > INT_MAX)
		return why_put(why, ERR_CONFIG,
			       "--passphrase-fd \"%s\" is no number of a descriptor: "
			       "write 3, and 3< behind it",
			       text);
	enum err err = keyfile_passphrase_read_fd(out, (int)fd);
	if (err == ERR_CONFIG)
		return why_put(
			why, err,
			"the first line that comes from descriptor %ld is empty or longer than "
			"%d bytes: hand over the passphrase there",
			fd, KEYFILE_PASSPHRASE_LEN_MAX);
	if (err)
		return why_put(why, ERR_CONFIG,
			       "cannot read the passphrase from descriptor %ld: %s", fd,
			       strerror(errno));
	close((int)fd);
	return ERR_OK;
}

enum err passphrase_take(struct secret **out, const struct passphrase_from *from, char *why)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");

	why[0] = '\0';
	if (from->file && from->fd)
		return why_put(why, ERR_CONFIG,
			       "--passphrase-file and --passphrase-fd exclude each "
			       "other: give one of them");
	if (from->file)
		return take_file(out, from->file, why);
	if (from->fd)
		return take_fd(out, from->fd, why);
	if (!credentials)
		return ERR_ABSENT;
	char *file = dir_file(credentials, "passphrase");
	enum err err = access(file, F_OK) ? ERR_ABSENT : take_file(out, file, why);
	free(file);
	return err;
}

/* The directory that a file lies in, without links; to be freed; NULL: not known. */
static char *place_of(const char *file)
{
	char *place = realpath(file, NULL);
	char *slash = place ? strrchr(place, '/') : NULL;

	if (slash)
		*(slash == place ? slash + 1 : slash) = '\0';
	return place;
}

void passphrase_doubt(char *why, const char *file, const char *dir)
{
	char *place = place_of(file), *keys = realpath(dir, NULL), *beside = place_of(dir);
	size_t len = keys ? strlen(keys) : 0;
	struct stat st;

	why[0] = '\0';
	if (place && keys && !strncmp(place, keys, len) && (!place[len] || place[len] == '/'))
		why_put(why, ERR_OK,
			"the passphrase file %s lies in the directory of the keys, so whoever gets "
			"a "
			"copy of that has both; keep it elsewhere, have systemd hand it over as "
			"the "
			"credential \"passphrase\", or type it",
			file);
	else if (place && beside && !strcmp(place, beside))
		why_put(why, ERR_OK,
			"the passphrase file %s lies beside the directory of the keys, so whoever "
			"takes this disk has both; keep it on another one, have systemd hand it "
			"over "
			"as the credential \"passphrase\", or type it",
			file);
	else if (!stat(file, &st) && S_ISREG(st.st_mode) && (st.st_mode & 077))
		why_put(why, ERR_OK,
			"others can read the passphrase file %s, which has mode %04o: write `chmod "
			"600 "
			"%s`",
			file, st.st_mode & 07777, file);
	free(place);
	free(keys);
	free(beside);
}

/* -- at a terminal -- */

bool passphrase_can_ask(void)
{
	/* who stands in the background would be stopped */
	return isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static void prompt_put(int fd, const char *text)
{
	ssize_t done = write(fd, text, strlen(text));

	(void)done; /* only a prompt */
}

/* Takes one character off the end: all bytes of it. */
static size_t prompt_erase(const char *line, size_t len)
{
	return len > 0 ? utf8_cut(bytes_of(line, len), len - 1).len : 0;
}

/* Reads keys until the end of the line. False: the user gave up. */
static bool prompt_read(int fd, char *line, size_t max, size_t *len)
{
	*len = 0;
	for (;;) {
		char key;
		ssize_t got = read(fd, &key, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || key == KEY_INTERRUPT || key == KEY_END)
			return false;
		if (key == '\n' || key == '\r')
			return true;
		if (key == KEY_BACKSPACE || key == KEY_DELETE)
			*len = prompt_erase(line, *len);
		else if (key == KEY_KILL)
			*len = 0;
		else if (*len < max)
			line[(*len)++] = key;
	}
}

/*
 * The keys that would raise signals arrive as characters, so the terminal always gets its echo
 * back: no signal handler is needed for that.
 */
static bool prompt_ask(const char *prompt, char *line, size_t max, size_t *len)
{
	int fd = STDIN_FILENO;
	struct termios before, quiet;
	bool done;

	if (tcgetattr(fd, &before))
		return false;
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	quiet.c_cc[VMIN] = 1;
	quiet.c_cc[VTIME] = 0;
	prompt_put(STDERR_FILENO, prompt);
	if (tcsetattr(fd, TCSAFLUSH, &quiet))
		return false;
	done = prompt_read(fd, line, max, len);
	tcsetattr(fd, TCSAFLUSH, &before);
	prompt_put(STDERR_FILENO, "\n");
	return done;
}

enum err passphrase_ask(struct secret **out, bool is_new, char *why)
{
	char first[KEYFILE_PASSPHRASE_LEN_MAX + 1], again[KEYFILE_PASSPHRASE_LEN_MAX + 1];
	size_t first_len = 0, again_len = 0;
	enum err err = ERR_OK;

	why[0] = '\0';
	if (!prompt_ask(is_new ? "New passphrase: " : "Passphrase: ", first, sizeof(first),
			&first_len))
		err = why_put(why, ERR_ABSENT, "no passphrase was given");
	else if (first_len == 0)
		err = why_put(why, ERR_CONFIG,
			      "the passphrase is empty: type one, or say "
			      "--no-passphrase");
	else if (first_len > KEYFILE_PASSPHRASE_LEN_MAX)
		err = why_put(why, ERR_CONFIG, "the passphrase is longer than %d bytes",
			      KEYFILE_PASSPHRASE_LEN_MAX);
	else if (is_new && !prompt_ask("Once more: ", again, sizeof(again), &again_len))
		err = why_put(why, ERR_ABSENT, "no passphrase was given");
	else if (is_new && (again_len != first_len || memcmp(first, again, first_len) != 0))
		err = why_put(why, ERR_CONFIG, "the two passphrases differ: try again");
	if (!err)
		*out = secret_open(bytes_of(first, first_len));
	secret_wipe(first, sizeof(first));
	secret_wipe(again, sizeof(again));
	return err;
}
