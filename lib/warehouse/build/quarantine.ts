import { LakeError } from "shopflow/errors/mod.ts";
import { encodeJson, fileSha256, type ObjectStat, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { join } from "node:path";
import { z } from "zod";
import type { DataTest } from "../project/tests/data_tests.ts";
import type { FailedTest } from "./audit.ts";
import { type Session, sqlString } from "../session.ts";
import type { QueryTable } from "../sql_query.ts";

/** A failed data test of which the rows are kept. */
interface QuarantinedTest {
  /** As people call it, e.g. `fact_orders.customer_id: relationships`. */
  name: string;
  /** Rows that broke the promise. */
  failures: number;
  /** Parquet file of them, of very many only the first. */
  key: string;
  /** Of that file. */
  sha256: string;
  sql: string;
}

/** What blocked the publish of a run. */
export interface QuarantinedRun {
  run: string;
  createdAt: string;
  tests: QuarantinedTest[];
}

/** Rows kept of a test; whoever needs more than these to see what is wrong needs a query, not a file. */
const MOST_ROWS = 100_000;
/** Beneath it each run whose publish was blocked has a folder. */
const QUARANTINE = "quarantine/";
const summaryKey = (run: string) => `${QUARANTINE}${run}/summary.json`;

/** A run is named by its time, `20240601T030500000Z`. */
const SUMMARY = /^quarantine\/(\d{8}T\d{9}Z)\/summary\.json$/;

const runShape = z.looseObject({
  run: z.string(),
  createdAt: z.string(),
  tests: z.array(
    z.looseObject({
      name: z.string(),
      failures: z.number(),
      key: z.string(),
      sha256: z.string(),
      sql: z.string(),
    }),
  ),
});

/** Keeps the rows that failed data tests found in `quarantine/<run>/<test>.parquet`. */
export function createQuarantine(
  session: Session,
  { store, folder, now }: { store: ObjectStore; folder: string; now: Date },
): { keep: (test: DataTest, failure: FailedTest) => Promise<void> } {
  const createdAt = now.toISOString();
  const run = createdAt.replace(/[-:.]/g, "");
  const tests: QuarantinedTest[] = [];
  return {
    async keep(test, { name, failures }) {
      const path = join(folder, `quarantine_${tests.length}.parquet`);
      await session.run(
        `COPY (SELECT * FROM (\n${test.sql}\n) LIMIT ${MOST_ROWS}) TO ${sqlString(path)} (FORMAT parquet)`,
      );
      const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
      const key = `${QUARANTINE}${run}/${String(tests.length + 1).padStart(2, "0")}_${slug}.parquet`;
      tests.push({ name, failures, key, sha256: await fileSha256(path), sql: test.sql });
      // First: what no summary names is not known to be ours, and would stay for ever if this run is killed.
      await store.put(summaryKey(run), encodeJson({ run, createdAt, tests } satisfies QuarantinedRun));
      await store.moveIn(key, path);
    },
  };
}

/**
 * Runs that data tests blocked, the latest first.
 *
 * @param run Only the one of this name.
 * @throws {LakeError} when there is none of this name, with those that there are.
 */
export async function quarantinedRuns(store: ObjectStore, run?: string): Promise<QuarantinedRun[]> {
  const runs = (await runsIn(store, await store.list(QUARANTINE))).toSorted((a, b) => a.run < b.run ? 1 : -1);
  const found = runs.filter((one) => run === undefined || one.run === run);
  if (found.length > 0 || run === undefined) return found;
  throw new LakeError("The quarantine has no such run", {
    expected: runs.map((one) => one.run).join(", ") || "a run that data tests blocked; there is none",
    found: JSON.stringify(run),
  });
}

/** What lies in quarantine. */
interface QuarantinedObjects {
  /** The objects of each blocked run as its summary names them, the summary last. */
  runs: ObjectStat[][];
  /** What no summary names: other programs wrote it. */
  foreign: ObjectStat[];
}

/** The objects in quarantine, by the run that wrote them. */
export async function quarantinedObjects(store: ObjectStore): Promise<QuarantinedObjects> {
  const objects = new Map((await store.list(QUARANTINE)).map((object) => [object.key, object]));
  const runs = (await runsIn(store, [...objects.values()])).map(({ run, tests }) =>
    [...tests.map(({ key }) => key), summaryKey(run)].flatMap((key) => {
      const object = objects.get(key);
      objects.delete(key);
      return object ?? [];
    })
  );
  return { runs, foreign: [...objects.values()] };
}

/** The runs whose summaries are among these objects; what is no summary of ours is passed over. */
async function runsIn(store: ObjectStore, objects: ObjectStat[]): Promise<QuarantinedRun[]> {
  const found = await Promise.all(objects.map(async ({ key }) => {
    const run = SUMMARY.exec(key)?.[1];
    const object = run === undefined ? undefined : await store.get(key);
    const summary = object && summaryIn(object.body);
    return summary?.run === run && summary?.tests.every(({ key }) => key.startsWith(`${QUARANTINE}${run}/`))
      ? summary
      : undefined;
  }));
  return found.filter((run) => run !== undefined);
}

function summaryIn(body: Uint8Array): QuarantinedRun | undefined {
  try {
    return runShape.parse(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return undefined;
  }
}

/** SQL name of the rows that a data test found. */
const FAILING_ROWS = "failing_rows";

/**
 * The rows that a data test found in a blocked run, as the table `failing_rows` of a query.
 *
 * @throws {LakeError} when the run or test is not in quarantine.
 */
export async function quarantinedTable(store: ObjectStore, run: string, test: string): Promise<QueryTable> {
  const tests = (await quarantinedRuns(store, run)).flatMap(({ tests }) => tests);
  const found = tests.find(({ name, key }) => name === test || key.endsWith(`/${test}.parquet`));
  if (found !== undefined) return { name: FAILING_ROWS, files: [found], rows: found.failures };
  throw new LakeError(`No such data test blocked the run ${run}`, {
    expected: `one of ${tests.map(({ name }) => JSON.stringify(name)).join(", ")}`,
    found: JSON.stringify(test),
  });
}
