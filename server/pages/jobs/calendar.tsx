import type { Job, Run } from "shopflow/jobs/mod.ts";
import { addDays, utcDay } from "../../state/utc_days.ts";
import { jobPath, RunCell, RunsCell } from "./cell.tsx";

interface CalendarProps {
  job: Job;
  runs: Run[];
  now: Date;
}

const WEEKS = 5;
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/** Up to so many runs a day are shown in a calendar of weeks, more of them by hours. */
const FEW = 3;
/** Squares that have room in one day. */
const MOST_SQUARES = 4;

/** The runs of the last five weeks by day, in UTC: weeks where they are few, else hours. */
export function Calendar({ job, runs, now }: CalendarProps) {
  const byDay = Map.groupBy(runs, ({ scheduledFor }) => utcDay(new Date(scheduledFor)));
  const planned = [...byDay.values()].map((ofDay) =>
    ofDay.filter(({ trigger }) => trigger !== "manual").length
  );
  const today = utcDay(now);
  const first = addDays(today, -7 * WEEKS + 1);
  return Math.max(0, ...planned) <= FEW
    ? <Weeks job={job} byDay={byDay} first={mondayOf(first)} today={today} now={now} />
    : <Hours job={job} byDay={byDay} first={first} today={today} now={now} />;
}

interface GridProps {
  job: Job;
  byDay: Map<string, Run[]>;
  /** The first day that is shown. */
  first: string;
  today: string;
  now: Date;
}

function Weeks({ job, byDay, first, today, now }: GridProps) {
  const mondays: string[] = [];
  for (let day = first; day <= today; day = addDays(day, 7)) mondays.push(day);
  return (
    <table class="calendar weeks">
      <thead>
        <tr>
          {WEEKDAYS.map((name) => <th key={name} scope="col">{name}</th>)}
        </tr>
      </thead>
      <tbody>
        {mondays.map((monday) => (
          <tr key={monday}>
            {WEEKDAYS.map((_, i) => {
              const day = addDays(monday, i);
              return (
                <td key={day} class={day > today ? "out" : undefined}>
                  <span class="number">{dayNumber(day, i === 0)}</span>
                  <DaySquares
                    job={job}
                    day={day}
                    runs={byDay.get(day) ?? []}
                    now={now}
                  />
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function DaySquares({ job, day, runs, now }: { job: Job; day: string; runs: Run[]; now: Date }) {
  if (runs.length === 0) return null;
  if (runs.length > MOST_SQUARES) return <RunsCell runs={runs} label={day} href={dayPath(job, day)} />;
  return (
    <div class="strip">
      {runs.map((run) => <RunCell key={run.scheduledFor} run={run} now={now} />)}
    </div>
  );
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

function Hours({ job, byDay, first, today, now }: GridProps) {
  const days: string[] = [];
  for (let day = today; day >= first; day = addDays(day, -1)) days.push(day);
  return (
    <div class="scroll" tabindex={0} role="region" aria-label="Runs by day and hour, UTC">
      <table class="calendar">
        <thead>
          <tr>
            <td>UTC</td>
            {HOURS.map((hour) => <th key={hour} scope="col">{hour}</th>)}
          </tr>
        </thead>
        <tbody>
          {days.map((day) => {
            const byHour = Map.groupBy(byDay.get(day) ?? [], ({ scheduledFor }) =>
              new Date(scheduledFor).getUTCHours());
            return (
              <tr key={day}>
                <th scope="row">{dayName(day)}</th>
                {HOURS.map((hour) => (
                  <td key={hour}>
                    <HourSquare
                      job={job}
                      day={day}
                      hour={hour}
                      runs={byHour.get(hour) ?? []}
                      now={now}
                    />
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

interface HourProps {
  job: Job;
  day: string;
  hour: number;
  runs: Run[];
  now: Date;
}

function HourSquare({ job, day, hour, runs, now }: HourProps) {
  const [run, ...more] = runs;
  if (run === undefined) return <span class="none" aria-hidden="true">·</span>;
  if (more.length === 0) return <RunCell run={run} now={now} />;
  const label = `${dayName(day)}, ${String(hour).padStart(2, "0")}:00 to ${
    String(hour).padStart(2, "0")
  }:59 UTC`;
  return <RunsCell runs={runs} label={label} href={dayPath(job, day)} />;
}

const dayPath = (job: Job, day: string) => `${jobPath(job.name)}?day=${day}#runs`;

const utc = (day: string) => new Date(`${day}T00:00:00Z`);

function mondayOf(day: string): string {
  return addDays(day, 1 - Temporal.PlainDate.from(day).dayOfWeek);
}

/** `2`, or `1 Oct` where a month or a row begins. */
function dayNumber(day: string, withMonth: boolean): string {
  const number = utc(day).getUTCDate();
  if (number !== 1 && !withMonth) return String(number);
  return utc(day).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
}

/** `Wed 2 Oct`. */
export function dayName(day: string): string {
  return utc(day).toLocaleDateString("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    timeZone: "UTC",
  }).replace(",", "");
}
