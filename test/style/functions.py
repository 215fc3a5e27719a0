"""Where the functions of a C file stand. Enough for code that clang-format has laid out: a
definition begins in the first column, its `{` stands alone there, and its `}` does too."""
import collections
import re

# first and last are numbers of lines, from 1, both included.
Function = collections.namedtuple("Function", "name first last static")

SKIP = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
WORD = re.compile(r"[A-Za-z_]\w*")
ATTRIBUTE = re.compile(r"__attribute__\s*\(\(.*?\)\)", re.DOTALL)


def bare(text):
    """The text without comments and what is between quotation marks; lines keep their places."""
    def blank(match):
        if match.group("comment"):
            return re.sub(r"[^\n]", " ", match.group())
        return match.group()[0] + " " * (len(match.group()) - 2) + match.group()[0]
    return SKIP.sub(blank, text)


def functions(text):
    """The functions defined in a file, in order."""
    lines = bare(text).split("\n")
    found, start, at = [], 0, 0
    while at < len(lines):
        line = lines[at].rstrip()
        if line == "{":
            end = next(i for i in range(at, len(lines)) if lines[i].rstrip() in ("}", "};"))
            signature = ATTRIBUTE.sub(" ", " ".join(lines[start:at]))
            name = re.search(r"(\w+)\s*\(", signature)
            if name and lines[end].rstrip() == "}":
                static = re.search(r"\bstatic\b", signature) is not None
                found.append(Function(name.group(1), start + 1, end + 1, static))
            start = at = end + 1
            continue
        # What came before a signature ends like this; a signature has none of it.
        if not line or line.startswith("#") or line.endswith((";", "}", "\\")):
            start = at + 1
        at += 1
    return found


def self_test():
    text = '''/* a comment {
}
 */
#include <stdio.h>

struct s {
	int a;
};
static const char *names[] = {
	"{",
};

__attribute__((format(printf, 1, 2))) static void say(const char *format,
						      ...)
{
	puts("}"); /* } */
	struct s s = {
		1,
	};
}

/* why */
struct s *make(void)
{
}
int main(int argc, char **argv)
{
	return '{';
}
'''
    expect = [Function("say", 13, 20, True), Function("make", 23, 25, False),
              Function("main", 26, 29, False)]
    if functions(text) != expect:
        raise SystemExit(f"self-test: functions() says {functions(text)}")


self_test()
