#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "node/daemon.h"
#include "node/detach.h"

#define FILES_WANTED 32768
#define BLOCK_LARGE  (4 * 1024 * 1024) /* blocks of memory from here on go back to the system */

/* As those of `allmende`. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_DENIED = 3, EXIT_ABSENT = 4 };

static int exit_code(enum err err)
{
	return !err                ? EXIT_DONE
	       : err == ERR_CONFIG ? EXIT_USAGE
	       : err == ERR_DENIED ? EXIT_DENIED
	       : err == ERR_ABSENT ? EXIT_ABSENT
				   : EXIT_FAILED;
}

static void help(void)
{
	printf("allmended - the node of a federation\n"
	       "\n"
	       "  allmended [-d DIR] [--passphrase-file FILE | --passphrase-fd N] [--listen "
	       "HOST:PORT]\n"
	       "            [--http HOST:PORT] [--quiet | --verbose] [--detach]\n"
	       "  allmended [-d DIR] --check-config\n"
	       "\n"
	       "  -d, --dir DIR           the node's directory, made by `allmende init`; else "
	       "$ALLMENDE_DIR,\n"
	       "                          else $XDG_DATA_HOME/allmende or ~/.local/share/allmende\n"
	       "  --passphrase-file FILE  its first line opens the keys; else the systemd "
	       "credential\n"
	       "                          \"passphrase\"; else it asks, in the foreground of a "
	       "terminal\n"
	       "  --passphrase-fd N       the same from an open file descriptor\n"
	       "  --listen HOST:PORT      where other nodes dial this one; port 0: any free one\n"
	       "  --http HOST:PORT        the public port: what is open, and /metrics and "
	       "/healthz, for\n"
	       "                          everybody who reaches it\n"
	       "  --quiet, --verbose      only warnings; everything\n"
	       "  --detach                leaves the terminal once it is ready; its log goes to\n"
	       "                          log-file, which is DIR/allmended.log then. Else it "
	       "stays\n"
	       "                          in the foreground\n"
	       "  --check-config          reads DIR/config, says what is wrong with it, and ends: "
	       "0 "
	       "or 2\n"
	       "  --help, --version\n"
	       "\n"
	       "SIGTERM stops it cleanly; SIGHUP stops nothing: it has the settings read again and "
	       "the log\n"
	       "opened anew, and the log says what has changed and what does with the next start.\n"
	       "Settings stand in DIR/config, \"name = value\" a line:\n"
	       "\n");
	config_help(stdout);
}

/* The directory, to be freed; NULL when there is no home. */
static char *default_dir(void)
{
	const char *dir = getenv("ALLMENDE_DIR"), *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");

	if (dir && *dir)
		return mem_str(dir);
	if (data && *data)
		return dir_file(data, "allmende");
	return home && *home ? dir_file(home, ".local/share/allmende") : NULL;
}

static int usage(const char *format, const char *what)
{
	fprintf(stderr, "allmended: ");
	fprintf(stderr, format, what);
	fprintf(stderr, "; see `allmended --help`\n");
	return EXIT_USAGE;
}

enum { FILE_OF = 256, FD_OF, LISTEN, HTTP, QUIET, VERBOSE, DETACH, CHECK_CONFIG, HELP, VERSION };

static const struct option longs[] = {
	{"dir", required_argument, NULL, 'd'},
	{"passphrase-file", required_argument, NULL, FILE_OF},
	{"passphrase-fd", required_argument, NULL, FD_OF},
	{"listen", required_argument, NULL, LISTEN},
	{"http", required_argument, NULL, HTTP},
	{"check-config", no_argument, NULL, CHECK_CONFIG},
	{"detach", no_argument, NULL, DETACH},
	{"quiet", no_argument, NULL, QUIET},
	{"verbose", no_argument, NULL, VERBOSE},
	{"help", no_argument, NULL, HELP},
	{"version", no_argument, NULL, VERSION},
	{0},
};

