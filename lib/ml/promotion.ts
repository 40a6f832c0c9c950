import type { Champion, ComparedFigure, PromotionDecision } from "./registry/champion.ts";
import { ModelError } from "shopflow/errors/mod.ts";
import { HELD_OUT_FILE } from "./comparison.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { loadModelVersion, type ModelCard, readVersionFile } from "./registry/versions.ts";

/** What a challenger reached on a hold-out, beside its baseline, the champion and the reference. */
export interface Judgement {
  /** The rows it was measured on, in words; undefined where there were none to measure it on. */
  holdOut?: string;
  figures: ComparedFigure[];
  /** Why there are no figures. */
  unmeasured?: string;
  /** Why the champion has no figures here; undefined when it has, or when there is no champion. */
  championUnjudged?: string;
  /** The same of the reference, where that is another version than the champion. */
  referenceUnjudged?: string;
}

/** What follows from a judgement. */
type Verdict = Pick<PromotionDecision, "outcome" | "reason" | "reference">;

/** A difference of more standard errors than this is not chance: one-sided, at the level of 5 %. */
const BEYOND_CHANCE = 1.645;
/** Share by which a figure that does not lead may be worse, counted from the reference and so in all. */
const TOLERANCE = 0.01;

/**
 * Decides whether a challenger becomes champion. All comparisons are paired: both models answer for the same rows, and
 * the standard error is that of their difference. "Better beyond chance" is a one-sided test at the level of 5 %.
 *
 * 1. The leading figures must be better than the baseline's beyond chance, the others not worse by more than 1 % of
 *    the baseline's. Otherwise the challenger is refused.
 * 2. Without a champion it is promoted. A champion that cannot be compared stays, and the challenger is held for a
 *    person: what cannot be judged is never promoted.
 * 3. The leading figures must be no worse than the champion's as measured, with no allowance; the others not worse by
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
  judgement: Judgement,
  version: string,
  champion: Champion | undefined,
): Verdict {
  const { figures, unmeasured } = judgement;
  if (judgement.holdOut === undefined || figures.length === 0) {
    const reason = `there is nothing to judge it on${unmeasured === undefined ? "" : `: ${unmeasured}`}`;
    return { outcome: champion === undefined ? "refused" : "held", reason };
  }
  const besides = (opponent: OpponentRole) => figures.filter((figure) => figure[opponent] !== undefined);
  const below = besides("baseline").filter((figure) =>
    figure.leads ? !isBetter(figure, "baseline") : !isNoWorse(figure, "baseline")
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
  if (judgement.championUnjudged !== undefined || leading.length === 0) {
    const why = judgement.championUnjudged ?? "it was not measured";
    return { outcome: "held", reason: `the champion cannot be judged (${why})` };
  }
  const worse = besides("champion").filter((figure) => !isNoWorse(figure, "champion"));
  if (worse.length > 0) {
    return { outcome: "refused", reason: `it is worse than the champion${listed(worse, "champion")}` };
  }
  const improves = leading.every((figure) => isBetter(figure, "champion"));
  if (!improves && champion.decision?.decidedBy === "person") {
    const reason = `a person chose the champion, and it is not better beyond chance${
      listed(leading, "champion")
    }`;
    return { outcome: "refused", reason };
  }
  const reference = champion.decision?.reference ?? champion.version;
  const keepsReference = reference === champion.version ||
    judgement.referenceUnjudged === undefined &&
      besides("reference").some(({ leads }) => leads) &&
      besides("reference").every((figure) => isNoWorse(figure, "reference"));
  if (improves) {
    const isAhead = keepsReference || judgement.referenceUnjudged !== undefined;
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
  const why = judgement.referenceUnjudged ??
    `it is worse${
      listed(besides("reference").filter((figure) => !isNoWorse(figure, "reference")), "reference")
    }`;
  return {
    outcome: "refused",
    reason: `it is not better than the champion beyond chance, and does not keep the quality of ` +
      `${reference}, with which the champion's line began (${why})`,
  };
}

type OpponentRole = "champion" | "reference" | "baseline";

/** How much better the challenger is than the opponent, in the unit of the figure. */
function advantage(figure: ComparedFigure, opponent: OpponentRole): number {
  const other = figure[opponent] ?? NaN;
  return figure.better === "higher" ? figure.challenger - other : other - figure.challenger;
}

/** A standard error that is not known is no evidence. */
function isBetter(figure: ComparedFigure, opponent: OpponentRole): boolean {
  const ahead = advantage(figure, opponent);
  return ahead > 0 && ahead > BEYOND_CHANCE * (figure[`${opponent}Error`] ?? Infinity);
}

function isNoWorse(figure: ComparedFigure, opponent: OpponentRole): boolean {
  const allowance = figure.leads ? 0 : TOLERANCE * Math.abs(figure[opponent] ?? NaN);
  return advantage(figure, opponent) >= -allowance;
}

function listed(figures: ComparedFigure[], opponent: OpponentRole): string {
  const texts = figures.map((figure) =>
    `${figure.name} ${figure.challenger.toFixed(3)}, ${opponent} ${figure[opponent]!.toFixed(3)}, ` +
    `standard error of the difference ${figure[`${opponent}Error`]?.toFixed(4) ?? "unknown"}`
  );
  return texts.length === 0 ? "" : `: ${texts.join("; ")}`;
}

/** A stored version that a challenger is compared with. */
export interface Opponent {
  version: string;
  /** Undefined where it cannot be read. */
  card?: ModelCard;
  /** Of an unreadable version only its stored predictions, where these are left. */
  files: Record<string, Uint8Array>;
  /** Why the version cannot be read. */
  unreadable?: string;
}

/** With whom a challenger is compared. */
export interface Opponents {
  /** Undefined where there is none. */
  champion?: Opponent;
  /** The version whose quality has to be kept; undefined where that is the champion itself. */
  reference?: Opponent;
}

/**
 * Loads the versions that a challenger is compared with; one that is incomplete is unreadable, a store that fails is an
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
    const kept = await readVersionFile(store, name, version, HELD_OUT_FILE);
    return { version, unreadable: error.message, files: kept === undefined ? {} : { [HELD_OUT_FILE]: kept } };
  }
}

/** What `judge` says of an opponent, or why that is not possible with the present code and data. */
export async function asked<T>(judge: () => T | Promise<T>): Promise<T | { unjudged: string }> {
  try {
    return await judge();
  } catch (error) {
    if (error instanceof ModelError) return { unjudged: error.message };
    throw error;
  }
}
