/*
 * check: what portals will say of a dataset, and whether files hold data about persons, before they
 * are published.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/check.h"
#include "proto/dcat/metadata.h"
#include "tools/cmd/check_say.h"
#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/metadata_file.h"
#include "tools/kit/print.h"
#include "tools/kit/value.h"

#define FILES_SAID_MAX 10000 /* of a published dataset: whose formats are judged */

struct checking {
	const struct tool *tool;
	struct client *client; /* when a dataset is named */
	bool german;
	struct value_ref ref; /* the dataset; an empty path: none */
	bool has_files;
	struct files files;
	json_t *metadata;
	json_t *published; /* pages of its files */
	struct rules_file *list;
	size_t list_count, list_cap;
	bool list_unknown; /* so many, and no more is known */
	struct screening screening;
	struct check_result result;
};

/* ---- what is asked for ---- */

/* As programs are told it: the first that is set decides. */
static bool speaks_german(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return !strncmp(value, "de", 2);
	}
	return false;
}

static int read_language(struct checking *checking)
{
	const char *lang = args_value(&checking->tool->args, "lang");

	checking->german = lang ? !strcmp(lang, "de") : speaks_german();
	if (!lang || !strcmp(lang, "de") || !strcmp(lang, "en"))
		return TOOL_DONE;
	return tool_fail(TOOL_USAGE, "--lang \"%s\" is neither de nor en", lang);
}

/* A first word that is no file here is a dataset. */
static int read_words(struct checking *checking)
{
	const struct args *args = &checking->tool->args;
	size_t first = 0;
	int code;

	if (args->word_count && access(args->words[0], F_OK) != 0) {
		first = 1;
		if (!strchr(args->words[0], '/'))
			return tool_fail(TOOL_ABSENT,
					 "\"%s\" is no file here, and no dataset, which would be "
					 "written in full, such as meissen/wasser/pegel-elbe",
					 args->words[0]);
		if ((code = value_ref(&checking->ref, args->words[0])))
			return code;
	}
	if (!first && !args->word_count && !args_value(args, "metadata"))
		return tool_fail(
			TOOL_USAGE,
			"name a dataset, files, or --metadata FILE: what is to be checked?");
	if (args->word_count <= first)
		return TOOL_DONE;
	checking->has_files = true;
	return files_collect(&checking->files,
			     &(struct files_from){args->words + first, args->word_count - first,
						  NULL, args_flag(args, "hidden")});
}

/* ---- what is published ---- */

/* Of an answer what is metadata. */
static void metadata_pick(struct checking *checking, const json_t *entry)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)entry, name, value) if (metadata_name(name))
		json_object_set(checking->metadata, name, value);
}

static void format_add(struct checking *checking, const char *name, const char *type)
{
	checking->list = mem_room(checking->list, checking->list_count, &checking->list_cap,
				  sizeof(*checking->list));
	checking->list[checking->list_count++] =
		(struct rules_file){bytes_str(name), bytes_str(type)};
}

static void target_version(struct buf *target, const struct checking *checking, const char *path)
{
	target_init(target, path);
	target_text(target, "path", checking->ref.path);
	target_count(target, "version", checking->result.version);
}

/* One page; *next is that of the following one, 0: none. */
static int ask_formats(struct checking *checking, uint64_t *next)
{
	struct buf target;
	json_t *page = NULL, *file;
	size_t i;

	target_version(&target, checking, "/manifest");
	target_count(&target, "from", *next);
	int code = client_call(checking->client, "GET", target_end(&target), NULL, &page);
	buf_fini(&target);
	if (code)
		return code;
	json_array_append_new(checking->published, page); /* whose texts the list borrows */
	json_array_foreach(json_object_get(page, "files"), i, file)
		format_add(checking, field_text(file, "name"), field_text(file, "type"));
	*next = field_count(page, "next");
	return TOOL_DONE;
}

static bool look_piece(void *arg, struct bytes piece)
{
	struct checking *checking = arg;
	const bool was_full = screening_full(&checking->screening);

	/* One piece more tells that there is more. */
	screening_feed(&checking->screening, piece);
	return !was_full;
}

