#include "crypto/err.h"

#include <stddef.h>

#include "crypto/check.h"

struct err_entry {
	const char *name;
	const char *text;
};

static const struct err_entry err_table[] = {
#define X(NAME, name, text) [ERR_##NAME] = {#name, text},
	ERR_LIST(X)
#undef X
};

const char *err_name(enum err err)
{
	check((size_t)err < sizeof(err_table) / sizeof(err_table[0]));
	return err_table[err].name;
}

const char *err_text(enum err err)
{
	check((size_t)err < sizeof(err_table) / sizeof(err_table[0]));
	return err_table[err].text;
}

enum err_group err_group(enum err err)
{
	switch (err) {
	case ERR_MALFORMED:
	case ERR_PROTOCOL:
	case ERR_DENIED:
	case ERR_VERSION:
		return ERR_GROUP_PEER;
	case ERR_FULL:
	case ERR_BUSY:
	case ERR_NOMEM:
		return ERR_GROUP_LIMIT;
	case ERR_IO:
	case ERR_CORRUPT:
	case ERR_NOSPACE:
		return ERR_GROUP_DISK;
	case ERR_CONFIG:
		return ERR_GROUP_OPERATOR;
	case ERR_OK:
	case ERR_AGAIN:
	case ERR_ABSENT:
	case ERR_EXISTS:
		return ERR_GROUP_NONE;
	}
	check(!"a code outside the list");
}
