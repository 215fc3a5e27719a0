/*
 * asks - how long the daily questions to a node take: bench-asks DAEMON CLIENT DIR DATASETS ROUNDS.
 * DIR is what bench-fill has filled.
 *
 * Starts the daemon, waits for its first answer and for the first one to `search`, then asks each
 * question ROUNDS times over the control socket, and of each the client's program a tenth as often.
 * A line for each, which other programs read: row;datasets;p50_us;p99_us;cpu_us, where cpu_us is
 * what the daemon's processor took for one of them. Of "start" and "start-search" the times count
 * from the process's beginning; of "anon" the first number is RssAnon in KiB before any question
 * but status, the second when the index is there.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { START_S = 120, ROUNDS_MAX = 10000, CLIENT_SHARE = 10, ANSWER_MAX = 64 << 20 };

struct asks {
	const char *daemon, *client, *dir;
	unsigned datasets, rounds;
	pid_t pid;
	clockid_t clock; /* what its processor took */
	char *answer;
	bool failed;
};

struct question {
	const char *name, *target;
	const char *words[3]; /* of the client; none: it has no such command */
};

static const struct question questions[] = {
	{"status", "/status", {"status"}},
	{"ls", "/datasets?pattern=gemeinde-3%2F**", {"ls", "gemeinde-3/**"}},
	{"ls-any", "/datasets?pattern=*%2Ft1%2Fblatt-1", {"ls", "*/t1/blatt-1"}},
	{"show", "/dataset?path=meissen%2Ft1%2Fblatt-1", {"show", "meissen/t1/blatt-1"}},
	{"who", "/who?path=meissen%2Ft1%2Fblatt-1", {"who", "meissen/t1/blatt-1"}},
	{"search", "/search?words=wort7%20bezirk0", {"search", "wort7"}},
	{"metrics", "/metrics", {NULL}},
	{"doctor", "/doctor", {NULL}},
};

static int64_t clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The status of the answer, whose text is in asks->answer; 0: there is none. */
static unsigned ask(struct asks *asks, const char *target)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	char request[256];
	size_t len = 0;
	unsigned status = 0;

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/control.sock", asks->dir);
	int len_asked =
		snprintf(request, sizeof(request),
			 "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", target);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 &&
	    write(fd, request, (size_t)len_asked) == len_asked) {
		ssize_t got;
		while (len < ANSWER_MAX &&
		       (got = read(fd, asks->answer + len, ANSWER_MAX - len)) > 0)
			len += (size_t)got;
	}
	close(fd);
	asks->answer[len] = 0;
	if (sscanf(asks->answer, "HTTP/1.1 %u", &status) != 1)
		return 0;
	return status;
}

static pid_t program(const char *const *words, bool quiet)
{
	posix_spawn_file_actions_t actions;
	char *args[16];
	size_t count = 0;
	pid_t pid = -1;

	for (; words[count] && count < 15; count++)
		args[count] = strdup(words[count]);
	args[count] = NULL;
	posix_spawn_file_actions_init(&actions);
	if (quiet)
		posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1, 0);
	if (posix_spawn(&pid, words[0], &actions, NULL, args, environ))
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	while (count-- > 0)
		free(args[count]);
	return pid;
}

