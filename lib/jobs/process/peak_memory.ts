/** Watches how much memory a process uses. */
export interface PeakMemory {
  /** Ends the watch. Largest memory so far in bytes, undefined where the system does not tell. */
  stop(): Promise<number | undefined>;
}

/** Between two looks, in seconds. */
const PERIOD = "0.25";

/**
 * Deno may not read /proc without every permission; a shell may. Twice a look at the beginning, for short processes.
 * `VmHWM` is the peak of a single process, also between two looks; `VmRSS` is what all have now. Pages that
 * processes share count once for each. Prints a larger peak when there is one, in KiB.
 */
const SCRIPT = `
peak=0 pause=0.02
while [ -d "/proc/$1" ]; do
  total=0 largest=0 family=$1
  while [ -n "$family" ]; do
    parents=$family family=
    for pid in $parents; do
      while read -r key value rest; do
        case $key in
          VmHWM:) [ "$value" -le "$largest" ] || largest=$value ;;
          VmRSS:) total=$((total + value)) && break ;;
        esac
      done <"/proc/$pid/status"
      for file in "/proc/$pid"/task/*/children; do
        children= && read -r children <"$file"
        family="$family $children"
      done
    done
    case $family in *[0-9]*) ;; *) family= ;; esac
  done
  # It has ended, but its parent has not asked for its end yet.
  [ "$total" -gt 0 ] || break
  [ "$total" -ge "$largest" ] || total=$largest
  [ "$total" -le "$peak" ] || { peak=$total && echo "$peak"; }
  sleep $pause >/dev/null || sleep 1 >/dev/null
  pause=${PERIOD}
done`;

/** Watches a process and all that it started, those excepted whose parent ended. */
export function watchMemory(pid: number): PeakMemory {
  if (Deno.build.os !== "linux") return { stop: () => Promise.resolve(undefined) };
  const watch = new Deno.Command("sh", {
    args: ["-c", SCRIPT, "memory-watch", String(pid)],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let printed = "";
  const reading = (async () => {
    for await (const text of watch.stdout.pipeThrough(new TextDecoderStream())) {
      printed = (printed + text).slice(-100);
    }
  })();
  return {
    async stop() {
      try {
        watch.kill("SIGKILL");
      } catch (error) {
        // The process was gone at its last look, and so is it.
        if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
      }
      await Promise.all([reading, watch.status]);
      const last = printed.split("\n").slice(0, -1).at(-1);
      return last === undefined ? undefined : Number(last) * 1024;
    },
  };
}
