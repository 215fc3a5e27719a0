#include "node/jobs.h"

struct packer *packers_take(struct packers *packers)
{
	return packers->count ? packers->kept[--packers->count] : packer_open();
}

void packers_give(struct packers *packers, struct packer *packer)
{
	if (packers->count < PACKERS_KEPT_MAX)
		packers->kept[packers->count++] = packer;
	else
		packer_close(packer);
}

void packers_fini(struct packers *packers)
{
	while (packers->count)
		packer_close(packers->kept[--packers->count]);
}
