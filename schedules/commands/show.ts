import { formatBytes, formatDuration } from "shopflow/runtime/mod.ts";
import type { Command } from "commander";
import {
  formatRunName,
  hasSucceeded,
  type Job,
  type Request,
  type Slot,
  stepName,
} from "shopflow/jobs/mod.ts";
import { textTable } from "shopflow/cli/mod.ts";
import { scheduleText } from "../run_scheduler.ts";
import { findKnownJob, findRun, type KnownJob } from "./find.ts";
import { answer, type JobsContext, type JsonFlag } from "./context.ts";
import { attemptText, statusText, utcText, zoneText } from "./text.ts";

/** `jobs show RUN`: everything about a slot. */
export function addShowCommand(program: Command, context: () => JobsContext): void {
  program.command("show")
    .description("show a run: its data interval, steps, tries, and who asked for what")
    .argument("<run>", "JOB@SLOT as `runs` prints it, or a job's name for its last run")
    .option("--json", "print the ledger's entry")
    .addHelpText("after", "\nExample:\n  deno task jobs show refresh-data@2024-10-02T03:05Z")
    .action(async (name: string, flags: JsonFlag) => {
      const slot = await findRun(context(), name);
      const known = await findKnownJob(context(), slot.job);
      answer(context(), slot, () => runText(context(), known, slot), flags);
    });
}

function runText({ paint, runtime }: JobsContext, known: KnownJob, slot: Slot): string {
  const lines = facts(known, slot).map(([name, value]) => `  ${paint("dim", name.padEnd(13))} ${value}`);
  const head = `${paint("bold", formatRunName(slot))}  ${statusText(slot, paint)}`;
  return [head, ...lines, "", attemptsText(slot, runtime.now())].join("\n");
}

function facts({ job, note }: KnownJob, slot: Slot): [string, string][] {
  const { interval, requestedBy, cancelledBy, notBefore, endedAt, unmet } = slot;
  const local = "on" in job.schedule ? "" : ` (${zoneText(slot.slot, job.schedule.timeZone)})`;
  const maybe = (name: string, value: string | undefined): [string, string][] =>
    value === undefined ? [] : [[name, value]];
  return [
    ["why", slot.reason],
    ["job", `${job.description} (${job.owner})`],
    ...maybe("note", note),
    ["due", `${utcText(slot.slot)} UTC${local}, ${slot.trigger}`],
    ["schedule", scheduleText(job)],
    ["data", `from ${utcText(interval.from)} to ${utcText(interval.to)} UTC`],
    ["steps", job.steps.map((step) => stepText(stepName(step), slot)).join(", ")],
    ["entered", `${utcText(slot.enteredAt)} UTC`],
    ...maybe("not before", notBefore && `${utcText(notBefore)} UTC`),
    ...maybe("asked for by", requestText(requestedBy)),
    ...maybe("not awaited", unmet?.join("; ")),
    ...maybe("cancelled by", requestText(cancelledBy)),
    ...maybe("ended", endedAt && `${utcText(endedAt)} UTC, ${afterDue(slot, endedAt)}`),
    ...maybe("SLA", slaText(job, slot)),
  ];
}

/** That the last step is done is only said by the status. */
const stepText = (name: string, slot: Slot) =>
  slot.stepsDone.includes(name) || hasSucceeded(slot) ? `${name} (done)` : name;

const afterDue = ({ slot }: Slot, endedAt: string) =>
  `${formatDuration(Date.parse(endedAt) - Date.parse(slot))} after it was due`;

/** Nobody waits for a run that a person asked for, but that person. */
function slaText({ slaMinutes }: Job, { slot, trigger }: Slot): string | undefined {
  if (slaMinutes === undefined || trigger === "manual" || trigger === "backfill") return undefined;
  const milliseconds = slaMinutes * 60_000;
  return `${formatDuration(milliseconds)}, until ${utcText(new Date(Date.parse(slot) + milliseconds))} UTC`;
}

const requestText = (request: Request | undefined) =>
  request && `${request.by} at ${utcText(request.at)} UTC`;

function attemptsText({ attempts }: Slot, now: Date): string {
  if (attempts.length === 0) return "It was not tried.";
  const columns = ["try", "started (UTC)", "took", "ended", "exit code", "peak memory", "scheduler", "why"];
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
