#include "crypto/sha256.h"

#include <stdlib.h>

#include <openssl/evp.h>

#include "crypto/check.h"

struct sha256 {
	EVP_MD_CTX *ctx;
};

struct sha256 *sha256_open(void)
{
	struct sha256 *sha256 = mem_new(1, sizeof(*sha256));
	sha256->ctx = EVP_MD_CTX_new();
	if (!sha256->ctx)
		mem_gone(1, sizeof(*sha256));
	check(EVP_DigestInit_ex2(sha256->ctx, EVP_sha256(), NULL) == 1);
	return sha256;
}

void sha256_close(struct sha256 *sha256)
{
	if (!sha256)
		return;
	EVP_MD_CTX_free(sha256->ctx);
	free(sha256);
}

void sha256_add(struct sha256 *sha256, struct bytes part)
{
	if (part.len > 0)
		check(EVP_DigestUpdate(sha256->ctx, part.ptr, part.len) == 1);
}

void sha256_done(struct sha256 *sha256, uint8_t out[ID_LEN])
{
	check(EVP_DigestFinal_ex(sha256->ctx, out, NULL) == 1 &&
	      EVP_DigestInit_ex2(sha256->ctx, NULL, NULL) == 1);
}
