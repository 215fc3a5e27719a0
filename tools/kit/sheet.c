#include "tools/kit/sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/root.h"
#include "store/dir.h"
#include "tools/kit/put.h"
#include "tools/kit/text.h"

#define SHEET_LEN_MAX 4096
#define SHEET_SEED    "Root seed"
#define SHEET_NEXT    "Next root seed"
#define SHEET_FED     "Federation id    "
#define SHEET_ORG     "Organisation id  "

int sheet_make(int *fd, const char *path)
{
	*fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd >= 0)
		return TOOL_DONE;
	if (errno == EEXIST)
		return tool_fail(TOOL_FAILED,
				 "%s exists already: name a new file for the recovery sheet", path);
	return tool_fail(TOOL_FAILED, "cannot make %s for the recovery sheet: %s", path,
			 strerror(errno));
}

/* What a page says; seed stands under the label. */
struct page {
	const char *title, *label, *words;
	const struct identity *identity;
	const struct charter *charter; /* NULL or empty: none */
	const struct key *seed;
	int64_t now_ms;
};

static int put_top(char *out, const struct page *page, const char *seed)
{
	const struct identity *identity = page->identity;
	const bool member = page->charter && page->charter->number > 0;
	const struct charter_member *own =
		member ? charter_last_of(page->charter, &identity->org) : NULL;
	char org[ID_HEX_LEN + 1], when[TEXT_SHORT_LEN], fed[ID_HEX_LEN + 1] = "";

	text_local(when, page->now_ms);
	hex_put(org, id_bytes(&identity->org));
	if (member)
		hex_put(fed, id_bytes(&page->charter->fed));
	return snprintf(out, SHEET_LEN_MAX,
			"%s\n"
			"\n"
			"Organisation     %s\n"
			"Short name       %s\n"
			"Key (AGS)        %s\n" SHEET_ORG "%s\n"
			"%s%s%s%s%s"
			"Written          %s\n"
			"\n"
			"%-17s%.34s\n"
			"                 %s\n"
			"\n",
			page->title, own ? own->name : identity->name,
			own ? own->slug : identity->slug, own ? own->ags : identity->ags, org,
			member ? "Federation       " : "", member ? page->charter->name : "",
			member ? "\n" SHEET_FED : "", fed, member ? "\n" : "", when, page->label,
			seed, seed + 35);
}

static const char sheet_words[] =
	"What it is for   With the root seed a new machine becomes this organisation again,\n"
	"                 and gets its catalogue and data back from its neighbours (`allmende\n"
	"                 init --recover`, with the address of one). Votes and further nodes\n"
	"                 need it, too. If no federation id stands above, a neighbour tells it.\n"
	"How to keep it   Print this sheet twice, lock both copies away in different places,\n"
	"                 and delete the file. Whoever else has it can act in the\n"
	"                 organisation's name. It can be written again where the root key is\n"
	"                 (`allmende recovery-sheet`); without both nobody can make another.\n";

static const char next_words[] =
	"What it is for   When the root seed is stolen, or shall be replaced: by this one the\n"
	"                 stewards bind another root key to this organisation, without waiting\n"
	"                 14 days, and what a thief has added behind the entry that you name\n"
	"                 counts for nothing (`allmende root bind`).\n"
	"How to keep it   Print this sheet, lock it away elsewhere than the recovery sheet, and\n"
	"                 delete the file. In one safe with the first, or on a machine, it helps\n"
	"                 nobody: who gets there has both.\n";

static const char typing_words[] =
	"How to use it    Where Allmende asks for the seed, type the 14 groups from left\n"
	"                 to right. Upper and lower case, blanks and hyphens do not matter; the\n"
	"                 last groups show a typing error. There is no letter I, L, O or U in\n"
	"                 it: what looks like one is the digit 1 or 0.\n";

static enum err page_write(int fd, const struct page *page)
{
	char seed[ROOT_TEXT_LEN + 1], text[SHEET_LEN_MAX];

