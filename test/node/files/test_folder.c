/* A version put into a folder: whole or not at all, and nobody else's files with it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/files/folder.h"
#include "node/files/guarded.h"

#define PATH "meissen/kita/plaetze"

static const struct digest none = {{0}};

struct place {
	char dir[64], victim[80];
};

static int place_open(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	/* in memory, where syncing costs nothing */
	snprintf(place->dir, sizeof(place->dir), "%s/allmende-folder-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	*state = place;
	return mkdtemp(place->dir) ? 0 : -1;
}

static void shell(const struct place *place, const char *command)
{
	char text[512];

	snprintf(text, sizeof(text), "cd '%s' && %s", place->dir, command);
	if (system(text) != 0)
		fail_msg("%s", text);
}

static int place_close(void **state)
{
	struct place *place = *state;

	shell(place, "chmod -R u+rwx . && rm -rf -- \"$PWD\"");
	free(place);
	return 0;
}

/* Writes files that hold their own name. False: folder->why. Ends with folder_end(). *files: what
   then stands there. */
static bool put(const struct place *place, const char *const *names, const struct digest *known,
		struct folder *folder, struct digest *files)
{
	bool ok = folder_begin(folder,
			       &(struct folder_place){place->dir, PATH, "radebeul", false, false},
			       known, &none);

	for (; ok && *names; names++)
		ok = folder_file(folder, bytes_str(*names)) &&
		     folder_write(folder, bytes_str(*names)) &&
		     folder_file_done(folder, 1000000000000);
	ok = ok && folder_sync(folder, files) && folder_swap(folder, known, &none);
	folder_end(folder);
	return ok;
}

static void assert_file(const struct place *place, const char *name, const char *content)
{
	char path[400], found[100] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", place->dir, name);
	file = fopen(path, "r");
	if (!content) {
		assert_null(file);
		return;
	}
	if (!file)
		fail_msg("%s is not there", name);
	assert_true(fread(found, 1, sizeof(found) - 1, file) == strlen(content));
	assert_string_equal(found, content);
	fclose(file);
}

static void one_takes_the_place_of_the_other(void **state)
{
	static const char *const first[] = {"a.txt", "unten/b.txt", "unten/tief/c.txt", NULL};
	/* in the order of whole paths, which is not that of the folders' names */
	static const char *const second[] = {"a.txt", "neu+/y", "neu.txt", "neu/x", NULL};
	static const char *const empty[] = {NULL};
	const struct place *place = *state;
	struct digest files, more;
	struct folder folder;
	struct stat st;
	char path[200];

	if (!put(place, first, &none, &folder, &files))
		fail_msg("%s", folder.why);
	assert_file(place, PATH "/unten/tief/c.txt", "unten/tief/c.txt");
	snprintf(path, sizeof(path), "%s/%s/a.txt", place->dir, PATH);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mtime, 1000000000);
	/* Only with the word that it may. */
	assert_false(put(place, second, &none, &folder, &more));
	assert_non_null(strstr(folder.why, "move it away"));
	if (!put(place, second, &files, &folder, &more))
		fail_msg("%s", folder.why);
	assert_file(place, PATH "/neu.txt", "neu.txt");
	assert_file(place, PATH "/unten/b.txt", NULL);
	if (!put(place, empty, &more, &folder, &files))
		fail_msg("%s", folder.why);
	assert_file(place, PATH "/neu.txt", NULL);
	/* What is empty is nobody's. */
	assert_true(put(place, second, &none, &folder, &files));
	assert_memory_equal(files.b, more.b, ID_LEN);
	shell(place, "test \"$(ls -A)\" = meissen");
}

