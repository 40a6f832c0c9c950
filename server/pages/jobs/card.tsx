import { formatDuration, formatTime } from "shopflow/runtime/mod.ts";
import { type Job, type Run, shownStatus } from "shopflow/jobs/mod.ts";
import { pausedText } from "shopflow/jobs/scheduler/mod.ts";
import type { JobHistory } from "../../state/jobs_reader.ts";
import { dueNext, durationMs, relativeTime, scheduleInWords, shortDateTime, shortened } from "./wording.ts";
import { jobPath, runPath, StatusTag, Strip } from "./cell.tsx";

/** One job in the overview. */
export function JobCard({ state, strip, now }: { state: JobHistory; strip: number; now: Date }) {
  const { job, runs, removedAt } = state;
  return (
    <article class="card job">
      <header>
        <h3>
          <a href={jobPath(job.name)}>{job.name}</a>
        </h3>
        <JobTags state={state} />
        <span class="owner">{job.owner}</span>
      </header>
      <div class="row">
        <div>
          <p class="soft">{sentence(job.description)}</p>
          {removedAt === undefined && <p class="meta">{scheduleInWords(job)}</p>}
        </div>
        <dl class="when">
          <LastAndNext state={state} now={now} />
        </dl>
      </div>
      <Strip runs={runs.slice(-strip)} job={job} now={now} />
    </article>
  );
}

/** What a run may be at that people look after. */
const GOING_ON = ["running", "retrying", "interrupted"] as const;

/** What is special about a job now. */
export function JobTags({ state: { runs, removedAt, paused, unreadable } }: { state: JobHistory }) {
  return (
    <>
      {GOING_ON.filter((status) => runs.some((run) => run.status === status)).map((status) => (
        <StatusTag key={status} status={status} />
      ))}
      {removedAt !== undefined && (
        <span class="tag" title={`removed at ${formatTime(removedAt)}`}>removed</span>
      )}
      {paused && <PausedTag paused={paused} />}
      {unreadable.length > 0 && <UnreadableTag unreadable={unreadable} />}
    </>
  );
}

/** When the job ran last and when it is due next, as entries of a list of definitions. */
export function LastAndNext({ state: { job, runs, removedAt }, now }: { state: JobHistory; now: Date }) {
  const last = runs.findLast(({ attempts, endedAt }) => attempts.length > 0 && endedAt !== undefined);
  return (
    <>
      <dt>Last run</dt>
      <dd>
        <LastRun run={last} now={now} />
      </dd>
      <dt>Next due</dt>
      <dd>
        {removedAt === undefined
          ? <NextDue job={job} now={now} />
          : <span class="soft">never: the job was removed {relativeTime(new Date(removedAt), now)}</span>}
      </dd>
    </>
  );
}

function LastRun({ run, now }: { run?: Run | undefined; now: Date }) {
  if (run === undefined) return <span class="soft">none yet</span>;
  return (
    <>
      <StatusTag status={shownStatus(run)} />{" "}
      <a href={runPath(run)}>{shortDateTime(new Date(run.scheduledFor), now)}</a>
      <span class="soft">, {formatDuration(durationMs(run, now) ?? 0)}</span>
    </>
  );
}

function NextDue({ job, now }: { job: Job; now: Date }) {
  const next = dueNext(job, now);
  if (next === undefined) {
    return <span class="soft">{"on" in job.schedule ? "with the next snapshot" : "never"}</span>;
  }
  return (
    <>
      <time datetime={next.toISOString()}>{shortDateTime(next, now)}</time>{" "}
      <span class="soft">{relativeTime(next, now)}</span>
    </>
  );
}

function PausedTag({ paused }: { paused: NonNullable<JobHistory["paused"]> }) {
  return (
    <span class="tag" title={shortened(pausedText(paused))}>
      paused
    </span>
  );
}

/** What exactly is wrong is in the server's log. */
function UnreadableTag({ unreadable }: { unreadable: string[] }) {
  return (
    <span class="tag bad" title={`cannot be read: ${shortened(unreadable.join(", "))}`}>
      part of the run history is unreadable
    </span>
  );
}

/** Descriptions are written without capital and stop. */
export function sentence(text: string): string {
  const capitalised = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capitalised) ? capitalised : `${capitalised}.`;
}
