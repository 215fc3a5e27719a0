#include "tools/kit/producer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* With standard output to fd, and signals as they were before the client held some back. */
static int spawn(pid_t *pid, const char *const *words, int fd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int failed;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	failed = posix_spawnp(pid, words[0], &actions, &attr, (char *const *)words, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return failed;
}

int producer_start(struct producer *producer, const char *const *words)
{
	int ends[2], failed;

	*producer = (struct producer){.fd = -1};
	if (pipe2(ends, O_CLOEXEC))
		return tool_fail(TOOL_FAILED, "cannot make a pipe: %s", strerror(errno));
	failed = spawn(&producer->pid, words, ends[1]);
	close(ends[1]);
	if (failed) {
		close(ends[0]);
		return tool_fail(TOOL_FAILED, "cannot start %s: %s; nothing was published",
				 words[0], strerror(failed));
	}
	producer->name = words[0];
	producer->fd = ends[0];
	return TOOL_DONE;
}

static int reap(struct producer *producer)
{
	int status = 0;

	close(producer->fd);
	while (waitpid(producer->pid, &status, 0) < 0 && errno == EINTR)
		;
	producer->fd = -1;
	return status;
}

int producer_end(struct producer *producer)
{
	const char *name = producer->name;
	int status = reap(producer);

	if (WIFSIGNALED(status))
		return tool_fail(TOOL_FAILED,
				 "%s was ended by signal %d (%s): nothing was published", name,
				 WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		return tool_fail(TOOL_FAILED, "%s ended with exit code %d: nothing was published",
				 name, WEXITSTATUS(status));
	return TOOL_DONE;
}

void producer_stop(struct producer *producer)
{
	kill(producer->pid, SIGTERM);
	reap(producer);
}