static void what_others_have_put_there_stays(void **state)
{
	static const char *const names[] = {"a.txt", NULL};
	static const char *const spoils[] = {
		"echo x > meissen/kita/plaetze/notizen",
		"rm meissen/kita/plaetze/a.txt && echo x > meissen/kita/plaetze/b.txt",
		"echo geaendert >> meissen/kita/plaetze/a.txt",
		"touch meissen/kita/plaetze/a.txt",
		"ln -s /etc meissen/kita/plaetze/etc",
		"mkdir -p meissen/kita/plaetze/b && echo x > meissen/kita/plaetze/b/c",
		"rm -r meissen/kita/plaetze && echo x > meissen/kita/plaetze",
		"rm -r meissen/kita/plaetze && ln -s /etc meissen/kita/plaetze",
		"rm -r meissen/kita && ln -s /tmp meissen/kita",
		"mkfifo meissen/kita/plaetze/pipe",
	};
	const struct place *place = *state;
	struct digest files, more;
	struct folder folder;

	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		assert_true(put(place, names, &none, &folder, &files));
		shell(place, spoils[i]);
		shell(place, "find meissen -printf '%p %y %l %s %T@\\n' | sort > before");
		if (put(place, names, &files, &folder, &more))
			fail_msg("%s: it was replaced", spoils[i]);
		assert_true(folder.why[0]);
		shell(place, "find meissen -printf '%p %y %l %s %T@\\n' | sort | cmp - before");
		/* Moved away, it is written anew; nothing else is left. */
		shell(place, "rm -r meissen before && test -z \"$(ls -A)\"");
		assert_true(put(place, names, &none, &folder, &files));
		assert_file(place, PATH "/a.txt", "a.txt");
		shell(place, "rm -r meissen");
	}
}

static const struct folder_place here = {.path = PATH, .mark = "radebeul"};

static enum folder_left take_away(const struct place *place, const struct digest *known,
				  bool marked, struct folder *folder)
{
	struct folder_place at = here;
	enum folder_left left;

	at.dir = place->dir;
	at.marked = marked;
	left = folder_remove(folder, &at, known, &none);
	folder_end(folder);
	return left;
}

/* What is to be erased goes as it was written, and stays when somebody has changed it. */
static void what_is_erased_was_not_changed(void **state)
{
	static const char *const names[] = {"a.txt", "unten/b.txt", NULL};
	static const char *const spoils[] = {
		"echo x > meissen/kita/plaetze/notizen",
		"echo x >> meissen/kita/plaetze/unten/b.txt",
		"ln -s /etc meissen/kita/plaetze/etc",
		"mv meissen/kita/plaetze beiseite && ln -s ../../beiseite meissen/kita/plaetze",
		"mv meissen beiseite && ln -s beiseite meissen",
		"rm -r meissen/kita/plaetze && echo x > meissen/kita/plaetze",
	};
	const struct place *place = *state;
	struct digest files;
	struct folder folder;

	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		assert_true(put(place, names, &none, &folder, &files));
		shell(place, spoils[i]);
		if (take_away(place, &files, false, &folder) != FOLDER_ALTERED)
			fail_msg("%s: not seen", spoils[i]);
		assert_non_null(strstr(folder.why, "not as this node has written it"));
		shell(place, "test -e meissen/kita/plaetze && test ! -e .allmende-radebeul");
		shell(place, "rm -rf meissen beiseite");
	}
	assert_true(put(place, names, &none, &folder, &files));
	shell(place, "echo x > meissen/kita/plaetze/Thumbs.db");
	assert_int_equal(take_away(place, &files, false, &folder), FOLDER_REMOVED);
	shell(place, "test \"$(find . -mindepth 1 | sort | paste -sd' ')\" = "
		     "'./meissen ./meissen/kita'");
	/* what somebody else has put there is nobody's business, what was not finished is */
	shell(place, "mkdir -p meissen/kita/plaetze && touch meissen/kita/plaetze/x && "
		     "mkdir -m 700 -p .allmende-radebeul && mkdir .allmende-radebeul/delivery && "
		     "touch .allmende-radebeul/delivery/a.txt");
	assert_int_equal(take_away(place, &none, false, &folder), FOLDER_REMOVED);
	shell(place, "test -e meissen/kita/plaetze/x && test ! -e .allmende-radebeul && "
		     "rm -r meissen/kita/plaetze");
	/* nothing there is as good; without the mark nothing is certain */
	assert_int_equal(take_away(place, &files, false, &folder), FOLDER_REMOVED);
	assert_int_equal(take_away(place, &files, true, &folder), FOLDER_FAILED);
	assert_non_null(strstr(folder.why, "is its disk mounted?"));
}

