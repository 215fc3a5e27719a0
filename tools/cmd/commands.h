/*
 * commands - what a command is, and the list of all of them.
 *
 * A command is one struct in a file of its own: its words, its options, its help, its function.
 * main.c finds it, reads the options and calls it; the function returns an exit code.
 */
#ifndef ALLMENDE_COMMANDS_H
#define ALLMENDE_COMMANDS_H

#include "tools/kit/tool.h"

struct command {
	const char *name;             /* one or two words: "federation create" */
	const char *arguments;        /* "DATASET FILE..." */
	const char *summary;          /* one line without full stop */
	const char *help;             /* paragraphs and an example */
	const struct option *options; /* its own ones; ends with a NULL name; may be NULL */
	size_t word_min, word_max;
	const char *no_node; /* with this option it works without a node; "": always; may be NULL */
	int (*run)(struct tool *tool);
};

/* In the order of the overview; cmd_NAME is its struct. */
#define COMMAND_LIST(X)                                                                            \
	X(init)                                                                                    \
	X(recovery_sheet)                                                                          \
	X(passphrase_change)                                                                       \
	X(rehearse)                                                                                \
	X(federation)                                                                              \
	X(federation_create)                                                                       \
	X(federation_invite)                                                                       \
	X(federation_invitations)                                                                  \
	X(federation_join)                                                                         \
	X(federation_requests)                                                                     \
	X(federation_approve)                                                                      \
	X(federation_refuse)                                                                       \
	X(federation_members)                                                                      \
	X(federation_leave)                                                                        \
	X(federation_proposals)                                                                    \
	X(federation_proposal)                                                                     \
	X(federation_vote)                                                                         \
	X(federation_stewards)                                                                     \
	X(federation_remove)                                                                       \
	X(federation_rename)                                                                       \
	X(federation_settle)                                                                       \
	X(node_list)                                                                               \
	X(node_offer)                                                                              \
	X(node_add)                                                                                \
	X(node_accept)                                                                             \
	X(node_retire)                                                                             \
	X(node_lost)                                                                               \
	X(node_settle)                                                                             \
	X(root)                                                                                    \
	X(root_next)                                                                               \
	X(root_take)                                                                               \
	X(root_bind)                                                                               \
	X(root_announce)                                                                           \
	X(root_object)                                                                             \
	X(check)                                                                                   \
	X(publish)                                                                                 \
	X(takeover)                                                                                \
	X(withdraw)                                                                                \
	X(withdraw_check)                                                                          \
	X(ls)                                                                                      \
	X(search)                                                                                  \
	X(show)                                                                                    \
	X(log)                                                                                     \
	X(get)                                                                                     \
	X(wait)                                                                                    \
	X(grant)                                                                                   \
	X(renew)                                                                                   \
	X(revoke)                                                                                  \
	X(accept)                                                                                  \
	X(grants)                                                                                  \
	X(grant_show)                                                                              \
	X(grant_prove)                                                                             \
	X(grant_check)                                                                             \
	X(who)                                                                                     \
	X(audit)                                                                                   \
	X(subscribe)                                                                               \
	X(unsubscribe)                                                                             \
	X(subscriptions)                                                                           \
	X(token_add)                                                                               \
	X(token_list)                                                                              \
	X(token_remove)                                                                            \
	X(peers)                                                                                   \
	X(peer_add)                                                                                \
	X(status)                                                                                  \
	X(start)                                                                                   \
	X(start_confirm)                                                                           \
	X(feed)                                                                                    \
	X(feed_confirm)                                                                            \
	X(backup)                                                                                  \
	X(restore)                                                                                 \
	X(verify)                                                                                  \
	X(verify_file)                                                                             \
	X(doctor)                                                                                  \
	X(space)                                                                                   \
	X(drop)                                                                                    \
	X(help)                                                                                    \
	X(version)

#define X(name) extern const struct command cmd_##name;
COMMAND_LIST(X)
#undef X

/* All of them; ends with NULL. */
const struct command *const *commands_all(void);
/* The command of that name, and how many of the words belong to it; NULL, 0: none. */
const struct command *commands_find(int argc, char *const *argv, int *words);
/* There are commands of two words that begin with this one. */
bool commands_family(const char *word);

#endif
