/** Exit code of a guard whose time was over. */
export const UNATTENDED = 3;

/** Ends a program whose time was over before it began; nobody else sends it. */
export const TOO_LATE = "SIGUSR2";

/**
 * What watches over a process, in the shell that every machine has (dash, bash, that of BusyBox). Arguments: the mark
 * in the environment of those it ends; whether their time is limited, 1 or 0; how often it looks at the clock then, in
 * hundredths of a second and in seconds.
 *
 * It first prints the time by its clock, in hundredths of a second, when time is limited. It reads lines: `group <id>`
 * of the process, `until <time>` by its clock to which they may live: a time that is told late means what it meant.
 * The end of its standard input is the end of the one who holds it, even by SIGKILL. It never kills by the number of a
 * process that it does not see at that moment, for numbers are used again: so the clock is a stream of lines, not a
 * timer to be killed.
 */
export const GUARD_SCRIPT = `
# Whoever stops a service asks all of its processes to stop; this one is the last.
trap '' HUP INT TERM
mark=$1 limited=$2 tick=$3 pause=$4 group= now=0 until=

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
  while read -r word value; do
    look "$word"
    case $word in
      group) group=$value ;;
      until) until=$value ;;
      tick) [ -z "$until" ] || [ "$now" -lt "$until" ] || return ${UNATTENDED} ;;
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

if [ "$limited" -eq 0 ]; then
  watch
  finish
  exit 0
fi
look start
echo "$now"
exec 3<&0 >/dev/null
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

/**
 * Becomes a program unless its time is over by the guard's clock: whoever starts it may have been stopped since it
 * looked. Arguments: that time, the program and its arguments. Where the system has no such clock, it does not look.
 */
export const GATE_SCRIPT = `
until=$1
shift
if [ -r /proc/uptime ]; then
  read -r now rest </proc/uptime
  [ "\${now%.*}\${now#*.}" -lt "$until" ] || kill -s USR2 $$
fi
exec "$@"
`;