static unsigned anon_kib(pid_t pid)
{
	char path[64], line[128];
	unsigned kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %u", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

/* Microseconds until the question is answered; -1: it is not. */
static int64_t wait_for(struct asks *asks, const char *target, int64_t begin_us)
{
	const struct timespec pause = {.tv_nsec = 2000000};

	while (ask(asks, target) != 200) {
		if (clock_us(CLOCK_MONOTONIC) - begin_us > START_S * INT64_C(1000000)) {
			asks->failed = true;
			return -1;
		}
		nanosleep(&pause, NULL);
	}
	return clock_us(CLOCK_MONOTONIC) - begin_us;
}

static void row(const struct asks *asks, const char *name, int64_t p50, int64_t p99, int64_t cpu)
{
	printf("%s;%u;%lld;%lld;%lld\n", name, asks->datasets, (long long)p50, (long long)p99,
	       (long long)cpu);
	fflush(stdout);
}

static void start(struct asks *asks)
{
	const char *const words[] = {asks->daemon, "-d", asks->dir, NULL};
	const int64_t begin_us = clock_us(CLOCK_MONOTONIC);
	int64_t took_us;

	asks->pid = program(words, false);
	if (asks->pid < 0 || clock_getcpuclockid(asks->pid, &asks->clock)) {
		asks->failed = true;
		return;
	}
	took_us = wait_for(asks, "/status", begin_us);
	const int64_t cpu_us = clock_us(asks->clock);
	const unsigned before = anon_kib(asks->pid);
	row(asks, "start", took_us, took_us, cpu_us);
	took_us = wait_for(asks, "/search?words=wort1", begin_us);
	row(asks, "start-search", took_us, took_us, clock_us(asks->clock));
	row(asks, "anon", before, anon_kib(asks->pid), 0);
}

static int by_size(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void measure(struct asks *asks, const struct question *question)
{
	int64_t *took = calloc(asks->rounds, sizeof(*took));
	const int64_t cpu_us = clock_us(asks->clock);

	for (unsigned i = 0; took && i < asks->rounds; i++) {
		const int64_t begin_us = clock_us(CLOCK_MONOTONIC);
		if (ask(asks, question->target) != 200) {
			fprintf(stderr, "bench-asks: %s: %.400s\n", question->name, asks->answer);
			asks->failed = true;
			break;
		}
		took[i] = clock_us(CLOCK_MONOTONIC) - begin_us;
	}
	qsort(took, asks->rounds, sizeof(*took), by_size);
	row(asks, question->name, took[asks->rounds / 2], took[asks->rounds * 99 / 100],
	    (clock_us(asks->clock) - cpu_us) / asks->rounds);
	free(took);
}

static void measure_client(struct asks *asks, const struct question *question)
{
	const char *const words[] = {asks->client,       "-d", asks->dir, question->words[0],
				     question->words[1], NULL};
	const unsigned rounds = asks->rounds / CLIENT_SHARE + 1;
	int64_t *took = calloc(rounds, sizeof(*took));
	const int64_t cpu_us = clock_us(asks->clock);
	char name[64];

	for (unsigned i = 0; took && i < rounds; i++) {
		const int64_t begin_us = clock_us(CLOCK_MONOTONIC);
		pid_t pid = program(words, true);
		int status = 1;
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			asks->failed = true;
		took[i] = clock_us(CLOCK_MONOTONIC) - begin_us;
	}
	qsort(took, rounds, sizeof(*took), by_size);
	snprintf(name, sizeof(name), "client-%s", question->name);
	row(asks, name, took[rounds / 2], took[rounds * 99 / 100],
	    (clock_us(asks->clock) - cpu_us) / rounds);
	free(took);
}

static void stop(const struct asks *asks)
{
	if (asks->pid <= 0)
		return;
	kill(asks->pid, SIGTERM);
	waitpid(asks->pid, NULL, 0);
}

int main(int argc, char **argv)
{
	struct asks asks = {.pid = -1};

	if (argc != 6) {
		fprintf(stderr, "usage: bench-asks DAEMON CLIENT DIR DATASETS ROUNDS\n");
		return 2;
	}
	asks.daemon = argv[1];
	asks.client = argv[2];
	asks.dir = argv[3];
	asks.datasets = (unsigned)strtoul(argv[4], NULL, 10);
	asks.rounds = (unsigned)strtoul(argv[5], NULL, 10);
	asks.answer = malloc(ANSWER_MAX + 1);
	if (!asks.answer || asks.rounds == 0 || asks.rounds > ROUNDS_MAX)
		return 2;
	start(&asks);
	for (size_t i = 0; !asks.failed && i < sizeof(questions) / sizeof(questions[0]); i++) {
		measure(&asks, &questions[i]);
		if (questions[i].words[0])
			measure_client(&asks, &questions[i]);
	}
	stop(&asks);
	free(asks.answer);
	return asks.failed;
}
