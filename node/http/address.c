#include "node/http/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define UNIT_LEN 8 /* bytes of an IPv6 address that name the /64 */

static void address6_put(char *out, const struct in6_addr *address)
{
	if (IN6_IS_ADDR_V4MAPPED(address))
		inet_ntop(AF_INET, address->s6_addr + 12, out, ADDRESS_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, address, out, ADDRESS_TEXT_SIZE);
}

void address_put(char *out, const struct sockaddr *address)
{
	*out = 0;
	if (address->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr,
			  out, ADDRESS_TEXT_SIZE);
	else if (address->sa_family == AF_INET6)
		address6_put(out, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

void address_unit(char *out, const char *text)
{
	struct in6_addr address;

	if (inet_pton(AF_INET6, text, &address) != 1) {
		snprintf(out, ADDRESS_UNIT_SIZE, "%s", text);
		return;
	}
	if (IN6_IS_ADDR_V4MAPPED(&address)) {
		address6_put(out, &address);
		return;
	}
	memset(address.s6_addr + UNIT_LEN, 0, sizeof(address.s6_addr) - UNIT_LEN);
	inet_ntop(AF_INET6, &address, out, ADDRESS_TEXT_SIZE);
	strcat(out, "/64");
}
