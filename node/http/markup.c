#include "node/http/markup.h"

bool markup_special(struct buf *out, uint32_t c)
{
	const char *entity = c == '<'   ? "&lt;"
			     : c == '>' ? "&gt;"
			     : c == '&' ? "&amp;"
			     : c == '"' ? "&quot;"
					: NULL;

	if (entity)
		buf_add(out, bytes_str(entity));
	return entity != NULL;
}
