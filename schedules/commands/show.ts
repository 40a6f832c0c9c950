import { formatBytes, formatDuration } from "shopflow/runtime/mod.ts";
import type { Command } from "commander";
import { InputError } from "shopflow/errors/mod.ts";
import { formatRunName, isFinal, type Job, type Request, type Run, stepName } from "shopflow/jobs/mod.ts";
import { followRunLog, readRunLog } from "shopflow/jobs/execution/mod.ts";
import { textTable, wholeNumber } from "shopflow/cli/mod.ts";
import { scheduleText } from "../run_scheduler.ts";
import { findKnownJob, findRun, type KnownJob } from "./find.ts";
import { answer, type JobsContext, type JsonFlag } from "./context.ts";
import { attemptText, statusText, utcText } from "./text.ts";

/** `jobs show RUN`: everything about a run. */
export function addShowCommand(program: Command, context: () => JobsContext): void {
  program.command("show")
    .description("show a run: its data interval, steps and attempts, and who requested it")
    .argument("<run>", "JOB@TIME as `runs` prints it, or a job's name for its last run")
    .option("--json", "print the run as JSON")
    .addHelpText("after", "\nExample:\n  deno task jobs show refresh-data@2024-10-02T03:05Z")
    .action(async (name: string, flags: JsonFlag) => {
      const run = await findRun(context(), name);
      const known = await findKnownJob(context(), run.job);
      answer(context(), run, () => runText(context(), known, run), flags);
    });
}

function runText({ paint, runtime }: JobsContext, known: KnownJob, run: Run): string {
  const lines = facts(known, run).map(([name, value]) => `  ${paint("dim", name.padEnd(13))} ${value}`);
  const head = `${paint("bold", formatRunName(run))}  ${statusText(run, paint)}`;
  return [head, ...lines, "", attemptsText(run, runtime.now())].join("\n");
}

function facts({ job, note }: KnownJob, run: Run): [string, string][] {
  const { dataInterval, requestedBy, cancelledBy, notBefore, endedAt, unmet } = run;
  const maybe = (name: string, value: string | undefined): [string, string][] =>
    value === undefined ? [] : [[name, value]];
  return [
    ["reason", run.reason],
    ["job", `${job.description} (${job.owner})`],
    ...maybe("note", note),
    ["due", `${utcText(run.scheduledFor)} UTC, ${run.trigger}`],
    ["schedule", scheduleText(job)],
    ["data", `from ${utcText(dataInterval.start)} to ${utcText(dataInterval.end)} UTC`],
    ["steps", job.steps.map((step) => stepText(stepName(step), run)).join(", ")],
    ["planned", `${utcText(run.plannedAt)} UTC`],
    ...maybe("not before", notBefore && `${utcText(notBefore)} UTC`),
    ...maybe("requested by", requestText(requestedBy)),
    ...maybe("unmet", unmet?.join("; ")),
    ...maybe("cancelled by", requestText(cancelledBy)),
    ...maybe("ended", endedAt && `${utcText(endedAt)} UTC, ${afterDue(run, endedAt)}`),
    ...maybe("SLA", slaText(job, run)),
  ];
}

const stepText = (name: string, run: Run) => run.stepsDone.includes(name) ? `${name} (done)` : name;

const afterDue = ({ scheduledFor }: Run, endedAt: string) =>
  `${formatDuration(Date.parse(endedAt) - Date.parse(scheduledFor))} after it was due`;

/** A run that was triggered by hand is awaited by the person who triggered it only. */
function slaText({ slaMinutes }: Job, { scheduledFor, trigger }: Run): string | undefined {
  if (slaMinutes === undefined || trigger === "manual" || trigger === "backfill") return undefined;
  const milliseconds = slaMinutes * 60_000;
  return `${formatDuration(milliseconds)}, until ${
    utcText(new Date(Date.parse(scheduledFor) + milliseconds))
  } UTC`;
}

const requestText = (request: Request | undefined) =>
  request && `${request.by} at ${utcText(request.at)} UTC`;

function attemptsText({ attempts }: Run, now: Date): string {
  if (attempts.length === 0) return "It was not started.";
  const columns = [
    "attempt",
    "started (UTC)",
    "took",
    "ended",
    "exit code",
    "peak memory",
    "scheduler",
    "reason",
  ];
  const rows = attempts.map((attempt) => [
    String(attempt.number),
    utcText(attempt.startedAt),
    attemptText(attempt, now),
    attempt.ended ?? "running",
    attempt.exitCode === undefined ? "–" : String(attempt.exitCode),
    attempt.peakBytes === undefined ? "–" : formatBytes(attempt.peakBytes),
    attempt.owner,
    attempt.reason ?? "",
  ]);
  return textTable(columns.map((title) => ({ title })), rows);
}

interface LogsFlags {
  follow?: boolean;
  attempt?: number;
}

/** `jobs logs RUN`: what the processes of a run printed. */
export function addLogsCommand(program: Command, context: () => JobsContext): void {
  program.command("logs")
    .description("print the log of a run's last attempt")
    .argument("<run>", "JOB@TIME as `runs` prints it, or a job's name for its last run")
    .option("--follow", "follow the log until the run ends")
    .option("--attempt <number>", "print the log of this attempt", wholeNumber)
    .addHelpText("after", "\nExample:\n  deno task jobs logs train-models --follow")
    .action((name: string, flags: LogsFlags) => logs(context(), name, flags));
}

async function logs(context: JobsContext, name: string, flags: LogsFlags): Promise<void> {
  const { ledger, store, print } = context;
  const { attempt } = flags;
  const run = await findRun(context, name);
  if (attempt !== undefined) refuseUnknown(run, attempt, flags);
  const lines = flags.follow
    ? followRunLog(store, run, { attempt, ended: async () => hasEnded(await ledger.run(run), attempt) })
    : readRunLog(store, run, attempt);
  let printed = 0;
  for await (const line of lines) {
    print(line);
    printed++;
  }
  if (printed === 0) {
    context.runtime.log.info(`${formatRunName(run)} has no log; it is ${run.status}: ${run.reason}`);
  }
}

/** Nobody writes on: the run has ended, or the attempt that is followed. */
const hasEnded = (run: Run | undefined, attempt: number | undefined): boolean =>
  run === undefined || isFinal(run.status) ||
  run.attempts.some(({ number, finishedAt }) => number === attempt && finishedAt !== undefined);

function refuseUnknown({ attempts, ...run }: Run, attempt: number, { follow }: LogsFlags): void {
  if (attempts.some(({ number }) => number === attempt)) return;
  // A later attempt may be about to come.
  if (follow && attempt > (attempts.at(-1)?.number ?? 0) && !isFinal(run.status)) return;
  throw new InputError(`${formatRunName(run)} has no attempt ${attempt}`, {
    expected: attempts.length === 0
      ? "no --attempt: it was not started"
      : `one of ${attempts.map(({ number }) => number).join(", ")}`,
  });
}
