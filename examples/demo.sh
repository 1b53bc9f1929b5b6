#!/bin/bash
# SPDX-License-Identifier: MIT
# The main job on any machine: three programs measured by the built joulectl in embedded mode (no root, no bus, no systemd),
# then one table. The joules are modelled (CPU time × watts), since this must work where no counter is; on a real host leave
# out --local and --meter. Usage: demo.sh BUILD-DIRECTORY
set -euo pipefail
build=$1
here=$(dirname "$(readlink -f "$0")")

export JOULETRACED=$build/daemon/jouletraced JOULETRACE_WORKER=$build/worker/jouletrace-worker
export JOULETRACE_LOCALEDIR=$build/po
XDG_STATE_HOME=$(mktemp -d)
export XDG_STATE_HOME
trap 'rm -rf "$XDG_STATE_HOME"' EXIT

joulectl() {
        echo
        echo "\$ joulectl ${*/#$here/examples}"
        "$build/client/joulectl" "$@"
}

options=(--local --meter model)
joulectl "${options[@]}" measure --label recursive -- python3 "$here/fib_recursive.py"
joulectl "${options[@]}" measure --label iterative -- python3 "$here/fib_iterative.py"
joulectl "${options[@]}" measure --label "start-up only" -- python3 -c pass
joulectl --local show --table 1 2 3
