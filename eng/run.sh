#!/usr/bin/env bash
# The demo: simulated networks and nodes, the whole main job, on loopback. Options go to the command `demo`.
set -euo pipefail
cd "$(dirname "$0")/.."
. eng/install.sh

missing=$(lacks_library libsqlite3.so.0 libsqlite3-0)
[ -z "$missing" ] || install_packages $missing

# The published folder, because it holds the static files where the service looks for them in production.
dotnet publish src/AltruistManager.Web -c Release -o artifacts/publish -v quiet
exec dotnet artifacts/publish/altruist-manager.dll demo "$@"
