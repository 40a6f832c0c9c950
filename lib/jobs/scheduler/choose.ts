import { formatRunName, retryAt, type Slot } from "../run.ts";
import { readiness } from "../ledger/dependencies.ts";
import type { Job } from "../job.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** Whether a slot takes the place of another one of its job, where the job's overlap policy is `replace`. */
export const replaces = (other: Slot, slot: Slot): boolean =>
  other.slot > slot.slot && isScheduled(other) && isScheduled(slot);

const isScheduled = ({ trigger }: Slot) => trigger === "schedule" || trigger === "snapshot";

/** How a slot ends that will not be run. */
export type Unrun = Pick<Slot, "reason" | "blockedBy"> & { status: "skipped" | "replaced" };

interface NextSlotOptions {
  jobs: readonly Job[];
  ledger: Ledger;
  now: () => Date;
  /** Ends a slot that will not be run. */
  end: (job: Job, slot: Slot, outcome: Unrun) => Promise<void>;
}

/** Chooses the slot of a job that is run next. */
interface NextSlot {
  /** The slot that may start now, of those that are open and not running; slots that never may are ended. */
  choose(job: Job, open: Slot[]): Promise<Slot | undefined>;
  /** Something happened that may let a slot start that waits for other jobs. */
  changed(): void;
}

/**
 * A choice among the slots of `jobs`. One that was found to wait for other jobs is not looked at again before `changed`
 * was called.
 */
export function createNextSlot({ jobs, ledger, now, end }: NextSlotOptions): NextSlot {
  /** Counts what may let a slot start that waits for other jobs. */
  let changes = 0;
  /** At which of these each one was found to wait still. */
  const waited = new Map<string, number>();

  return {
    changed: () => void changes++,
    async choose(job, open) {
      const paused = ledger.control(job.name).known?.paused !== undefined;
      const ordered = inTurn(open).filter(({ trigger }) => !paused || trigger === "manual");
      for (const slot of ordered) {
        if (job.overlap === "replace" && ordered.some((other) => replaces(other, slot))) {
          await end(job, slot, { status: "replaced", reason: "a later slot took its place before it ran" });
          continue;
        }
        if (retryAt(job, slot, now()) !== undefined) return undefined;
        if (slot.status === "queued") return slot;
        const name = formatRunName(slot);
        if (waited.get(name) === changes) return undefined;
        const asked = changes;
        const ready = await readiness(job, slot, ledger, jobs);
        if (ready.state === "waiting") {
          waited.set(name, asked);
          return undefined;
        }
        waited.delete(name);
        if (ready.state === "ready") return slot;
        await end(job, slot, { status: "skipped", reason: ready.reason, blockedBy: ready.blockedBy });
      }
      return undefined;
    },
  };
}

/** What people ask for now goes before the past that is made up for. */
const inTurn = (open: Slot[]) => [
  ...open.filter(({ trigger }) => trigger !== "backfill"),
  ...open.filter(({ trigger }) => trigger === "backfill"),
];