/* An empty mount point is not the folder. */
static void only_where_the_mark_is(void **state)
{
	const struct place *place = *state;
	struct folder_place at = here;
	struct folder folder;

	at.dir = place->dir;
	at.marked = true;
	assert_false(folder_begin(&folder, &at, &none, &none));
	folder_end(&folder);
	assert_non_null(strstr(folder.why, "is its disk mounted?"));
	assert_non_null(strstr(folder.why, place->dir));
	shell(place, "test -z \"$(ls -A)\"");
	at.marked = false;
	assert_true(folder_begin(&folder, &at, &none, &none));
	assert_true(folder_mark(&folder) && folder_mark(&folder));
	folder_end(&folder);
	at.marked = true;
	assert_true(folder_begin(&folder, &at, &none, &none));
	folder_end(&folder);
	/* whether something stands there can be told only where the mark is */
	assert_false(folder_stands(&folder, &at) || folder.why[0]);
	folder_end(&folder);
	shell(place, "mkdir -p " PATH);
	assert_true(folder_stands(&folder, &at));
	folder_end(&folder);
	at.mark = "riesa";
	assert_false(folder_stands(&folder, &at) || !folder.why[0]);
	folder_end(&folder);
	/* of another node it is none */
	at.mark = "riesa";
	assert_false(folder_begin(&folder, &at, &none, &none));
	folder_end(&folder);
}

/* Group, setgid, modes and ACL of what is replaced stay; what is new has what is above it. */
static void what_is_replaced_keeps_its_modes(void **state)
{
	static const char *const names[] = {"a.txt", "unten/b.txt", "unten/c.txt", NULL};
	static const char *const first[] = {"a.txt", "unten/b.txt", NULL};
	const struct place *place = *state;
	struct digest files, more;
	struct folder folder;

	assert_true(put(place, first, &none, &folder, &files));
	shell(place,
	      "cd meissen/kita/plaetze && test $(stat -c %a a.txt) = 644 && chmod 640 a.txt && "
	      "chmod 2750 . && chmod 711 unten && chmod 4755 unten/b.txt");
	if (geteuid() == 0)
		shell(place, "chgrp 12345 meissen/kita/plaetze");
	assert_true(put(place, names, &files, &folder, &more));
	shell(place,
	      "cd meissen/kita/plaetze && test $(stat -c %a .)$(stat -c %a a.txt) = 2750640 && "
	      "test $(stat -c %a unten) = 711 && test $(stat -c %a unten/b.txt) = 755 && "
	      "test $(stat -c %a unten/c.txt) = 644");
	if (geteuid() == 0) /* by the group of the folder above, as always with setgid */
		shell(place, "cd meissen/kita/plaetze && test $(stat -c %g .) = 12345");
}

/* An ACL by which user 12345 may read, as the kernel has it. */
static void acl_stays(void **state)
{
	static const char *const names[] = {"a.txt", NULL};
	static const struct {
		uint32_t version;
		struct {
			uint16_t tag, perm;
			uint32_t id;
		} entries[5];
	} acl = {2, {{1, 7, ~0u}, {2, 5, 12345}, {4, 5, ~0u}, {0x10, 5, ~0u}, {0x20, 0, ~0u}}};
	const struct place *place = *state;
	struct digest files, more;
	struct folder folder;
	char path[200], found[100];

	assert_true(put(place, names, &none, &folder, &files));
	snprintf(path, sizeof(path), "%s/" PATH, place->dir);
	if (setxattr(path, "system.posix_acl_access", &acl, sizeof(acl), 0) ||
	    setxattr(path, "system.posix_acl_default", &acl, sizeof(acl), 0))
		skip();
	assert_true(put(place, names, &files, &folder, &more));
	assert_int_equal(getxattr(path, "system.posix_acl_access", found, sizeof(found)),
			 sizeof(acl));
	assert_memory_equal(found, &acl, sizeof(acl));
	assert_int_equal(getxattr(path, "system.posix_acl_default", found, sizeof(found)),
			 sizeof(acl));
}

