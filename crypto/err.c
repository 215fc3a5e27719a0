#include "crypto/err.h"

#include <stddef.h>

#include "crypto/check.h"

static const char *const err_texts[] = {
#define X(NAME, text) [ERR_##NAME] = text,
	ERR_LIST(X)
#undef X
};

const char *err_text(enum err err)
{
	check((size_t)err < sizeof(err_texts) / sizeof(err_texts[0]));
	return err_texts[err];
}