	root_text_put(seed, page->seed);
	int len = put_top(text, page, seed);
	len += snprintf(text + len, sizeof(text) - (size_t)len, "%s%s", page->words, typing_words);
	enum err err = put_all(fd, bytes_of(text, (size_t)len));
	/* A pipe or a terminal cannot be synced. */
	if (!err && fsync(fd) && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
		err = ERR_IO;
	secret_wipe(seed, sizeof(seed));
	secret_wipe(text, sizeof(text));
	return err;
}

enum err sheet_write(int fd, const struct identity *identity, const struct charter *charter,
		     const struct key *seed, int64_t now_ms)
{
	return page_write(fd, &(struct page){.title = "ALLMENDE RECOVERY SHEET",
					     .label = SHEET_SEED,
					     .words = sheet_words,
					     .identity = identity,
					     .charter = charter,
					     .seed = seed,
					     .now_ms = now_ms});
}

static enum err sheet_write_next(int fd, const struct identity *identity, const struct key *seed,
				 int64_t now_ms)
{
	return page_write(fd, &(struct page){.title = "ALLMENDE SECOND SHEET: THE NEXT ROOT",
					     .label = SHEET_NEXT,
					     .words = next_words,
					     .identity = identity,
					     .seed = seed,
					     .now_ms = now_ms});
}

int sheet_next_write(struct keyring *keyring, const struct identity *identity,
		     const struct digest *next_root, int fd, const char *path, int64_t now_ms)
{
	char name[IDENTITY_KEY_NAME_LEN];
	struct secret *seed = NULL;

	identity_next_name(name, next_root);
	enum err err = keyring_get(keyring, name, &seed);
	if (err)
		return err == ERR_ABSENT
			       ? tool_fail(TOOL_ABSENT,
					   "the seed of the next root key is not on this machine: "
					   "it stands on the second sheet that was written")
			       : tool_fail(TOOL_FAILED, "cannot read the key file %s: %s", name,
					   err_text(err));
	err = sheet_write_next(fd, identity, secret_key(seed), now_ms);
	secret_close(seed);
	if (!err)
		err = keyring_drop(keyring, name);
	return err ? tool_fail(TOOL_FAILED, "cannot write the second sheet %s: %s", path,
			       err_text(err))
		   : TOOL_DONE;
}

int sheet_next(struct keyring *keyring, const struct identity *identity,
	       const struct digest *next_root, const char *path, int64_t now_ms)
{
	const bool shown = strcmp(path, "-") == 0;
	int fd = STDOUT_FILENO;
	int code = shown ? TOOL_DONE : sheet_make(&fd, path);

	if (code)
		return code;
	code = sheet_next_write(keyring, identity, next_root, fd, path, now_ms);
	if (!shown)
		close(fd);
	if (!shown && code)
		unlink(path);
	return code;
}

/* ---- reading one ---- */

/* All of it, or until what was typed is a seed. */
static int text_read(char text[SHEET_LEN_MAX], const char *path)
{
	const bool typed = strcmp(path, "-") == 0;
	FILE *file = typed ? stdin : fopen(path, "re");
	size_t len = 0;
	struct key seed;

	if (!file)
		return tool_fail(TOOL_FAILED, "cannot read the recovery sheet %s: %s", path,
				 strerror(errno));
	if (typed && isatty(STDIN_FILENO))
		fprintf(stderr, "Root seed, 14 groups: ");
	while (len + 1 < SHEET_LEN_MAX && fgets(text + len, (int)(SHEET_LEN_MAX - len), file)) {
		len += strlen(text + len);
		if (typed && !root_text_get(&seed, text))
			break;
	}
	text[len] = '\0';
	key_wipe(&seed);
	if (!typed)
		fclose(file);
	return TOOL_DONE;
}

/* The rest of the line that begins so, and `lines` more; "" when there is none. */
static void sheet_field(char *out, size_t size, const char *text, const char *label, unsigned lines)
{
	const char *at = text;
	size_t len = 0;

	while (at && strncmp(at, label, strlen(label)) != 0)
		at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
	at = at ? at + strlen(label) : "";
	for (; *at && len + 1 < size && (*at != '\n' || lines-- > 0); at++)
		if (*at != '\n' && *at != '\r' && *at != ' ')
			out[len++] = *at;
	out[len] = '\0';
}

/* Behind the label; of what holds nothing else the whole, or its first line. */
static enum err seed_find(struct key *out, const char *text, const char *label)
{
	char field[256];

