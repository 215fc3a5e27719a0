#include "node/html/icon.h"

#define SVG(shapes)                                                                                \
	"<svg class=\"i\" viewBox=\"0 0 20 20\" aria-hidden=\"true\" focusable=\"false\">" shapes  \
	"</svg>"
#define CIRCLE "<circle cx=\"10\" cy=\"10\" r=\"8\"/>"

const char *icon_svg(enum icon icon)
{
	static const char *const icons[ICON_COUNT] = {
		[ICON_SEARCH] =
			SVG("<circle cx=\"9\" cy=\"9\" r=\"6\"/><path d=\"m13.5 13.5 4 4\"/>"),
		[ICON_OPEN] = SVG(CIRCLE "<path d=\"M2 10h16M10 2c5 4.5 5 11.5 0 16M10 2c-5 4.5-5 "
					 "11.5 0 16\"/>"),
		[ICON_MEMBERS] =
			SVG("<circle cx=\"10\" cy=\"7\" r=\"4.5\"/><circle cx=\"6.7\" cy=\"12.5\" "
			    "r=\"4.5\"/><circle cx=\"13.3\" cy=\"12.5\" r=\"4.5\"/>"),
		[ICON_GRANTED] = SVG("<circle cx=\"6.5\" cy=\"13.5\" r=\"3.5\"/>"
				     "<path d=\"m9 11 8-8m-3.5 3.5L16 9\"/>"),
		[ICON_HIDDEN] = SVG("<path d=\"M2 10c3-5 13-5 16 0-3 5-13 5-16 0zM3 17 17 3\"/>"),
		[ICON_DOWNLOAD] = SVG("<path d=\"M10 3v10m-4-4 4 4 4-4M3 17h14\"/>"),
	};

	return icons[icon];
}
