import { formatDuration } from "shopflow/runtime/mod.ts";
import {
  FINAL_STATUSES,
  isOpen,
  type Job,
  type Run,
  type ShownStatus,
  shownStatus,
} from "shopflow/jobs/mod.ts";
import type { JobHistory, JobsOverview } from "../../state/jobs_reader.ts";
import { Layout, renderPage } from "../layout.tsx";
import { JobCard } from "./card.tsx";
import { JOB_STYLES } from "./styles.ts";
import { durationMs, relativeTime, shortDateTime, shortened } from "./wording.ts";
import { jobPath, Legend, runPath, SchedulersBanner, StatusTag } from "./cell.tsx";

interface IndexFilter {
  owner?: string | undefined;
  /** Of the last run, or `paused`. */
  status?: string | undefined;
}

interface IndexProps {
  board: JobsOverview;
  filter: IndexFilter;
  now: Date;
}

/** Runs of a job that the overview shows. */
const STRIP = 30;
const MOST_FAILURES = 5;

/** All jobs: what they did, what they do now, when they are due. */
export function renderJobsIndex({ board, filter, now }: IndexProps): string {
  const { definitions, schedulers, jobs, removed } = board;
  return renderPage(
    <Layout title="Jobs · ShopFlow" here="jobs" styles={JOB_STYLES} every={5}>
      <h1>Jobs</h1>
      <p class="lead">Scheduled jobs and their run history.</p>
      <div id="jobs-state" data-live>
        {definitions === undefined ? <NoScheduler /> : (
          <>
            <SchedulersBanner schedulers={schedulers} now={now} />
            <RunningNow jobs={[...jobs, ...removed]} now={now} />
            <Failures jobs={[...jobs, ...removed]} now={now} />
          </>
        )}
      </div>
      {definitions !== undefined && (
        <>
          <h2>All jobs</h2>
          <Filters jobs={jobs.map(({ job }) => job)} filter={filter} />
          <div id="jobs-list" data-live>
            <JobList jobs={jobs.filter((state) => matches(state, filter))} now={now} />
          </div>
          {removed.length > 0 && (
            <div id="jobs-removed" data-live>
              <h2>Removed jobs</h2>
              <JobList jobs={removed} now={now} />
            </div>
          )}
        </>
      )}
    </Layout>,
  );
}

function NoScheduler() {
  return (
    <div class="empty">
      <h3>No scheduler has run on this lake yet</h3>
      <p class="soft">
        A scheduler records which jobs exist, when they are due and how each run ended; this page shows that
        as soon as one has started. It needs no other service, and any number of schedulers can share a lake.
      </p>
      <pre><code>deno task schedule</code></pre>
    </div>
  );
}

/** Statuses of runs that were started and have not ended. */
const STARTED: ShownStatus[] = ["running", "retrying", "interrupted"];

function RunningNow({ jobs, now }: { jobs: JobHistory[]; now: Date }) {
  const running = jobs.flatMap(({ job, runs }) =>
    runs.filter(({ status }) => STARTED.includes(status)).map((run) => ({ job, run }))
  );
  if (running.length === 0) return <p class="soft">No runs in progress.</p>;
  return (
    <>
      <h2>In progress</h2>
      <ul class="failures">
        {running.map(({ job, run }) => (
          <li key={runPath(run)}>
            <StatusTag status={run.status} /> <a href={runPath(run)}>{job.name}</a>{" "}
            <span class="soft">
              of {shortDateTime(new Date(run.scheduledFor), now)}
              {run.status === "running" &&
                `, for ${formatDuration(durationMs(run, now) ?? 0)} on ${run.attempts.at(-1)?.owner}`}
            </span>
            {run.status !== "running" && <p class="reason">{shortened(run.reason, 300)}</p>}
          </li>
        ))}
      </ul>
    </>
  );
}

function Filters({ jobs, filter }: { jobs: Job[]; filter: IndexFilter }) {
  const owners = [...new Set(jobs.map(({ owner }) => owner))].sort();
  const statuses = [...FINAL_STATUSES, "sla-missed", ...STARTED, "paused"];
  return (
    <form class="filters" method="get" action="/jobs">
      <Choice name="owner" label="Owner" all="all owners" values={owners} chosen={filter.owner} />
      <Choice name="status" label="Last run" all="any" values={statuses} chosen={filter.status} />
      <button type="submit">Show</button>
      {(filter.owner || filter.status) && <a href="/jobs">Show all jobs</a>}
    </form>
  );
}

interface ChoiceProps {
  name: string;
  label: string;
  all: string;
  values: string[];
  chosen?: string | undefined;
}

function Choice({ name, label, all, values, chosen }: ChoiceProps) {
  return (
    <label>
      {label}
      <select name={name}>
        <option value="">{all}</option>
        {values.map((value) => <option key={value} value={value} selected={value === chosen}>{value}
        </option>)}
      </select>
    </label>
  );
}

function matches({ job, runs, paused }: JobHistory, { owner, status }: IndexFilter): boolean {
  if (owner && job.owner !== owner) return false;
  if (!status) return true;
  if (status === "paused") return paused !== undefined;
  if (STARTED.some((started) => started === status)) return runs.some((run) => run.status === status);
  const last = runs.findLast((run) => !isOpen(run));
  return last !== undefined && shownStatus(last) === status;
}

function JobList({ jobs, now }: { jobs: JobHistory[]; now: Date }) {
  if (jobs.length === 0) return <p class="empty soft">No jobs match these filters.</p>;
  const shown = new Set<ShownStatus>(
    jobs.flatMap(({ runs }) => runs.slice(-STRIP).map(shownStatus)),
  );
  return (
    <>
      <div class="jobs">
        {jobs.map((state) => <JobCard key={state.job.name} state={state} strip={STRIP} now={now} />)}
      </div>
      <Legend statuses={shown} />
    </>
  );
}

function Failures({ jobs, now }: { jobs: JobHistory[]; now: Date }) {
  const failed = jobs.flatMap(({ job, runs }) =>
    runs.filter(({ status }) => status === "failed").map((run) => ({ job, run }))
  ).sort((a, b) => endOf(a.run) < endOf(b.run) ? 1 : -1).slice(0, MOST_FAILURES);
  return (
    <>
      <h2>Last failures</h2>
      {failed.length === 0 ? <p class="soft">None in the last few days.</p> : (
        <ul class="failures">
          {failed.map(({ job, run }) => (
            <li key={runPath(run)}>
              <p class="meta">
                <a href={jobPath(job.name)}>{job.name}</a>
                <a href={runPath(run)}>{shortDateTime(new Date(run.scheduledFor), now)}</a>
                <span>ended {relativeTime(new Date(endOf(run)), now)}</span>
                {run.attempts.length > 1 && <span>after {run.attempts.length} attempts</span>}
                <span>{job.owner}</span>
              </p>
              <p class="reason">{shortened(run.reason, 300)}</p>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const endOf = (run: Run) => run.endedAt ?? run.scheduledFor;
