import type { Champion, MetricComparison, PromotionDecision } from "../registry/champion.ts";
import { ModelError, withoutRemedy } from "shopflow/errors/mod.ts";
import { TEST_PREDICTIONS_FILE } from "./comparison.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { loadModelVersion, type ModelCard, readVersionFile } from "../registry/versions.ts";

/** A challenger's metrics on its test set, beside those of its baseline, the champion and the reference. */
export interface Comparison {
  /** The rows it was measured on, in words; undefined where there were none to measure it on. */
  testSet?: string;
  metrics: MetricComparison[];
  /** Why there are no metrics. */
  unmeasured?: string;
  /** Why the champion has no metrics here; undefined when it has, or when there is no champion. */
  championUnscorable?: string;
  /** The same of the reference, where that is another version than the champion. */
  referenceUnscorable?: string;
}

/** What follows from a comparison. */
type Verdict = Pick<PromotionDecision, "outcome" | "reason" | "reference">;

/** A difference of more standard errors than this is not chance: one-sided, at the level of 5 %. */
const BEYOND_CHANCE = 1.645;
/** Share by which a metric that does not lead may be worse, counted from the reference and so in all. */
const NON_INFERIORITY_MARGIN = 0.01;

/**
 * Decides whether a challenger becomes champion. All comparisons are paired: both models answer for the same rows, and
 * the standard error is that of their difference. "Better beyond chance" is a one-sided test at the level of 5 %.
 *
 * 1. The leading metrics must be better than the baseline's beyond chance, the others not worse by more than 1 % of
 *    the baseline's. Otherwise the challenger is refused.
 * 2. Without a champion it is promoted. A champion that cannot be compared stays, and the challenger is held for a
 *    person: what cannot be compared is never promoted.
 * 3. The leading metrics must be no worse than the champion's as measured, with no allowance; the others not worse by
 *    more than 1 %. Where a person chose the champion, it takes an improvement beyond chance.
 * 4. The same holds against the reference, the last version that was promoted by a person, as the first, or because
 *    it was better beyond chance. "No worse" is not transitive: fifty generations, each no worse than the one before
 *    as far as could be measured, may end far below the first ("biocreep" of non-inferiority trials: D'Agostino,
 *    Massaro and Sullivan 2003, Statistics in Medicine 22: 169–186, section 3). Against a fixed reference errors do not
 *    add up. A challenger that is better than the champion beyond chance need not be compared with the reference.
 *
 * @param version The challenger.
 * @param champion undefined when there is none.
 */
export function promotionVerdict(
  comparison: Comparison,
  version: string,
  champion: Champion | undefined,
): Verdict {
  const { metrics, unmeasured } = comparison;
  if (comparison.testSet === undefined || metrics.length === 0) {
    const reason = `there is nothing to measure it on${unmeasured === undefined ? "" : `: ${unmeasured}`}`;
    return { outcome: champion === undefined ? "refused" : "held", reason };
  }
  const besides = (opponent: OpponentRole) => metrics.filter((metric) => metric[opponent] !== undefined);
  const below = besides("baseline").filter((metric) =>
    metric.leads ? !isBetter(metric, "baseline") : !isNoWorse(metric, "baseline")
  );
  if (below.length > 0 || !besides("baseline").some(({ leads }) => leads)) {
    return {
      outcome: "refused",
      reason: `it does not beat its baseline beyond chance${listed(below, "baseline")}`,
    };
  }
  if (champion === undefined) {
    return { outcome: "promoted", reason: "the first model, and it beats its baseline", reference: version };
  }
  const leading = besides("champion").filter(({ leads }) => leads);
  if (comparison.championUnscorable !== undefined || leading.length === 0) {
    const why = comparison.championUnscorable ?? "it was not measured";
    return { outcome: "held", reason: `the champion cannot be compared (${why})` };
  }
  const worse = besides("champion").filter((metric) => !isNoWorse(metric, "champion"));
  if (worse.length > 0) {
    return { outcome: "refused", reason: `it is worse than the champion${listed(worse, "champion")}` };
  }
  const improves = leading.every((metric) => isBetter(metric, "champion"));
  if (!improves && champion.decision?.decidedBy === "person") {
    const reason = `a person chose the champion, and it is not better beyond chance${
      listed(leading, "champion")
    }`;
    return { outcome: "refused", reason };
  }
  const reference = champion.decision?.reference ?? champion.version;
  const keepsReference = reference === champion.version ||
    comparison.referenceUnscorable === undefined &&
      besides("reference").some(({ leads }) => leads) &&
      besides("reference").every((metric) => isNoWorse(metric, "reference"));
  if (improves) {
    const isAhead = keepsReference || comparison.referenceUnscorable !== undefined;
    return {
      outcome: "promoted",
      reason: "better than the champion beyond chance, and it beats its baseline",
      reference: isAhead ? version : reference,
    };
  }
  if (keepsReference) {
    return {
      outcome: "promoted",
      reason: "no worse than the champion, and it beats its baseline",
      reference,
    };
  }
  const why = comparison.referenceUnscorable ??
    `it is worse${
      listed(besides("reference").filter((metric) => !isNoWorse(metric, "reference")), "reference")
    }`;
  return {
    outcome: "refused",
    reason: `it is not better than the champion beyond chance, and does not keep the quality of ` +
      `${reference}, with which the champion's line began (${why})`,
  };
}

