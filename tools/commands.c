#include "tools/commands.h"

#include <stddef.h>

const struct command *const *commands_all(void)
{
	static const struct command *const all[] = {
		&cmd_init,
		&cmd_recovery_sheet,
		&cmd_federation,
		&cmd_federation_create,
		&cmd_federation_invite,
		&cmd_federation_join,
		&cmd_federation_requests,
		&cmd_federation_approve,
		&cmd_federation_refuse,
		&cmd_federation_members,
		&cmd_federation_leave,
		&cmd_federation_proposals,
		&cmd_federation_proposal,
		&cmd_federation_vote,
		&cmd_federation_stewards,
		&cmd_federation_remove,
		&cmd_federation_settle,
		&cmd_nodes,
		&cmd_nodes_offer,
		&cmd_nodes_add,
		&cmd_nodes_accept,
		&cmd_nodes_retire,
		&cmd_publish,
		&cmd_withdraw,
		&cmd_ls,
		&cmd_search,
		&cmd_show,
		&cmd_log,
		&cmd_get,
		&cmd_wait,
		&cmd_grant,
		&cmd_accept,
		&cmd_grants,
		&cmd_grant_show,
		&cmd_who,
		&cmd_subscribe,
		&cmd_unsubscribe,
		&cmd_subscriptions,
		&cmd_peers,
		&cmd_peer_add,
		&cmd_status,
		&cmd_verify,
		&cmd_doctor,
		&cmd_space,
		&cmd_drop,
		&cmd_help,
		&cmd_version,
		NULL,
	};

	return all;
}
