# Delays the start of a program until its lease is known to hold, then becomes that program.
#
# Usage: sh -c "$(cat start_gate.sh)" start-gate COUNT PROGRAM [ARGUMENT...]
#   COUNT  number of variables NON_POSIX_ENV_0, NON_POSIX_ENV_1 ..., each with a NAME=VALUE for the program
#
# Reads lines TIME from standard input: end of the lease by the guard's clock. If that time has passed, because the
# parent died or was stopped after it had read the lease, the gate waits for a later one, or to be killed by the guard.

count=$1
shift
while :; do
  read -r until || exit 1
  if [ -r /proc/uptime ]; then
    read -r now _ </proc/uptime
    now=${now%.*}${now#*.}
  else
    now=$(date +%s)00
  fi
  [ "$now" -ge "$until" ] || break
done
# Shells other than bash drop variables whose names are not identifiers, so `env` sets those.
if [ "$count" -gt 0 ]; then
  while [ "$count" -gt 0 ]; do
    count=$((count - 1))
    eval "set -- \"\$NON_POSIX_ENV_$count\" \"\$@\"; unset NON_POSIX_ENV_$count"
  done
  set -- env "$@"
fi
exec "$@" </dev/null
