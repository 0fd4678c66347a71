# Sourced by the commands in scripts/: where things are and how to speak. Needs bash.
set -euo pipefail

readonly MISSING=69 # what a command exits with when the machine lacks something that it may not install (EX_UNAVAILABLE)

say() { printf '%s\n' "$*" >&2; }

die() { # die CODE MESSAGE...
    local code=$1
    shift
    say "$@"
    exit "$code"
}
