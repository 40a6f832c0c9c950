import { createHash } from "node:crypto";

/** How schedulers share the jobs among them, so that they seldom want to start the same slot. */
export interface JobShares {
  /** Whether to start a slot now, or to leave it to the scheduler whose job it is for a little while. */
  mayStart(job: string, slot: string): boolean;
}

export interface JobSharesOptions {
  self: () => string;
  /** Ids of the others that live. */
  others: () => string[];
  /** How long a slot that could start is left to the one whose job it is, in milliseconds; 0: not at all. */
  patienceMs: number;
  /** Milliseconds that have passed since some time. */
  clock?: () => number;
}

/**
 * A job belongs to the scheduler for which the hash of both is largest (rendezvous hashing: Thaler and Ravishankar,
 * 1998), so that one that comes or goes moves few jobs and nobody has to agree on anything. It is about speed only:
 * schedulers that do not know each other start the same slot, and the ledger lets one of them.
 */
export function jobShares(
  { self, others, patienceMs, clock = () => performance.now() }: JobSharesOptions,
): JobShares {
  /** Of each job the slot that was left to another one, and since when. */
  const left = new Map<string, { slot: string; since: number }>();
  const weights = new Map<string, string>();
  let known = "";

  const weight = (job: string, id: string) => {
    const key = `${id} ${job}`;
    const found = weights.get(key) ?? createHash("sha256").update(key).digest("hex");
    weights.set(key, found);
    return found;
  };

  function isMine(job: string): boolean {
    const ids = others();
    const present = [self(), ...ids].join();
    if (present !== known) weights.clear();
    known = present;
    const mine = weight(job, self());
    return ids.every((id) => weight(job, id) < mine);
  }

  return {
    mayStart(job, slot) {
      if (patienceMs === 0 || isMine(job)) {
        left.delete(job);
        return true;
      }
      const before = left.get(job);
      if (before?.slot === slot) return clock() - before.since >= patienceMs;
      left.set(job, { slot, since: clock() });
      return false;
    },
  };
}
