#include "node/ogc/ogr_in.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/check.h"
#include "node/base/clock.h"

#define COPY_LEN       (64u * 1024)
#define CHILD_FILES    64
#define CHILD_FILE_LEN (64u * 1024 * 1024) /* of what drivers write for themselves */
#define CHILD_NOT_SHUT 126
#define CHILD_NO_OGR   127
#define CHILD_NICE     10
#define LOOK_MS        500

static const char *const ends_of[] = {
	[OGR_SHAPEFILE] = ".zip", [OGR_GEOPACKAGE] = ".gpkg", [OGR_GML] = ".gml"};

struct ogr_child {
	pid_t pid;
	int out; /* what it writes */
	int64_t deadline_ms;
	uint64_t bytes;
	int status; /* once it has ended: as waitpid() has it; else -1 */
	const atomic_bool *stop;
};

static void child_limit(int what, rlim_t value)
{
	const struct rlimit limit = {value, value};

	if (setrlimit(what, &limit) < 0)
		_exit(CHILD_NOT_SHUT);
}

#define CHILD_READS                                                                                \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* All that the first version of Landlock knows. */
#define CHILD_HANDLED ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static void child_may(int rules, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr beneath = {.allowed_access = access};

	beneath.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (beneath.parent_fd < 0)
		return; /* what is not there need not be allowed */
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0)
		_exit(CHILD_NOT_SHUT);
	close(beneath.parent_fd);
}

/*
 * The file may name others, in formats that ogr2ogr knows as well, and what it reads is shown to
 * everybody: so it sees the file, programs and libraries, and nothing else of the disk.
 */