/* -1: go on; else the exit code. */
static int read_arguments(int argc, char **argv, struct daemon_options *options, char **dir,
			  bool *check_config)
{
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":d:h", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			free(*dir);
			*dir = mem_str(optarg);
			break;
		case FILE_OF:
			options->passphrase.file = optarg;
			break;
		case FD_OF:
			options->passphrase.fd = optarg;
			break;
		case LISTEN:
			options->listen = optarg;
			break;
		case HTTP:
			options->http = optarg;
			break;
		case CHECK_CONFIG:
			*check_config = true;
			break;
		case DETACH:
			options->detach = true;
			break;
		case QUIET:
		case VERBOSE:
			options->has_level = true;
			options->level = c == QUIET ? LOG_WARN : LOG_DEBUG;
			break;
		case 'h':
		case HELP:
			help();
			return EXIT_DONE;
		case VERSION:
			puts(DAEMON_SOFTWARE);
			return EXIT_DONE;
		case ':':
			return usage("the option %s needs a value", argv[optind - 1]);
		default:
			return usage("there is no option %s", argv[optind - 1]);
		}
	}
	return optind < argc ? usage("%s: no arguments are taken", argv[optind]) : -1;
}

/* Workers for the cores, and two more for names that are looked up, which libuv limits to half of
   all. */
static void set_up_process(void)
{
	const struct rlimit none = {0, 0};
	struct rlimit files;
	char count[16];
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	setrlimit(RLIMIT_CORE, &none);      /* keys that are in use would lie in it */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* and no other process of this user looks at them */
	/* A connection takes one. More than the system gives at first, as nobody here uses
	   select(). */
	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < FILES_WANTED) {
		files.rlim_cur = files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	snprintf(count, sizeof(count), "%ld", (cores < 1 ? 1 : cores > 62 ? 62 : cores) + 2);
	setenv("UV_THREADPOOL_SIZE", count, 1);
	signal(SIGPIPE, SIG_IGN);
	/* Blocks of bulk pass between threads: few arenas, and what is free goes back to the
	   system. */
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, BLOCK_LARGE);
}

/* Before a restart: the running node goes on with what it has read. */
static int check_config(const char *dir)
{
	struct config config;
	char why[WHY_LEN];
	enum err err;

	if (access(dir, F_OK)) {
		fprintf(stderr, "allmended: there is no directory %s: name the node's with -d\n",
			dir);
		return EXIT_USAGE;
	}
	config_init(&config);
	err = config_load(&config, dir, why);
	if (err)
		fprintf(stderr, "allmended: %s\n", why);
	else
		printf("%s/config: all settings are right\n", dir);
	return exit_code(err);
}

/* ready: -1, or who waits there until it is (detach.h). */
static int run_daemon(const struct daemon_options *options, int ready)
{
	struct daemon *daemon = mem_new(1, sizeof(*daemon));
	char why[WHY_LEN] = "";
	enum err err = daemon_open(daemon, options, why);

	if (!err && ready >= 0) {
		char *log = daemon_log_path(daemon);

		err = detach_end(ready, log, fileno(daemon->log.stream), why);
		free(log);
	}
	if (!err)
		err = daemon_run(daemon, why);
	daemon_close(daemon);
	free(daemon);
	if (err)
		fprintf(stderr, "allmended: %s\n", why);
	return exit_code(err);
}

int main(int argc, char **argv)
{
	struct daemon_options options = {0};
	char *dir = default_dir();
	bool only_config = false;
	int code = read_arguments(argc, argv, &options, &dir, &only_config);
	int ready = -1;
	const char *what;

	if (code < 0 && !dir)
		code = usage("there is no %s: name the node's directory with -d", "$HOME");
	if (code < 0 && only_config)
		code = check_config(dir);
	if (code < 0 && selftest_run(&what)) {
		fprintf(stderr, "allmended: %s\n", what);
		code = EXIT_FAILED;
	}
	if (code < 0 && options.detach)
		code = detach_begin(&ready);
	if (code < 0) {
		set_up_process();
		options.dir = dir;
		code = run_daemon(&options, ready);
	}
	free(dir);
	return code;
}
