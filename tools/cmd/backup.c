/*
 * backup, restore: a copy of the node's directory while it runs, and a node made of it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/sync/start.h"
#include "store/db.h"
#include "store/dir.h"
#include "store/keyfile.h"
#include "tools/cmd/commands.h"
#include "tools/kit/print.h"
#include "tools/kit/text.h"
#include "tools/kit/vault.h"

/* Beside the store and the keys; those that are there. */
static const char *const plain_files[] = {"config", "sheet-written", "sheet-rehearsed",
					  "feed.state"};

/* ---- backup ---- */

struct copying {
	struct db *db;
	int fd;
	enum err err;
};

static void *copy_run(void *arg)
{
	struct copying *copying = arg;

	copying->err = db_copy(copying->db, copying->fd);
	close(copying->fd);
	return NULL;
}

/* The store as of one moment, through a pipe; who reads it may end first. */
static int store_add(const struct tool *tool, struct vault *vault, struct db *db)
{
	struct copying copying = {.db = db};
	pthread_t thread;
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	if (pipe2(ends, O_CLOEXEC))
		return tool_fail(TOOL_FAILED, "cannot copy the store: %s", strerror(errno));
	copying.fd = ends[1];
	if (pthread_create(&thread, NULL, copy_run, &copying)) {
		close(ends[0]);
		close(ends[1]);
		return tool_fail(TOOL_FAILED, "cannot copy the store: no thread");
	}
	int code = vault_add(vault, "data.mdb", ends[0]);
	close(ends[0]);
	pthread_join(thread, NULL);
	if (!code && copying.err)
		code = tool_fail(TOOL_FAILED, "cannot copy the store of %s: %s", tool->dir,
				 err_text(copying.err));
	return code;
}

