/** Exit code of a guard that heard nothing for too long. */
export const UNATTENDED = 3;

/**
 * What watches over a process, in the shell that every machine has (dash, bash, that of BusyBox). Arguments: the mark
 * in the environment of those it ends; how long it may hear nothing, or 0; how often it looks at the clock meanwhile,
 * both in hundredths of a second, and the latter in seconds as well.
 *
 * It reads lines: `group <id>` of the process, `beat <age>` as a sign of life of that age. The end of its standard
 * input is the end of the one who holds it, even by SIGKILL. It never kills by the number of a process that it does
 * not see at that moment, for numbers are used again: so the clock is a stream of lines, not a timer to be killed.
 */
export const GUARD_SCRIPT = `
# Whoever stops a service asks all of its processes to stop; this one is the last.
trap '' HUP INT TERM
mark=$1 limit=$2 tick=$3 pause=$4 group= now=0

# Since the machine started, the time it slept included, whatever its clock is set to.
look() {
  if [ -r /proc/uptime ]; then
    read -r now rest </proc/uptime
    now=\${now%.*}\${now#*.}
  elif [ "$1" = tick ]; then
    now=$((now + tick))
  fi
}

watch() {
  look start
  heard=$now
  while read -r word value; do
    look "$word"
    case $word in
      group) group=$value heard=$now ;;
      beat) [ $((now - value)) -le "$heard" ] || heard=$((now - value)) ;;
      tick) [ $((now - heard)) -lt "$limit" ] || return ${UNATTENDED} ;;
      end) return 0 ;;
    esac
  done
  return 0
}

marked() {
  if printf 'a\\0%s' "$mark" | grep -aq "$mark"; then
    grep -las "$mark" /proc/[0-9]*/environ
  else
    # That of BusyBox reads lines to their first zero byte only.
    for file in /proc/[0-9]*/environ; do
      tr '\\0' '\\n' <"$file" | grep -q "$mark" && echo "$file"
    done
  fi
}

# Those who left the group are found by their mark, on Linux. While it looks, they may start others.
finish() {
  [ -z "$group" ] || kill -KILL -- "-$group"
  [ -d /proc/1 ] || return 0
  rounds=20
  while [ $rounds -gt 0 ]; do
    rounds=$((rounds - 1)) found=
    for file in $(marked); do
      found=$file pid=\${file#/proc/}
      kill -KILL "\${pid%/environ}"
    done
    [ -n "$found" ] || return 0
  done
}

if [ "$limit" -eq 0 ]; then
  watch
  finish
  exit 0
fi
exec 3<&0
{
  { cat <&3; echo end; } &
  while { sleep "$pause" || sleep 1; echo tick; }; do :; done 3<&- &
} | {
  exec 3<&-
  watch
  code=$?
  finish
  exit $code
}
`;
