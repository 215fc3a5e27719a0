#include "proto/ledger/bar.h"

#include <string.h>

#include "crypto/path.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

static struct bytes target_of(const struct bar *bar)
{
	return bar->has_line ? id_bytes(&bar->line) : bar->prefix;
}

/* PROTOCOL: "in rising order of (nonce, target), a line before a path" */
int bar_cmp(const struct bar *a, const struct bar *b)
{
	int order = memcmp(a->nonce, b->nonce, LINE_NONCE_LEN);

	if (order == 0 && a->has_line != b->has_line)
		order = a->has_line ? -1 : 1;
	return order ? order : bytes_cmp(target_of(a), target_of(b));
}

static bool is_bin(const struct wire_in *w)
{
	uint8_t first = w->pos < w->in.len ? w->in.ptr[w->pos] : 0;

	return first >= 0xc4 && first <= 0xc6;
}

static void element_get(struct wire_in *w, struct bar *out)
{
	*out = (struct bar){.has_line = false};
	wire_array(w, 4, 4);
	wire_fixed(w, out->nonce, LINE_NONCE_LEN);
	out->has_line = !w->err && is_bin(w);
	if (out->has_line)
		wire_fixed(w, out->line.b, ID_LEN);
	else
		out->prefix = wire_text(w, 1, LIMIT_PATH_LEN_MAX);
	out->barred = wire_bool(w);
	out->keep = (enum keeping)wire_uint(w, KEEPING_ALL);
}

static void header_get(struct bar_list *list)
{
	wire_fixed(&list->w, list->org.b, ID_LEN);
	list->left = wire_array(&list->w, 1, BAR_COUNT_MAX);
}

/*
 * PROTOCOL: "body = [1, organisation id(32), [[nonce(16), target, barred, keep], ...]]"
 */
enum err bar_list_get(struct bar_list *list, struct bytes body)
{
	struct bar_list begun = {.w = wire_in(body)};
	enum err err = body.len > BAR_LEN_MAX ? ERR_FULL : payload_begin(&begun.w, 3);

	if (err)
		return err;
	header_get(&begun);
	if (list)
		*list = begun;
	struct bar before, next;
	for (uint32_t i = 0; i < begun.left && !begun.w.err; i++) {
		element_get(&begun.w, &next);
		if (!begun.w.err && ((!next.has_line && path_check(next.prefix)) ||
				     (i > 0 && bar_cmp(&before, &next) >= 0)))
			wire_fail(&begun.w);
		before = next;
	}
	return wire_end(&begun.w);
}

bool bar_list_begin(struct bar_list *list, struct bytes body)
{
	*list = (struct bar_list){.w = wire_in(body)};
	if (payload_begin(&list->w, 3))
		return false;
	header_get(list);
	return !list->w.err;
}

bool bar_list_next(struct bar_list *list, struct bar *out)
{
	if (list->left == 0 || list->w.err)
		return false;
	list->left--;
	element_get(&list->w, out);
	return !list->w.err;
}

void bar_list_put(struct buf *out, const struct org_id *org, const struct bar *items, size_t count)
{
	out_array(out, 3);
	out_uint(out, 1);
	out_fixed(out, org->b, ID_LEN);
	out_array(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		out_array(out, 4);
		out_fixed(out, items[i].nonce, LINE_NONCE_LEN);
		if (items[i].has_line)
			out_fixed(out, items[i].line.b, ID_LEN);
		else
			out_text(out, items[i].prefix);
		out_bool(out, items[i].barred);
		out_uint(out, items[i].keep);
	}
}

struct record_slot bar_slot(const struct org_id *org)
{
	return record_slot_of(RECORD_BAR, id_bytes(org));
}
