import { formatDuration } from "shopflow/runtime/mod.ts";
import { isOpen, type Job, type Slot, type SlotStatus } from "shopflow/jobs/mod.ts";
import { localTime, zoneOf } from "../../state/local_time.ts";
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
import type { KnownScheduler } from "shopflow/jobs/scheduler/mod.ts";
import type { JobState } from "../../state/job_board.ts";
import type { Access } from "../../access/operator.ts";
import { Layout, renderPage } from "../layout.tsx";
import { JobActions } from "./forms.tsx";
import { Calendar, dayName } from "./calendar.tsx";
import type { DurationsChart } from "./durations_chart.ts";
import { JobTags, LastAndNext, sentence } from "./card.tsx";
import { JOB_STYLES } from "./styles.ts";

interface SlotsProps {
  job: Job;
  slots: Slot[];
  now: Date;
}

/** Slots as a table, in the order given. */
function SlotTable({ job, slots, now }: SlotsProps) {
  if (slots.length === 0) return <p class="soft">There are none.</p>;
  return (
    <div class="scroll" tabindex={0} role="region" aria-label={`Slots of ${job.name}`}>
      <table class="slots">
        <thead>
          <tr>
            <th>slot</th>
            <th>status</th>
            <th>trigger</th>
            <th>tries</th>
            <th>took</th>
            <th>reason</th>
          </tr>
        </thead>
        <tbody>
          {slots.map((slot) => {
            const took = durationMs(slot, now);
            return (
              <tr key={slot.slot}>
                <td>
                  <a href={runPath(slot)}>{shortDateTime(new Date(slot.slot), zoneOf(job), now)}</a>
                </td>
                <td>
                  <StatusTag status={slot.status} />
                </td>
                <td>{slot.trigger}</td>
                <td>{slot.attempts.length || "–"}</td>
                <td>{took === undefined ? "–" : formatDuration(took)}</td>
                <td class="reason soft">{shortened(slot.reason, 160)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Failures with their reasons. */
function FailureList({ job, slots, now }: SlotsProps) {
  if (slots.length === 0) return <p class="soft">None in the last weeks.</p>;
  return (
    <ul class="failures">
      {slots.map((slot) => (
        <li key={slot.slot}>
          <p class="meta">
            <a href={runPath(slot)}>{shortDateTime(new Date(slot.slot), zoneOf(job), now)}</a>
            {slot.endedAt && <span>ended {relativeTime(new Date(slot.endedAt), now)}</span>}
          </p>
          <p class="reason">{shortened(slot.reason, 240)}</p>
        </li>
      ))}
    </ul>
  );
}

interface JobPageProps {
  state: JobState;
  schedulers: KnownScheduler[];
  chart?: DurationsChart;
  access: Access;
  /** A day of the job's time zone whose slots are listed, instead of the last ones. */
  day?: string;
  did?: string;
  now: Date;
}

const MOST_LISTED = 50;
const MOST_FAILURES = 5;

/** One job: its slots as a calendar, how long they took, what failed, when it is due, its rules. */
export function renderJobPage({ state, schedulers, chart, access, day, did, now }: JobPageProps): string {
  const { job, slots, paused, removedAt } = state;
  const shown = new Set<SlotStatus>(slots.map(({ status }) => status));
  return renderPage(
    <Layout
      title={`${job.name} · Jobs · ShopFlow`}
      here="jobs"
      styles={JOB_STYLES}
      every={slots.some(isOpen) ? 2 : 5}
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
        : <Removed at={removedAt} job={job} now={now} />}
      <section id="job-calendar" data-live>
        <h2>Slots of the last five weeks</h2>
        <Calendar job={job} slots={slots} now={now} />
        <Legend statuses={shown} />
      </section>
      {chart && <Durations chart={chart} />}
      <div class="two">
        <section id="job-failures" data-live>
          <h2>Last failures</h2>
          <FailureList
            job={job}
            slots={slots.filter(({ status }) => status === "failed").reverse().slice(0, MOST_FAILURES)}
            now={now}
          />
        </section>
        {removedAt === undefined && (
          <section>
            <h2>Due next</h2>
            <DueNext job={job} now={now} />
          </section>
        )}
      </div>
      <section>
        <h2>Rules</h2>
        <Rules job={job} />
      </section>
      <section id="slots" data-live>
        <Slots job={job} slots={slots} day={day} now={now} />
      </section>
    </Layout>,
  );
}

function Removed({ job, at, now }: { job: Job; at: string; now: Date }) {
  return (
    <p class="banner warn">
      <strong>Removed</strong> from the jobs{" "}
      {shortDateTime(new Date(at), zoneOf(job), now)}: it is not due any more. What is open of it is ended
      when no scheduler knows it any longer; its history stays.
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
  if ("on" in job.schedule) return <p class="soft">Whenever the next snapshot of the lake is published.</p>;
  const times = dueTimesFrom(job, now, 5);
  const zone = zoneOf(job);
  return (
    <table>
      <thead>
        <tr>
          <th>{zone}</th>
          {zone !== "UTC" && <th>UTC</th>}
          <th>
            <span class="soft">from now</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {times.map((time) => (
          <tr key={time.toISOString()}>
            <td>{shortDateTime(time, zone, now)}</td>
            {zone !== "UTC" && <td>{shortDateTime(time, "UTC", now)}</td>}
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
        <dt>Runs after</dt>
        <dd>
          {job.after.length === 0 ? "No other job." : job.after.map((name, i) => (
            <>
              {i > 0 && ", "}
              <a href={jobPath(name)}>{name}</a>
            </>
          ))}
          {job.after.length > 0 && ": the latest slot of each must have succeeded."}
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

function Slots({ job, slots, day, now }: { job: Job; slots: Slot[]; day?: string; now: Date }) {
  const zone = zoneOf(job);
  const listed = day === undefined
    ? slots.slice(-MOST_LISTED)
    : slots.filter(({ slot }) => localTime(new Date(slot), zone).day === day);
  return (
    <>
      <h2>{day === undefined ? `Last ${MOST_LISTED} slots` : `Slots of ${dayName(day)}`}</h2>
      {day !== undefined && (
        <p>
          <a href={`${jobPath(job.name)}#slots`}>The last {MOST_LISTED} slots</a>
        </p>
      )}
      <SlotTable job={job} slots={listed.reverse()} now={now} />
    </>
  );
}
