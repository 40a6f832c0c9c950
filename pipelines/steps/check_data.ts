import { countOf, formatCount } from "shopflow/runtime/mod.ts";
import { currentRawVersion, listSnapshots, quarantinedText, readRawQuarantine } from "shopflow/lake/mod.ts";
import { encodeJson, type ObjectStore, readJson } from "shopflow/lake/store/mod.ts";
import {
  failureText,
  loadSqlProject,
  openSnapshot,
  type QuarantinedRun,
  quarantinedRuns,
  type Session,
  sqlName,
  TEST_RELATIONS,
  testSnapshot,
} from "shopflow/warehouse/mod.ts";
import { FRESHNESS_LIMITS } from "shopflow/kpis/mod.ts";
import type { Config } from "shopflow/config/mod.ts";
import { PipelineError } from "shopflow/errors/mod.ts";
import { join } from "node:path";
import { type Pipeline, withTemporaryFolder } from "../context.ts";
import { leftOutError, WAREHOUSE_PROJECT } from "./transform.ts";

/** What data tests kept from being published. */
interface BlockedPublishes {
  problems: string[];
  warnings: string[];
  summary: string;
}

/**
 * Publishes that data tests blocked since the last check. The latest is a problem, however old, while the raw layer
 * still has the state that was refused: readers see the data from before it. Clocks are not asked which came first.
 *
 * @param since Time of the last check; without one all of them count.
 */
async function blockedPublishes(
  store: ObjectStore,
  since: string | undefined,
): Promise<BlockedPublishes> {
  const runs = await quarantinedRuns(store);
  const published = (await listSnapshots(store)).map(({ createdAt }) => createdAt).toSorted().at(-1) ?? "";
  const refused = (await currentRawVersion(store))?.extract.refused;
  const open = refused && runs.find(({ createdAt }) => createdAt <= refused.at);
  const isOpen = (run: QuarantinedRun) => run === open;
  const recent = runs.filter((run) => since === undefined || run.createdAt > since);
  return {
    problems: runs.filter(isOpen).map((run) =>
      `The newest data is not published: ${testsOf(run)}. ` +
      `The published data is of ${published}; \`deno task lake quarantine\` shows the rows`
    ),
    warnings: recent.filter((run) => !isOpen(run)).map((run) =>
      `A publish was blocked, and a later one succeeded: ${testsOf(run)}`
    ),
    summary: `${recent.length === 1 ? "1 publish" : `${recent.length} publishes`} blocked ${
      since === undefined ? "so far" : `since ${since}`
    }`,
  };
}

const testsOf = ({ run, createdAt, tests }: QuarantinedRun) =>
  `at ${createdAt} ${tests.map(({ name, failures }) => `${name} failed for ${failures} rows`).join(", ")} ` +
  `(run ${run})`;

/** Source rows that the extracts leave out, one sentence a table. */
async function leftOutRows(store: ObjectStore): Promise<string[]> {
  return (await readRawQuarantine(store)).map(({ table, rows }) =>
    `${countOf(rows.length, "row")} of ${table} left out because of wrong values, e.g. ${
      quarantinedText(rows[0]!)
    }; \`deno task lake quarantine\` lists them`
  );
}

const HOUR_MS = 60 * 60 * 1000;

/** Facts and the day that each row is about. Orders must be fresh; a quiet day without tickets is none to worry. */
const FACTS = [
  { table: "fact_orders", date: "order_date", what: "order", isVital: true },
  { table: "fact_events", date: "event_date", what: "event", isVital: false },
  { table: "fact_support_tickets", date: "created_date", what: "support ticket", isVital: false },
  { table: "fact_inventory_snapshots", date: "snapshot_date", what: "stock count", isVital: false },
];

/** How old the newest data is. */
interface Freshness {
  problems: string[];
  warnings: string[];
  summary: string;
}

/**
 * Compares the newest row of every fact with the limit of the configuration, 48 hours by default. A row counts as made
 * at the end of its day. Of an embedded shop, which gets no rows by itself, stale data is a warning, unless a limit is
 * set.
 *
 * @param session A session with the curated tables.
 */
