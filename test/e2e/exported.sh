#!/usr/bin/env bash
# A grant as a file: checked where no node is, shown by who got it and by nobody else.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

two_nodes

# ends STATUS WORDS COMMAND...: ends with this status, and says so.
ends() {
	local status=0 expected=$1 words=$2
	shift 2
	"$@" >"$work/out" 2>&1 || status=$?
	[ "$status" = "$expected" ] || wrong "$* ended with $status: $(cat "$work/out")"
	grep -qF -- "$words" "$work/out" || wrong "$* does not say \"$words\": $(cat "$work/out")"
}

# Without a data directory: nothing but the file.
check_file() {
	env -u HOME -u ALLMENDE_DIR -u XDG_DATA_HOME "$allmende" grant-check "$@"
}

say 'given, and written to a file by who got it'
node "$meissen" grant meissen/kita --to radebeul --rights read --until 2099-12-31 >/dev/null
granted() { node_json "$radebeul" '.grants[0].id' grants >/dev/null 2>&1; }
wait_for 30 granted || wrong 'Radebeul has not heard of its grant'
grant=$(node_json "$radebeul" '.grants[0].id' grants)
federation=$(node_json "$meissen" '.federation.id' status)
exported() { node "$radebeul" grant-show "$grant" --export "$work/kita.grant" >"$work/out" 2>&1; }
wait_for 60 exported || wrong "it cannot be exported: $(cat "$work/out")"
ends 1 'is there already' node "$radebeul" grant-show "$grant" --export "$work/kita.grant"

say 'checked without a node'
ends 0 'read meissen/kita and everything below' check_file "$work/kita.grant" --federation "$federation"
ends 0 'cannot be known' check_file "$work/kita.grant" --federation "$federation"
ends 0 'That is old' check_file "$work/kita.grant" --federation "$federation" --at 2099-12-01
ends 3 'expired' check_file "$work/kita.grant" --federation "$federation" --at 2100-01-02
ends 3 'not yet' check_file "$work/kita.grant" --federation "$federation" --at 2020-01-02T10:00
ends 1 'of another federation' check_file "$work/kita.grant" --federation "${federation//[0-7]/9}"
ends 2 '--federation is missing' check_file "$work/kita.grant"
ends 2 'is no id' check_file "$work/kita.grant" --federation 12
ends 2 'is no time' check_file "$work/kita.grant" --federation "$federation" --at yesterday
ends 2 'is no time' check_file "$work/kita.grant" --federation "$federation" --at 2027-02-30
ends 4 'cannot read' check_file "$work/nothing" --federation "$federation"
head -c 2000 "$work/kita.grant" >"$work/cut"
ends 1 'proves nothing' check_file "$work/cut" --federation "$federation"
[ "$(check_file "$work/kita.grant" --federation "$federation" --json | jq -r '.good, .old, .rights' | xargs)" = 'true false read' ] ||
	wrong 'the JSON is another'

say 'shown by who got it'
challenge=8c1f0a77b2d94e05
proof=$(node "$radebeul" grant-prove "$grant" --challenge "$challenge")
ends 0 'The proof is right' check_file "$work/kita.grant" --federation "$federation" --proof "$proof" --challenge "$challenge"
ends 3 'another challenge' check_file "$work/kita.grant" --federation "$federation" --proof "$proof" --challenge "0$challenge"
ends 3 'mistyped' check_file "$work/kita.grant" --federation "$federation" --proof "${proof%??}" --challenge "$challenge"
ends 2 '--challenge is missing' check_file "$work/kita.grant" --federation "$federation" --proof "$proof"
ends 3 'did not get that grant' node "$meissen" grant-prove "$grant" --challenge "$challenge"
ends 2 'has 3 bytes' node "$radebeul" grant-prove "$grant" --challenge abc

say 'ended: every file since then says so, and one of before says how old it is'
node "$meissen" revoke "$grant" --yes >/dev/null
ended() {
	rm -f -- "$work/after"
	node "$radebeul" grant-show "$grant" --export "$work/after" >"$work/out" 2>&1 || return 1
	check_file "$work/after" --federation "$federation" >"$work/out" 2>&1 || [ $? = 3 ] && grep -qF 'ended by who gave it' "$work/out"
}
wait_for 60 ended || wrong "the end is in no file: $(cat "$work/out")"
ends 0 'cannot be known' check_file "$work/kita.grant" --federation "$federation"

clean "$radebeul"