/* A file that is not there is none. */
static int file_add(const struct tool *tool, struct vault *vault, const char *name)
{
	char *path = dir_file(tool->dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int code = TOOL_DONE;

	if (fd >= 0)
		code = vault_add(vault, name, fd);
	else if (errno != ENOENT)
		code = tool_fail(TOOL_FAILED, "cannot read %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(path);
	return code;
}

/* After the store: a key that a row names was there before the row. */
static int keys_add(const struct tool *tool, struct vault *vault)
{
	char *path = dir_file(tool->dir, "keys");
	DIR *dir = opendir(path);
	struct dirent *entry;
	int code = dir ? TOOL_DONE
		       : tool_fail(TOOL_FAILED, "cannot read %s: %s", path, strerror(errno));

	while (!code && dir && (entry = readdir(dir))) {
		char name[300];
		snprintf(name, sizeof(name), "keys/%s", entry->d_name);
		if (entry->d_name[0] != '.')
			code = file_add(tool, vault, name);
	}
	if (dir)
		closedir(dir);
	free(path);
	return code;
}

/* Whether the keys may be copied as they are. */
static int clear_check(const struct tool *tool)
{
	struct keyring *keyring = NULL;
	enum err err = keyring_open(&keyring, tool->dir, bytes_of(NULL, 0));

	if (!err)
		keyring_close(keyring);
	if (err && err != ERR_CONFIG)
		return tool_fail(TOOL_FAILED, "cannot read the keys in %s: %s", tool->dir,
				 err_text(err));
	if (!err && !args_flag(&tool->args, "clear-keys"))
		return tool_fail(
			TOOL_USAGE,
			"the keys of this node are not sealed, so whoever gets the backup is "
			"this node: say --clear-keys if the place is as safe as this disk");
	return TOOL_DONE;
}

static enum err place_read(struct db *db, struct identity_place *place)
{
	struct txn *txn = txn_begin(db, false);
	enum err err = identity_place_load(place, txn);

	txn_abort(txn);
	return err;
}

static int print_backup(const struct tool *tool, const char *folder, const struct vault_cost *cost)
{
	char all[TEXT_SHORT_LEN], added[TEXT_SHORT_LEN];

	if (tool->json) {
		json_t *json = json_pack("{s:s, s:I, s:I}", "folder", folder, "bytes",
					 (json_int_t)cost->bytes, "new_bytes",
					 (json_int_t)cost->new_bytes);
		int code = print_json(tool, json);
		json_decref(json);
		return code;
	}
	text_size(all, cost->bytes);
	text_size(added, cost->new_bytes);
	print_line("The node is copied to %s: %s, of which %s are new since the backup before.",
		   folder, all, added);
	print_line("%s an empty machine `allmende restore %s` makes it this node again.",
		   args_flag(&tool->args, "clear-keys") ? "On" : "With the passphrase, on", folder);
	return TOOL_DONE;
}

static int backup_to(const struct tool *tool, struct db *db, const char *folder)
{
	struct vault_head head = {.time_ms = tool->now_ms};
	struct identity_place place;
	struct vault_cost cost;
	struct vault *vault = NULL;
	enum err err = place_read(db, &place);

	if (err)
		return tool_fail(TOOL_FAILED, "cannot read the node in %s: %s", tool->dir,
				 err_text(err));
	head.org = place.org;
	head.node_index = place.node_index;
	int code = vault_open_write(&vault, folder, &head);
	if (!code && !(code = store_add(tool, vault, db)))
		code = keys_add(tool, vault);
	for (size_t i = 0; !code && i < sizeof(plain_files) / sizeof(plain_files[0]); i++)
		code = file_add(tool, vault, plain_files[i]);
	if (!code)
		code = vault_done(vault, &cost);
	vault_close(vault);
	return code ? code : print_backup(tool, folder, &cost);
}

static int run_backup(struct tool *tool)
{
	struct db_options options = {.read_only = true};
	struct db *db;
	int code = clear_check(tool);

	if (code)
		return code;
	enum err err = db_open(&db, tool->dir, &options);
	if (err)
		return tool_fail(TOOL_FAILED, "cannot open the store in %s: %s", tool->dir,
				 err_text(err));
	code = backup_to(tool, db, tool_word(tool, 0));
	db_close(db);
	return code;
}

/* ---- restore ---- */

static int file_restore(const char *dir, struct vault *vault, size_t i)
{
	char *path = dir_file(dir, vault_name(vault, i));
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int code;

	if (fd < 0)
		code = tool_fail(TOOL_FAILED, "cannot make %s: %s", path, strerror(errno));
	else
		code = vault_get(vault, i, fd);
	if (fd >= 0)
		close(fd);
	free(path);
	return code;
}

/* It opens, is a node's, and knows from now on what it is. */
static int store_mark(const char *dir, const char *folder, int64_t made_ms)
{
	struct db_options options = {0};
	struct identity_place place;
	struct db *db;
	enum err err = db_open(&db, dir, &options);

	if (!err) {
		struct txn *txn = txn_begin(db, true);
		err = identity_place_load(&place, txn);
		start_restored(txn, made_ms);
		if (err)
			txn_abort(txn);
		else
			err = txn_commit(txn);
		db_close(db);
	}
	if (err)
		return tool_fail(TOOL_FAILED, "the store in the backup %s cannot be opened: %s",
				 folder, err_text(err));
	return TOOL_DONE;
}

/*
 * Keys and the rest first; the store is made complete in a folder of its own and moved last, so
 * that what was cut short is no node.
 */
static int files_restore(const struct tool *tool, struct vault *vault, int64_t made_ms)
{
	char *making = dir_file(tool->dir, "restoring"), *last = dir_file(tool->dir, "data.mdb");
	char *store = dir_file(making, "data.mdb"), *lock = dir_file(making, "lock.mdb");
	int code = mkdir(making, 0700)
			   ? tool_fail(TOOL_FAILED, "cannot make %s: %s", making, strerror(errno))
			   : TOOL_DONE;
	bool has_store = false;

	for (size_t i = 0; !code && vault_name(vault, i); i++) {
		const bool is_store = strcmp(vault_name(vault, i), "data.mdb") == 0;
		has_store = has_store || is_store;
		code = file_restore(is_store ? making : tool->dir, vault, i);
	}
	if (!code && !has_store)
		code = tool_fail(TOOL_FAILED, "the backup %s has no store", tool_word(tool, 0));
	if (!code)
		code = store_mark(making, tool_word(tool, 0), made_ms);
	if (!code && rename(store, last))
		code = tool_fail(TOOL_FAILED, "cannot make %s: %s", last, strerror(errno));
	unlink(store);
	unlink(lock);
	rmdir(making);
	free(store);
	free(lock);
	free(last);
	free(making);
	return code;
}

static void print_restored(const struct tool *tool, int64_t made_ms)
{
	char when[TEXT_SHORT_LEN];

	text_local(when, made_ms);
	print_line("The node of %s is in %s, as it was then.", when, tool->dir);
	print_line(
		"It signs nothing until another node has shown what it has signed since. The "
		"machine that it was copied from must not run any more: two with one key stop each "
		"other.");
	putchar('\n');
	print_line("Next:");
	print_next(tool, "allmended --detach",
		   "start it; it asks for the passphrase if its keys are sealed");
	print_next(tool, "allmende start", "whether it signs, and what it waits for");
	print_next(tool, "allmende verify", "reads all that is stored");
}

static int run_restore(struct tool *tool)
{
	struct vault *vault = NULL;
	struct vault_head head;
	char why[WHY_LEN];
	struct dir dir;
	int code = vault_open_read(&vault, tool_word(tool, 0), &head);

	if (!code && dir_begin(&dir, tool->dir, why)) {
		code = tool_fail(TOOL_FAILED, "%s", why);
	} else if (!code) {
		if (dir_fill(&dir, why))
			code = tool_fail(TOOL_FAILED, "%s", why);
		else
			code = files_restore(tool, vault, head.time_ms);
		if (!code && dir_finish(&dir, why))
			code = tool_fail(TOOL_FAILED, "%s", why);
		if (code)
			dir_remove(tool->dir);
		dir_close(&dir);
	}
	vault_close(vault);
	if (!code)
		print_restored(tool, head.time_ms);
	return code;
}

const struct command cmd_backup = {
	.name = "backup",
	.arguments = "FOLDER",
	.summary = "copy this node into a folder, also while it runs",
	.help = "Copies the store as it is at one moment, the sealed keys and the settings into a "
		"folder,\n"
		"which is made; another time only what has changed is written. When it is "
		"interrupted the\n"
		"backup before is still there. For a nightly job: a folder on another disk. A copy "
		"of "
		"data.mdb\n"
		"with other tools while the node runs is not whole.\n"
		"\n"
		"  allmende backup /mnt/backup/allmende",
	.options =
		(const struct option[]){
			{"clear-keys", 0, NULL, false,
			 "copy keys that are not sealed: whoever gets the folder is this node"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_backup,
};

const struct command cmd_restore = {
	.name = "restore",
	.arguments = "FOLDER",
	.summary = "make a node of a backup",
	.help = "Checks each block of the backup and makes the directory of the node anew, which "
		"must not be\n"
		"there yet. Once started it signs nothing until another node has shown what it has "
		"signed since\n"
		"the backup was made; that comes back, and then it goes on. The machine that was "
		"copied must\n"
		"not run any more.\n"
		"\n"
		"  allmende restore /mnt/backup/allmende",
	.word_min = 1,
	.word_max = 1,
	.run = run_restore,
};