	sheet_field(field, sizeof(field), text, label, 1);
	enum err err = root_text_get(out, field);
	if (err)
		err = root_text_get(out, text);
	if (err) {
		sheet_field(field, sizeof(field), text, "", 0);
		err = root_text_get(out, field);
	}
	secret_wipe(field, sizeof(field));
	return err;
}

int sheet_next_read(struct key *seed, const char *path)
{
	char text[SHEET_LEN_MAX] = "";
	int code = text_read(text, path);

	if (code)
		return code;
	enum err err = seed_find(seed, text, SHEET_NEXT);
	const bool first = strstr(text, "\n" SHEET_SEED) != NULL;
	secret_wipe(text, sizeof(text));
	if (!err)
		return TOOL_DONE;
	if (first)
		return tool_fail(TOOL_USAGE,
				 "%s is the recovery sheet: a root is replaced by the second sheet",
				 path);
	return tool_fail(TOOL_USAGE,
			 "%s is not the second sheet, and its first line is no root seed%s: 14 "
			 "groups of four characters, as they stand on the sheet",
			 path, err == ERR_DENIED ? " without a typing error" : "");
}

int sheet_read(struct sheet *out, const char *path)
{
	char text[SHEET_LEN_MAX] = "", field[256];

	memset(out, 0, sizeof(*out));
	int code = text_read(text, path);
	if (code)
		return code;
	sheet_field(field, sizeof(field), text, SHEET_FED, 0);
	out->has_fed = !hex_get(out->fed.b, ID_LEN, field);
	enum err err = seed_find(&out->seed, text, SHEET_SEED);
	const bool next = strstr(text, SHEET_NEXT) != NULL;
	secret_wipe(text, sizeof(text));
	if (!err)
		return TOOL_DONE;
	if (next)
		return tool_fail(TOOL_USAGE,
				 "%s is the second sheet: it replaces a root that is stolen, by "
				 "`allmende root bind`; a machine comes back by the recovery sheet",
				 path);
	return tool_fail(
		TOOL_USAGE,
		"there is no root seed in %s%s: it is 14 groups of four characters, as they "
		"stand on the recovery sheet",
		path, err == ERR_DENIED ? " without a typing error" : "");
}

bool sheet_is_left(const char *path, const struct org_id *org)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	char text[SHEET_LEN_MAX], field[ID_HEX_LEN + 2];
	struct stat st;
	struct org_id said;
	bool left = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	ssize_t len = left ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return len == 0;
	text[len] = '\0';
	sheet_field(field, sizeof(field), text, SHEET_ORG, 0);
	secret_wipe(text, sizeof(text));
	return org && !hex_get(said.b, ID_LEN, field) && id_eq(&said, org);
}

void sheet_note(const char *dir, const char *what, int64_t now_ms)
{
	char *file = dir_file(dir, what), when[TEXT_SHORT_LEN];
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	text_local(when, now_ms);
	/* a reminder, no promise: when it cannot be written doctor asks once more */
	if (fd >= 0) {
		if (put_all(fd, bytes_str(when)) || fsync(fd))
			unlink(file);
		close(fd);
	}
	free(file);
}

bool sheet_noted(const char *dir, const char *what, char when[SHEET_WHEN_LEN])
{
	char *file = dir_file(dir, what);
	FILE *stream = fopen(file, "re");
	size_t len = stream ? fread(when, 1, SHEET_WHEN_LEN - 1, stream) : 0;

	when[len] = '\0';
	if (stream)
		fclose(stream);
	free(file);
	return len > 0;
}