async function freshness(
  session: Pick<Session, "rows">,
  { staleAfterHours, postgresUrl }: Pick<Config, "staleAfterHours" | "postgresUrl">,
  now: Date,
): Promise<Freshness> {
  const limit = staleAfterHours ?? FRESHNESS_LIMITS.staleAfterHours;
  const isStill = staleAfterHours === undefined && postgresUrl.startsWith("pglite:");
  const found: Freshness = { problems: [], warnings: [], summary: "no orders" };
  for (const { table, date, what, isVital } of FACTS) {
    const [newest] = await session.rows<{ day: string | null }>(
      `SELECT CAST(max(${sqlName(date)}) AS VARCHAR) AS day FROM ${sqlName(table)}`,
    );
    if (!newest?.day) {
      if (isVital) found.problems.push(`There are no rows in ${table}`);
      continue;
    }
    const hours = Math.max(0, (now.getTime() - Date.parse(newest.day)) / HOUR_MS - 24);
    const text = `the newest ${what} is of ${newest.day}, ${age(hours)} ago`;
    if (isVital) found.summary = text;
    if (hours <= limit) continue;
    const sentence = `${table} is stale: ${text}, the limit is ${age(limit)}`;
    if (!isStill) (isVital ? found.problems : found.warnings).push(sentence);
    else if (isVital) found.warnings.push(`${sentence}. The embedded shop receives no new orders`);
  }
  return found;
}

/** Hours for people: `30 h`, `12 days`. */
const age = (hours: number) =>
  hours < 72 ? `${Number(hours.toFixed(1))} h` : `${formatCount(Math.round(hours / 24))} days`;

/** What the last check found. */
const LAST_CHECK = "runs/check-data/last.json";

/** What `runs/check-data/last.json` holds. */
interface DataCheck {
  checkedAt: string;
  snapshot: string;
  /** Data tests that passed. */
  passed: number;
  /** What must not be. */
  problems: string[];
  /** What someone should look at. */
  warnings: string[];
  /** The scheduled run that checked. */
  run?: string;
}

/**
 * Tells an operator whether the published data can be relied on: runs the data tests on all of the current snapshot,
 * looks how old its newest rows are, and lists what data tests kept from being published since the last check.
 *
 * @throws {PipelineError} when a data test of severity `error` fails, the newest orders are too old, or the latest
 *   publish was blocked; all that is wrong is named.
 * @throws {LakeError} when nothing was published yet.
 */
export const checkData: Pipeline = async ({ config, store, runtime }) => {
  const project = await loadSqlProject(WAREHOUSE_PROJECT, TEST_RELATIONS);
  const now = runtime.now();
  const last = (await readJson<DataCheck>(store, LAST_CHECK))?.value;
  return await withTemporaryFolder(config.home, async (folder) => {
    using snapshot = await openSnapshot(store, undefined, {
      memoryLimit: "1GiB",
      spillFolder: join(folder, "spill"),
    });
    const tests = await testSnapshot(snapshot, project, runtime);
    const fresh = await freshness(snapshot, config, now);
    // A check whose clock was ahead says nothing about when it was.
    const since = last && last.checkedAt <= now.toISOString() ? last.checkedAt : undefined;
    const blocked = await blockedPublishes(store, since);
    const failed = (severity: string) =>
      tests.failed.filter((test) => test.severity === severity).map(failureText);
    const leftOut = (snapshot.manifest.leftOut ?? []).map((model) => leftOutError(model).message);
    const problems = [...failed("error"), ...fresh.problems, ...blocked.problems, ...leftOut];
    const others = [...fresh.warnings, ...blocked.warnings, ...await leftOutRows(store)];
    const { id } = snapshot.manifest;
    const check: DataCheck = {
      checkedAt: now.toISOString(),
      snapshot: id,
      passed: tests.passed,
      problems,
      warnings: [...failed("warn"), ...others],
      ...(config.run && { run: config.run.name }),
    };
    await store.put(LAST_CHECK, encodeJson(check));
    // Those of the data tests were logged as they were found.
    for (const warning of others) runtime.log.warn(warning);
    const summary = `snapshot ${id}: ${tests.passed} data tests passed, ` +
      `${check.warnings.length} warnings; ${fresh.summary}; ${blocked.summary}`;
    if (problems.length === 0) return { status: "done", summary };
    throw new PipelineError(
      `The data check found problems\n${problems.map((problem) => `  ${problem}`).join("\n")}\n${summary}`,
    );
  });
};
