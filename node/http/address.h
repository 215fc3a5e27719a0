/*
 * address - who asks, as text, and the unit by which what it may take is counted.
 *
 * A unit is an IPv4 address, or a /64 of IPv6, which is what one customer of a provider has.
 */
#ifndef ALLMENDE_ADDRESS_H
#define ALLMENDE_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

/* With the byte behind them. */
#define ADDRESS_TEXT_SIZE INET6_ADDRSTRLEN
#define ADDRESS_UNIT_SIZE (INET6_ADDRSTRLEN + sizeof("/64") - 1)

/* Numeric; an IPv4 address that came to an IPv6 socket is written as what it is. "": of no kind
   that is known. ADDRESS_TEXT_SIZE bytes. */
void address_put(char *out, const struct sockaddr *address);
/* Of a numeric address; of what is none, its beginning as it stands. ADDRESS_UNIT_SIZE bytes. */
void address_unit(char *out, const char *text);

#endif
