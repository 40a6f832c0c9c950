import { formatDuration } from "shopflow/runtime/mod.ts";
import {
  type Attempt,
  hasSucceeded,
  isOpen,
  type Job,
  type Request,
  shortTime,
  type Slot,
  stepName,
} from "shopflow/jobs/mod.ts";
import type { LogTail } from "../../state/run_log.ts";
import { zoneOf } from "../../state/local_time.ts";
import type { Access } from "../../access/operator.ts";
import { Layout, renderPage } from "../layout.tsx";
import { AccessNote, ActionsOff, RunAction } from "./forms.tsx";
import { JOB_STYLES } from "./styles.ts";
import { formatBytes, relativeTime, shortDateTime, STATUSES } from "./wording.ts";
import { jobPath, Notice, runPath, StatusTag } from "./cell.tsx";

interface RunPageProps {
  job: Job;
  /** When the job was removed. */
  removedAt?: string;
  slot: Slot;
  log: LogTail;
  access: Access;
  did?: string;
  now: Date;
}

/** One run: what became of it and why, its tries, its steps, its log. */
export function renderRunPage({ job, removedAt, slot, log, access, did, now }: RunPageProps): string {
  const due = shortDateTime(new Date(slot.slot), zoneOf(job), now);
  const open = isOpen(slot);
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
          <StatusTag status={slot.status} /> <span class="soft">{STATUSES[slot.status]?.meaning}</span>
        </p>
        <p class="lead reason">{slot.reason}</p>
        <RunActions slot={slot} removed={removedAt !== undefined} access={access} />
        <Facts job={job} slot={slot} now={now} />
        <h2>Steps</h2>
        <Steps job={job} slot={slot} />
        <h2>Tries</h2>
        <Tries job={job} attempts={slot.attempts} now={now} />
        <Log slot={slot} log={log} open={open} />
      </div>
    </Layout>,
  );
}

function RunActions({ slot, removed, access }: { slot: Slot; removed: boolean; access: Access }) {
  if (hasSucceeded(slot)) return null;
  if (removed && !isOpen(slot)) {
    return <p class="soft">It cannot be run again: the job was removed.</p>;
  }
  if (access.state === "off") return <ActionsOff remedy={access.remedy} />;
  const ending = isOpen(slot) && slot.cancelledBy !== undefined;
  return (
    <>
      <div class="actions">
        {ending
          ? <p class="soft">It is asked to end.</p>
          : isOpen(slot)
          ? <RunAction action={`${runPath(slot)}/cancel`} label="Cancel" stop />
          : <RunAction action={`${runPath(slot)}/again`} label="Run again" />}
      </div>
      <AccessNote access={access} />
    </>
  );
}

function Facts({ job, slot, now }: { job: Job; slot: Slot; now: Date }) {
  const zone = zoneOf(job);
  const time = (iso: string) => <time datetime={iso}>{shortDateTime(new Date(iso), zone, now)}</time>;
  const asked = (request: Request) => (
    <>
      {request.by} <span class="soft">{relativeTime(new Date(request.at), now)}</span>
    </>
  );
  return (
    <dl class="when note">
      <dt>Slot</dt>
      <dd>
        {time(slot.slot)} {zone} <span class="soft">({shortTime(slot.slot)})</span>
      </dd>
      <dt>Data of</dt>
      <dd>
        {time(slot.interval.from)} to {time(slot.interval.to)}
      </dd>
      <dt>Trigger</dt>
      <dd>{slot.trigger}</dd>
      <dt>Entered</dt>
      <dd>{time(slot.enteredAt)}</dd>
      {slot.notBefore && (
        <>
          <dt>Not before</dt>
          <dd>{time(slot.notBefore)}</dd>
        </>
      )}
      {slot.endedAt && (
        <>
          <dt>Ended</dt>
          <dd>{time(slot.endedAt)}</dd>
        </>
      )}
      {slot.requestedBy && (
        <>
          <dt>Asked for by</dt>
          <dd>{asked(slot.requestedBy)}</dd>
        </>
      )}
      {slot.unmet && (
        <>
          <dt>Not waited for</dt>
          <dd class="reason">{slot.unmet.join("; ")}</dd>
        </>
      )}
      {slot.cancelledBy && (
        <>
          <dt>Cancelled by</dt>
          <dd>{asked(slot.cancelledBy)}</dd>
        </>
      )}
    </dl>
  );
}

/** Those of the job as it is now, and those that were done when it had others. */
function Steps({ job, slot }: { job: Job; slot: Slot }) {
  const names = job.steps.map(stepName);
  const former = slot.stepsDone.filter((name) => !names.includes(name));
  const next = slot.status === "running" ? names.find((name) => !slot.stepsDone.includes(name)) : undefined;
  return (
    <ol class="steps">
      {[...former, ...names].map((name) => {
        const done = slot.stepsDone.includes(name);
        const state = done ? "done" : name === next ? "runs" : "not done";
        return (
          <li key={name}>
            <span
              class={`cell ${done ? "s-succeeded" : name === next ? "s-running" : "open"}`}
              aria-hidden="true"
            >
              {done ? "✓" : name === next ? STATUSES.running.sign : ""}
            </span>
            {name} <span class="soft">{state}</span>
          </li>
        );
      })}
    </ol>
  );
}

function Tries({ job, attempts, now }: { job: Job; attempts: Attempt[]; now: Date }) {
  if (attempts.length === 0) return <p class="soft">It was not started.</p>;
  return (
    <div class="scroll" tabindex={0} role="region" aria-label="Tries">
      <table class="slots">
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
              <td>{attempt.ended ?? "goes on"}</td>
              <td>{shortDateTime(new Date(attempt.startedAt), zoneOf(job), now)}</td>
              <td>
                {formatDuration(
                  (attempt.finishedAt ? Date.parse(attempt.finishedAt) : now.getTime()) -
                    Date.parse(attempt.startedAt),
                )}
              </td>
              <td>{attempt.peakBytes === undefined ? "–" : formatBytes(attempt.peakBytes)}</td>
              <td>
                <code>{attempt.owner}</code>
              </td>
              <td class="reason soft">
                {attempt.reason}
                {attempt.exitCode !== undefined && attempt.exitCode !== 0 &&
                  ` (exit code ${attempt.exitCode})`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Log({ slot, log, open }: { slot: Slot; log: LogTail; open: boolean }) {
  const whole = (attempt: number) => `${runPath(slot)}/log?attempt=${attempt}`;
  return (
    <>
      <h2>Log</h2>
      {slot.attempts.length > 0 && (
        <p class="meta">
          {slot.attempts.map(({ number }) => (
            <a key={number} href={whole(number)}>whole log of try {number}</a>
          ))}
          {open && <span class="live">this page keeps itself up to date</span>}
        </p>
      )}
      {log.problem !== undefined
        ? <p class="soft">The log cannot be read; this server's own log says why.</p>
        : log.lines.length === 0
        ? (
          <p class="soft">
            {slot.attempts.length === 0 ? "A run that did not start has none." : "Nothing was written yet."}
          </p>
        )
        : (
          <>
            {log.before > 0 && (
              <p class="soft">The last {log.lines.length} lines; {log.before} are before them.</p>
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
