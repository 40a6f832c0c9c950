/**
 * What a day costs on one, two and three years of history: the star schema built on the previous snapshot after one more
 * day of raw rows, beside the full build of the same history. Prints its part of documentation/reference/benchmarks.md.
 *
 * `SHOPFLOW_TEST_EVENTS` (2000000) is the number of events a year, `SHOPFLOW_TEST_ROUNDS` (3) how often each is measured.
 */
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { buildSnapshot, loadSqlProject, openSession, TEST_RELATIONS } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { WAREHOUSE_PROJECT } from "../../../pipelines/steps/transform.ts";
import { addDays } from "./growing_history.ts";

const EVENTS = Number(Deno.env.get("SHOPFLOW_TEST_EVENTS") ?? 2_000_000);
const ROUNDS = Number(Deno.env.get("SHOPFLOW_TEST_ROUNDS") ?? 3);
const LAST_DAY = "2024-12-31";

const home = await Deno.makeTempDir();
const runtime = createRuntime({ progress: silentProgress, log: createLogger(() => {}) });
const project = await loadSqlProject(WAREHOUSE_PROJECT, TEST_RELATIONS);

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

interface Measured {
  years: number;
  full: number;
  day: number;
}

async function measure(years: number): Promise<Measured> {
  const folder = join(home, `lake_${years}`);
  const store = createDirectoryStore(folder);
  const days = years * 365;
  const start = new Date(Date.parse(LAST_DAY) - days * 86_400_000).toISOString().slice(0, 10);
  using session = await openSession();
  const common = { eventsAYear: EVENTS, folder: home };
  const history = await addDays(session, store, {}, {
    ...common,
    run: "history",
    extractedAt: `${LAST_DAY} 00:00:00`,
    days: { start, first: 0, end: days },
  });
  const grown = await addDays(session, store, history, {
    ...common,
    run: "day",
    extractedAt: "2025-01-01 00:00:00",
    days: { start, first: days, end: days + 1 },
  });
  const content = { store, project, codeVersion: "bench" };
  const options = { memoryLimit: "1GiB" };
  const { manifest: previous } = await buildSnapshot({ ...content, inputs: history }, runtime, options);
  const full: number[] = [], day: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    full.push(await seconds(() => buildSnapshot({ ...content, inputs: grown }, runtime, options)));
    day.push(await seconds(() => buildSnapshot({ ...content, inputs: grown, previous }, runtime, options)));
    console.error(
      `${years} years, round ${round + 1}: full ${full.at(-1)!.toFixed(1)} s, day ${
        day.at(-1)!.toFixed(1)
      } s`,
    );
  }
  await Deno.remove(folder, { recursive: true });
  return { years, full: Math.min(...full), day: Math.min(...day) };
}

try {
  const measured: Measured[] = [];
  for (const years of [1, 2, 3]) measured.push(await measure(years));
  const percent = ({ day, full }: Measured) => `${(day / full * 100).toFixed(1)} %`;
  const rows = measured.map((m) =>
    `| ${m.years} | ${m.full.toFixed(1)} s | ${m.day.toFixed(2)} s | ${percent(m)} | ${
      (m.day / measured[0]!.day).toFixed(2)
    } |`
  );
  console.log(`## A day more on one, two and three years

${EVENTS.toLocaleString("en-US")} events, ${
    (EVENTS / 4).toLocaleString("en-US")
  } order lines a year and the other tables to match, made by SQL;
the star schema built from raw files and published (\`transform\` alone, without \`extract\`), the quickest of ${ROUNDS} rounds. Aim: a day under 5 % of the full build, and flat.

| years | full build | one day more | of the full build | beside one year |
| ---: | ---: | ---: | ---: | ---: |
${rows.join("\n")}
`);
} finally {
  await Deno.remove(home, { recursive: true });
}
