#include "proto/charter/contact.h"

#include <string.h>

#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

/* PROTOCOL: "body = [1, [address, ...], software, operator]" */
void contact_put(struct buf *out, const struct contact *contact)
{
	out_array(out, 4);
	out_uint(out, 1);
	out_array(out, (uint32_t)contact->address_count);
	for (size_t i = 0; i < contact->address_count; i++)
		out_text(out, contact->addresses[i]);
	out_text(out, contact->software);
	out_text(out, contact->operator_name);
}

enum err contact_get(struct contact *out, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = payload_begin(&w, 4);

	if (err)
		return err;
	out->address_count = wire_array(&w, 0, LIMIT_ADDRESS_COUNT_MAX);
	for (size_t i = 0; i < out->address_count; i++) {
		out->addresses[i] = wire_text(&w, 1, LIMIT_ADDRESS_LEN_MAX);
		if (contact_address_check(out->addresses[i]))
			wire_fail(&w);
	}
	out->software = wire_text(&w, 0, CONTACT_SOFTWARE_LEN_MAX);
	out->operator_name = wire_text(&w, 0, LIMIT_NAME_LEN_MAX);
	return wire_end(&w);
}

/*
 * PROTOCOL: "`operator` is the empty text when the organisation runs the node itself, otherwise
 * the name of who does."
 */
struct bytes contact_operator(const char *setting)
{
	static const char hosted[] = "hosted:";
	struct bytes text = bytes_str(setting);
	size_t len = sizeof(hosted) - 1;

	if (text.len < len || memcmp(text.ptr, hosted, len) != 0)
		return bytes_of(NULL, 0);
	return bytes_slice(text, len, text.len);
}

static bool within(struct bytes text, const char *set)
{
	for (size_t i = 0; i < text.len; i++)
		if (!text.ptr[i] || !strchr(set, text.ptr[i]))
			return false;
	return text.len > 0;
}

static bool is_port(struct bytes text)
{
	unsigned port = 0;

	if (!within(text, "0123456789") || text.len > 5 || text.ptr[0] == '0')
		return false;
	for (size_t i = 0; i < text.len; i++)
		port = 10 * port + (text.ptr[i] - (unsigned)'0');
	return port <= UINT16_MAX;
}

static bool is_host(struct bytes text)
{
	if (text.len > 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']')
		return within(bytes_slice(text, 1, text.len - 2), "0123456789abcdefABCDEF:.");
	return within(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
}

/*
 * PROTOCOL: "Addresses are `HOST:PORT` texts where the author's node may be dialled; none when it
 * only dials out."
 */
enum err contact_address_check(struct bytes address)
{
	size_t colon = address.len;

	while (colon > 0 && address.ptr[colon - 1] != ':')
		colon--;
	if (colon == 0 || address.len > LIMIT_ADDRESS_LEN_MAX ||
	    !is_host(bytes_slice(address, 0, colon - 1)) ||
	    !is_port(bytes_slice(address, colon, address.len)))
		return ERR_MALFORMED;
	return ERR_OK;
}
