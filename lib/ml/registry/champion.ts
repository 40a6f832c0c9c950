import { ModelError } from "shopflow/errors/mod.ts";
import { type ObjectStore, readJson, updateJson } from "shopflow/lake/store/mod.ts";

/** A metric of a challenger, its opponents and a baseline on the same rows. */
export interface MetricComparison {
  /** In words, e.g. `AUC`. */
  name: string;
  better: "higher" | "lower";
  /** The metric that the decision turns on; the others must only not get worse beyond a small share. */
  leads?: boolean;
  challenger: number;
  /** Undefined where the champion was not measured on these rows. */
  champion?: number;
  /** Standard error of the paired difference of challenger and champion. */
  championError?: number;
  /** The version whose quality has to be kept, where that is another than the champion. */
  reference?: number;
  referenceError?: number;
  /** Undefined where this metric is not compared with a baseline. */
  baseline?: number;
  baselineError?: number;
}

/** Why a version of a model became champion, or did not. */
export interface PromotionDecision {
  /** The challenger. */
  version: string;
  /** The champion that it challenged, null when there was none. */
  champion: string | null;
  /** Held: the comparison was not possible, so the champion stays until a person decides. */
  outcome: "promoted" | "refused" | "held";
  reason: string;
  decidedAt: string;
  decidedBy: "rule" | "person";
  /** Of a promoted version: whose quality its successors have to keep; by default its own. */
  reference?: string;
  /** Snapshot that both were measured on. */
  snapshot?: string;
  /** The rows that they were measured on, in words. */
  testSet?: string;
  metrics: MetricComparison[];
  /** Held since this training was not to promote, though the rule would have: a later one may. */
  isPostponed?: true;
  /** The scheduled run that trained the challenger. */
  run?: string;
}

/** What `models/<name>/champion.json` holds. */
export interface Champion {
  version: string;
  /** Why it is the champion. */
  decision?: PromotionDecision;
}

/** Where the lake says which version of a model scores. */
export const championKey = (name: string) => `models/${name}/champion.json`;

/** What a pointer may replace. */
export interface PointerMove {
  /**
   * What the pointer named when the work began, null when there was none: a run that was overtaken must not put its
   * older result over the newer one. By default whatever it names is replaced.
   */
  replaces?: string | null;
}

/**
 * Lets the pointer `key` name something else, unless another run moved it meanwhile.
 *
 * @param nameOf What a pointer's value names, to be compared with `replaces`.
 * @param keepEqual Leave a value as it is that names the same as `next`.
 * @returns What the pointer is now, and what it was before.
 * @throws {ModelError} when another run moved it meanwhile.
 */
export async function setPointer<T>(
  store: ObjectStore,
  key: string,
  next: T,
  { nameOf, replaces, keepEqual = false }: PointerMove & {
    nameOf: (value: T) => string;
    keepEqual?: boolean;
  },
): Promise<{ now: T; before: T | undefined }> {
  const { now = next, before } = await updateJson<T>(store, key, (current) => {
    const found = current === undefined ? null : nameOf(current);
    // Another run that came to the same result is no rival.
    if (replaces !== undefined && found !== replaces && found !== nameOf(next)) {
      throw new ModelError("Another run published at the same time", {
        expected: `${key} in ${store.url} as it was when this run began`,
        found: found ?? "none",
        remedy: "Run the pipeline again; nothing of this run is visible.",
      });
    }
    return keepEqual && found === nameOf(next) ? undefined : next;
  });
  return { now, before };
}

/** What `models/<name>/decisions.json` holds, the oldest first. */
interface History {
  decisions: PromotionDecision[];
}

/** Decisions that are kept of a model: a quarter of nightly trainings. */
const MOST = 100;
const historyKey = (name: string) => `models/${name}/decisions.json`;

/** What was decided of a model's versions, the latest first. */
export async function promotionDecisions(store: ObjectStore, name: string): Promise<PromotionDecision[]> {
  const history = (await readJson<History>(store, historyKey(name)))?.value.decisions ?? [];
  const champion = (await readJson<Champion>(store, championKey(name)))?.value;
  return added(history, champion?.decision).toReversed();
}

/**
 * Adds decisions to a model's history. The champion's pointer carries the decision that made it champion, so that one
 * whose writer was killed before it came here is not lost.
 *
 * @throws {LakeError} when other writers are faster time and again.
 */
export async function recordDecisions(
  store: ObjectStore,
  name: string,
  decisions: (PromotionDecision | undefined)[],
): Promise<void> {
  await updateJson<History>(store, historyKey(name), (history) => {
    const known = history?.decisions ?? [];
    const all = decisions.reduce(appended, known);
    return all === known ? undefined : { decisions: all.slice(-MOST) };
  });
}

/**
 * A history with a decision that was not written down, in its place by time; or as it is when it ends with the same one:
 * two trainings came to it at once.
 */
function added(
  history: PromotionDecision[],
  decision: PromotionDecision | undefined,
): PromotionDecision[] {
  const all = appended(history, decision);
  return all === history ? history : all.toSorted((a, b) => a.decidedAt < b.decidedAt ? -1 : 1);
}

/** In the order in which they were made, whatever the clocks said: one that was ahead must not stay the latest. */
function appended(
  history: PromotionDecision[],
  decision: PromotionDecision | undefined,
): PromotionDecision[] {
  if (decision === undefined || history.some((known) => isSame(known, decision))) return history;
  const last = history.at(-1);
  return last !== undefined && saysTheSame(last, decision) ? history : [...history, decision];
}

/** The pointer's copy of a decision and the history's have the same JSON. */
const isSame = (a: PromotionDecision, b: PromotionDecision) => JSON.stringify(a) === JSON.stringify(b);

const saysTheSame = (a: PromotionDecision, b: PromotionDecision) =>
  a.version === b.version && a.champion === b.champion && a.outcome === b.outcome &&
  a.decidedBy === b.decidedBy && a.reason === b.reason;
