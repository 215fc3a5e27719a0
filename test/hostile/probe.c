/*
 * probe DIR OTHER-DIR PID SLUG SECONDS - what an honest user of the node in DIR sees meanwhile.
 *
 * Again and again, for so long: asks the node something (query), publishes a small file there
 * (publish), and waits until the node in OTHER-DIR, which nobody attacks, knows of it (seen); looks
 * at how much memory the process PID has. Prints one line of JSON: for each of the three the count,
 * and the middle, the worst hundredth and the worst in milliseconds; the most RssAnon in KiB; how
 * many steps failed or took longer than 10 s.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/check.h"
#include "tools/kit/client.h"

enum { TIMES_MAX = 100000, WAIT_MS = 10000, PAUSE_MS = 10 };

struct times {
	double ms[TIMES_MAX];
	size_t count;
};

struct probe {
	struct client *client, *other;
	const char *slug, *pid;
	struct times query, publish, seen;
	uint64_t rss_kib, failures, n;
	char text[64];
	bool text_read;
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void times_add(struct times *times, double since)
{
	if (times->count < TIMES_MAX)
		times->ms[times->count++] = now_ms() - since;
}

static void rss_look(struct probe *probe)
{
	char path[64], line[256];
	uint64_t kib;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/status", probe->pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %" SCNu64, &kib) == 1 && kib > probe->rss_kib)
			probe->rss_kib = kib;
	if (file)
		fclose(file);
}

static ssize_t text_read(void *arg, void *to, size_t len)
{
	struct probe *probe = arg;
	size_t text_len = strlen(probe->text);

	if (probe->text_read || len < text_len)
		return 0;
	memcpy(to, probe->text, text_len);
	probe->text_read = true;
	return (ssize_t)text_len;
}

/* The number of the new version; 0: it could not be published. */
static json_int_t publish(struct probe *probe)
{
	char dataset[100], target[200];
	json_t *answer = NULL, *body;
	json_int_t version = 0;
	int code;

	snprintf(dataset, sizeof(dataset), "%s/probe", probe->slug);
	snprintf(probe->text, sizeof(probe->text), "%" PRIu64 " %f", probe->n++, now_ms());
	body = json_pack("{s:s, s:s, s:s}", "dataset", dataset, "title", "Probe", "tier",
			 "members");
	code = client_call(probe->client, "POST", "/uploads", body, &answer);
	json_decref(body);
	if (code)
		return 0;
	const char *upload = json_string_value(json_object_get(answer, "upload"));
	snprintf(target, sizeof(target), "/uploads/%s/files/probe.txt", upload ? upload : "");
	probe->text_read = false;
	code = client_send(probe->client, "PUT", target, strlen(probe->text), text_read, probe);
	snprintf(target, sizeof(target), "/uploads/%s/commit", upload ? upload : "");
	json_decref(answer);
	answer = NULL;
	if (!code && !client_call(probe->client, "POST", target, NULL, &answer))
		version = json_integer_value(json_object_get(answer, "version"));
	json_decref(answer);
	return version;
}

static bool see(struct probe *probe, json_int_t version)
{
	char target[200];
	json_t *answer = NULL;
	bool known = false;
	/* GET /wait is for what is held; who only wants to know looks at the log. */
	double end = now_ms() + WAIT_MS;

	snprintf(target, sizeof(target), "/dataset?path=%s%%2Fprobe&version=%" JSON_INTEGER_FORMAT,
		 probe->slug, version);
	while (!known && now_ms() < end) {
		known = client_call(probe->other, "GET", target, NULL, &answer) == TOOL_DONE;
		json_decref(answer);
		answer = NULL;
		if (!known)
			nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	}
	return known;
}

static void step(struct probe *probe)
{
	json_t *answer = NULL;
	double begin = now_ms();
	json_int_t version;

	if (client_call(probe->client, "GET", "/federation", NULL, &answer))
		probe->failures++;
	json_decref(answer);
	times_add(&probe->query, begin);
	begin = now_ms();
	version = publish(probe);
	if (version > 0) {
		times_add(&probe->publish, begin);
		if (see(probe, version))
			times_add(&probe->seen, begin);
		else
			probe->failures++;
	} else {
		probe->failures++;
	}
	rss_look(probe);
	nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000}, NULL);
}

static int by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void times_print(const char *name, struct times *times)
{
	size_t n = times->count;

	qsort(times->ms, n, sizeof(times->ms[0]), by_time);
	printf("\"%s\": {\"count\": %zu, \"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f}, ", name, n,
	       n ? times->ms[n / 2] : 0, n ? times->ms[(n * 99) / 100] : 0,
	       n ? times->ms[n - 1] : 0);
}

int main(int argc, char **argv)
{
	static struct probe probe;
	char none[] = "";
	struct tool here = {.dir_words = none}, there = {.dir_words = none};
	double end;

	if (argc != 6)
		return TOOL_USAGE;
	here.dir = argv[1];
	there.dir = argv[2];
	probe.pid = argv[3];
	probe.slug = argv[4];
	if (client_open(&probe.client, &here) || client_open(&probe.other, &there))
		return TOOL_FAILED;
	client_patience(probe.client, CLIENT_BRIEFLY);
	client_patience(probe.other, CLIENT_BRIEFLY);
	end = now_ms() + 1e3 * atof(argv[5]);
	do
		step(&probe);
	while (now_ms() < end);
	printf("{");
	times_print("query", &probe.query);
	times_print("publish", &probe.publish);
	times_print("seen", &probe.seen);
	printf("\"rss_kib\": %" PRIu64 ", \"failures\": %" PRIu64 "}\n", probe.rss_kib,
	       probe.failures);
	if (probe.failures)
		fprintf(stderr, "probe: %s\n", client_why(probe.client));
	client_close(probe.client);
	client_close(probe.other);
	return TOOL_DONE;
}
