#include "node/web/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Weights: RFC 9110, 12.4.2 */

/* "q=0.5" among the parameters; 1000 without. */
static unsigned quality(const char *params, size_t len)
{
	for (size_t i = 0; i + 2 < len; i++) {
		double q;

		if ((params[i] != 'q' && params[i] != 'Q') || params[i + 1] != '=' ||
		    (i > 0 && !strchr("; \t", params[i - 1])))
			continue;
		q = strtod(params + i + 2, NULL);
		return q > 0 && q <= 1 ? (unsigned)(q * 1000 + 0.5) : 0;
	}
	return 1000;
}

/* How exactly a range means the name: 0 not, 1 any, 2 of this kind, 3 itself. */
static unsigned exactness(const char *range, size_t len, const char *name)
{
	size_t own = strcspn(name, ";");
	const char *slash = memchr(name, '/', own), *dash = memchr(range, '-', len);

	if (len == own && !strncasecmp(range, name, len))
		return 3;
	if ((len == 1 && *range == '*') || (len == 3 && !strncmp(range, "*/*", 3)))
		return 1;
	if (slash && len == (size_t)(slash - name) + 2 && range[len - 1] == '*' &&
	    !strncasecmp(range, name, len - 1))
		return 2;
	/* a language: "de-DE" is some "de" */
	return !slash && dash && (size_t)(dash - range) == own && !strncasecmp(range, name, own)
		       ? 2
		       : 0;
}

unsigned accept_weight(const char *header, const char *name)
{
	unsigned best = 0, weight = 0;

	if (!header || !*header)
		return 1000;
	while (*header) {
		size_t len = strcspn(header, ","), own, exact;

		while (len && strchr(" \t", *header)) {
			header++;
			len--;
		}
		own = strcspn(header, ";, \t");
		own = own > len ? len : own;
		exact = own ? exactness(header, own, name) : 0;
		if (exact > best) {
			best = (unsigned)exact;
			weight = quality(header + own, len - own);
		} else if (exact && exact == best) {
			unsigned other = quality(header + own, len - own);

			weight = other > weight ? other : weight;
		}
		header += len;
		header += *header == ',';
	}
	return weight;
}