static void child_shut_in(const char *file)
{
	static const char *const system[] = {"/usr", "/lib", "/lib64", "/etc/ld.so.cache",
					     "/etc/alternatives"};
	const struct landlock_ruleset_attr handled = {.handled_access_fs = CHILD_HANDLED};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);

	if (rules < 0)
		_exit(CHILD_NOT_SHUT);
	for (size_t i = 0; i < sizeof(system) / sizeof(*system); i++)
		child_may(rules, system[i],
			  strcmp(system[i], "/etc/ld.so.cache") == 0 ? LANDLOCK_ACCESS_FS_READ_FILE
								     : CHILD_READS);
	child_may(rules, "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
	child_may(rules, file, LANDLOCK_ACCESS_FS_READ_FILE);
	if (syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		_exit(CHILD_NOT_SHUT);
	close(rules);
}

/* After fork() in a process of many threads: nothing but system calls. */
__attribute__((noreturn)) static void child_run(int out, const char *file, const char *const *argv,
						const char *const *envp)
{
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		_exit(CHILD_NOT_SHUT);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
		_exit(CHILD_NOT_SHUT);
	if (close_range(3, ~0u, 0) < 0)
		_exit(CHILD_NOT_SHUT);
	child_shut_in(file);
	child_limit(RLIMIT_CPU, OGR_CPU_S);
	child_limit(RLIMIT_AS, OGR_MEMORY_MAX);
	child_limit(RLIMIT_FSIZE, CHILD_FILE_LEN);
	child_limit(RLIMIT_NOFILE, CHILD_FILES);
	child_limit(RLIMIT_CORE, 0);
	setpriority(PRIO_PROCESS, 0, CHILD_NICE);
	/* execve() changes neither of them */
	execve("/usr/bin/ogr2ogr", (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)envp);
	_exit(CHILD_NO_OGR);
}

static enum err child_start(struct ogr_child *child, enum ogr_kind kind, const char *file)
{
	char source[4200];
	int ends[2];
	const char *const envp[] = {"PATH=/usr/bin:/bin",
				    "LC_ALL=C.UTF-8",
				    "HOME=/nonexistent",
				    "GDAL_PAM_ENABLED=NO",
				    "GML_SKIP_RESOLVE_ELEMS=ALL",
				    "GDAL_HTTP_TIMEOUT=1",
				    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS=.none",
				    "OGR_GEOJSON_MAX_OBJ_SIZE=0",
				    NULL};
	const char *const argv[] = {"ogr2ogr",
				    "-f",
				    "GeoJSONSeq",
				    "-t_srs",
				    "OGC:CRS84",
				    "-lco",
				    "COORDINATE_PRECISION=9",
				    "/vsistdout/",
				    source,
				    NULL};

	snprintf(source, sizeof(source), "%s%s", kind == OGR_SHAPEFILE ? "/vsizip/" : "", file);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return ERR_IO;
	child->pid = fork();
	if (child->pid == 0)
		child_run(ends[1], file, argv, envp);
	close(ends[1]);
	child->out = ends[0];
	child->status = -1;
	child->deadline_ms = clock_mono_ms() + OGR_WALL_MS;
	return child->pid < 0 ? ERR_IO : ERR_OK;
}

static void child_wait(struct ogr_child *child)
{
	if (child->status >= 0)
		return;
	while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
		;
}

/* Its end counts as the end of the file only when it ended well: else half would be the whole. */
static ssize_t child_read(void *arg, void *to, size_t len)
{
	struct ogr_child *child = arg;

	for (;;) {
		struct pollfd poll_fd = {.fd = child->out, .events = POLLIN};
		if (clock_mono_ms() > child->deadline_ms ||
		    (child->stop && atomic_load(child->stop)))
			return -1;
		if (poll(&poll_fd, 1, LOOK_MS) <= 0)
			continue;
		ssize_t got = read(child->out, to, len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0) {
			child_wait(child);
			return child->status == 0 ? 0 : -1;
		}
		if (got > 0)
			child->bytes += (uint64_t)got;
		return got;
	}
}

static bool child_again(void *arg)
{
	return false;
}

static bool write_all(int fd, const uint8_t *from, size_t len)
{
	while (len) {
		ssize_t put = write(fd, from, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		from += put;
		len -= (size_t)put;
	}
	return true;
}

static enum err file_copy(const struct geojson_source *source, int fd, char *why)
{
	uint8_t *block = mem_new(1, COPY_LEN);
	enum err err = ERR_OK;
	uint64_t all = 0;
	ssize_t got;

	while (!err && (got = source->read(source->arg, block, COPY_LEN)) != 0) {
		if (got < 0 || !write_all(fd, block, (size_t)got)) {
			err = ERR_IO;
			snprintf(why, WHY_LEN, "the file cannot be copied for ogr2ogr");
		}
		all += got > 0 ? (uint64_t)got : 0;
		if (all > OGR_FILE_LEN_MAX) {
			err = ERR_FULL;
			snprintf(why, WHY_LEN, "the file is larger than %llu MiB",
				 (unsigned long long)(OGR_FILE_LEN_MAX >> 20));
		}
	}
	free(block);
	return err;
}

/* What the end of the child says, which the reader could not know. */
static enum err child_verdict(const struct ogr_child *child, enum ogr_kind kind, enum err err,
			      char *why)
{
	if (!err || child->status <= 0)
		return err;
	int code = WIFEXITED(child->status) ? WEXITSTATUS(child->status) : -1;
	if (code == CHILD_NOT_SHUT || code == CHILD_NO_OGR ||
	    (kind == OGR_SHAPEFILE && !child->bytes))
		return ERR_ABSENT;
	snprintf(why, WHY_LEN,
		 code < 0 ? "ogr2ogr needs more time or memory for it than it may have"
			  : "ogr2ogr cannot read it");
	return ERR_MALFORMED;
}

static enum err ogr_convert(enum ogr_kind kind, const char *file, const char *path,
			    const struct table_limits *limits, struct table_about *about,
			    struct table_keep **kept, char *why)
{
	struct ogr_child child = {.stop = limits->stop};
	const struct geojson_source source = {child_read, child_again, &child};
	enum err err = child_start(&child, kind, file);

	if (!err)
		err = geojson_table(&source, path, limits, about, kept, why);
	/* a table of anything that GDAL knows as well */
	if (!err && !about->placed_count) {
		unlink(path);
		err = ERR_ABSENT;
	}
	if (err && child.pid > 0 && child.status < 0)
		kill(child.pid, SIGKILL);
	if (child.pid > 0)
		child_wait(&child);
	close(child.out);
	if (err && limits->stop && atomic_load(limits->stop))
		return ERR_AGAIN;
	/* an end by our own signal says nothing */
	return err == ERR_IO || err == ERR_ABSENT ? child_verdict(&child, kind, err, why) : err;
}

enum err ogr_table(const struct geojson_source *source, enum ogr_kind kind, const char *dir,
		   const char *path, const struct table_limits *limits, struct table_about *about,
		   struct table_keep **kept, char *why)
{
	char file[4096];
	enum err err;
	int fd;

	*kept = NULL;
	snprintf(file, sizeof(file), "%s/allmende-ogr-XXXXXX%s", dir, ends_of[kind]);
	fd = mkostemps(file, (int)strlen(ends_of[kind]), O_CLOEXEC);
	if (fd < 0) {
		snprintf(why, WHY_LEN, "%s: %s", dir, strerror(errno));
		return ERR_IO;
	}
	err = file_copy(source, fd, why);
	close(fd);
	if (!err)
		err = ogr_convert(kind, file, path, limits, about, kept, why);
	unlink(file);
	return err;
}
