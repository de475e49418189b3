#!/bin/sh
# Sees to what the tests need and npm cannot bring: Debian's PostgreSQL 15, pgbouncer and Redis. Nothing is started,
# and no cluster is made: the suite runs private servers of its own in temporary folders.
set -eu

missing=
[ -x /usr/lib/postgresql/15/bin/postgres ] || missing="postgresql-15"
# The runbooks are followed as they stand, with the clients on the PATH.
command -v psql >/dev/null && command -v pg_dump >/dev/null || missing="${missing:+$missing }postgresql-client-15"
[ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null || missing="${missing:+$missing }pgbouncer"
command -v redis-server >/dev/null || missing="${missing:+$missing }redis-server"
command -v redis-cli >/dev/null || missing="${missing:+$missing }redis-tools"
command -v openssl >/dev/null || missing="${missing:+$missing }openssl"
command -v less >/dev/null || missing="${missing:+$missing }less"
# Completion is tried in the shells themselves.
for shell in zsh fish shellcheck; do
  command -v "$shell" >/dev/null || missing="${missing:+$missing }$shell"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root="sudo -n"
else
  as_root=none
fi
if [ "$as_root" = none ] || ! command -v apt-get >/dev/null; then
  echo "The tests need these Debian packages: $missing" >&2
  echo "Install them, then run this again: apt-get update && apt-get install --no-install-recommends $missing" >&2
  exit 1
fi

echo "Installing for the tests: $missing"
# shellcheck disable=SC2086 # both are lists of words
$as_root sh -eu -s $missing <<'ROOT'
export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1
clusters=/etc/postgresql-common/createcluster.conf
if [ ! -e "$clusters" ]; then
  mkdir -p "${clusters%/*}"
  echo 'create_main_cluster = false' >"$clusters"
fi
guard=/usr/sbin/policy-rc.d
if [ ! -e "$guard" ]; then
  trap 'rm -f "$guard"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$guard"
  chmod +x "$guard"
fi
apt-get update -q
# stdin is this script.
apt-get install -q -y --no-install-recommends "$@" </dev/null
ROOT
