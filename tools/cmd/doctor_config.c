/*
 * doctor: the settings, as the daemon would read them at its next start.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/check.h"
#include "tools/cmd/doctor.h"

#define SENTENCE_LEN 1024
#define PREFIX       "allmended: "

extern char **environ;

/* The daemon beside this program, else the one in the path; to be freed. */
static char *daemon_program(void)
{
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash, *program;

	self[len > 0 ? len : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	if (asprintf(&program, "%s/allmended", self) < 0)
		mem_gone(1, 0);
	if (slash && access(program, X_OK) == 0)
		return program;
	free(program);
	return mem_str("allmended");
}

/* Runs it; its exit code, or -1. What it has to say is in sentence. */
static int daemon_verdict(const char *program, const char *dir, char sentence[SENTENCE_LEN])
{
	char in[] = "-d", check_config[] = "--check-config";
	char *arguments[] = {(char *)program, in, (char *)dir, check_config, NULL};
	posix_spawn_file_actions_t actions;
	int ends[2], status = -1;
	size_t len = 0;
	ssize_t got;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
	if (posix_spawnp(&pid, program, &actions, NULL, arguments, environ))
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	while (len < SENTENCE_LEN - 1 &&
	       (got = read(ends[0], sentence + len, SENTENCE_LEN - 1 - len)) > 0)
		len += (size_t)got;
	close(ends[0]);
	sentence[len] = '\0';
	sentence[strcspn(sentence, "\n")] = '\0';
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

void doctor_config(struct doctor *doctor)
{
	char sentence[SENTENCE_LEN], *program = daemon_program();
	int code = daemon_verdict(program, doctor->tool->dir, sentence);
	size_t skip = strncmp(sentence, PREFIX, strlen(PREFIX)) ? 0 : strlen(PREFIX);

	if (code == TOOL_DONE)
		doctor_say(doctor, "config", DOCTOR_OK, "", "all settings are right");
	else if (code == TOOL_USAGE)
		doctor_say(doctor, "config", DOCTOR_TODO, "", "%s", sentence + skip);
	else
		doctor_say(doctor, "config", DOCTOR_UNKNOWN, "",
			   "allmended cannot be asked whether the settings are right");
	free(program);
}
