import assert from "node:assert/strict";
import { join } from "node:path";
import { listJobRuns } from "shopflow/jobs/mod.ts";
import { createDirectoryStore } from "shopflow/lake/mod.ts";
import { createLogger, createRuntime } from "shopflow/runtime/mod.ts";
import { pipelinesNamed } from "../../pipelines/main.ts";
import { JOBS } from "../../schedules/jobs.ts";
import { jobTable } from "../../schedules/job_table.ts";
import { createScheduler, pipelineCommand } from "../../schedules/scheduler.ts";

const ROOT = join(import.meta.dirname!, "..", "..");

Deno.test("the literal Deno.cron calls of main.ts are the jobs of jobs.ts", async () => {
  const source = await Deno.readTextFile(join(ROOT, "schedules", "main.ts"));
  const calls = [...source.matchAll(/^Deno\.cron\((.*)\);$/gm)].map(([, call]) => call!);
  const expected = JOBS.map(({ name, cron }) =>
    `"${name}", "${cron}", { backoffSchedule: [] }, due("${name}")`
  );
  assert.deepEqual(calls, expected);
});

Deno.test("every pipeline of a job is one that the pipelines' command knows", () => {
  for (const name of JOBS.flatMap(({ pipelines }) => pipelines)) assert.ok(pipelinesNamed(name).length > 0);
});

Deno.test("a job's process has the permissions of the task `pipeline`", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const { args, program } = pipelineCommand(["train"]);
  assert.equal(program, Deno.execPath());
  assert.equal(["deno", ...args].join(" "), `${tasks.pipeline.command} run train`);
});

Deno.test("a due job runs its pipelines and is entered in the ledger", async () => {
  await withScheduler("console.log('ran ' + Deno.args)", async (scheduler, lakeUrl) => {
    const run = await scheduler.runDue("refresh-data");
    assert.equal(run?.status, "succeeded");
    assert.match(run.output!, /ran extract,transform/);
    assert.deepEqual(await listJobRuns(createDirectoryStore(lakeUrl), "refresh-data"), [run]);
  });
});

Deno.test("stopping the scheduler ends the run under way and enters it as cancelled", async () => {
  await withScheduler("setInterval(() => {}, 1000)", async (scheduler, lakeUrl) => {
    const running = scheduler.runDue("train-models");
    const store = createDirectoryStore(lakeUrl);
    while ((await listJobRuns(store, "train-models")).length === 0) {
      await new Promise((done) => setTimeout(done, 10));
    }
    await scheduler.stop();
    assert.equal((await running)?.status, "cancelled");
    assert.equal(await scheduler.runDue("train-models"), undefined, "nothing starts after the stop");
  });
});

Deno.test("a lake that cannot be written does not end the scheduler", async () => {
  const log: string[] = [];
  await withScheduler("", async (scheduler, lakeUrl) => {
    await Deno.writeTextFile(lakeUrl, "a file where the lake's folder should be");
    assert.equal(await scheduler.runDue("score-customers"), undefined);
    assert.match(log.join("\n"), /score-customers: no run could be entered/);
  }, log);
});

Deno.test("the table lists the jobs in the order they are due", () => {
  const [head, first, ...rest] = jobTable(JOBS, new Date("2024-10-06T23:50:00Z")).split("\n");
  assert.match(head!, /^job +cron \(UTC\) +next due \(UTC\)/);
  assert.match(first!, /^refresh-data +5 \* \* \* \* +2024-10-07 00:05 +extract, transform/);
  assert.equal(rest.length, JOBS.length - 1);
});

Deno.test("deno task schedule --list prints the jobs and ends", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", "--allow-env", "--allow-sys", "schedules/main.ts", "--list"],
    cwd: ROOT,
  }).output();
  assert.equal(code, 0);
  for (const { name } of JOBS) assert.match(new TextDecoder().decode(stdout), new RegExp(`^${name} `, "m"));
});

async function withScheduler(
  program: string,
  body: (scheduler: ReturnType<typeof createScheduler>, lakeUrl: string) => Promise<void>,
  log: string[] = [],
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "schedules_" });
  const lakeUrl = join(folder, "lake");
  const runtime = createRuntime({ log: createLogger((line) => log.push(line)) });
  const scheduler = createScheduler(JOBS, { home: folder, lakeUrl, cacheBytes: 0 }, runtime, (pipelines) => ({
    program: Deno.execPath(),
    args: ["eval", program, ...pipelines],
    cwd: folder,
  }));
  try {
    await body(scheduler, lakeUrl);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
