#!/usr/bin/env bash
# A benchmark by its name (selection, log, history, roster, api, probe, ingest, failover, client, ui; scale with its seconds is the second half of probe). Its last line is one line of JSON with the figures.
set -euo pipefail
cd "$(dirname "$0")/.."
. eng/install.sh

missing=$(lacks_library libsqlite3.so.0 libsqlite3-0)
if [ "${1:-}" = api ]; then
  missing+=" $(lacks_command wrk) $(lacks_file /usr/sbin/nginx nginx)"
fi
if [ "${1:-}" = ui ]; then
  missing+=" $(lacks_file /usr/bin/chromium chromium) $(lacks_file '/usr/share/fonts/truetype/*' fonts-dejavu-core)"
fi
[ -z "${missing// /}" ] || install_packages $missing

dotnet build bench/AltruistManager.Benchmarks -c Release -v quiet
# Where simulated nodes that speak TLS say whom to trust.
trust=$(mktemp -d)
trap 'rm -rf "$trust"' EXIT
SSL_CERT_FILE="$trust/nodes.pem" dotnet bench/AltruistManager.Benchmarks/bin/Release/net10.0/AltruistManager.Benchmarks.dll "$@"
