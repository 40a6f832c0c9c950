/** Exit code of a guard whose time was over. */
export const UNATTENDED = 3;

/** Ends a program whose time was over before it began. */
export const TOO_LATE = "SIGUSR2";

/**
 * What watches over a process, in the shell that every machine has (dash, bash, that of BusyBox). Arguments: the mark
 * in the environment of those it ends; whether their time is limited, 1 or 0; how often it looks at the clock then, in
 * seconds.
 *
 * It first prints the time by its clock, in hundredths of a second, when time is limited. It reads lines: `group <id>`
 * of the process, `until <time>` by its clock to which they may live: a time that is told late means what it meant.
 * The end of its standard input is the end of the one who holds it, even by SIGKILL. Its clock is a stream of lines,
 * not a timer to be killed: numbers of processes are used again.
 */
export const GUARD_SCRIPT = `
# Whoever stops a service asks all of its processes to stop; this one is the last.
trap '' HUP INT TERM
mark=$1 limited=$2 pause=$3 group= now=0 until=

# Since the machine started, the time it slept included, whatever its clock is set to; where the system does not tell
# that, the time of day.
look() {
  if [ -r /proc/uptime ]; then
    read -r now rest </proc/uptime
    now=\${now%.*}\${now#*.}
  else
    now=$(date +%s)00
  fi
}

watch() {
  while read -r word value; do
    look
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
look
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
 * Becomes a program once it is told so on its standard input, which is when the guard knows it, unless its time is
 * over by the guard's clock then: whoever starts it may have died, or been stopped since it looked. Arguments: that
 * time, the program and its arguments.
 */
export const GATE_SCRIPT = `
until=$1
shift
read -r go || exit 1
if [ -r /proc/uptime ]; then
  read -r now rest </proc/uptime
  now=\${now%.*}\${now#*.}
else
  now=$(date +%s)00
fi
# The signal may be one that is ignored here.
[ "$now" -lt "$until" ] || { kill -s USR2 $$; exit 1; }
exec "$@" </dev/null
`;
