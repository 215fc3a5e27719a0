/*
 * helpers - what the tests of crypto/ share: cmocka with its prerequisites, hexadecimal
 * constants, and functions that must end the program.
 */
#ifndef ALLMENDE_TEST_CRYPTO_HELPERS_H
#define ALLMENDE_TEST_CRYPTO_HELPERS_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/bytes.h"
#include "crypto/id.h"
#include "crypto/secret.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define assert_ok(e)         assert_int_equal((e), ERR_OK)
#define assert_err(e, wants) assert_int_equal((e), (wants))

/* Compares bytes with a hexadecimal constant. */
#define assert_hex(ptr, len, hex)                                                                  \
	do {                                                                                       \
		char text_[4096];                                                                  \
		assert_true(2 * (len) < sizeof(text_));                                            \
		hex_put(text_, bytes_of((ptr), (len)));                                            \
		assert_string_equal(text_, (hex));                                                 \
	} while (0)

/* The key 0, 1, 2 ... 31 of the known answers. */
static inline struct key key_counting(void)
{
	struct key key;
	for (uint8_t i = 0; i < KEY_LEN; i++)
		key.b[i] = i;
	return key;
}

static inline struct key key_filled(uint8_t b)
{
	struct key key;
	memset(key.b, b, KEY_LEN);
	return key;
}

/* True when the function ends its process by a signal or with an error. */
static inline bool dies(void (*function)(void *), void *arg)
{
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		if (!freopen("/dev/null", "w", stderr))
			_exit(0);
		function(arg);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif
