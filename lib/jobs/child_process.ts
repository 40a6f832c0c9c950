/** A program to start, without a shell. */
export interface ProgramCall {
  program: string;
  args: string[];
  /** Working directory. */
  cwd: string;
}

export interface ChildOptions {
  timeoutMs: number;
  /** Ends the program early. */
  signal?: AbortSignal;
  /** Receives what the program prints, line by line. */
  onLine?: (line: string) => void;
  /** How much of the end of its output is kept, in characters; default 20,000. */
  keep?: number;
  /** Between asking the program to stop and killing it, in milliseconds; default 5000. */
  graceMs?: number;
}

export interface ChildResult {
  /** `exited` by itself, or ended by us. */
  ended: "exited" | "timed out" | "cancelled";
  exitCode: number;
  /** Name of the signal that killed it. */
  killedBy: string | null;
  /** The end of standard output and standard error, in the order they came. */
  output: string;
}

/** How long after a program's end its last output may take to arrive. */
const LAST_OUTPUT_MS = 1000;

/** Runs a program to its end within a time limit. It is asked to stop (SIGTERM) before it is killed. */
export async function runChild(call: ProgramCall, options: ChildOptions): Promise<ChildResult> {
  const { timeoutMs, signal, onLine, keep = 20_000, graceMs = 5000 } = options;
  const child = new Deno.Command(call.program, {
    args: call.args,
    cwd: call.cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  const take = (line: string) => {
    output = `${output}${line}\n`.slice(-keep);
    onLine?.(line);
  };
  const stopReading = new AbortController();
  const reading = Promise.allSettled(
    [child.stdout, child.stderr].map((stream) =>
      stream.pipeThrough(new TextDecoderStream()).pipeTo(lineSink(take), { signal: stopReading.signal })
    ),
  );

  let ended: ChildResult["ended"] = "exited";
  const timers: ReturnType<typeof setTimeout>[] = [];
  const end = (why: "timed out" | "cancelled") => {
    if (ended !== "exited") return;
    ended = why;
    kill(child, "SIGTERM");
    timers.push(setTimeout(() => kill(child, "SIGKILL"), graceMs));
  };
  const cancel = () => end("cancelled");
  timers.push(setTimeout(() => end("timed out"), timeoutMs));
  signal?.addEventListener("abort", cancel);
  if (signal?.aborted) cancel();

  const status = await child.status;
  signal?.removeEventListener("abort", cancel);
  // A grandchild that outlives the program holds the pipes open: its output is not waited for.
  timers.push(setTimeout(() => stopReading.abort(), LAST_OUTPUT_MS));
  await reading;
  timers.forEach(clearTimeout);
  return { ended, exitCode: status.code, killedBy: status.signal, output };
}

/** Cuts text into lines; the last one may lack its line break. */
function lineSink(take: (line: string) => void): WritableStream<string> {
  let rest = "";
  return new WritableStream({
    write(text) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      lines.forEach(take);
    },
    close() {
      if (rest !== "") take(rest);
    },
  });
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    // It ended between our decision and the signal.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}
