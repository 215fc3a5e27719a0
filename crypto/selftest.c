#include "crypto/selftest.h"
enum err selftest_run(const char **what)
{
	(void)what;
	return ERR_OK;
}
