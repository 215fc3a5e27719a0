#include "node/api/json.h"

#include <stdio.h>
#include <string.h>

#include "crypto/id.h"
#include "crypto/limits.h"
#include "node/base/log.h"

json_t *api_text(struct bytes text)
{
	char shown[LIMIT_DESCRIPTION_LEN_MAX * 4 + 8];
	json_t *value = json_stringn((const char *)text.ptr, text.len);

	if (value)
		return value;
	log_escape(shown, sizeof(shown), text);
	return json_string(shown);
}

json_t *api_str(const char *text)
{
	return api_text(bytes_str(text));
}

json_t *api_uint(uint64_t v)
{
	return json_integer((json_int_t)(v > INT64_MAX ? INT64_MAX : v));
}

json_t *api_operator(const char *name)
{
	char text[LIMIT_NAME_LEN_MAX + 8];

	snprintf(text, sizeof(text), "%s%s", name[0] ? "hosted:" : "self", name);
	return api_str(text);
}

json_t *api_hex(struct bytes id)
{
	char hex[ID_HEX_LEN + 1];

	hex_put(hex, bytes_slice(id, 0, ID_LEN));
	return json_string(hex);
}

json_t *api_lines(struct bytes text)
{
	json_t *list = json_array();

	while (text.len > 0) {
		const uint8_t *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;

		if (len > 0)
			json_array_append_new(list, api_text(bytes_slice(text, 0, len)));
		text = bytes_slice(text, len + (end != NULL), text.len);
	}
	return list;
}
