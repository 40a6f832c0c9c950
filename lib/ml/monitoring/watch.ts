import { ModelError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { type Session, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import { basename } from "node:path";
import { addDays, checkAsOf, dayAfterLastSale } from "../as_of_date.ts";
import { type FeatureEvidence, type ModelEvidence, readEvidence } from "../card/evidence.ts";
import type { ModelDefinition, MonitoringDefinition } from "../model_definition.ts";
import { earlierScoresPath, type PublishedScores, publishedScores } from "../registry/scores.ts";
import { loadModelVersion } from "../registry/versions.ts";
import { type Shift, shiftFrom } from "./distribution.ts";
import { type OutcomeQuality, outcomeQuality } from "./outcomes.ts";

/** How the scores of one day compare with the training of the version that made them, and with what happened. */
export interface WatchedRun extends PublishedScores {
  rows: number;
  /** Undefined where the version left no evidence, such as a baseline. */
  scoreShift?: Shift;
  /** The day from which on the outcomes are known. */
  knownFrom: string;
  /** Undefined while the outcomes are not known. */
  quality?: OutcomeQuality;
}

/** How a model fares. */
export interface ModelWatch {
  model: string;
  monitoring: MonitoringDefinition;
  /** Runs that were scored, one a day, the latest first. */
  runs: WatchedRun[];
  /** Of the features of the latest run, those that moved furthest first; empty without evidence. */
  features: { feature: FeatureEvidence; shift: Shift }[];
  /** Why a part is missing. */
  notes: string[];
}

/**
 * Compares the score tables that the lake keeps with the trainings behind them: whether features and scores moved, and,
 * where the outcomes of a day are known by now, how right its scores were.
 *
 * @param session A session with the curated tables of the day on which one looks.
 * @param options.runs At most so many days, the latest ones; default 60.
 * @returns undefined for a model whose scores have no outcome.
 * @throws {LakeError} when a score table was changed since it was written.
 */
export async function watchModel(
  store: ObjectStore,
  session: Session,
  { name, scoreTable, monitoring }: Pick<ModelDefinition, "name" | "scoreTable" | "monitoring">,
  { runs: most = 60 }: { runs?: number } = {},
): Promise<ModelWatch | undefined> {
  if (monitoring === undefined) return undefined;
  const evidence = evidenceOf(store, name);
  const notes = new Set<string>();
  // What was scored again for a day is what people saw last.
  const byDay = new Map((await publishedScores(store, scoreTable.name)).map((table) => [table.asOf, table]));
  const latest = [...byDay.values()].sort((a, b) => a.asOf < b.asOf ? 1 : -1).slice(0, most);
  const today = latest.length === 0 ? "" : await dayAfterLastSale(session);
  const runs: WatchedRun[] = [];
  for (const table of latest) {
    const scores = await readColumn(store, session, scoreTable.name, table, monitoring.scoreColumn);
    const { evidence: left, note } = await evidence(table.modelVersion);
    if (note !== undefined) notes.add(note);
    const horizonDays = await horizonOf(store, session, scoreTable.name, table, monitoring);
    const knownFrom = addDays(table.asOf, horizonDays);
    runs.push({
      ...table,
      rows: scores.length,
      ...(left?.scores && { scoreShift: shiftFrom(left.scores, scores) }),
      knownFrom,
      ...(knownFrom <= today &&
        { quality: await qualityOf(store, session, scoreTable.name, table, { ...monitoring, horizonDays }) }),
    });
  }
  const [newest] = runs;
  const features = newest === undefined ? [] : await featureShifts(store, session, scoreTable.name, newest, {
    monitoring,
    evidence: (await evidence(newest.modelVersion)).evidence,
  });
  return { model: name, monitoring, runs, features, notes: [...notes] };
}

/** Reads the evidence of versions, each once. */
function evidenceOf(
  store: ObjectStore,
  name: string,
): (version: string) => Promise<{ evidence?: ModelEvidence; note?: string }> {
  const known = new Map<string, Promise<{ evidence?: ModelEvidence; note?: string }>>();
  const read = async (version: string) => {
    try {
      const evidence = readEvidence((await loadModelVersion(store, name, version)).files);
      return evidence === undefined
        ? { note: `Version ${version} left nothing to compare with; a baseline never does.` }
        : { evidence };
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      return {
        note: `Version ${version} is not in the registry any more, so its training cannot be compared with.`,
      };
    }
  };
  return (version) => {
    const found = known.get(version) ?? read(version);
    known.set(version, found);
    return found;
  };
}

async function source(store: ObjectStore, name: string, { key }: PublishedScores): Promise<string> {
  return `read_parquet(${sqlString(await earlierScoresPath(store, name, basename(key, ".parquet")))})`;
}

async function readColumn(
  store: ObjectStore,
  session: Session,
  name: string,
  table: PublishedScores,
  column: string,
): Promise<Float64Array> {
  const { value = [] } = await session.columns(
    `SELECT CAST(${sqlName(column)} AS DOUBLE) AS value FROM ${await source(store, name, table)}`,
  );
  return Float64Array.from(value as (number | null)[], (one) => one ?? NaN);
}

/** The days after which the outcomes of a table are known: its own, where versions differ. */
async function horizonOf(
  store: ObjectStore,
  session: Session,
  name: string,
  table: PublishedScores,
  { horizonColumn, horizonDays }: MonitoringDefinition,
): Promise<number> {
  if (horizonColumn === undefined) return horizonDays;
  const [own] = await session.rows<{ days: number | null }>(
    `SELECT max(${sqlName(horizonColumn)}) AS days FROM ${await source(store, name, table)}`,
  );
  return own?.days ?? horizonDays;
}

async function qualityOf(
  store: ObjectStore,
  session: Session,
  name: string,
  table: PublishedScores,
  { subjectColumn, scoreColumn, kind, horizonDays, outcomesSql }: MonitoringDefinition,
): Promise<OutcomeQuality> {
  const subject = sqlName(subjectColumn);
  const { score = [], outcome = [] } = await session.columns(
    `SELECT CAST(scores.${
      sqlName(scoreColumn)
    } AS DOUBLE) AS score, CAST(outcomes.outcome AS DOUBLE) AS outcome
     FROM ${await source(store, name, table)} AS scores
     JOIN (${
      outcomesSql(checkAsOf(table.asOf), horizonDays)
    }) AS outcomes ON outcomes.${subject} = scores.${subject}
     WHERE scores.${sqlName(scoreColumn)} IS NOT NULL AND outcomes.outcome IS NOT NULL
     ORDER BY scores.${subject}`,
  );
  return outcomeQuality(Float64Array.from(outcome as number[]), Float64Array.from(score as number[]), kind);
}

async function featureShifts(
  store: ObjectStore,
  session: Session,
  name: string,
  table: PublishedScores,
  { monitoring, evidence }: { monitoring: MonitoringDefinition; evidence: ModelEvidence | undefined },
): Promise<ModelWatch["features"]> {
  const watched = (evidence?.features ?? []).filter((feature) =>
    monitoring.featureColumns.includes(feature.name)
  );
  const shifts = [];
  for (const feature of watched) {
    const values = await readColumn(store, session, name, table, feature.name);
    shifts.push({ feature, shift: shiftFrom(feature.training, values) });
  }
  return shifts.sort((a, b) => b.shift.psi - a.shift.psi);
}