/* As far as a look goes; the rest is not asked for. */
static int look_published(struct checking *checking, const char *name)
{
	struct buf target;
	bool whole = true;
	int code = TOOL_DONE;

	screening_begin(&checking->screening, name);
	target_version(&target, checking, "/file");
	target_text(&target, "name", name);
	if (!screening_full(&checking->screening) && name[strlen(name) - 1] != '/')
		code = client_receive(checking->client, target_end(&target), look_piece, checking,
				      &whole);
	if (code && screening_full(&checking->screening)) /* which ended it */
		code = TOOL_DONE;
	buf_fini(&target);
	screening_end(&checking->screening);
	return code;
}

/* Of what is known and not here nothing but what is said can be judged. */
static int ask_contents(struct checking *checking, const json_t *entry)
{
	uint64_t next = 0;
	int code;

	do
		code = ask_formats(checking, &next);
	while (!code && next && checking->list_count < FILES_SAID_MAX);
	for (size_t i = 0; !code && i < checking->list_count; i++)
		code = look_published(checking, (const char *)checking->list[i].name.ptr);
	if (!code)
		checking->result.screening = &checking->screening;
	if (code != TOOL_NOT_HERE && code != TOOL_DENIED)
		return code ? client_complain(checking->client) : TOOL_DONE;
	tool_remark(checking->german ? "die Dateien sind nicht hier, also nur die Metadaten geprüft"
				     : "its files are not here, so only its metadata are checked");
	checking->list_count = field_count(entry, "files");
	checking->list_unknown = true;
	return TOOL_DONE;
}

static int ask_published(struct checking *checking)
{
	struct buf target;
	json_t *entry = NULL;

	target_init(&target, "/dataset");
	target_text(&target, "path", checking->ref.path);
	target_count(&target, "version", checking->ref.version);
	int code = client_call(checking->client, "GET", target_end(&target), NULL, &entry);
	buf_fini(&target);
	if (code)
		return client_complain(checking->client);
	metadata_pick(checking, entry);
	checking->result.dataset = checking->ref.path;
	checking->result.version = field_count(entry, "version");
	code = ask_contents(checking, entry);
	json_decref(entry);
	return code;
}

/* ---- what would be ---- */

/* What the node would sign if nothing more were said: from the version before, and its settings. */
static int ask_would(struct checking *checking)
{
	json_t *body = json_pack("{s:s, s:b, s:b}", "dataset", checking->ref.path, "dry", 1,
				 "folder", checking->files.folder);
	json_t *answer = NULL;
	int code = client_call(checking->client, "POST", "/uploads", body, &answer);

	json_decref(body);
	if (code)
		return client_complain(checking->client);
	metadata_pick(checking, json_object_get(answer, "metadata"));
	checking->result.dataset = checking->ref.path;
	json_decref(answer);
	return TOOL_DONE;
}

static int look_files(struct checking *checking)
{
	int code = TOOL_DONE;

	for (size_t i = 0; !code && i < checking->files.count; i++) {
		const struct file_entry *file = &checking->files.entries[i];
		if (file->name[strlen(file->name) - 1] != '/')
			format_add(checking, file->name, "");
		code = screening_file(&checking->screening, file);
	}
	if (checking->has_files)
		checking->result.screening = &checking->screening;
	return code;
}

static bool is_void(const json_t *value)
{
	return (json_is_string(value) && !json_string_length(value)) ||
	       (json_is_array(value) && !json_array_size(value)) ||
	       (json_is_object(value) && !json_object_size(value));
}

/* A text in place of one of these objects is one part of it. */
static bool has_short(const char *name)
{
	return !strcmp(name, "contact") || !strcmp(name, "place") || !strcmp(name, "publisher");
}

/* What is empty clears, what is null is not said, and of an object each part stands for itself. */
static void said_put(json_t *to, const char *name, json_t *value)
{
	json_t *before = json_object_get(to, name), *part, *longer;
	const char *key;

	if (json_is_null(value))
		return;
	if (is_void(value)) {
		json_object_del(to, name);
	} else if (json_is_string(value) && has_short(name)) {
		longer = metadata_short(name, value);
		said_put(to, name, longer);
		json_decref(longer);
	} else if (json_is_object(value) && json_is_object(before)) {
		json_object_foreach(value, key, part) said_put(before, key, part);
	} else {
		json_object_set(to, name, value);
	}
}

static void said_all(struct checking *checking, json_t *said)
{
	const char *name;
	json_t *value;

	json_object_foreach(said, name, value) said_put(checking->metadata, name, value);
}

