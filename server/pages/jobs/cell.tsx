import { type Job, shortTime, type Slot, type SlotStatus } from "shopflow/jobs/mod.ts";
import { BY_GRAVITY, relativeTime, slotTitle, STATUSES } from "./wording.ts";
import type { KnownScheduler } from "shopflow/jobs/scheduler/mod.ts";

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

/** What was done, after the redirect that follows it. Texts are ours alone: an address must not put words in our mouth. */
const NOTICES: Record<string, (numbers: number[]) => string> = {
  run: () => "The run is asked for; a scheduler starts it as soon as it may.",
  again: () => "The run is asked for again; it goes on with the step that is not done.",
  cancel: () => "The run is asked to end.",
  withdrawn: () => "The run was taken back before it started.",
  pause: () => "The job is paused: what is due is entered as skipped.",
  resume: () => "The job is resumed.",
  backfill: ([asked = 0, unneeded = 0]) =>
    `${asked} ${asked === 1 ? "slot is" : "slots are"} asked for` +
    (unneeded > 0 ? `; ${unneeded} succeeded already or are open.` : "."),
};

export type NoticeName = keyof typeof NOTICES;

/** @param did Name of what was done with numbers, as `backfill-12-3`; anything else shows nothing. */
export function Notice({ did }: { did?: string }) {
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
    const last = schedulers.map(({ beatAt }) => beatAt).sort().at(-1);
    return (
      <div class="banner warn" role="status">
        <strong>No scheduler runs.</strong>
        <span>
          Nothing starts until one does: <code>deno task schedule</code>
        </span>
        {last !== undefined && (
          <span class="soft">The last one was heard of {relativeTime(new Date(last), now)}.</span>
        )}
      </div>
    );
  }
  return (
    <div class="banner">
      <strong>{alive.length === 1 ? "1 scheduler lives" : `${alive.length} schedulers live`}</strong>
      {alive.slice(0, 5).map(({ id, owner, startedAt }) => (
        <span key={id} class="soft">
          <code>{owner}</code> started {relativeTime(new Date(startedAt), now)}
        </span>
      ))}
      {alive.length > 5 && <span class="soft">and {alive.length - 5} more</span>}
    </div>
  );
}
