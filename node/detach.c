#include "node/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The process is ready when it says so, and has failed when it ends before. */
static int wait_ready(int ready, pid_t pid)
{
	char said;
	ssize_t length;
	int status;

	do
		length = read(ready, &said, 1);
	while (length < 0 && errno == EINTR);
	close(ready);
	if (length == 1)
		return EXIT_SUCCESS;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILURE;
	return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

int detach_begin(int *ready)
{
	int ends[2];
	pid_t pid = -1;

	if (!pipe2(ends, O_CLOEXEC))
		pid = fork();
	if (pid < 0) {
		fprintf(stderr, "allmended: no second process can be made: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	close(ends[pid ? 1 : 0]);
	if (pid)
		return wait_ready(ends[0], pid);
	*ready = ends[1];
	return -1;
}

enum err detach_end(int ready, const char *log, int log_fd, char why[WHY_LEN])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool good = null >= 0;

	if (good) {
		printf("The node runs as process %ld and writes its log to %s.\n", (long)getpid(),
		       log);
		fflush(NULL);
		setsid();
		good = dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
		       dup2(log_fd, STDERR_FILENO) >= 0 && write(ready, "", 1) == 1;
		close(null);
	}
	if (!good)
		snprintf(why, WHY_LEN, "cannot leave the terminal: %s", strerror(errno));
	close(ready);
	return good ? ERR_OK : ERR_IO;
}
