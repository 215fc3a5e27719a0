#include "proto/link/reason.h"

static const struct {
	const char *text;
	uint8_t refusal, close;
} reasons[] = {
#define X(NAME, refusal, close, text) [LINK_REASON_##NAME] = {text, refusal, close},
	LINK_REASON_LIST(X)
#undef X
};

const char *link_reason_text(enum link_reason reason)
{
	return reasons[reason].text;
}

uint8_t link_reason_refusal(enum link_reason reason)
{
	return reasons[reason].refusal;
}

uint8_t link_reason_close(enum link_reason reason)
{
	return reasons[reason].close;
}

/* The last reason has no code, so a search ends there. */
enum link_reason link_reason_of_refusal(uint8_t code)
{
	enum link_reason i = 0;
	while (i < LINK_REASON_UNKNOWN && (code == LINK_NO_CODE || reasons[i].refusal != code))
		i++;
	return i;
}

enum link_reason link_reason_of_close(uint8_t code)
{
	enum link_reason i = 0;
	while (i < LINK_REASON_UNKNOWN && (code == LINK_NO_CODE || reasons[i].close != code))
		i++;
	return i;
}
