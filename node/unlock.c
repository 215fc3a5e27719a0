#include "node/unlock.h"

#include <stdio.h>

static enum err say_refused(const char *dir, const struct passphrase_from *from, enum err err,
			    char *why)
{
	if (err == ERR_DENIED)
		snprintf(why, WHY_LEN, "the passphrase%s%s is not that of %s",
			 from->file ? " in " : "", from->file ? from->file : "", dir);
	else if (err == ERR_NOMEM)
		snprintf(why, WHY_LEN,
			 "too little memory to check the passphrase: it takes 256 MiB");
	else
		snprintf(why, WHY_LEN, "the keys in %s cannot be read: %s", dir, err_text(err));
	return err;
}

/* Sealed keys, and no passphrase was given: whoever sits there is asked. */
static enum err ask_passphrase(const char *dir, struct secret **out, char *why)
{
	enum err err;

	if (!passphrase_can_ask()) {
		snprintf(why, WHY_LEN,
			 "the keys in %s are sealed with a passphrase: start it in the foreground "
			 "of a terminal to type it, give --passphrase-file FILE or "
			 "--passphrase-fd N, or the systemd credential \"passphrase\"",
			 dir);
		return ERR_CONFIG;
	}
	err = passphrase_ask(out, false, why);
	return err == ERR_ABSENT ? ERR_CONFIG : err;
}

enum err unlock_keyring(struct keyring **out, const char *dir, const struct passphrase_from *from,
			char *why)
{
	struct secret *passphrase = NULL;
	enum err err = passphrase_take(&passphrase, from, why);

	if (err && err != ERR_ABSENT)
		return ERR_CONFIG;
	err = keyring_open(out, dir, passphrase ? secret_bytes(passphrase) : bytes_of(NULL, 0));
	if (err == ERR_CONFIG) {
		err = ask_passphrase(dir, &passphrase, why);
		if (err)
			return err;
		err = keyring_open(out, dir, secret_bytes(passphrase));
	}
	secret_close(passphrase);
	return err ? say_refused(dir, from, err, why) : ERR_OK;
}
