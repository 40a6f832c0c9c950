import { type Job, type Run, shortTime, type ShownStatus, shownStatus } from "shopflow/jobs/mod.ts";
import { BY_GRAVITY, relativeTime, runTitle, STATUSES, statusLabel } from "./wording.ts";
import type { KnownScheduler } from "shopflow/jobs/scheduler/mod.ts";

/** The page of a job. */
export const jobPath = (job: string) => `/jobs/${encodeURIComponent(job)}`;
/** The page of a run. */
export const runPath = ({ job, scheduledFor }: Pick<Run, "job" | "scheduledFor">) =>
  `${jobPath(job)}/runs/${encodeURIComponent(shortTime(scheduledFor)).replaceAll("%3A", ":")}`;

interface CellProps {
  run: Run;
  now: Date;
}

/** One run as a coloured square that leads to its run. */
export function RunCell({ run, now }: CellProps) {
  const title = runTitle(run, now);
  return (
    <a class={`cell s-${shownStatus(run)}`} href={runPath(run)} title={title} aria-label={title}>
      <span aria-hidden="true">{STATUSES[shownStatus(run)]?.sign ?? ""}</span>
    </a>
  );
}

/** Several runs as one square, in the colour of the worst, with the number of those. */
export function RunsCell({ runs, label, href }: { runs: Run[]; label: string; href: string }) {
  const title = `${label}: ${countsInWords(runs)}`;
  const status = worst(runs);
  return (
    <a class={`cell s-${status}`} href={href} title={title} aria-label={title}>
      <span aria-hidden="true">{runs.filter((run) => shownStatus(run) === status).length}</span>
    </a>
  );
}

/** `3 failed, 21 succeeded`. */
function countsInWords(runs: Run[]): string {
  const counts = new Map<ShownStatus, number>();
  for (const status of runs.map(shownStatus)) counts.set(status, (counts.get(status) ?? 0) + 1);
  return BY_GRAVITY.filter((status) => counts.has(status)).map((status) =>
    `${counts.get(status)} ${statusLabel(status)}`
  )
    .join(", ");
}

const worst = (runs: Run[]): ShownStatus =>
  BY_GRAVITY.find((status) => runs.some((run) => shownStatus(run) === status)) ?? "waiting";

/** The last runs of a job in a row, the newest at the end. */
export function Strip({ runs, job, now }: { runs: Run[]; job: Job; now: Date }) {
  if (runs.length === 0) return <p class="soft">No runs yet.</p>;
  return (
    <ol class="strip" aria-label={`Last ${runs.length} runs of ${job.name}, newest last`}>
      {runs.map((run) => (
        <li key={run.scheduledFor}>
          <RunCell run={run} now={now} />
        </li>
      ))}
    </ol>
  );
}

export function StatusTag({ status }: { status: ShownStatus }) {
  return <span class={`status s-${status}`}>{statusLabel(status)}</span>;
}

/** What the colours mean; of those statuses only that are seen. */
export function Legend({ statuses }: { statuses: ReadonlySet<ShownStatus> }) {
  const seen = (Object.keys(STATUSES) as ShownStatus[]).filter((status) => statuses.has(status));
  if (seen.length === 0) return null;
  return (
    <ul class="legend" aria-label="Meaning of the colours">
      {seen.map((status) => (
        <li key={status} title={STATUSES[status].meaning}>
          <span class={`cell s-${status}`} aria-hidden="true">{STATUSES[status].sign}</span>
          {statusLabel(status)}
        </li>
      ))}
    </ul>
  );
}

/** What was done, after the redirect that follows it. Texts are ours alone: an address must not put words in our mouth. */
const NOTICES: Record<string, (numbers: number[]) => string> = {
  run: () => "Run queued. A scheduler will start it shortly.",
  again: () => "Run queued again. It continues with the first unfinished step.",
  cancel: () => "Cancellation requested.",
  cancelled: () => "The run is cancelled.",
  pause: () => "The job is paused: runs that become due are skipped.",
  resume: () => "The job is resumed.",
  backfill: ([queued = 0, unneeded = 0]) =>
    `${queued} ${queued === 1 ? "run" : "runs"} queued` +
    (unneeded > 0 ? `; ${unneeded} already succeeded or are open.` : "."),
};

export type NoticeName = keyof typeof NOTICES;

/** @param did Name of what was done with numbers, as `backfill-12-3`; anything else shows nothing. */
export function Notice({ did }: { did?: string | undefined }) {
  const [name = "", ...numbers] = (did ?? "").split("-");
  const text = Object.hasOwn(NOTICES, name)
    ? NOTICES[name]!(numbers.map(Number).filter(Number.isFinite))
    : undefined;
  return text === undefined ? null : <p class="notice" role="status">{text}</p>;
}

/** How many schedulers live, or that none does. */
export function SchedulersBanner({ schedulers, now }: { schedulers: KnownScheduler[]; now: Date }) {
  const alive = schedulers.filter((scheduler) => scheduler.alive);
  if (alive.length === 0) {
    const last = schedulers.map(({ heartbeatAt }) => heartbeatAt).sort().at(-1);
    return (
      <div class="banner warn" role="status">
        <strong>No scheduler is running.</strong>
        <span>
          Start one with <code>deno task schedule</code>
        </span>
        {last !== undefined && <span class="soft">Last heartbeat: {relativeTime(new Date(last), now)}.</span>}
      </div>
    );
  }
  return (
    <div class="banner">
      <strong>
        {alive.length === 1 ? "1 scheduler is running" : `${alive.length} schedulers are running`}
      </strong>
      {alive.slice(0, 5).map(({ id, owner, startedAt }) => (
        <span key={id} class="soft">
          <code>{owner}</code> started {relativeTime(new Date(startedAt), now)}
        </span>
      ))}
      {alive.length > 5 && <span class="soft">and {alive.length - 5} more</span>}
    </div>
  );
}
