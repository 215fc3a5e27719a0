#include "tools/kit/passphrase.h"

#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "crypto/utf8.h"
#include "store/keyfile.h"

enum {
	KEY_INTERRUPT = 3,
	KEY_END = 4,
	KEY_BACKSPACE = 8,
	KEY_KILL = 21,
	KEY_DELETE = 127,
};

int passphrase_read(struct secret **out, const char *path)
{
	enum err err = keyfile_passphrase_read(out, path);

	if (err == ERR_ABSENT)
		return tool_fail(
			TOOL_FAILED,
			"there is no passphrase file %s: write the passphrase into its first "
			"line",
			path);
	if (err == ERR_CONFIG)
		return tool_fail(
			TOOL_FAILED,
			"the first line of the passphrase file %s is empty or longer than %d "
			"bytes: write the passphrase there",
			path, KEYFILE_PASSPHRASE_LEN_MAX);
	if (err)
		return tool_fail(TOOL_FAILED, "cannot read the passphrase file %s: %s", path,
				 strerror(errno));
	return TOOL_DONE;
}

bool passphrase_can_ask(void)
{
	return isatty(STDIN_FILENO);
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

int passphrase_ask(struct secret **out, bool is_new)
{
	char first[KEYFILE_PASSPHRASE_LEN_MAX + 1], again[KEYFILE_PASSPHRASE_LEN_MAX + 1];
	size_t first_len = 0, again_len = 0;
	int code = TOOL_DONE;

	if (!prompt_ask(is_new ? "New passphrase: " : "Passphrase: ", first, sizeof(first),
			&first_len))
		code = tool_fail(TOOL_FAILED, "no passphrase was given");
	else if (first_len == 0)
		code = tool_fail(TOOL_USAGE,
				 "the passphrase is empty: type one, or say --no-passphrase");
	else if (first_len > KEYFILE_PASSPHRASE_LEN_MAX)
		code = tool_fail(TOOL_USAGE, "the passphrase is longer than %d bytes",
				 KEYFILE_PASSPHRASE_LEN_MAX);
	else if (is_new && !prompt_ask("Once more: ", again, sizeof(again), &again_len))
		code = tool_fail(TOOL_FAILED, "no passphrase was given");
	else if (is_new && (again_len != first_len || memcmp(first, again, first_len) != 0))
		code = tool_fail(TOOL_USAGE, "the two passphrases differ: try again");
	if (!code)
		*out = secret_open(bytes_of(first, first_len));
	secret_wipe(first, sizeof(first));
	secret_wipe(again, sizeof(again));
	return code;
}
