import { formatDuration } from "shopflow/runtime/mod.ts";
import {
  type Attempt,
  formatRunName,
  hasSucceeded,
  isOpen,
  type Job,
  type Request,
  type Run,
  shownStatus,
  stepName,
} from "shopflow/jobs/mod.ts";
import type { JobState } from "shopflow/jobs/ledger/mod.ts";
import { runsWhilePaused } from "shopflow/jobs/requests/mod.ts";
import type { LogTail } from "../../state/run_log.ts";
import type { Access } from "../../access/operator.ts";
import { Layout, renderPage } from "../layout.tsx";
import { AccessNote, ActionsOff, RunAction } from "./forms.tsx";
import { JOB_STYLES } from "./styles.ts";
import { attemptEnd, formatBytes, relativeTime, shortDateTime, STATUSES } from "./wording.ts";
import { jobPath, Notice, runPath, StatusTag } from "./cell.tsx";

interface RunPageProps {
  job: Job;
  /** When the job was removed. */
  removedAt?: string | undefined;
  paused?: JobState["paused"];
  run: Run;
  log: LogTail;
  access: Access;
  did?: string | undefined;
  now: Date;
}

/** One run: its status and reason, its attempts, steps and log. */
export function renderRunPage({ job, removedAt, paused, run, log, access, did, now }: RunPageProps): string {
  const due = shortDateTime(new Date(run.scheduledFor), now);
  const open = isOpen(run);
  return renderPage(
    <Layout
      title={`${job.name}, ${due} · ShopFlow`}
      here="jobs"
      styles={JOB_STYLES}
      every={open ? 2 : undefined}
    >
      <p class="crumbs">
        <a href="/jobs">All jobs</a> / <a href={jobPath(job.name)}>{job.name}</a>
      </p>
      <h1>{due}</h1>
      <Notice did={did} />
      <div id="run" data-live>
        <p>
          <StatusTag status={shownStatus(run)} />{" "}
          <span class="soft">{STATUSES[shownStatus(run)]?.meaning}</span>
        </p>
        <p class="lead reason">{run.reason}</p>
        {open && paused && <PausedJob run={run} paused={paused} now={now} />}
        <RunActions run={run} removed={removedAt !== undefined} access={access} />
        <Facts run={run} now={now} />
        <h2>Steps</h2>
        <Steps job={job} run={run} />
        <h2>Attempts</h2>
        <Attempts attempts={run.attempts} now={now} />
        <Log run={run} log={log} open={open} />
      </div>
    </Layout>,
  );
}

function RunActions({ run, removed, access }: { run: Run; removed: boolean; access: Access }) {
  if (hasSucceeded(run)) return null;
  if (removed && !isOpen(run)) {
    return <p class="soft">It cannot be run again: the job was removed.</p>;
  }
  if (access.state === "off") return <ActionsOff remedy={access.remedy} />;
  const ending = isOpen(run) && run.cancelledBy !== undefined;
  return (
    <>
      <div class="actions">
        {ending
          ? <p class="soft">Cancellation requested.</p>
          : isOpen(run)
          ? <RunAction action={`${runPath(run)}/cancel`} label="Cancel" stop />
          : <RunAction action={`${runPath(run)}/again`} label="Run again" />}
      </div>
      <AccessNote access={access} />
    </>
  );
}

/** What the pause of a job means for a run of it that has not ended. */
function PausedJob({ run, paused, now }: {
  run: Run;
  paused: NonNullable<JobState["paused"]>;
  now: Date;
}) {
  return (
    <p class="banner warn">
      <strong>The job is paused</strong> by {paused.by} {relativeTime(new Date(paused.at), now)}.{" "}
      {run.status === "running"
        ? "This run goes on: a pause keeps runs from starting."
        : runsWhilePaused(run)
        ? "This run was triggered by hand, so it starts all the same."
        : "This run waits until the job is resumed."}
      {paused.reason && <span class="reason">{paused.reason}</span>}
    </p>
  );
}

function Facts({ run, now }: { run: Run; now: Date }) {
  const time = (iso: string) => <time datetime={iso}>{shortDateTime(new Date(iso), now)}</time>;
  const asked = (request: Request) => (
    <>
      {request.by} <span class="soft">{relativeTime(new Date(request.at), now)}</span>
    </>
  );
  return (
    <dl class="when note">
      <dt>Run</dt>
      <dd>
        <code>{formatRunName(run)}</code>
      </dd>
      <dt>Due</dt>
      <dd>
        {time(run.scheduledFor)}
      </dd>
      <dt>Data interval</dt>
      <dd>
        {time(run.dataInterval.start)} to {time(run.dataInterval.end)}
      </dd>
      <dt>Trigger</dt>
      <dd>{run.trigger}</dd>
      <dt>Planned</dt>
      <dd>{time(run.plannedAt)}</dd>
      {run.notBefore && (
        <>
          <dt>Not before</dt>
          <dd>{time(run.notBefore)}</dd>
        </>
      )}
      {run.endedAt && (
        <>
          <dt>Ended</dt>
          <dd>{time(run.endedAt)}</dd>
        </>
      )}
      {run.requestedBy && (
        <>
          <dt>Requested by</dt>
          <dd>{asked(run.requestedBy)}</dd>
        </>
      )}
      {run.unmet && (
        <>
          <dt>Unmet dependencies (ignored)</dt>
          <dd class="reason">{run.unmet.join("; ")}</dd>
        </>
      )}
      {run.cancelledBy && (
        <>
          <dt>Cancelled by</dt>
          <dd>{asked(run.cancelledBy)}</dd>
        </>
      )}
    </dl>
  );
}

