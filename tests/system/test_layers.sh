#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scripts/layers finds each kind of breach, and nothing in a clean tree. Needs no network and no usher.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

tree=$WORK/tree
mkdir -p "$tree"/{.ci,scripts,dhcpcodec,registry,rules,relay,tests}
cp "$ROOT/scripts/layers" "$tree/scripts/"
licence='/* SPDX-License-Identifier: GPL-2.0-or-later */'

source_file() { # path, line...
	local path=$tree/$1
	shift
	printf '%s\n' "$licence" "$@" >"$path"
}

source_file dhcpcodec/view.c '#include "bytes.h"' '/* malloc(1) in a comment, and */ int a; // exit(1)' \
	'static const char text[] = "free(x) \" exit(1)";' 'int f(struct s *s) { return s->read(1) + my_free(2); }'
source_file registry/user.c '#include "dhcpcodec/view.h"' 'char *f(void) { return malloc(3); }'
source_file rules/match.c '#include "registry/user.h"'
source_file relay/main.c '#include "rules/match.h"' 'int main(void) { exit(0); }'

said=$("$tree/scripts/layers" 2>&1)
status=$?
check "a clean tree has no breach" "$said" test "$status" = 0 -a -z "$said"

breach() { # case, path, pattern in the output, line...
	local name=$1 path=$2 pattern=$3
	shift 3
	source_file "$path" "$@"
	said=$("$tree/scripts/layers" 2>&1)
	status=$?
	rm "$tree/$path"
	check "$name" "exit $status, said: $said" test "$status" = 1 -a "$(grep -c -- "^$path.*$pattern" <<<"$said")" = 1
}

breach "include against the direction" dhcpcodec/x.c 'includes "registry/user.h"' '#include "registry/user.h"'
breach "include past the next folder" registry/x.c 'includes "relay/main.h"' '#include "relay/main.h"'
breach "include by a way round" rules/x.h 'includes "../relay/main.h"' '#include "../relay/main.h"'
breach "include of the tests" relay/x.c 'includes "tests/rig.h"' '#include "tests/rig.h"'
breach "allocation in dhcpcodec" dhcpcodec/x.c ':2: .*malloc' 'void *x = malloc(1);'
breach "release in dhcpcodec" dhcpcodec/x.c ':2: .*free' 'void f(void *p) { free (p); }'
breach "output in dhcpcodec" dhcpcodec/x.c ':2: .*fprintf' 'int x = fprintf(stderr, "x");'
breach "exit in registry" registry/x.c ':2: .*exit' 'void f(void) { exit(1); }'
breach "log in rules" rules/x.c ':2: .*syslog' 'void f(void) { syslog(1, "x"); }'
breach "socket in registry" registry/x.c ':2: .*socket' 'int x = socket(1, 2, 3);'
long=$(yes 'x;' | head -n 81)
breach "function of more than 80 lines" relay/x.c ':3: function of 82 lines' 'int f(void)' '{' "$long" '}'
breach "file of more than 600 lines" tests/x.c 'longer than 600' "$(yes '/* x */' | head -n 600)"
printf 'int x;\n' >"$tree/rules/bare.c"
check "no licence" "$("$tree/scripts/layers")" grep -q '^rules/bare.c: .*SPDX' <("$tree/scripts/layers")
finish
