import { previousDue } from "./cron_expression.ts";
import { type DueTime, dueTimes } from "./due_slots.ts";
import type { Job } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import { hasSucceeded, isFinal, type Slot } from "./slot.ts";

/** Slots of a job that others depend on and that neither succeeded nor are open. */
export interface UpstreamSlots {
  job: Job;
  /** The oldest first. */
  wanted: DueTime[];
  /** Those that the ledger has, by their time. */
  before: Map<string, Slot>;
}

/**
 * Finds what has to be run before slots of a job may: of each job in `after` the latest slot at or before each, unless
 * it succeeded or is open, and before these what they depend on in turn.
 *
 * @returns jobs in an order in which their slots can be run.
 */
export async function upstreamSlots(
  ledger: Ledger,
  job: Job,
  slots: Pick<DueTime, "slot">[],
  jobs: readonly Job[],
): Promise<UpstreamSlots[]> {
  const found = new Map<string, UpstreamSlots>();

  async function visit({ after }: Job, slots: Pick<DueTime, "slot">[]): Promise<void> {
    for (const name of after) {
      const dependency = jobs.find((other) => other.name === name)!;
      const missing = await missingSlots(ledger, dependency, slots);
      if (missing.wanted.length === 0) continue;
      await visit(dependency, missing.wanted);
      const known = found.get(name);
      // A job that several depend on comes before the first of them, with the slots of all.
      if (known === undefined) found.set(name, missing);
      else found.set(name, joined(known, missing));
    }
  }
  await visit(job, slots);
  return [...found.values()];
}

async function missingSlots(
  ledger: Ledger,
  job: Job,
  slots: Pick<DueTime, "slot">[],
): Promise<UpstreamSlots> {
  const { schedule } = job;
  if ("on" in schedule) return { job, wanted: [], before: new Map() };
  const times = slots.map(({ slot }) => previousDue(schedule, new Date(slot.getTime() + 1000)))
    .filter((time) => time !== undefined).map((time) => time.getTime());
  const ordered = [...new Set(times)].sort((a, b) => a - b);
  if (ordered.length === 0) return { job, wanted: [], before: new Map() };
  const known = await ledger.slots(job.name, new Date(ordered[0]!), new Date(ordered.at(-1)!));
  const before = new Map(known.map((slot) => [slot.slot, slot]));
  const wanted = ordered.flatMap((time) => {
    const slot = before.get(new Date(time).toISOString());
    const isMissing = slot === undefined || (isFinal(slot.status) && !hasSucceeded(slot));
    return isMissing ? dueTimes(job, new Date(time - 1), new Date(time)) : [];
  });
  return { job, wanted, before };
}

function joined(a: UpstreamSlots, b: UpstreamSlots): UpstreamSlots {
  const times = new Map([...a.wanted, ...b.wanted].map((time) => [time.slot.getTime(), time]));
  return {
    job: a.job,
    wanted: [...times.values()].sort((a, b) => a.slot.getTime() - b.slot.getTime()),
    before: new Map([...a.before, ...b.before]),
  };
}