/* What not everybody may read is not for all users of the machine. */
static void what_is_granted_is_closed(void **state)
{
	const struct place *place = *state;
	struct folder_place at = here;
	struct folder folder;
	struct digest files = none;

	at.dir = place->dir;
	at.closed = true;
	for (unsigned i = 0; i < 2; i++) {
		assert_true(folder_begin(&folder, &at, &files, &none));
		assert_true(folder_file(&folder, bytes_str("unten/a.txt")));
		assert_true(folder_file_done(&folder, 0));
		struct digest known = files;
		assert_true(folder_sync(&folder, &files));
		assert_true(folder_swap(&folder, &known, &none));
		folder_end(&folder);
		shell(place, "test -z \"$(find meissen/kita/plaetze -perm /007)\"");
		/* not even when somebody has opened it: then the group is the way */
		shell(place, "chmod -R o+rX meissen");
	}
}

/* What file managers leave by themselves is nobody's, and goes with what it lies beside. */
static void litter_is_nobodys(void **state)
{
	static const char *const names[] = {"a.txt", "unten/b.txt", NULL};
	static const char *const litter[] = {"Thumbs.db",   "thumbs.db",       ".DS_Store",
					     "desktop.ini", "unten/Thumbs.db", "unten/._b.txt",
					     ".directory",  ".~lock.a.txt#",   "~$a.txt"};
	static const char *const others[] = {"Thumbs.db.txt", "._", ".htaccess", "unten/x",
					     ".DS_Store/x"};
	const struct place *place = *state;
	struct digest files, more;
	struct folder folder;
	char command[200];

	assert_true(put(place, names, &none, &folder, &files));
	for (size_t i = 0; i < sizeof(litter) / sizeof(litter[0]); i++) {
		snprintf(command, sizeof(command), "echo x > 'meissen/kita/plaetze/%s'", litter[i]);
		shell(place, command);
	}
	if (!put(place, names, &files, &folder, &more))
		fail_msg("%s", folder.why);
	assert_memory_equal(more.b, files.b, ID_LEN);
	assert_file(place, PATH "/Thumbs.db", NULL);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		snprintf(command, sizeof(command),
			 "cd meissen/kita/plaetze && mkdir -p \"$(dirname '%s')\" && echo x > '%s'",
			 others[i], others[i]);
		shell(place, command);
		if (put(place, names, &files, &folder, &more))
			fail_msg("%s: it was taken away", others[i]);
		shell(place, "rm -r meissen");
		assert_true(put(place, names, &none, &folder, &files));
	}
}

static void place_of_a_file_stays(void **state)
{
	static const char *const names[] = {"a.txt", NULL};
	const struct place *place = *state;
	struct digest files;
	struct folder folder;

	shell(place, "rm -r meissen && mkdir -p meissen/kita && echo x > meissen/kita/plaetze");
	assert_false(put(place, names, &none, &folder, &files));
	assert_non_null(strstr(folder.why, "is no folder"));
	assert_file(place, PATH, "x\n");
}

/* As on NFS and SMB: renameat2() of the C library is not called, but this one. */
static bool without_flags;
int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	if (flags && without_flags) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

/* Where the target can be opened still after another version has come. */
static int target_open(const struct place *place)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/" PATH, place->dir);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	assert_return_code(fd, errno);
	return fd;
}

/* Whether who has the folder open sees it. */
static bool sees(int fd, const char *name)
{
	return faccessat(fd, name, F_OK, 0) == 0;
}

/* A container that has the folder mounted has it open. */
static void who_has_it_open_sees_the_next_version(void **state)
{
	static const char *const first[] = {"a", "alt.txt", "unten/b.txt", "unten/tief/c", NULL};
	static const char *const second[] = {"a/file", "neu.txt", "unten/b.txt", NULL};
	static const char *const third[] = {"a", "neu.txt/file", NULL};
	const struct place *place = *state;
	struct digest files, more;
	struct folder folder;
	int fd;

	assert_true(put(place, first, &none, &folder, &files));
	fd = target_open(place);
	shell(place, "chmod 751 " PATH "/unten " PATH " && touch " PATH "/Thumbs.db");
	if (!put(place, second, &files, &folder, &more))
		fail_msg("%s", folder.why);
	assert_true(sees(fd, "a/file") && sees(fd, "neu.txt") && sees(fd, "unten/b.txt"));
	assert_false(sees(fd, "alt.txt") || sees(fd, "unten/tief") || sees(fd, "Thumbs.db"));
	shell(place, "test \"$(stat -c %a " PATH " " PATH "/unten | tr '\\n' ' ')\" = '751 751 '");
	/* what was a folder is a file again */
	assert_true(put(place, third, &more, &folder, &files));
	assert_true(sees(fd, "a") && sees(fd, "neu.txt/file"));
	assert_false(sees(fd, "a/file") || sees(fd, "unten"));
	assert_file(place, PATH "/a", "a");
	shell(place, "test \"$(ls -A)\" = meissen");
	close(fd);
}

