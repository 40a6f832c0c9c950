import type { Business } from "shopflow/kpis/mod.ts";
import { currentSnapshotId } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { dayAfterLastSale } from "shopflow/ml/mod.ts";
import { currentScores } from "shopflow/ml/registry/mod.ts";
import { openOfferLedger } from "shopflow/offers/ledger/mod.ts";
import { openOfferSession, readTrialResults, type TrialResults } from "shopflow/offers/mod.ts";
import { type RoiDefault, roiDefaults, type RoiInputs } from "shopflow/offers/roi/mod.ts";

type OfferEvents = Awaited<ReturnType<ReturnType<typeof openOfferLedger>["read"]>>;

/** What pages and answers about offers are made from; kept as long as nothing changed that it was made from. */
export interface OffersReader {
  /** What the business says of itself now. */
  business(): Promise<Business>;
  /** All events of the ledger. */
  events(): Promise<OfferEvents>;
  /** Outcomes are known of the days before this one; undefined before the first snapshot. */
  dataUntil(): Promise<string | undefined>;
  /** What a trial brought; undefined before the first snapshot. */
  results(trial: string): Promise<TrialResults | undefined>;
  /** What the return of a lower lapsed share is worked out from; undefined before the first snapshot. */
  roiDefaults(): Promise<Record<keyof RoiInputs, RoiDefault> | undefined>;
}

/** Results of so many trials are kept. */
const MOST_KEPT = 50;

/** @param business Reads the business file. */
export function createOffersReader(
  store: ObjectStore,
  business: () => Promise<Business>,
): OffersReader {
  // Entries never change, so one ledger reads each of them once.
  const ledger = openOfferLedger(store);
  const kept = new Map<string, { of: string; value: Promise<unknown> }>();

  /** The value that was made from the same versions, or a new one. */
  function keptOr<T>(name: string, of: string, make: () => Promise<T>): Promise<T> {
    const known = kept.get(name);
    if (known?.of === of) return known.value as Promise<T>;
    const value = make();
    kept.delete(name);
    kept.set(name, { of, value });
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST_KEPT) break;
      kept.delete(oldest);
    }
    value.catch(() => kept.delete(name));
    return value;
  }

  return {
    business,
    events: () => ledger.read(),
    async dataUntil() {
      const snapshot = await currentSnapshotId(store);
      if (snapshot === undefined) return undefined;
      return await keptOr("data until", snapshot, async () => {
        using opened = await openOfferSession(store);
        return await dayAfterLastSale(opened.session);
      });
    },
    async results(trial) {
      const [snapshot, events] = await Promise.all([currentSnapshotId(store), ledger.read()]);
      if (snapshot === undefined) return undefined;
      return await keptOr(`results ${trial}`, `${snapshot} ${events.length}`, async () => {
        using opened = await openOfferSession(store);
        return await readTrialResults(opened.session, events, trial);
      });
    },
    async roiDefaults() {
      const [snapshot, scores, stated] = await Promise.all([
        currentSnapshotId(store),
        currentScores(store, "churn"),
        business(),
      ]);
      if (snapshot === undefined) return undefined;
      const of = `${snapshot} ${scores?.key} ${JSON.stringify(stated)}`;
      return await keptOr("roi", of, async () => {
        using opened = await openOfferSession(store);
        return await roiDefaults(opened.session, stated, {
          hasScores: opened.scores !== undefined,
          readOn: opened.session.manifest.createdAt.slice(0, 10),
        });
      });
    },
  };
}
