/*
 * measure - what a command takes, with the processes that work for it:
 *
 *     bench-measure [-p PID]... -o FILE COMMAND...
 *
 * FILE gets one line: microseconds, microseconds of processor, the most anonymous memory of one
 * process in KiB, bytes over the loopback interface. Processor and memory are those of the command,
 * of each PID (a daemon that was there before), and of all below them. Ends as the command does.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PID_COUNT_MAX = 16, DEPTH_MAX = 8, SAMPLE_MS = 10, SETTLE_MS = 1000 };

/* Of a process and all below it. */
struct usage {
	uint64_t ticks;    /* of processor, those included that have ended */
	uint64_t anon_kib; /* of the largest */
	unsigned count;
};

static void die(const char *what)
{
	fprintf(stderr, "bench-measure: %s: %s\n", what, strerror(errno));
	exit(125);
}

static FILE *proc_open(long pid, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%ld/%s", pid, name);
	return fopen(path, "r");
}

static uint64_t ticks_of(long pid)
{
	uint64_t own[4] = {0};
	char line[1024];
	FILE *file = proc_open(pid, "stat");

	if (file && fgets(line, sizeof(line), file)) {
		const char *rest = strrchr(line, ')');

		if (rest)
			sscanf(rest + 1,
			       " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
			       " %" SCNu64 " %" SCNu64,
			       &own[0], &own[1], &own[2], &own[3]);
	}
	if (file)
		fclose(file);
	return own[0] + own[1] + own[2] + own[3];
}

static uint64_t anon_of(long pid)
{
	uint64_t kib = 0;
	char line[128];
	FILE *file = proc_open(pid, "status");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %" SCNu64, &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

static void look(struct usage *all, long pid, unsigned depth);

/* Each thread has the children that it has made. */
static void look_below(struct usage *all, long pid, unsigned depth)
{
	char path[64];
	struct dirent *thread;
	long child;

	snprintf(path, sizeof(path), "/proc/%ld/task", pid);
	DIR *threads = opendir(path);
	while (threads && (thread = readdir(threads))) {
		snprintf(path, sizeof(path), "task/%.20s/children", thread->d_name);
		FILE *file = proc_open(pid, path);
		while (file && fscanf(file, "%ld", &child) == 1)
			look(all, child, depth + 1);
		if (file)
			fclose(file);
	}
	if (threads)
		closedir(threads);
}

static void look(struct usage *all, long pid, unsigned depth)
{
	uint64_t anon_kib = anon_of(pid);

	all->ticks += ticks_of(pid);
	all->anon_kib = anon_kib > all->anon_kib ? anon_kib : all->anon_kib;
	all->count++;
	if (depth < DEPTH_MAX)
		look_below(all, pid, depth);
}

/* Received is what was sent: of one of them, as otherwise all would count twice. */
static uint64_t loopback_bytes(void)
{
	uint64_t bytes = 0;
	char line[512];
	FILE *file = fopen("/proc/self/net/dev", "r");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " lo: %" SCNu64, &bytes) == 1)
			break;
	if (file)
		fclose(file);
	return bytes;
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct helpers {
	long pids[PID_COUNT_MAX];
	unsigned count;
};

static struct usage helpers_look(const struct helpers *helpers)
{
	struct usage all = {0};

	for (unsigned i = 0; i < helpers->count; i++)
		look(&all, helpers->pids[i], 0);
	return all;
}

/* Until the command ends, which the descriptor of its process tells at once. */
static uint64_t watch(pid_t pid, const struct helpers *helpers)
{
	struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	uint64_t anon_kib = 0;

	if (end.fd < 0)
		die("pidfd_open");
	do {
		struct usage all = helpers_look(helpers);

		look(&all, pid, 0);
		anon_kib = all.anon_kib > anon_kib ? all.anon_kib : anon_kib;
	} while (poll(&end, 1, SAMPLE_MS) == 0);
	close(end.fd);
	return anon_kib;
}

/* What a daemon has begun for the command ends a moment after it, and counts in full then. */
static uint64_t settled_ticks(const struct helpers *helpers, unsigned count)
{
	struct usage all = helpers_look(helpers);

	for (unsigned ms = 0; all.count > count && ms < SETTLE_MS; ms += SAMPLE_MS) {
		poll(NULL, 0, SAMPLE_MS);
		all = helpers_look(helpers);
	}
	return all.ticks;
}

static int measure(FILE *out, const struct helpers *helpers, char **command)
{
	struct usage before = helpers_look(helpers);
	uint64_t wire = loopback_bytes(), began_us = now_us(), anon_kib, us;
	struct rusage used;
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		execvp(command[0], command);
		die(command[0]);
	}
	anon_kib = watch(pid, helpers);
	us = now_us() - began_us;
	if (wait4(pid, &status, 0, &used) < 0)
		die("wait");
	uint64_t ticks = settled_ticks(helpers, before.count) - before.ticks;
	uint64_t cpu_us = ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK) +
			  (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
			  (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
	fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", us, cpu_us, anon_kib,
		loopback_bytes() - wire);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	struct helpers helpers = {0};
	FILE *out = NULL;
	int option, status;

	while ((option = getopt(argc, argv, "+p:o:")) != -1) {
		if (option == 'p' && helpers.count < PID_COUNT_MAX)
			helpers.pids[helpers.count++] = strtol(optarg, NULL, 10);
		else if (option == 'o' && !out)
			out = fopen(optarg, "we");
		else
			return 2;
	}
	if (!out || optind == argc) {
		fputs("usage: bench-measure [-p PID]... -o FILE COMMAND...\n", stderr);
		return 2;
	}
	status = measure(out, &helpers, argv + optind);
	return fclose(out) == 0 ? status : 125;
}
