#include "tools/kit/keys.h"

#include "tools/kit/passphrase.h"

int keys_open(const struct tool *tool, struct keyring **out)
{
	const char *file = args_value(&tool->args, "passphrase-file");
	struct secret *passphrase = NULL;
	enum err err = file ? ERR_CONFIG : keyring_open(out, tool->dir, bytes_of(NULL, 0));
	int code = TOOL_DONE;

	if (err == ERR_CONFIG) {
		if (file)
			code = passphrase_read(&passphrase, file);
		else if (passphrase_can_ask())
			code = passphrase_ask(&passphrase, false);
		else
			code = tool_fail(TOOL_USAGE,
					 "the keys of %s are sealed with a passphrase: give "
					 "--passphrase-file FILE",
					 tool->dir);
		if (code)
			return code;
		err = keyring_open(out, tool->dir, secret_bytes(passphrase));
		secret_close(passphrase);
	}
	if (err == ERR_DENIED)
		return tool_fail(TOOL_DENIED, "the passphrase is not the one of %s: try again",
				 tool->dir);
	if (err == ERR_ABSENT)
		return tool_fail(TOOL_FAILED, "%s holds no node: make one with `allmende%s init`",
				 tool->dir, tool->dir_words);
	if (err)
		return tool_fail(TOOL_FAILED, "cannot open the keys in %s: %s", tool->dir,
				 err_text(err));
	return TOOL_DONE;
}
