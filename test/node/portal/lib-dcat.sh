# shellcheck shell=bash
# Sourced by the tests of the catalogue: programs that judge RDF. $build is the build root. Third-party shapes stay where
# they are, outside the tree; a copy with what npm installs is kept below the build root. Other tests have a function that is
# called node, so the program is called as a command.

dcat_ran=0
dcat_skip() {
	printf 'skipped: %s\n' "$*"
}

# What it says, as a number: blank nodes are called as each likes, and a page names itself.
dcat_triples() {
	sed 's/_:[^ ]*/_:/g; s/catalog\.[a-z]*?/catalog?/g' "$1" | sort -u | sha256sum
}

# dcat_readers FILE.ttl FILE.rdf: both are read, and have the same triples, without a word.
dcat_readers() {
	local turtle=$1 xml=$2
	if command -v rapper >/dev/null; then
		rapper -q -i turtle -o ntriples "$turtle" >"$turtle.nt" 2>"$turtle.err"
		rapper -q -i rdfxml -o ntriples "$xml" >"$xml.nt" 2>"$xml.err"
		[ ! -s "$turtle.err" ] && [ ! -s "$xml.err" ] || { cat -- "$turtle.err" "$xml.err"; return 1; }
		[ "$(dcat_triples "$turtle.nt")" = "$(dcat_triples "$xml.nt")" ] ||
			{ printf '%s and %s say other things\n' "$turtle" "$xml"; return 1; }
		dcat_ran=1
	else
		dcat_skip 'rapper is not installed (raptor2-utils)'
	fi
	if command -v serdi >/dev/null; then
		serdi -q -i turtle -o ntriples "$turtle" >"$turtle.serdi"
		[ -s "$turtle.serdi" ] || return 1
		dcat_ran=1
	else
		dcat_skip 'serdi is not installed'
	fi
}

# The validator, ready to run, in $dcat_tool; false: it cannot be had.
dcat_prepare() {
	local shared=${ALLMENDE_SHARED:-}/checks/dcat
	dcat_tool=$build/dcat-check
	[ -f "$shared/validate.mjs" ] || { dcat_skip 'ALLMENDE_SHARED names no checks/dcat'; return 1; }
	type -P node >/dev/null || { dcat_skip 'node is not installed (nodejs)'; return 1; }
	if [ ! -f "$dcat_tool/ready" ]; then
		command -v npm >/dev/null || { dcat_skip 'npm is not installed'; return 1; }
		mkdir -p "$dcat_tool"
		(
			flock 9
			[ -f "$dcat_tool/ready" ] && exit 0
			cp -r -- "$shared/." "$dcat_tool/"
			cd "$dcat_tool"
			timeout 200 npm install --no-audit --no-fund >npm.log 2>&1 && command node selftest.mjs >selftest.log && : >ready
		) 9>"$build/dcat-check.lock" || { dcat_skip "npm cannot install the validator: $(tail -n 3 "$dcat_tool/npm.log" 2>/dev/null)"; return 1; }
	fi
}

# dcat_validate FILE|URL...: no violation of any profile.
dcat_validate() {
	local what
	dcat_prepare || return 0
	for what in "$@"; do
		command node "$dcat_tool/validate.mjs" --no-warn --profile "${dcat_profiles:-de,konv,mqa,hvd}" "$what"
	done
	dcat_ran=1
}

# The last line of a test that does nothing else.
dcat_end() {
	[ "$dcat_ran" = 1 ] || exit 77
}
