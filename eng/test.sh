#!/usr/bin/env bash
# Every test, on a machine that has only the .NET SDK. The last line is the sum: N passed, N failed, N skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
. eng/install.sh

missing=$(
  lacks_library libsqlite3.so.0 libsqlite3-0
  lacks_file '/usr/lib/postgresql/*/bin/postgres' postgresql
  lacks_file /usr/bin/chromium chromium
  lacks_file '/usr/share/fonts/truetype/*' fonts-dejavu-core
  lacks_command npm 'nodejs npm'
  lacks_command curl
  lacks_command go golang-go
  lacks_command openssl
  lacks_command jq
  lacks_command xxd
  lacks_command python3
)
[ -z "$missing" ] || install_packages $missing

# Real nodes (anvil). Install scripts of packages are never run.
[ tests/node_modules/.package-lock.json -nt tests/package-lock.json ] ||
  (cd tests && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)

results=artifacts/test-results
rm -rf "$results" && mkdir -p "$results"

# What the tests start carries this mark; nothing that carries it may outlive the script.
export ALTRUIST_MANAGER_TEST_RUN="$$-$RANDOM$RANDOM"

# Processes that live for seconds do not get back what it costs to watch how they run.
export DOTNET_TieredPGO=0
kill_leftovers() {
  local environment pid
  for environment in /proc/[0-9]*/environ; do
    pid=${environment//[^0-9]/}
    if [ "$pid" != $$ ] && [ "$pid" != "$BASHPID" ] &&
      tr '\0' '\n' 2>/dev/null <"$environment" | grep -qxF "ALTRUIST_MANAGER_TEST_RUN=$ALTRUIST_MANAGER_TEST_RUN"; then
      kill -KILL "$pid" 2>/dev/null || true
    fi
  done
}
trap kill_leftovers EXIT
trap 'exit 130' INT TERM

dotnet build AltruistManager.sln -c Release -v quiet

# In the background, so that a signal ends the script at once; there the shell would make it and its children deaf to interrupts.
begin() {
  local name=$1 project=tests/$2/$2.csproj
  shift 2
  env --default-signal=INT,QUIT "$@" dotnet test "$project" -c Release --no-build --results-directory "$results" --logger "trx;LogFileName=$name.trx" \
    --blame-hang-timeout 10min --blame-hang-dump-type none --filter "$filter" >"$results/$name.log" 2>&1 &
}

# All at once, as each waits for much of its time. What runs on the clock of the wall goes first, then what waits for browsers and processes; all others step back.
status=0
declare -A runs
for project in tests/*/*.csproj; do
  name=$(basename "$project" .csproj)
  step_back=10
  [ "$name" != AltruistManager.Web.Tests ] || step_back=5
  filter='Category!=EndToEnd' begin "$name" "$name" nice -n $step_back
  runs[$name]=$!
done
filter='Category=EndToEnd' begin EndToEnd AltruistManager.Web.Tests
runs[EndToEnd]=$!
echo "Testing: ${!runs[*]}, each shown when it has ended"
while [ ${#runs[@]} != 0 ]; do
  wait -n -p ended "${runs[@]}" || status=1
  for name in "${!runs[@]}"; do
    [ "${runs[$name]}" = "$ended" ] || continue
    cat "$results/$name.log"
    unset "runs[$name]"
  done
done

echo
grep -hE '^(Passed|Failed|Skipped)!' "$results"/*.log || true
passed=0 failed=0 skipped=0
for report in "$results"/*.trx; do
  [ -e "$report" ] || continue
  counters=$(grep -m1 -o '<Counters [^>]*>' "$report")
  count() { sed -E "s/.* $1=\"([0-9]+)\".*/\1/" <<<"$counters"; }
  passed=$((passed + $(count passed)))
  failed=$((failed + $(count executed) - $(count passed)))
  skipped=$((skipped + $(count total) - $(count executed)))
done
[ "$failed" = 0 ] && [ "$passed" != 0 ] || status=1
[ "$status" = 0 ] || [ "$failed" != 0 ] || echo "A test run did not end as it should: see $results"
echo "$passed passed, $failed failed, $skipped skipped"
exit $status
