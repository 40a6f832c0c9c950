import type { Job, Slot } from "shopflow/jobs/mod.ts";
import { zoneOf } from "../../jobs/local_time.ts";
import { durationMs, formatDuration, relativeTime, shortDateTime, shortened } from "./job_wording.ts";
import { runPath, StatusTag } from "./slot_cell.tsx";

interface SlotsProps {
  job: Job;
  slots: Slot[];
  now: Date;
}

/** Slots as a table, in the order given. */
export function SlotTable({ job, slots, now }: SlotsProps) {
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
export function FailureList({ job, slots, now }: SlotsProps) {
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