type OpponentRole = "champion" | "reference" | "baseline";

/** How much better the challenger is than the opponent, in the unit of the metric. */
function advantage(metric: MetricComparison, opponent: OpponentRole): number {
  const other = metric[opponent] ?? NaN;
  return metric.better === "higher" ? metric.challenger - other : other - metric.challenger;
}

/** A standard error that is not known is no evidence. */
function isBetter(metric: MetricComparison, opponent: OpponentRole): boolean {
  const ahead = advantage(metric, opponent);
  return ahead > 0 && ahead > BEYOND_CHANCE * (metric[`${opponent}Error`] ?? Infinity);
}

function isNoWorse(metric: MetricComparison, opponent: OpponentRole): boolean {
  const allowance = metric.leads ? 0 : NON_INFERIORITY_MARGIN * Math.abs(metric[opponent] ?? NaN);
  return advantage(metric, opponent) >= -allowance;
}

function listed(metrics: MetricComparison[], opponent: OpponentRole): string {
  const texts = metrics.map((metric) =>
    `${metric.name} ${metric.challenger.toFixed(3)}, ${opponent} ${metric[opponent]?.toFixed(3)}, ` +
    `standard error of the difference ${metric[`${opponent}Error`]?.toFixed(4) ?? "unknown"}`
  );
  return texts.length === 0 ? "" : `: ${texts.join("; ")}`;
}

/** A stored version that a challenger is compared with. */
export interface Opponent {
  version: string;
  /** Undefined where it cannot be read. */
  card?: ModelCard;
  /** Of a version that cannot be read only its stored predictions, where these are left. */
  files: Record<string, Uint8Array>;
  /** Why the version cannot be read. */
  unscorable?: string;
}

/** With whom a challenger is compared. */
export interface Opponents {
  /** Undefined where there is none. */
  champion?: Opponent;
  /** The version whose quality has to be kept; undefined where that is the champion itself. */
  reference?: Opponent;
}

/**
 * Loads the versions that a challenger is compared with; one that is incomplete is unscorable, a store that fails is an
 * error.
 *
 * @param champion The pointer as it was read before the training.
 */
export async function loadOpponents(
  store: ObjectStore,
  name: string,
  champion: Champion | undefined,
): Promise<Opponents> {
  if (champion === undefined) return {};
  const { version, decision } = champion;
  const reference = decision?.reference ?? version;
  return {
    champion: await opponent(store, name, version),
    ...(reference !== version && { reference: await opponent(store, name, reference) }),
  };
}

async function opponent(store: ObjectStore, name: string, version: string): Promise<Opponent> {
  try {
    return { version, ...await loadModelVersion(store, name, version) };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const kept = await readVersionFile(store, name, version, TEST_PREDICTIONS_FILE);
    return {
      version,
      unscorable: withoutRemedy(error),
      files: kept === undefined ? {} : { [TEST_PREDICTIONS_FILE]: kept },
    };
  }
}

/** What `score` computes of an opponent, or why that is not possible with the present code and data. */
export async function tryScore<T>(score: () => T | Promise<T>): Promise<T | { unscorable: string }> {
  try {
    return await score();
  } catch (error) {
    if (error instanceof ModelError) return { unscorable: withoutRemedy(error) };
    throw error;
  }
}
