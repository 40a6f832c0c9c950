import { LakeError } from "shopflow/errors/mod.ts";
import { type ObjectStore, readJson, swapJson } from "shopflow/lake/mod.ts";
import { type Champion, championKey } from "./champion.ts";
import type { PromotionDecision } from "./promotion_decision.ts";

/** What `models/<name>/decisions.json` holds, the oldest first. */
interface History {
  decisions: PromotionDecision[];
}

/** Decisions that are kept of a model: a quarter of nightly trainings. */
const MOST = 100;
const ATTEMPTS = 20;
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
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = await readJson<History>(store, historyKey(name));
    const former = before?.value.decisions ?? [];
    const all = decisions.reduce(added, former);
    if (all === former) return;
    if (await swapJson(store, historyKey(name), { decisions: all.slice(-MOST) }, before)) return;
  }
  throw new LakeError(`The decision about the ${name} model could not be written down`, {
    expected: `${historyKey(name)} in ${store.url} to stay as it is for a moment`,
    found: `${ATTEMPTS} times another writer`,
    remedy: "Run the command again.",
  });
}

/** A history with one more decision, or as it is when it ends with the same one: two trainings came to it at once. */
function added(
  history: PromotionDecision[],
  decision: PromotionDecision | undefined,
): PromotionDecision[] {
  if (decision === undefined || history.some((known) => isSame(known, decision))) return history;
  const last = history.at(-1);
  if (last !== undefined && saysTheSame(last, decision)) return history;
  return [...history, decision].toSorted((a, b) => a.decidedAt < b.decidedAt ? -1 : 1);
}

/** The pointer's copy of a decision and the history's have the same JSON. */
const isSame = (a: PromotionDecision, b: PromotionDecision) => JSON.stringify(a) === JSON.stringify(b);

const saysTheSame = (a: PromotionDecision, b: PromotionDecision) =>
  a.version === b.version && a.champion === b.champion && a.outcome === b.outcome &&
  a.decidedBy === b.decidedBy && a.reason === b.reason;
