#include "node/base/packers.h"

#include <malloc.h>

#include "crypto/check.h"

void packers_init(struct packers *packers, uv_loop_t *loop)
{
	*packers = (struct packers){.count = 0};
	check(uv_timer_init(loop, &packers->rest) == 0);
	packers->rest.data = packers;
}

static void packers_rest(uv_timer_t *timer)
{
	struct packers *packers = timer->data;

	if (packers->used) {
		packers->used = false;
		uv_timer_start(&packers->rest, packers_rest, PACKERS_REST_MS, 0);
		return;
	}
	packers_fini(packers);
	malloc_trim(0);
}

struct packer *packers_take(struct packers *packers)
{
	return packers->count ? packers->kept[--packers->count] : packer_open();
}

void packers_give(struct packers *packers, struct packer *packer)
{
	packers->used = true;
	if (!uv_is_active((uv_handle_t *)&packers->rest) &&
	    !uv_is_closing((uv_handle_t *)&packers->rest))
		uv_timer_start(&packers->rest, packers_rest, PACKERS_REST_MS, 0);
	if (packers->count < PACKERS_KEPT_MAX)
		packers->kept[packers->count++] = packer;
	else
		packer_close(packer);
}

void packers_close(struct packers *packers)
{
	uv_close((uv_handle_t *)&packers->rest, NULL);
}

void packers_fini(struct packers *packers)
{
	while (packers->count)
		packer_close(packers->kept[--packers->count]);
}