/* A second name for a file can be made: else another folder takes its place, as a whole. */
static bool without_links;
int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	if (without_links) {
		errno = EPERM;
		return -1;
	}
	return (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
}

static void file_systems_without_links(void **state)
{
	without_links = true;
	one_takes_the_place_of_the_other(state);
	place_of_a_file_stays(state);
	without_links = false;
}

static void file_systems_without_flags(void **state)
{
	without_flags = true;
	one_takes_the_place_of_the_other(state);
	place_of_a_file_stays(state);
	without_flags = false;
}

/* Somebody is quicker than the swap. */
static void what_came_meanwhile_stays(void **state)
{
	const struct place *place = *state;
	struct digest files;
	struct folder folder;

	assert_true(folder_begin(&folder,
				 &(struct folder_place){place->dir, PATH, "radebeul", false, false},
				 &none, &none));
	assert_true(folder_file(&folder, bytes_str("a.txt")));
	assert_true(folder_file_done(&folder, 0));
	shell(place, "mkdir -p meissen/kita/plaetze && echo x > meissen/kita/plaetze/eigenes");
	assert_true(folder_sync(&folder, &files));
	assert_false(folder_swap(&folder, &none, &none));
	folder_end(&folder);
	assert_file(place, PATH "/eigenes", "x\n");
	assert_file(place, PATH "/a.txt", NULL);
	shell(place, "test \"$(ls -A)\" = meissen");
}

static void what_a_killed_one_left_is_cleared(void **state)
{
	static const char *const names[] = {"a.txt", NULL};
	const struct place *place = *state;
	struct digest files;
	struct folder folder;

	shell(place, "mkdir -m 700 .allmende-radebeul && cd .allmende-radebeul && "
		     "mkdir -p delivery/x/y && echo x > delivery/x/y/z && "
		     "ln -s /etc delivery/etc && chmod 0 delivery/x");
	shell(place, "mkdir .allmende-riesa"); /* another node's */
	assert_true(put(place, names, &none, &folder, &files));
	shell(place,
	      "test -d .allmende-riesa && test ! -e .allmende-radebeul && test -e /etc/passwd");
	assert_file(place, PATH "/a.txt", "a.txt");
}

/* Under the name of the folder that is this node's alone stands what is not. */
static void what_only_looks_like_its_own_stays(void **state)
{
	static const char *const names[] = {"a.txt", NULL};
	static const char *const strange[] = {
		"mkdir -m 755 .allmende-radebeul && mkdir .allmende-radebeul/delivery",
		"mkdir -m 770 .allmende-radebeul && mkdir .allmende-radebeul/delivery",
		"mkdir -p other/delivery && chmod 700 other && ln -s other .allmende-radebeul",
		"echo x > .allmende-radebeul",
	};
	const struct place *place = *state;
	struct digest files;
	struct folder folder;

	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		shell(place, strange[i]);
		shell(place, "touch .allmende-radebeul/delivery/wichtig || true");
		if (put(place, names, &none, &folder, &files))
			fail_msg("%s: it was taken", strange[i]);
		assert_non_null(strstr(folder.why, ".allmende-radebeul"));
		shell(place, "test -f .allmende-radebeul || "
			     "test -e .allmende-radebeul/delivery/wichtig");
		shell(place, "rm -rf .allmende-radebeul other && test -z \"$(ls -A)\"");
	}
	/* and what is its own, but holds something else, keeps that */
	shell(place, "mkdir -m 700 .allmende-radebeul && touch .allmende-radebeul/wichtig");
	assert_true(put(place, names, &none, &folder, &files));
	assert_file(place, ".allmende-radebeul/wichtig", "");
}

