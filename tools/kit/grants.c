#include "tools/kit/grants.h"

#include <string.h>

#include "crypto/check.h"
#include "tools/kit/print.h"

void grants_until(char out[TEXT_SHORT_LEN], const json_t *grant)
{
	/* It ends before this moment: at midnight, on the day before. */
	text_local(out, field_time(grant, "until_ms") - 1);
	out[strcspn(out, " ")] = 0;
}

char *grants_hands(const json_t *grant)
{
	const json_t *hands = json_object_get(grant, "hands");
	char *text = NULL;
	struct buf out;
	json_t *hand;
	size_t i;

	buf_init(&out, 1 << 16);
	json_array_foreach((json_t *)hands, i, hand)
	{
		if (i > 0)
			buf_add(&out, bytes_str(" -> "));
		buf_add(&out, bytes_str(field_text(hand, "name")));
	}
	buf_add_u8(&out, 0);
	text = mem_str(out.err ? "" : (const char *)out.ptr);
	buf_fini(&out);
	return text;
}

const char *grants_party(const json_t *grant, const char *which)
{
	return field_text(json_object_get(grant, which), "name");
}
