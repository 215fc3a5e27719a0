#include "tools/kit/passphrase.h"

#include "crypto/check.h"

struct passphrase_from passphrase_options(const struct tool *tool)
{
	return (struct passphrase_from){.file = args_value(&tool->args, "passphrase-file"),
					.fd = args_value(&tool->args, "passphrase-fd")};
}

int passphrase_find(struct secret **out, const struct passphrase_from *from, bool is_new,
		    const char *missing)
{
	char why[WHY_LEN];
	enum err err = passphrase_take(out, from, why);

	if (!err)
		return TOOL_DONE;
	if (err != ERR_ABSENT)
		return tool_fail(from->fd ? TOOL_USAGE : TOOL_FAILED, "%s", why);
	if (!passphrase_can_ask())
		return tool_fail(TOOL_USAGE, "%s", missing);
	err = passphrase_ask(out, is_new, why);
	return err ? tool_fail(err == ERR_CONFIG ? TOOL_USAGE : TOOL_FAILED, "%s", why) : TOOL_DONE;
}

void passphrase_remark(const struct tool *tool, const struct passphrase_from *from)
{
	char why[WHY_LEN] = "";

	if (from->file)
		passphrase_doubt(why, from->file, tool->dir);
	if (why[0])
		tool_remark("%s", why);
}
