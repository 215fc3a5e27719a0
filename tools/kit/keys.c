#include "tools/kit/keys.h"

#include <stdio.h>

#include "crypto/check.h"
#include "tools/kit/passphrase.h"

int keys_open(const struct tool *tool, struct keyring **out)
{
	const struct passphrase_from from = passphrase_options(tool);
	const bool given = from.file || from.fd;
	struct secret *passphrase = NULL;
	enum err err = given ? ERR_CONFIG : keyring_open(out, tool->dir, bytes_of(NULL, 0));
	char missing[WHY_LEN];

	if (err == ERR_CONFIG) {
		snprintf(missing, sizeof(missing),
			 "the keys of %s are sealed with a passphrase: give --passphrase-file "
			 "FILE, or "
			 "--passphrase-fd N",
			 tool->dir);
		int code = passphrase_find(&passphrase, &from, false, missing);
		if (code)
			return code;
		err = keyring_open(out, tool->dir, secret_bytes(passphrase));
		secret_close(passphrase);
		if (!err)
			passphrase_remark(tool, &from);
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
