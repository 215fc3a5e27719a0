/*
 * doctor: whether others can reach this node, and the request to the firewall when they do not.
 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/limits.h"
#include "store/dir.h"
#include "tools/cmd/doctor.h"
#include "tools/kit/print.h"

#define PORT_DEFAULT "7420"
#define TEXT_LEN     1024
#define DEFAULT_ALL  "0.0.0.0:" PORT_DEFAULT
#define NAMED_MAX    8

struct reach {
	bool dial_only;
	char listen[LIMIT_ADDRESS_LEN_MAX + 1];
	char advertised[TEXT_LEN]; /* what others dial: "a:1, b:2" */
	char own[TEXT_LEN];        /* addresses of this machine */
	char accepted[TEXT_LEN];   /* who has dialled us */
	char known[TEXT_LEN];      /* addresses of other nodes */
	uint64_t linked, members;
};

static void reach_add(char *list, const char *word)
{
	size_t len = strlen(list);

	if (*word && len + strlen(word) + 3 < TEXT_LEN)
		snprintf(list + len, TEXT_LEN - len, "%s%s", len ? ", " : "", word);
}

/* -- finding out ---------------------------------------------------------------------------- */

static void reach_own(struct reach *reach)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all))
		return;
	for (struct ifaddrs *one = all; one; one = one->ifa_next) {
		int family = one->ifa_addr ? one->ifa_addr->sa_family : AF_UNSPEC;
		char text[INET6_ADDRSTRLEN] = "";

		if (one->ifa_flags & IFF_LOOPBACK || !(one->ifa_flags & IFF_UP))
			continue;
		if (family == AF_INET)
			inet_ntop(family, &((struct sockaddr_in *)one->ifa_addr)->sin_addr, text,
				  sizeof(text));
		else if (family == AF_INET6 &&
			 !IN6_IS_ADDR_LINKLOCAL(&((struct sockaddr_in6 *)one->ifa_addr)->sin6_addr))
			inet_ntop(family, &((struct sockaddr_in6 *)one->ifa_addr)->sin6_addr, text,
				  sizeof(text));
		reach_add(reach->own, text);
	}
	freeifaddrs(all);
}

/* Without a daemon: what its config says. Wrong values are for `allmended --check-config`. */
static void reach_read(struct reach *reach, const char *dir)
{
	char *path = dir_file(dir, "config");
	FILE *file = fopen(path, "re");
	char line[1024];

	snprintf(reach->listen, sizeof(reach->listen), DEFAULT_ALL);
	while (file && fgets(line, sizeof(line), file)) {
		char name[32], value[LIMIT_ADDRESS_LEN_MAX + 1];

		if (sscanf(line, " %31[a-z-] = %255s", name, value) != 2)
			continue;
		if (strcmp(name, "listen") == 0)
			snprintf(reach->listen, sizeof(reach->listen), "%s", value);
		else if (strcmp(name, "dial-only") == 0)
			reach->dial_only = strcmp(value, "yes") == 0;
		else if (strcmp(name, "advertise") == 0)
			reach_add(reach->advertised, value);
	}
	if (file)
		fclose(file);
	free(path);
}

static void reach_ask(struct reach *reach, const struct doctor *doctor)
{
	json_t *peer, *address;
	size_t i;

	reach->dial_only = field_true(doctor->facts, "dial_only");
	snprintf(reach->listen, sizeof(reach->listen), "%s", field_text(doctor->facts, "listen"));
	reach->members = field_count(json_object_get(doctor->status, "members"), "all");
	json_array_foreach(json_object_get(doctor->facts, "advertised"), i, address)
	{
		if (json_is_string(address))
			reach_add(reach->advertised, json_string_value(address));
	}
	json_array_foreach(json_object_get(doctor->peers, "peers"), i, peer)
	{
		bool linked = field_true(peer, "linked"), dialled = field_true(peer, "dialled");

		reach->linked += linked;
		if (linked && !dialled)
			reach_add(reach->accepted, *field_text(peer, "slug")
							   ? field_text(peer, "slug")
							   : field_text(peer, "address"));
		else if (i < NAMED_MAX)
			reach_add(reach->known, field_text(peer, "address"));
	}
}

/* -- the request ---------------------------------------------------------------------------- */

static const char *port_of(const char *address)
{
	const char *colon = strrchr(address, ':');

	return colon ? colon + 1 : PORT_DEFAULT;
}

static bool is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]", 5) == 0 ||
	       strncmp(address, "localhost:", 10) == 0;
}

/* What either request ends with: for whom (%s), and what to mind. */
#define REQUEST_PURPOSE                                                                            \
	"  Purpose      the Allmende node of %s, which exchanges published data with other\n"      \
	"               municipalities\n"                                                          \
	"  Please mind  both sides prove who they are and all is encrypted (Noise); it is no\n"    \
	"               HTTP or TLS, so no proxy or inspection; links stay open for a day, with "  \
	"a "                                                                                       \
	"sign of\n"                                                                                \
	"               life every 20 seconds"