/** Those of the job as it is now, and those that were done when it had others. */
function Steps({ job, run }: { job: Job; run: Run }) {
  const names = job.steps.map(stepName);
  const removed = run.stepsDone.filter((name) => !names.includes(name));
  const last = names.find((name) => !run.stepsDone.includes(name));
  return (
    <ol class="steps">
      {[...removed, ...names].map((name) => {
        const state = run.stepsDone.includes(name)
          ? "succeeded"
          : name === last
          ? stateOfLast(run)
          : undefined;
        return (
          <li key={name}>
            <span class={`cell ${state === undefined ? "open" : `s-${state}`}`} aria-hidden="true">
              {state === "succeeded" ? "✓" : state === undefined ? "" : STATUSES[state].sign}
            </span>
            {name} <span class="soft">{state === undefined ? "not started" : STEP_STATES[state]}</span>
          </li>
        );
      })}
    </ol>
  );
}

/** How the words for steps differ from those for runs. */
const STEP_STATES = {
  succeeded: "done",
  failed: "failed",
  retrying: "failed, tried again",
  cancelled: "cancelled",
  superseded: "stopped",
  interrupted: "interrupted",
  running: "running",
} as const;

/** The state of the first step that is not done; undefined when no attempt of the run has begun. */
function stateOfLast({ status, attempts }: Run): keyof typeof STEP_STATES | undefined {
  if (attempts.length === 0) return undefined;
  return status in STEP_STATES ? status as keyof typeof STEP_STATES : undefined;
}

function Attempts({ attempts, now }: { attempts: Attempt[]; now: Date }) {
  if (attempts.length === 0) return <p class="soft">It was not started.</p>;
  return (
    <div class="scroll" tabindex={0} role="region" aria-label="Attempts">
      <table class="runs">
        <thead>
          <tr>
            <th>no.</th>
            <th>ended</th>
            <th>started</th>
            <th>took</th>
            <th>peak memory</th>
            <th>where</th>
            <th>reason</th>
          </tr>
        </thead>
        <tbody>
          {attempts.map((attempt) => (
            <tr key={attempt.number}>
              <td>{attempt.number}</td>
              <td>
                {attemptEnd(attempt)}
                {attempt.exitCode !== undefined && attempt.exitCode !== 0 && (
                  <span class="soft">, exit code {attempt.exitCode}</span>
                )}
              </td>
              <td>{shortDateTime(new Date(attempt.startedAt), now)}</td>
              <td>
                {attempt.ended !== undefined && attempt.finishedAt === undefined ? "unknown" : formatDuration(
                  (attempt.finishedAt ? Date.parse(attempt.finishedAt) : now.getTime()) -
                    Date.parse(attempt.startedAt),
                )}
              </td>
              <td>{attempt.peakBytes === undefined ? "–" : formatBytes(attempt.peakBytes)}</td>
              <td>
                <code>{attempt.owner}</code>
              </td>
              <td class="reason soft">{attempt.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Log({ run, log, open }: { run: Run; log: LogTail; open: boolean }) {
  const whole = (attempt: number) => `${runPath(run)}/log?attempt=${attempt}`;
  return (
    <>
      <h2>Log</h2>
      {run.attempts.length > 0 && (
        <p class="meta">
          {run.attempts.map(({ number }) => (
            <a key={number} href={whole(number)}>full log of attempt {number}</a>
          ))}
          {open && <span class="live">updates automatically</span>}
        </p>
      )}
      {log.problem !== undefined
        ? <p class="soft">The log cannot be read; see the server's log for the reason.</p>
        : log.lines.length === 0
        ? (
          <p class="soft">
            {run.attempts.length === 0 ? "No log: the run has not started." : "The log is still empty."}
          </p>
        )
        : (
          <>
            {log.before > 0 && (
              <p class="soft">
                Last {log.lines.length} lines; {log.before} earlier lines are in the full log.
              </p>
            )}
            <pre
              class="log"
              data-tail
              tabindex={0}
              role="region"
              aria-label="Log"
            >{log.lines.join("\n")}</pre>
          </>
        )}
    </>
  );
}
