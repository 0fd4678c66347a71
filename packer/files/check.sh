#!/bin/sh
# Judges the machine that becomes an image. $CHECKS: lines `WHAT IS WRONG :: COMMAND THAT THEN FAILS`, in base64, since Packer hands
# on one line. Every fault is told, with what its command said; then it fails.
set -u
faults=0 asked=0
while IFS= read -r line; do
    case $line in '' | '#'*) continue ;; esac
    asked=$((asked + 1))
    said=$(sh -c "${line#* :: }" 2>&1 </dev/null) && continue
    faults=$((faults + 1))
    printf 'FAULT: %s\n' "${line%% :: *}${said:+ ($said)}" >&2
done <<LINES
$(printf %s "$CHECKS" | base64 --decode)
LINES
[ "$asked" -gt 0 ] || { echo "FAULT: nothing was asked" >&2 && exit 1; }
[ "$faults" = 0 ] && echo "all of $asked checks hold"
exit "$((faults > 0))"
