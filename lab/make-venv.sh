#!/bin/sh
# Makes .venv from requirements-dev.txt; does nothing when it is already that. Needs only a POSIX shell and Debian's Python 3.11 or newer.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

install() {
    echo "venv: installing Debian packages: $*"
    [ "$(id -u)" = 0 ] || { echo "venv: $* missing; install it, or run this as root" >&2; exit 1; }
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >/dev/null
}

command -v "$python" >/dev/null || install python3 python3-venv
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "venv: $python is older than Python 3.11 (set PYTHON)" >&2; exit 1; }
"$python" -c 'import ensurepip, venv' 2>/dev/null || install python3-venv

# the checkout under the name Ansible resolves it by
link=.venv/collections/ansible_collections/kubephase/cluster
wanted="$("$python" --version) $(sha256sum < requirements-dev.txt)"
if [ "$(cat .venv/requirements.done 2>/dev/null)" != "$wanted" ]; then
    # an interrupted or foreign environment is not repaired but made anew
    [ -x .venv/bin/pip ] && .venv/bin/pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
    echo "venv: installing $(grep -c == requirements-dev.txt) Python packages into .venv"
    .venv/bin/pip install -q --disable-pip-version-check -r requirements-dev.txt
    printf '%s' "$wanted" > .venv/requirements.done
fi
mkdir -p "${link%/*}"
[ "$(readlink "$link" 2>/dev/null)" = ../../../.. ] || ln -sfn ../../../.. "$link"
