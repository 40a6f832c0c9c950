import { formatDuration } from "shopflow/runtime/mod.ts";
import { isOpen, type Job, type Run, type ShownStatus, shownStatus } from "shopflow/jobs/mod.ts";
import {
  dueTimesFrom,
  durationMs,
  relativeTime,
  rulesInWords,
  scheduleInWords,
  shortDateTime,
  shortened,
} from "./wording.ts";
import { jobPath, Legend, Notice, runPath, SchedulersBanner, StatusTag } from "./cell.tsx";
import { utcDay } from "../../state/utc_days.ts";
import type { KnownScheduler } from "shopflow/jobs/scheduler/mod.ts";
import type { JobHistory } from "../../state/jobs_reader.ts";
import type { Access } from "../../access/operator.ts";
import { Layout, renderPage } from "../layout.tsx";
import { JobActions } from "./forms.tsx";
import { Calendar, dayName } from "./calendar.tsx";
import type { DurationsChart } from "./durations_chart.ts";
import { JobTags, LastAndNext, sentence } from "./card.tsx";
import { JOB_STYLES } from "./styles.ts";

interface RunsProps {
  job: Job;
  runs: Run[];
  now: Date;
}

/** Runs as a table, in the order given. */
function RunTable({ job, runs, now }: RunsProps) {
  if (runs.length === 0) return <p class="soft">No runs.</p>;
  return (
    <div class="scroll" tabindex={0} role="region" aria-label={`Runs of ${job.name}`}>
      <table class="runs">
        <thead>
          <tr>
            <th>run</th>
            <th>status</th>
            <th>trigger</th>
            <th>attempts</th>
            <th>took</th>
            <th>reason</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => {
            const took = durationMs(run, now);
            return (
              <tr key={run.scheduledFor}>
                <td>
                  <a href={runPath(run)}>{shortDateTime(new Date(run.scheduledFor), now)}</a>
                </td>
                <td>
                  <StatusTag status={shownStatus(run)} />
                </td>
                <td>{run.trigger}</td>
                <td>{run.attempts.length || "–"}</td>
                <td>{took === undefined ? "–" : formatDuration(took)}</td>
                <td class="reason soft">{shortened(run.reason, 160)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Failures with their reasons. */
function FailureList({ runs, now }: Omit<RunsProps, "job">) {
  return (
    <ul class="failures">
      {runs.map((run) => (
        <li key={run.scheduledFor}>
          <p class="meta">
            <a href={runPath(run)}>{shortDateTime(new Date(run.scheduledFor), now)}</a>
            {run.endedAt && <span>ended {relativeTime(new Date(run.endedAt), now)}</span>}
          </p>
          <p class="reason">{shortened(run.reason, 240)}</p>
        </li>
      ))}
    </ul>
  );
}

interface JobPageProps {
  state: JobHistory;
  schedulers: KnownScheduler[];
  chart?: DurationsChart | undefined;
  access: Access;
  /** A day of the job's time zone whose runs are listed, instead of the last ones. */
  day?: string | undefined;
  did?: string | undefined;
  now: Date;
}

const MOST_LISTED = 50;
const MOST_FAILURES = 5;

/** One job: its runs as a calendar, how long they took, what failed, when it is due, its rules. */
export function renderJobPage({ state, schedulers, chart, access, day, did, now }: JobPageProps): string {
  const { job, runs, paused, removedAt } = state;
  const shown = new Set<ShownStatus>(runs.map(shownStatus));
  const failed = runs.filter(({ status }) => status === "failed").reverse().slice(0, MOST_FAILURES);
  return renderPage(
    <Layout
      title={`${job.name} · Jobs · ShopFlow`}
      here="jobs"
      styles={JOB_STYLES}
      every={runs.some(isOpen) ? 2 : 5}
    >
      <p class="crumbs">
        <a href="/jobs">← All jobs</a>
      </p>
      <div class="title">
        <h1>{job.name}</h1>
        <span id="job-tags" data-live>
          <JobTags state={state} />
        </span>
      </div>
      <p class="lead">{sentence(job.description)}</p>
      <p class="meta">
        <span>{scheduleInWords(job)}</span>
        <span>owner: {job.owner}</span>
      </p>
      <div id="job-now" data-live>
        <dl class="when note">
          <LastAndNext state={state} now={now} />
        </dl>
      </div>
      <Notice did={did} />
      {paused && (
        <p class="banner warn">
          <strong>Paused</strong> by {paused.by} {relativeTime(new Date(paused.at), now)}
          {paused.reason && <span class="reason">{paused.reason}</span>}
        </p>
      )}
      {!schedulers.some(({ alive }) => alive) && <SchedulersBanner schedulers={schedulers} now={now} />}
      {removedAt === undefined
        ? <JobActions job={job} paused={paused !== undefined} access={access} now={now} />
        : <Removed at={removedAt} now={now} />}
      {failed.length > 0 && (
        <section id="job-failures" data-live>
          <h2>Last failures</h2>
          <FailureList runs={failed} now={now} />
        </section>
      )}
      <section id="job-calendar" data-live>
        <h2>Runs of the last five weeks</h2>
        <Calendar job={job} runs={runs} now={now} />
        <Legend statuses={shown} />
      </section>
      {chart && <Durations chart={chart} />}
      {removedAt === undefined && (
        <section>
          <h2>Due next</h2>
          <DueNext job={job} now={now} />
        </section>
      )}
      <section>
        <h2>Rules</h2>
        <Rules job={job} />
      </section>
      <section id="runs" data-live>
        <Runs job={job} runs={runs} day={day} now={now} />
      </section>
    </Layout>,
  );
}

function Removed({ at, now }: { at: string; now: Date }) {
  return (
    <p class="banner warn">
      <strong>Removed</strong> on{" "}
      {shortDateTime(new Date(at), now)}. The job is no longer scheduled. Its open runs end once no scheduler
      knows the job; its run history is kept.
    </p>
  );
}

function Durations({ chart }: { chart: DurationsChart }) {
  return (
    <section>
      <h2>Durations</h2>
      <div class="chart" role="img" aria-label={chart.label}>
        <div class="wide" aria-hidden="true" dangerouslySetInnerHTML={{ __html: chart.wide }} />
        <div class="narrow" aria-hidden="true" dangerouslySetInnerHTML={{ __html: chart.narrow }} />
      </div>
      <p class="soft">{chart.label}.</p>
    </section>
  );
}

function DueNext({ job, now }: { job: Job; now: Date }) {
  if ("on" in job.schedule) return <p class="soft">When the next snapshot is published.</p>;
  const times = dueTimesFrom(job, now, 5);
  return (
    <table>
      <thead>
        <tr>
          <th>due</th>
          <th>
            <span class="soft">from now</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {times.map((time) => (
          <tr key={time.toISOString()}>
            <td>{shortDateTime(time, now)}</td>
            <td class="soft">{relativeTime(time, now)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Rules({ job }: { job: Job }) {
  return (
    <dl class="rules two">
      <div>
        <dt>Depends on</dt>
        <dd>
          {job.dependsOn.length === 0 ? "No other jobs." : job.dependsOn.map((name, i) => (
            <>
              {i > 0 && ", "}
              <a href={jobPath(name)}>{name}</a>
            </>
          ))}
          {job.dependsOn.length > 0 && ": the latest run of each must have succeeded."}
        </dd>
      </div>
      {rulesInWords(job).map(({ name, text }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

function Runs({ job, runs, day, now }: { job: Job; runs: Run[]; day?: string | undefined; now: Date }) {
  const listed = day === undefined
    ? runs.slice(-MOST_LISTED)
    : runs.filter(({ scheduledFor }) => utcDay(new Date(scheduledFor)) === day);
  return (
    <>
      <h2>{day === undefined ? `Last ${MOST_LISTED} runs` : `Runs of ${dayName(day)} (UTC)`}</h2>
      {day !== undefined && (
        <p>
          <a href={`${jobPath(job.name)}#runs`}>The last {MOST_LISTED} runs</a>
        </p>
      )}
      <RunTable job={job} runs={listed.reverse()} now={now} />
    </>
  );
}
