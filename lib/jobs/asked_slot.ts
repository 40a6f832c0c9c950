import type { DueTime } from "./due_slots.ts";
import type { Job } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import type { RunName } from "./run_name.ts";
import { hasSucceeded, isOpen, type Request, type Slot, type Trigger } from "./slot.ts";

/** How a slot is asked for. */
export interface Asking {
  request: Request;
  /** Jobs whose slots of the same interval must have succeeded before it starts; default: it waits for none. */
  waitFor?: string[];
  /** What it depends on and does not wait for. */
  unmet?: string[];
}

/** The ledger's entry for a slot that a person asks for. */
export function askedSlot(
  job: Job,
  { slot, interval }: Pick<DueTime, "slot" | "interval">,
  trigger: Trigger,
  asking: Asking,
): Slot {
  const { request, unmet = [] } = asking;
  return {
    job: job.name,
    slot: slot.toISOString(),
    trigger,
    interval: { from: interval.from.toISOString(), to: interval.to.toISOString() },
    ...stateOf(asking, `asked for by ${request.by}`),
    enteredAt: request.at,
    stepsDone: [],
    attempts: [],
    requestedBy: request,
    ...(unmet.length > 0 ? { unmet } : {}),
  };
}

/**
 * A slot that ended without success is to be run again; its steps that are done stay done.
 *
 * @returns the slot as it is asked for, or as it is when it succeeded or is open; undefined when there is none.
 */
export async function reopen(ledger: Ledger, name: RunName, asking: Asking): Promise<Slot | undefined> {
  const { request, unmet = [] } = asking;
  const before = await ledger.slot(name);
  if (before === undefined || isOpen(before) || hasSucceeded(before)) return before;
  // Its page is on the list of open ones before it is open.
  await ledger.enter(name.job, [{ ...before, status: "queued" }]);
  return await ledger.change(
    name,
    ({ endedAt: _, cancelledBy: __, notBefore: ___, blockedBy: ____, unmet: _____, ...slot }) =>
      isOpen(slot) || hasSucceeded(slot) ? undefined : {
        ...slot,
        ...stateOf(
          asking,
          `asked for again by ${request.by}; before, it was: ${slot.status} (${slot.reason})`,
        ),
        requestedBy: request,
        ...(unmet.length > 0 ? { unmet } : {}),
      },
  );
}

const stateOf = ({ waitFor = [] }: Asking, asked: string): Pick<Slot, "status" | "reason"> =>
  waitFor.length > 0
    ? { status: "waiting", reason: `${asked}; waits for ${waitFor.join(", ")}` }
    : { status: "queued", reason: asked };
