#include "node/page/chips.h"

static const struct {
	const char *label;
	enum icon icon;
} tiers[] = {
	[TIER_OPEN] = {TEXT("Open"), ICON_OPEN},
	[TIER_MEMBERS] = {TEXT("Members"), ICON_MEMBERS},
	[TIER_GRANTED] = {TEXT("Granted"), ICON_GRANTED},
	[TIER_HIDDEN] = {TEXT("Hidden"), ICON_HIDDEN},
};

const char *chip_tier_label(enum tier tier)
{
	return tiers[tier].label;
}

void chip_tier(struct html *html, enum tier tier)
{
	html_put(html, "<span class=\"chip\">");
	html_icon(html, tiers[tier].icon);
	html_say(html, tiers[tier].label);
	html_put(html, "</span>");
}

struct bytes chip_term(const struct html *html, enum vocab vocab, struct bytes code)
{
	const struct vocab_term *term = vocab_find(vocab, code);

	return term ? bytes_str(html->language == LANGUAGE_DE ? term->de : term->en) : code;
}

void chip_put(struct html *html, struct bytes text)
{
	html_put(html, "<span class=\"chip\">");
	html_foreign(html, text);
	html_put(html, "</span>");
}
