import { type Job, shortTime, type Slot, type SlotStatus } from "shopflow/jobs/mod.ts";
import { BY_GRAVITY, slotTitle, STATUSES } from "./job_wording.ts";

/** The page of a job. */
export const jobPath = (job: string) => `/jobs/${encodeURIComponent(job)}`;
/** The page of a run. */
export const runPath = ({ job, slot }: Pick<Slot, "job" | "slot">) =>
  `${jobPath(job)}/runs/${encodeURIComponent(shortTime(slot)).replaceAll("%3A", ":")}`;

interface CellProps {
  slot: Slot;
  job: Job;
  now: Date;
}

/** One slot as a coloured square that leads to its run. */
export function SlotCell({ slot, job, now }: CellProps) {
  const title = slotTitle(slot, job, now);
  return (
    <a class={`cell s-${slot.status}`} href={runPath(slot)} title={title} aria-label={title}>
      <span aria-hidden="true">{STATUSES[slot.status]?.sign ?? ""}</span>
    </a>
  );
}

/** Several slots as one square, in the colour of the worst, with the number of those. */
export function SlotsCell({ slots, label, href }: { slots: Slot[]; label: string; href: string }) {
  const title = `${label}: ${countsInWords(slots)}`;
  const status = worst(slots);
  return (
    <a class={`cell s-${status}`} href={href} title={title} aria-label={title}>
      <span aria-hidden="true">{slots.filter((slot) => slot.status === status).length}</span>
    </a>
  );
}

/** `3 failed, 21 succeeded`. */
function countsInWords(slots: Slot[]): string {
  const counts = new Map<SlotStatus, number>();
  for (const { status } of slots) counts.set(status, (counts.get(status) ?? 0) + 1);
  return BY_GRAVITY.filter((status) => counts.has(status)).map((status) => `${counts.get(status)} ${status}`)
    .join(", ");
}

const worst = (slots: Slot[]): SlotStatus =>
  BY_GRAVITY.find((status) => slots.some((slot) => slot.status === status)) ?? "waiting";

/** The last slots of a job in a row, the newest at the end. */
export function Strip({ slots, job, now }: { slots: Slot[]; job: Job; now: Date }) {
  if (slots.length === 0) return <p class="soft">No slot was due yet.</p>;
  return (
    <ol class="strip" aria-label={`Last ${slots.length} slots of ${job.name}, the newest last`}>
      {slots.map((slot) => (
        <li key={slot.slot}>
          <SlotCell slot={slot} job={job} now={now} />
        </li>
      ))}
    </ol>
  );
}

export function StatusTag({ status }: { status: SlotStatus }) {
  return <span class={`status s-${status}`}>{status}</span>;
}

/** What the colours mean; of those statuses only that are seen. */
export function Legend({ statuses }: { statuses: ReadonlySet<SlotStatus> }) {
  const seen = (Object.keys(STATUSES) as SlotStatus[]).filter((status) => statuses.has(status));
  if (seen.length === 0) return null;
  return (
    <ul class="legend" aria-label="Meaning of the colours">
      {seen.map((status) => (
        <li key={status} title={STATUSES[status].meaning}>
          <span class={`cell s-${status}`} aria-hidden="true">{STATUSES[status].sign}</span>
          {status}
        </li>
      ))}
    </ul>
  );
}