/* As `publish` takes it, but in whatever state it is. */
static int take_metadata_file(struct checking *checking)
{
	const struct args *args = &checking->tool->args;
	const char *named = args_value(args, "metadata");
	const char *only = args->word_count ? args->words[args->word_count - 1] : NULL;
	size_t paths = args->word_count - (*checking->ref.path != '\0');
	char *beside = named || paths != 1 ? NULL : metadata_file_beside(only);
	json_t *said = NULL;
	int code = TOOL_DONE;

	if (beside)
		tool_remark(checking->german ? "Metadaten aus %s" : "metadata taken from %s",
			    beside);
	if (named || beside)
		code = metadata_file_read(named ? named : beside, &said);
	said_all(checking, said);
	json_decref(said);
	free(beside);
	return code;
}

static int check_all(struct checking *checking)
{
	const bool would = checking->has_files || args_value(&checking->tool->args, "metadata");
	int code = TOOL_DONE;

	if (*checking->ref.path && !(code = client_open(&checking->client, checking->tool)))
		code = would ? ask_would(checking) : ask_published(checking);
	if (code)
		return code;
	if ((code = take_metadata_file(checking)) || (code = look_files(checking)))
		return code;
	rules_judge(&checking->result.rules, checking->metadata,
		    checking->list_unknown ? NULL : checking->list, checking->list_count);
	if (checking->tool->json) {
		json_t *out = check_json(&checking->result, checking->german);
		code = print_json(checking->tool, out);
		json_decref(out);
	} else {
		check_result_say(&checking->result, checking->german);
	}
	return code ? code : check_is_red(&checking->result) ? TOOL_FAILED : TOOL_DONE;
}

static int run_check_all(struct tool *tool)
{
	struct checking checking = {.tool = tool};
	int code = read_language(&checking);

	checking.metadata = json_object();
	checking.published = json_array();
	screening_init(&checking.screening, tool->now_ms, checking.german);
	if (!code)
		code = read_words(&checking);
	if (!code)
		code = check_all(&checking);
	client_close(checking.client);
	screening_fini(&checking.screening);
	files_fini(&checking.files);
	json_decref(checking.metadata);
	json_decref(checking.published);
	free(checking.list);
	return code;
}

const struct command cmd_check = {
	.name = "check",
	.arguments = "[DATASET] [FILE...]",
	.summary = "say what portals will find wrong, before it is published",
	.help = "Says what portals will find wrong with a dataset, as three lights: the "
		"specification\n"
		"(DCAT-AP.de 3.0), delivery to GovData, and, of those that say they are one, "
		"high-value\n"
		"datasets. The vocabularies are in the program, so nothing is asked of the "
		"internet. Files\n"
		"are looked into for data about persons, as `publish` does.\n"
		"\n"
		"DATASET alone is what is published, with its files if they are here. With files "
		"or --metadata\n"
		"it is what would be: what the node takes from the version before and from its "
		"settings, and\n"
		"over it FILE, or NAME.metadata.json beside a single file or folder. Files alone "
		"are checked\n"
		"without a node: publisher, dates and identifier, which every node adds, count as "
		"given, its\n"
		"settings do not.\n"
		"A first word that is no file here is a dataset.\n"
		"\n"
		"Red: it is refused, or gets lost at the portal. Yellow: it is taken, and could be "
		"better.\n"
		"The exit code is 1 when a light is red or publish would stop for personal data, "
		"and 0\n"
		"otherwise. Green says that the form is right, not that what is said is true; and "
		"that no\n"
		"personal data was found proves not that there is none.\n"
		"\n"
		"  allmende check plaetze.csv --metadata plaetze.json --lang de\n"
		"  allmende check meissen/kita/plaetze",
	.options =
		(const struct option[]){
			{"metadata", 0, "FILE", false,
			 "what is said of it, as JSON under the names of `show --json`"},
			{"lang", 0, "de|en", false,
			 "the language of the sentences; else that of LC_ALL, LC_MESSAGES, LANG"},
			{"hidden", 0, NULL, false,
			 "look at what `publish` leaves out otherwise: .x, x~, *.tmp ..."},
			{0},
		},
	.word_min = 0,
	.word_max = SIZE_MAX,
	.no_node = "",
	.run = run_check_all,
};
