/**
 * How many runs a second the ledger accounts for, in a folder and on S3, with one and three schedulers, beside
 * pg-boss on PostgreSQL with the same number of processes; and the memory of a scheduler over 100,000 runs.
 * Prints its part of documentation/reference/benchmarks.md. Needs SHOPFLOW_TEST_POSTGRES_URL and SHOPFLOW_TEST_S3_URL.
 */
import { InputError } from "shopflow/errors/mod.ts";
import { runCommand } from "shopflow/cli/mod.ts";
import { join } from "node:path";
import { withS3Lake } from "../../fixtures/s3_lake.ts";
import { TEST_POSTGRES_URL, TEST_S3_URL } from "../../requirements.ts";
import { fillQueue, type PeerTask } from "./pg_boss.ts";
import { type Memory, replica, type ReplicaResult, type ReplicaTask } from "./replica.ts";

const JOBS = 20;
const FROM = "2024-10-02T00:00:00.000Z";
const LONG = { jobs: 100, runs: 100_000 };

interface Measured {
  what: string;
  processes: number;
  runsPerSecond: number;
}

async function inProcesses<T>(file: string, tasks: unknown[], flags: string[] = []): Promise<T[]> {
  return await Promise.all(tasks.map(async (task) => {
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", ...flags, join(import.meta.dirname!, file), JSON.stringify(task)],
      stderr: "inherit",
    }).output();
    if (!success) throw new InputError(`${file} failed`, { remedy: "What it said stands above." });
    return JSON.parse(new TextDecoder().decode(stdout));
  }));
}

const rate = (results: Pick<ReplicaResult, "ran" | "from" | "to">[]) => {
  const worked = results.filter(({ ran }) => ran > 0);
  const ran = worked.reduce((sum, result) => sum + result.ran, 0);
  const ms = Math.max(...worked.map(({ to }) => to)) - Math.min(...worked.map(({ from }) => from));
  return { ran, runsPerSecond: ran / (ms / 1000) };
};

async function account(
  lake: { url: string; home: string },
  runs: number,
  processes: number,
  { jobs = JOBS, flags = [] }: { jobs?: number; flags?: string[] } = {},
): Promise<{ runsPerSecond: number; results: ReplicaResult[] }> {
  const minutes = runs / jobs;
  const now = new Date(Date.parse(FROM) + minutes * 60_000).toISOString();
  const task = (owner: string, time: string): ReplicaTask => ({
    lakeUrl: lake.url,
    home: lake.home,
    jobs,
    now: time,
    owner,
  });
  // The jobs are known from then on.
  await replica(task("first", FROM), { begin: true });
  const tasks = Array.from({ length: processes }, (_, i) => task(`replica-${i}`, now));
  const results = await inProcesses<ReplicaResult>("replica.ts", tasks, flags);
  const { ran, runsPerSecond } = rate(results);
  if (ran !== runs) throw new Error(`${ran} runs were run, of ${runs}`);
  return { runsPerSecond, results };
}

async function peer(jobs: number, processes: number): Promise<number> {
  const task: PeerTask = {
    connectionString: TEST_POSTGRES_URL,
    schema: `bench_${crypto.randomUUID().slice(0, 8)}`,
  };
  await fillQueue(task, jobs);
  const { ran, runsPerSecond } = rate(
    await inProcesses("pg_boss.ts", Array.from({ length: processes }, () => task)),
  );
  if (ran !== jobs) throw new Error(`${ran} jobs were run, of ${jobs}`);
  return runsPerSecond;
}

async function withFolder<T>(body: (lake: { url: string; home: string }) => Promise<T>): Promise<T> {
  const home = await Deno.makeTempDir({ prefix: "ledger_bench_" });
  try {
    return await body({ url: join(home, "lake"), home });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

if (import.meta.main) {
  await runCommand(async () => {
    if (!TEST_POSTGRES_URL || !TEST_S3_URL) {
      throw new InputError("The benchmark of the ledger needs servers", {
        expected: "SHOPFLOW_TEST_POSTGRES_URL and SHOPFLOW_TEST_S3_URL",
      });
    }
    const measured: Measured[] = [];
    for (const processes of [1, 3]) {
      const note = (what: string, runsPerSecond: number) => {
        console.error(`  ${what}, ${processes}: ${Math.round(runsPerSecond)} a second`);
        measured.push({ what, processes, runsPerSecond });
      };
      note("pg-boss on PostgreSQL", await peer(10_000, processes));
      note(
        "ledger in a folder",
        await withFolder(async (lake) => (await account(lake, 10_000, processes)).runsPerSecond),
      );
      await withS3Lake(async (lake) =>
        note("ledger on S3 (versitygw)", (await account(lake, 4000, processes)).runsPerSecond)
      );
    }
    console.error(`  memory over ${LONG.runs} runs`);
    const long = await withFolder((lake) =>
      account(lake, LONG.runs, 1, { jobs: LONG.jobs, flags: ["--v8-flags=--expose-gc"] })
    );
    console.log(part(measured, long.results[0]!));
  });
}

function part(measured: Measured[], { ran, memory }: ReplicaResult): string {
  const anchor = (processes: number) =>
    measured.find((row) => row.processes === processes && row.what.startsWith("pg-boss"))!.runsPerSecond;
  const tenths = Array.from({ length: 11 }, (_, i) => memory[Math.round((i / 10) * (memory.length - 1))]!);
  const megabytes = (kind: keyof Memory) =>
    tenths.map((memory) => Math.round(memory[kind]! / 1e6)).join(", ");
  return [
    "## The ledger of runs",
    "",
    `Runs that are planned, started and ended, one write each, of ${JOBS} jobs of which each runs one at a time. Runs do ` +
    "nothing. pg-boss takes and ends jobs that do nothing one by one, 20 side by side in each process; who plans them when they are due is not counted.",
    "",
    "| what | processes | runs a second | beside pg-boss |",
    "| --- | ---: | ---: | ---: |",
    ...measured.map(({ what, processes, runsPerSecond }) =>
      `| ${what} | ${processes} | ${Math.round(runsPerSecond).toLocaleString("en-US")} | ${
        (runsPerSecond / anchor(processes)).toFixed(2)
      } |`
    ),
    "",
    `Memory of a scheduler that does ${
      ran.toLocaleString("en-US")
    } runs of ${LONG.jobs} jobs, at its start and after each tenth ` +
    `of them: ${megabytes("live")} MB live after a collection, ${megabytes("resident")} MB resident.`,
  ].join("\n");
}
