# Sourced by the other scripts: installs what the machine lacks, and nothing it has.

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# install_packages PACKAGE… : with apt-get, without starting the services that some packages bring.
install_packages() {
  command -v apt-get >/dev/null || { echo "Please install: $*" >&2; return 1; }
  echo "Installing $*"
  local policy=/usr/sbin/policy-rc.d ours=""
  if [ ! -e $policy ]; then
    ours=yes
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
  fi
  local failed=""
  { as_root apt-get update -qq &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null; } || failed=yes
  [ -z "$ours" ] || as_root rm -f $policy
  [ -z "$failed" ]
}

# Each prints the packages to install when it does not find what they bring.
lacks_command() { command -v "$1" >/dev/null || echo "${2:-$1}"; }
lacks_file() { compgen -G "$1" >/dev/null || echo "$2"; }
lacks_library() { /sbin/ldconfig -p | grep -qF "$1 " || echo "$2"; }

command -v dotnet >/dev/null || { echo "Please install the .NET SDK named in global.json first." >&2; exit 1; }
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# No build server outlives the script.
export MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false
