/** Exit code of a guard whose time was over. */
export const UNATTENDED = 3;

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

/** Variables by which the gate is told those of whose names a shell makes nothing: `NAME=value`, numbered from 0. */
export const ODD_VARIABLE = "GUARDED_VARIABLE_";

/**
 * Becomes a program once it is told on its standard input, by a line `<time>`, that it may until then by the guard's
 * clock, which is when the guard knows it. When that time is over already, since whoever starts it died or was stopped
 * after it had looked, it waits for a later one, or for its end by the guard. Arguments: how many variables it is told
 * in others, see {@linkcode ODD_VARIABLE}; the program and its arguments.
 */
export const GATE_SCRIPT = `
odd=$1
shift
while :; do
  read -r until || exit 1
  if [ -r /proc/uptime ]; then
    read -r now rest </proc/uptime
    now=\${now%.*}\${now#*.}
  else
    now=$(date +%s)00
  fi
  [ "$now" -ge "$until" ] || break
done
# Shells other than bash drop variables whose names are no identifiers.
if [ "$odd" -gt 0 ]; then
  while [ "$odd" -gt 0 ]; do
    odd=$((odd - 1))
    eval "set -- \\"\\$${ODD_VARIABLE}$odd\\" \\"\\$@\\"; unset ${ODD_VARIABLE}$odd"
  done
  set -- env "$@"
fi
exec "$@" </dev/null
`;
