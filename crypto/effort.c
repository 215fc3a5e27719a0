#include "crypto/effort.h"

/* Of each thread its own, and only ever compared with what it was before. */
static _Thread_local uint64_t made;

void effort_add(void)
{
	made++;
}

uint64_t effort_made(void)
{
	return made;
}
