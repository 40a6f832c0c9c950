/**
 * What many small extracts cost those who read the raw layer: a day more on a history of a year that came in one extract,
 * in 121 extracts, and in 121 whose small files were merged as extracts do. Prints its part of
 * documentation/reference/benchmarks.md.
 *
 * `SHOPFLOW_TEST_EVENTS` (500000) is the number of events a year, `SHOPFLOW_TEST_ROUNDS` (3) how often each is measured.
 */
import type { RawTable } from "shopflow/lake/mod.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import {
  buildSnapshot,
  loadSqlProject,
  openSession,
  type RawInputs,
  TEST_RELATIONS,
} from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { tidyFiles } from "../../../pipelines/steps/raw/tidy_files.ts";
import { WAREHOUSE_PROJECT } from "../../../pipelines/steps/transform.ts";
import { addDays } from "./growing_history.ts";

const EVENTS = Number(Deno.env.get("SHOPFLOW_TEST_EVENTS") ?? 500_000);
const ROUNDS = Number(Deno.env.get("SHOPFLOW_TEST_ROUNDS") ?? 3);
const START = "2024-01-01";
const DAYS = 365, SMALL_RUNS = 120;

const home = await Deno.makeTempDir();
const runtime = createRuntime({ progress: silentProgress, log: createLogger(() => {}) });
const project = await loadSqlProject(WAREHOUSE_PROJECT, TEST_RELATIONS);
const store = createDirectoryStore(join(home, "lake"), { sync: false });
using session = await openSession();

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

const dayAfter = (day: number) => new Date(Date.parse(START) + day * 86_400_000).toISOString().slice(0, 10);

/** Adds an extract of some days, and says whose rows its files hold. */
async function extractDays(before: RawInputs, run: string, first: number, end: number): Promise<RawInputs> {
  const extractedAt = `${dayAfter(end)} 00:00:00`;
  const days = { start: START, first, end };
  const after = await addDays(session, store, before, {
    run,
    extractedAt,
    days,
    eventsAYear: EVENTS,
    folder: home,
  });
  return Object.fromEntries(
    Object.entries(after).map(([table, files]) => [
      table,
      files.map((file) => ({
        ...file,
        runs: file.runs ??
          [{ run, extractedAt: `${extractedAt.replace(" ", "T")}Z`, rows: file.rows, sha256: file.sha256 }],
      })),
    ]),
  );
}

/** Merges small files as an extract does. */
async function merged(store: ObjectStore, inputs: RawInputs): Promise<RawInputs> {
  const tables = Object.fromEntries(
    Object.entries(inputs).map(([name, files]) =>
      [name, { files, contentSha256: "", rows: 0 } as RawTable] as const
    ),
  );
  const tidied = await tidyFiles(store, { tables, newFiles: [] }, { compact: true, folder: home });
  for (const { file, path } of tidied.newFiles) await store.moveIn(file.key, path);
  return Object.fromEntries(Object.entries(tidied.tables).map(([name, { files }]) => [name, files]));
}

interface Layout {
  name: string;
  files: number;
  seconds: number;
}

async function measure(name: string, history: RawInputs): Promise<Layout> {
  const content = { store, project, codeVersion: "bench" };
  const options = { memoryLimit: "1GiB" };
  const { manifest: previous } = await buildSnapshot({ ...content, inputs: history }, runtime, options);
  const grown = await extractDays(history, `day ${name}`, DAYS, DAYS + 1);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    times.push(await seconds(() => buildSnapshot({ ...content, inputs: grown, previous }, runtime, options)));
  }
  console.error(`${name}: ${times.map((time) => time.toFixed(2)).join(", ")} s`);
  const files = Object.values(history).reduce((sum, files) => sum + files.length, 0);
  return { name, files, seconds: Math.min(...times) };
}

try {
  const one = await extractDays({}, "one", 0, DAYS);
  const base = await extractDays({}, "base", 0, DAYS - SMALL_RUNS);
  let many = base, few = base;
  const merging = await seconds(async () => {
    for (let day = DAYS - SMALL_RUNS; day < DAYS; day++) {
      many = await extractDays(many, `run${day}`, day, day + 1);
      const added = Object.fromEntries(
        Object.entries(many).map(([table, files]) => [table, [...few[table]!, files.at(-1)!]]),
      );
      few = await merged(store, added);
    }
  });
  console.error(`${SMALL_RUNS} extracts written and merged in ${merging.toFixed(1)} s`);
  const layouts = [
    await measure("one extract", one),
    await measure(`${SMALL_RUNS + 1} extracts, merged`, few),
    await measure(`${SMALL_RUNS + 1} extracts, not merged`, many),
  ];
  const rows = layouts.map(({ name, files, seconds }) =>
    `| ${name} | ${files} | ${seconds.toFixed(2)} s | ${(seconds / layouts[0]!.seconds).toFixed(2)} |`
  );
  console.log(`## Many small extracts

The star schema after one more day, built on the snapshot before, where the same year (${
    EVENTS.toLocaleString("en-US")
  }
events) came in one extract or in many. Best of ${ROUNDS}.

| history came in | raw files | a day | beside one extract |
| --- | ---: | ---: | ---: |
${rows.join("\n")}`);
} finally {
  await Deno.remove(home, { recursive: true });
}
