/*
 * commands - the commands, each defined in the cmd_ file of its subject.
 */
#ifndef ALLMENDE_COMMANDS_H
#define ALLMENDE_COMMANDS_H

#include "tools/tool.h"

extern const struct command cmd_init, cmd_recovery_sheet;
extern const struct command cmd_federation, cmd_federation_create, cmd_federation_invite,
	cmd_federation_join, cmd_federation_requests, cmd_federation_approve, cmd_federation_refuse,
	cmd_federation_members, cmd_federation_leave;
extern const struct command cmd_federation_proposals, cmd_federation_proposal, cmd_federation_vote,
	cmd_federation_stewards, cmd_federation_remove, cmd_federation_settle;
extern const struct command cmd_nodes, cmd_nodes_offer, cmd_nodes_add, cmd_nodes_accept,
	cmd_nodes_retire;
extern const struct command cmd_publish;
extern const struct command cmd_withdraw;
extern const struct command cmd_grant, cmd_accept, cmd_grants, cmd_grant_show, cmd_who;
extern const struct command cmd_ls, cmd_search, cmd_show, cmd_log;
extern const struct command cmd_get, cmd_wait;
extern const struct command cmd_subscribe, cmd_unsubscribe, cmd_subscriptions;
extern const struct command cmd_peers, cmd_peer_add;
extern const struct command cmd_status, cmd_verify, cmd_doctor, cmd_space, cmd_drop;
extern const struct command cmd_help, cmd_version;

#endif