static void request_incoming(struct doctor *doctor, const struct reach *reach, const char *who)
{
	char target[TEXT_LEN];

	if (*reach->advertised && !is_loopback(reach->advertised))
		snprintf(target, sizeof(target), "%s", reach->advertised);
	else
		snprintf(target, sizeof(target), "this machine, port %s", port_of(reach->listen));
	if (asprintf(&doctor->firewall,
		     "A request for whoever runs the firewall:\n"
		     "\n"
		     "Please allow incoming TCP to %s.\n"
		     "  Direction    incoming: other nodes connect to ours\n"
		     "  Protocol     TCP, port %s; nothing else is needed\n"
		     "  Target       this machine: %s\n"
		     "  Source       the nodes of the other members; their addresses may "
		     "change\n" REQUEST_PURPOSE,
		     target, port_of(reach->listen),
		     *reach->own ? reach->own : "(no address found)", who) < 0)
		mem_gone(1, 0);
}

static void request_outgoing(struct doctor *doctor, const struct reach *reach, const char *who)
{
	if (asprintf(&doctor->firewall,
		     "A request for whoever runs the firewall:\n"
		     "\n"
		     "Please allow outgoing TCP from this machine.\n"
		     "  Direction    outgoing: our node connects to others; nobody connects to "
		     "ours\n"
		     "  Protocol     TCP, to port %s as a rule\n"
		     "  Source       this machine: %s\n"
		     "  Target       %s\n" REQUEST_PURPOSE,
		     PORT_DEFAULT, *reach->own ? reach->own : "(no address found)",
		     *reach->known ? reach->known : "the nodes of the other members", who) < 0)
		mem_gone(1, 0);
}

/* -- judging -------------------------------------------------------------------------------- */

#define EARLY_DIAL_S  60  /* after a start, until own links are missed, */
#define EARLY_REACH_S 600 /* and until somebody else should have come by */

/* Whether the daemon has run too short a time for a judgement; says so. */
static bool is_early(struct doctor *doctor, int64_t enough_s, const char *what)
{
	const json_t *node = json_object_get(doctor->status, "node");
	const int64_t ran_s = (field_time(node, "now_ms") - field_time(node, "started_ms")) / 1000;

	if (!field_time(node, "started_ms") || ran_s >= enough_s)
		return false;
	doctor_say(doctor, "network", DOCTOR_UNKNOWN, "",
		   "%s, but it has run for %" PRId64
		   " s only: too early to say, look again in %" PRId64 " min",
		   what, ran_s, (enough_s - ran_s + 59) / 60);
	return true;
}

static void judge_dialling(struct doctor *doctor, const struct reach *reach, const char *who)
{
	if (reach->linked) {
		doctor_say(doctor, "network", DOCTOR_OK, "",
			   "dials out only, as set; %" PRIu64 " nodes are linked", reach->linked);
		return;
	}
	if (reach->members > 1 &&
	    is_early(doctor, EARLY_DIAL_S, "dials out only, as set; no node is linked yet"))
		return;
	doctor_say(doctor, "network", reach->members > 1 ? DOCTOR_TODO : DOCTOR_UNKNOWN,
		   reach->members > 1 ? "allmende peers" : "",
		   "dials out only, as set; no node is linked%s",
		   reach->members > 1 ? ": the firewall may be in the way" : " yet");
	request_outgoing(doctor, reach, who);
}

static void judge_listening(struct doctor *doctor, const struct reach *reach, const char *who)
{
	bool alone = reach->members < 2;

	doctor_say(doctor, "network", doctor->facts ? DOCTOR_OK : DOCTOR_UNKNOWN, "",
		   doctor->facts ? "listens on %s; others are told to dial %s"
				 : "would listen on %s; others are told to dial %s",
		   reach->listen, *reach->advertised ? reach->advertised : "this machine's name");
	if (*reach->accepted) {
		doctor_say(doctor, "network", DOCTOR_OK, "", "reached from outside by %s",
			   reach->accepted);
		return;
	}
	if (is_loopback(reach->listen))
		doctor_say(
			doctor, "network", DOCTOR_TODO, "",
			"%s is for this machine alone: set \"listen = 0.0.0.0:%s\" in the config, "
			"or \"dial-only = yes\"",
			reach->listen, port_of(reach->listen));
	else if (doctor->facts && !alone &&
		 is_early(doctor, EARLY_REACH_S, "no other node has reached this one yet"))
		return;
	else if (!doctor->facts)
		doctor_say(doctor, "network", DOCTOR_UNKNOWN, "",
			   "whether others reach it shows when the daemon runs");
	else
		doctor_say(doctor, "network", alone ? DOCTOR_UNKNOWN : DOCTOR_TODO, "",
			   alone ? "nobody can have tried to reach it yet"
				 : "no other node has reached this one; %" PRIu64
				   " are linked, dialled from here",
			   reach->linked);
	request_incoming(doctor, reach, who);
}

void doctor_net(struct doctor *doctor)
{
	const char *name = field_text(json_object_get(doctor->status, "node"), "name");
	const char *who = *name ? name : "this organisation";
	struct reach reach = {0};

	reach_own(&reach);
	if (doctor->facts)
		reach_ask(&reach, doctor);
	else
		reach_read(&reach, doctor->tool->dir);
	doctor_say(doctor, "network", *reach.own ? DOCTOR_OK : DOCTOR_UNKNOWN, "",
		   *reach.own ? "this machine has %s"
			      : "this machine has no address but those for itself%s",
		   reach.own);
	if (reach.dial_only)
		judge_dialling(doctor, &reach, who);
	else
		judge_listening(doctor, &reach, who);
}