/*
 * Another user, who may write to DIR, puts a link in the place of each folder that the node goes
 * through, again and again. Where the link leads everything has the names that are to be removed.
 */
static pid_t swapper_start(const struct place *place)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (chdir(place->dir) || (geteuid() == 0 && setuid(65534)))
		_exit(1);
	for (unsigned i = 0;; i++) {
		static const char *const ways[] = {".allmende-radebeul", "meissen", "meissen/kita",
						   PATH};
		const char *way = ways[i % 4];

		rename(way, "beiseite");
		if (symlink("/", "umweg") == 0)
			unlink("umweg");
		if (symlink(place->victim, way))
			usleep(10);
		usleep(i % 7 * 20);
		unlink(way);
		rename("beiseite", way);
	}
}

static void no_link_leads_it_elsewhere(void **state)
{
	enum { FILE_COUNT = 200, ROUND_COUNT = 25 };
	static char texts[FILE_COUNT][8];
	const char *names[FILE_COUNT + 1] = {NULL};
	struct place *place = *state;
	struct digest known = none, files;
	struct folder folder;
	unsigned replaced = 0;

	for (int i = 0; i < FILE_COUNT; i++) {
		snprintf(texts[i], sizeof(texts[i]), "f%03d", i);
		names[i] = texts[i];
	}
	snprintf(place->victim, sizeof(place->victim), "%s-victim", place->dir);
	shell(place, "for d in '' /kita /kita/plaetze /plaetze /delivery; do "
		     "mkdir -p \"$PWD-victim$d\"; for i in $(seq -f %03.0f 0 199); do "
		     "echo x > \"$PWD-victim$d/f$i\"; done; done; chmod 777 .");
	pid_t swapper = swapper_start(place);
	for (int i = 0; i < ROUND_COUNT; i++)
		if (put(place, names, &known, &folder, &files)) {
			known = files;
			replaced++;
		}
	kill(swapper, SIGKILL);
	waitpid(swapper, NULL, 0);
	print_message("%u of %d were put there\n", replaced, ROUND_COUNT);
	shell(place, "test $(find \"$PWD-victim\" -type f | wc -l) = 1000");
	shell(place, "test $(find \"$PWD-victim\" -type f -size -1 | wc -l) = 0");
	shell(place, "rm -r -- \"$PWD-victim\"");
}

static void names_lead_nowhere_else(void **state)
{
	static const char *const wrong[] = {"../x", "/etc/x", "a/../../x", ".",   "..",   "",
					    "a//b", "a/",     "a/.",       "./a", "b/./c"};
	const struct place *place = *state;
	struct folder folder;
	char name[300] = "";

	assert_true(folder_begin(&folder,
				 &(struct folder_place){place->dir, PATH, "radebeul", false, false},
				 &none, &none));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (folder_file(&folder, bytes_str(wrong[i])))
			fail_msg("\"%s\" was taken", wrong[i]);
	}
	assert_false(folder_file(&folder, bytes_of("a\0b", 3)));
	memset(name, 'x', 256);
	assert_false(folder_file(&folder, bytes_str(name)));
	name[255] = 0;
	assert_true(folder_file(&folder, bytes_str(name)));
	assert_true(folder_file_done(&folder, 0));
	/* folders in which nothing lies: a new one, one of them in it, once more; no file */
	assert_true(folder_empty(&folder, bytes_str("e/")));
	assert_true(folder_empty(&folder, bytes_str("e/e/e/")));
	assert_true(folder_empty(&folder, bytes_str("e/e/")));
	assert_false(folder_empty(&folder, bytes_str("e/../../e/")));
	assert_false(folder_file(&folder, bytes_str("e/e")));
	/* twice, and a file where a folder is needed */
	assert_false(folder_file(&folder, bytes_str(name)));
	name[254] = '/';
	assert_true(folder_file(&folder, bytes_str("f")));
	assert_true(folder_file_done(&folder, 0));
	assert_false(folder_file(&folder, bytes_str("f/g")));
	/* so many folders, one in the other, and not one more */
	for (size_t i = 0; i <= FOLDER_DEPTH_MAX; i++)
		memcpy(name + 2 * i, "t/", 2);
	name[2 * FOLDER_DEPTH_MAX + 1] = 0;
	assert_true(folder_file(&folder, bytes_str(name)));
	assert_true(folder_file_done(&folder, 0));
	memcpy(name + 2 * FOLDER_DEPTH_MAX + 1, "/t", 3);
	assert_false(folder_file(&folder, bytes_str(name)));
	folder_end(&folder);
	shell(place, "test -z \"$(ls -A)\"");
}

