#!/bin/sh
# The two steps of the environment that may need the system's package manager.
#
#   sh tools/environment.sh python PYTHON VENV    make the virtual environment
#   sh tools/environment.sh cholmod VENV          add CHOLMOD to it
#
# Each says in a line what is missing. CHOLMOD is never required: without it banded
# Cholesky (SciPy) is used, so the second step always succeeds.
set -eu

say() { echo "convmat: $*" >&2; }
die() { say "$*"; exit 1; }
ask() { "$1" -c "import sys, sysconfig; print($2)"; }

# Install Debian packages: as root, or with a sudo that asks nothing. Package lists are
# fetched only when the install fails without, which it does on a machine that has none.
apt_install() {
    [ "${SYSTEM_PACKAGES:-yes}" != no ] || return 1
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" -eq 0 ]; then
        sudo=
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo="sudo -n"
    else
        return 1
    fi
    say "installing $* with apt-get"
    apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120"
    install="$apt install -y --no-install-recommends $*"
    $install </dev/null >/dev/null 2>&1 && return
    $apt update </dev/null >/dev/null && $install </dev/null >/dev/null
}

make_venv() {
    python=$1 venv=$2
    command -v "$python" >/dev/null || { [ "$python" = python3 ] && apt_install python3 python3-venv; } ||
        die "Python 3.11 or newer is needed, and there is no $python here"
    name=python$(ask "$python" "'%d.%d' % sys.version_info[:2]")
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die "Python 3.11 or newer is needed, and $python is $name: name another, as in make PYTHON=python3.12"
    # Debian packs venv's pip apart from Python.
    "$python" -c 'import ensurepip' 2>/dev/null || apt_install "$name-venv" ||
        die "$python cannot make a virtual environment: apt-get install $name-venv"
    "$python" -m venv "$venv"
}

has_compiler() {
    compiler=${CC:-$(ask "$python" "sysconfig.get_config_var('CC') or 'cc'")}
    command -v "${compiler%% *}" >/dev/null
}
has_python_headers() { [ -e "$(ask "$python" "sysconfig.get_path('include')")/Python.h" ]; }
has_cholmod_headers() {
    for folder in /usr/include/suitesparse /usr/include ${SUITESPARSE_INCLUDE_DIR:+"$SUITESPARSE_INCLUDE_DIR"}; do
        [ ! -e "$folder/cholmod.h" ] || return 0
    done
    return 1
}
# Debian's alternative for BLAS is the slow reference one where no other is installed.
has_reference_blas() {
    case $(readlink -f /usr/lib/*/libblas.so.3 /usr/lib/libblas.so.3 2>/dev/null) in
    */blas/libblas*) return 0 ;;
    *) return 1 ;;
    esac
}

# What building CHOLMOD's wrapper lacks, as Debian names it.
missing_packages() {
    has_compiler || echo gcc libc6-dev
    has_python_headers || echo "python$(ask "$python" "'%d.%d' % sys.version_info[:2]")-dev"
    has_cholmod_headers || echo libsuitesparse-dev libopenblas-dev
}

add_cholmod() {
    python=$1/bin/python stamp=$1/.cholmod log=$1/cholmod.log
    # The stamp holds how it went: "with", or "without" where the build itself failed.
    if [ -e "$stamp" ] && [ ! pyproject.toml -nt "$stamp" ]; then
        [ "$(cat "$stamp")" = with ] || say "no CHOLMOD (its build failed: $log); banded Cholesky is used instead"
        return
    fi
    missing=$(missing_packages | xargs)
    if [ -n "$missing" ]; then
        apt_install "$missing" || true
        missing=$(missing_packages | xargs)
    fi
    if [ -n "$missing" ]; then
        say "no CHOLMOD (missing: $missing); banded Cholesky is used instead"
        return
    fi
    if has_reference_blas && ! apt_install libopenblas-dev; then
        say "CHOLMOD will use the slow reference BLAS (missing: libopenblas-dev)"
    fi
    pip="$python -m pip --disable-pip-version-check"
    # pip may keep a wheel built for another SuiteSparse, before the system was upgraded:
    # what does not import is thrown away, from its cache too, and built here.
    for attempt in 1 2; do
        echo "attempt $attempt"
        if $pip install --editable '.[cholmod]' && "$python" -c 'import sksparse.cholmod'; then
            echo with >"$stamp"
            return
        fi
        $pip uninstall --yes scikit-sparse || true
        $pip cache remove scikit_sparse || break
    done >"$log" 2>&1
    echo without >"$stamp"
    say "no CHOLMOD (its build failed: $log); banded Cholesky is used instead"
}

case $1 in
python) make_venv "$2" "$3" ;;
cholmod) add_cholmod "$2" ;;
esac
