import assert from "node:assert/strict";
import { type Job, type JobContext, listJobRuns, runJob, takeLease } from "shopflow/jobs/mod.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/mod.ts";
import { createLogger, createRuntime } from "shopflow/runtime/mod.ts";

const JOB: Job = {
  name: "refresh-data",
  description: "refresh",
  cron: "5 * * * *",
  pipelines: ["extract", "transform"],
  timeoutMinutes: 1,
};

Deno.test("a run's outcome, output and duration are in the ledger under the minute it was due", async () => {
  await withContext('console.log("copied"); console.error(args.join("+"))', async (context, clock) => {
    const run = await runJob(JOB, context);
    assert.equal(run?.status, "succeeded");
    assert.equal(run.dueAt, "2024-10-02T03:05:00.000Z");
    assert.equal(run.exitCode, 0);
    assert.equal(typeof run.durationMs, "number");
    assert.match(run.output!, /^copied$/m);
    assert.match(run.output!, /^extract\+transform$/m);
    assert.ok(await context.store.stat("runs/jobs/refresh-data/2024-10-02T03-05-00.000Z.json"));
    clock.now += 60_000;
    await runJob(JOB, context);
    assert.deepEqual((await listJobRuns(context.store, JOB.name)).map(({ dueAt }) => dueAt.slice(11, 16)), [
      "03:06",
      "03:05",
    ]);
  });
});

Deno.test("a run that fails says with which code, and the end of what it printed", async () => {
  await withContext('console.error("no such table"); Deno.exit(3)', async (context) => {
    const run = await runJob(JOB, context);
    assert.deepEqual([run?.status, run?.reason, run?.exitCode], ["failed", "exit code 3", 3]);
    assert.match(run!.output!, /no such table/);
  });
});

Deno.test("a run over its time limit is ended, also when it does not listen", async () => {
  const deaf =
    'Deno.addSignalListener("SIGTERM", () => {}); console.log("started"); setInterval(() => {}, 1000)';
  await withContext(deaf, async (context) => {
    const run = await runJob({ ...JOB, timeoutMinutes: 0.5 / 60 }, { ...context, graceMs: 50 });
    assert.equal(run?.status, "timed out");
    const again = await runJob({ ...JOB, name: "other" }, {
      ...context,
      signal: AbortSignal.timeout(300),
      graceMs: 50,
    });
    assert.equal(again?.status, "cancelled");
  });
});

Deno.test("a job does not overlap itself: the second run is entered as skipped", async () => {
  await withContext("", async (context, clock) => {
    const held = await takeLease(context.store, "jobs/refresh-data", {
      owner: "elsewhere:17",
      ttlMs: 600_000,
      now: context.runtime.now,
    });
    const skipped = await runJob(JOB, context);
    assert.equal(skipped?.status, "skipped");
    assert.match(skipped.reason, /elsewhere:17/);
    assert.ok("lease" in held);
    await held.lease.release();
    clock.now += 60_000;
    assert.equal((await runJob(JOB, context))?.status, "succeeded");
  });
});

Deno.test("two schedulers on one lake run a due time once", async () => {
  await withContext("", async (context) => {
    const both = [runJob(JOB, context), runJob(JOB, { ...context, owner: "b:2" })];
    const runs = (await Promise.all(both)).filter((run) => run !== undefined);
    assert.equal(runs.length, 1);
    assert.equal((await listJobRuns(context.store, JOB.name)).length, 1);
  });
});

Deno.test("a program that cannot be started is a failed run, and the next one may start", async () => {
  await withContext("", async (context, clock) => {
    const command = () => ({ program: "/no/such/program", args: [], cwd: "." });
    const run = await runJob(JOB, { ...context, command });
    assert.equal(run?.status, "failed");
    assert.match(run.reason, /could not be started/);
    clock.now += 60_000;
    assert.equal((await runJob(JOB, context))?.status, "succeeded");
  });
});

/** Runs `body` with a program of its own in place of the pipelines; `args` there are the pipelines' names. */
async function withContext(
  program: string,
  body: (context: JobContext & { store: ObjectStore }, clock: { now: number }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "jobs_" });
  const clock = { now: Date.parse("2024-10-02T03:05:12Z") };
  const code = `const args = Deno.args; ${program}`;
  try {
    await body({
      store: createDirectoryStore(folder),
      runtime: createRuntime({ now: () => new Date(clock.now), log: createLogger(() => {}) }),
      command: (pipelines) => ({
        program: Deno.execPath(),
        args: ["eval", code, ...pipelines],
        cwd: folder,
      }),
      owner: "here:1",
    }, clock);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