static void check_below(const struct place *place, const char *name, const char *complaint)
{
	char path[200], why[WHY_LEN];
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", place->dir, name);
	ok = guarded_check(path, why);
	if (ok != !complaint || (complaint && !strstr(why, complaint)))
		fail_msg("%s: %s", name, ok ? "it was taken" : why);
}

static void only_folders_that_can_be_written(void **state)
{
	const struct place *place = *state;
	char why[WHY_LEN], path[2000];

	assert_true(guarded_check(place->dir, why));
	assert_false(guarded_check("daten", why));
	assert_non_null(strstr(why, "absolute"));
	assert_false(guarded_check("", why));
	assert_false(guarded_check("/nirgends/da", why));
	assert_non_null(strstr(why, "make the folder first"));
	assert_false(guarded_check("/etc/passwd", why));
	assert_non_null(strstr(why, "is no folder"));
	assert_false(guarded_check("/proc/self/", why));
	assert_non_null(strstr(why, "symbolic link"));
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = 0;
	assert_false(guarded_check(path, why));
	/* Who may write in the folder above can put another one in its place. */
	shell(place, "mkdir -p -m 777 offen/daten eng/daten && chmod 777 offen && chmod 700 eng && "
		     "mkdir -m 1777 haft && mkdir -p haft/daten offen/daten/tief && ln -s eng weg");
	check_below(place, "offen", NULL);
	check_below(place, "offen/daten", "other users");
	check_below(place, "offen/daten/tief", "other users");
	check_below(place, "eng/daten", NULL);
	check_below(place, "haft/daten", NULL);
	check_below(place, "weg/daten", "symbolic link");
	if (geteuid() == 0) { /* a folder may stand in one of the same owner, not of another one */
		shell(place, "mkdir -p karl/daten karl/unsere && chown 65534 karl karl/daten");
		check_below(place, "karl/daten", NULL);
		check_below(place, "karl/unsere", "belongs to user 65534");
	}
}

static void nothing_begins_without_room(void **state)
{
	const struct place *place = *state;
	struct folder folder;
	struct statvfs disk;

	assert_true(folder_begin(&folder,
				 &(struct folder_place){place->dir, PATH, "radebeul", false, false},
				 &none, &none));
	assert_int_equal(statvfs(place->dir, &disk), 0);
	assert_true(folder_room(&folder, 0, 0));
	assert_false(folder_room(&folder, disk.f_bavail * disk.f_frsize, 0)); /* some is reserved */
	assert_non_null(strstr(folder.why, "make room"));
	assert_false(folder_room(&folder, 0, disk.f_bavail * disk.f_frsize / 4096));
	assert_false(folder_room(&folder, UINT64_MAX / 2, 1));
	folder_end(&folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_takes_the_place_of_the_other),
		TEST(what_others_have_put_there_stays),
		TEST(what_is_erased_was_not_changed),
		TEST(only_where_the_mark_is),
		TEST(what_is_replaced_keeps_its_modes),
		TEST(acl_stays),
		TEST(what_is_granted_is_closed),
		TEST(litter_is_nobodys),
		TEST(who_has_it_open_sees_the_next_version),
		TEST(file_systems_without_links),
		TEST(file_systems_without_flags),
		TEST(what_came_meanwhile_stays),
		TEST(what_a_killed_one_left_is_cleared),
		TEST(names_lead_nowhere_else),
		TEST(only_folders_that_can_be_written),
		TEST(what_only_looks_like_its_own_stays),
		TEST(no_link_leads_it_elsewhere),
		TEST(nothing_begins_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
