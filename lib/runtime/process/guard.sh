# Supervises a process: kills it with all that it started when its parent ends or its lease expires. Runs in any
# POSIX shell (dash, bash, BusyBox).
#
# Usage: sh -c "$(cat guard.sh)" process-guard MARK LIMITED PAUSE
#   MARK     text in the environment of the processes to kill
#   LIMITED  1 when their time is limited by a lease, else 0
#   PAUSE    seconds between two looks at the clock, when limited
#
# Prints the time of its clock, in hundredths of a second, when limited. Then reads lines from standard input:
#   group ID    process group to kill
#   until TIME  end of the lease by this clock; absolute, so that a line that arrives late means the same
# End of input means that the parent has ended, if only by SIGKILL.
# Exit code: 3 when the lease expired, 0 otherwise.

# A service manager sends SIGTERM to every process of a service; the guard must be the last one to end.
trap '' HUP INT TERM
mark=$1 limited=$2 pause=$3 group='' now=0 until=''

# Time since boot, with the time the machine slept, unaffected by clock changes; wall-clock time on other systems.
read_clock() {
  if [ -r /proc/uptime ]; then
    read -r now _ </proc/uptime
    now=${now%.*}${now#*.}
  else
    now=$(date +%s)00
  fi
}

watch_lease() {
  while read -r word value; do
    read_clock
    case $word in
      group) group=$value ;;
      until) until=$value ;;
      tick) [ -z "$until" ] || [ "$now" -lt "$until" ] || return 3 ;;
      end) return 0 ;;
    esac
  done
  return 0
}

list_marked() {
  if printf 'a\0%s' "$mark" | grep -aq "$mark"; then
    grep -las "$mark" /proc/[0-9]*/environ
  else
    # grep of BusyBox reads a line up to its first zero byte only.
    for file in /proc/[0-9]*/environ; do
      tr '\0' '\n' <"$file" | grep -q "$mark" && echo "$file"
    done
  fi
}

# Processes that left the group are found by their mark (Linux only). Repeats, because they may start others meanwhile.
kill_all() {
  [ -z "$group" ] || kill -KILL -- "-$group"
  [ -d /proc/1 ] || return 0
  rounds=20
  while [ $rounds -gt 0 ]; do
    rounds=$((rounds - 1)) found=
    for file in $(list_marked); do
      found=$file pid=${file#/proc/}
      kill -KILL "${pid%/environ}"
    done
    [ -n "$found" ] || return 0
  done
}

if [ "$limited" -eq 0 ]; then
  watch_lease
  kill_all
  exit 0
fi
read_clock
echo "$now"
# The clock is a stream of lines from a process that ends with the pipe, not a timer that has to be killed: process
# IDs are reused.
exec 3<&0 >/dev/null
{
  { cat <&3; echo end; } &
  while { sleep "$pause" || sleep 1; echo tick; }; do :; done 3<&- &
} | {
  exec 3<&-
  watch_lease
  code=$?
  kill_all
  exit $code
}
