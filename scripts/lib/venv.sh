# The virtual environment .venv of the clone and what is installed in it, with hashes.

venv_python() { # -> the first usable Python; "" when there is none
    local python
    for python in python3.11 python3.12 python3.13 python3; do
        if "$python" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            printf '%s' "$python"
            return
        fi
    done
}

venv_ensure() { # venv_ensure ROOT
    local venv=$1/.venv python
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 && return 0
    python=$(venv_python)
    if [[ -z $python ]] || ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        packages_ensure <(printf 'python3 # the language\npython3-venv # virtual environments\n')
        python=$(venv_python)
    fi
    [[ -n $python ]] || die "$MISSING" "Python 3.11, 3.12 or 3.13 is needed and none was found."
    say "Making the virtual environment .venv with $("$python" --version)"
    "$python" -m venv --clear "$venv" || die "$MISSING" "The virtual environment could not be made (see above)."
}

venv_install() { # venv_install ROOT LEVEL: LEVEL is "", demo or dev, each of which holds the ones before it
    local root=$1 level=$2 file stamp
    file=$root/app/requirements${level:+-$level}.txt
    stamp=$root/.venv/.installed
    venv_has "$root" "$level" && return 0
    say "Installing $(grep -c '==' "$file") Python packages from ${file#"$root"/} (hashes are checked)"
    rm -f "$stamp"
    "$root/.venv/bin/python" -m pip install -qq --no-input --disable-pip-version-check --require-hashes -r "$file" ||
        die 1 "Installing failed (see above). Nothing outside .venv was changed; run the command again."
    sha256sum <"$file" | sed "s/-$/${level:-run}/" >"$stamp"
}

venv_tool() { # venv_tool ROOT NAME: a tool that would hold the others back, in .venv/NAME with versions of its own
    local root=$1 file=$1/app/requirements-$2.txt venv=$1/.venv/$2 hash
    hash=$(sha256sum <"$file")
    [[ $(cat "$venv/.installed" 2>/dev/null) == "$hash" ]] && return 0
    say "Installing $2 and what it needs, $(grep -c '==' "$file") Python packages from ${file#"$root"/} (hashes are checked)"
    { "$root/.venv/bin/python" -m venv --clear "$venv" &&
        "$venv/bin/python" -m pip install -qq --no-input --disable-pip-version-check --require-hashes -r "$file"; } ||
        die 1 "Installing $2 failed (see above). Nothing outside .venv/$2 was changed; run the command again."
    printf '%s' "$hash" >"$venv/.installed"
}

venv_has() { # venv_has ROOT LEVEL: is this level, or one that holds it, installed as the file is now?
    local root=$1 hash installed
    read -r hash installed 2>/dev/null <"$root/.venv/.installed" || return 1
    case $2:$installed in
        :run | :demo | :dev | demo:demo | demo:dev | dev:dev) ;;
        *) return 1 ;;
    esac
    [[ $installed == run ]] && installed=
    [[ $(sha256sum <"$root/app/requirements${installed:+-$installed}.txt") == "$hash"* ]]
}
