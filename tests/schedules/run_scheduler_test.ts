import assert from "node:assert/strict";
import { readDefinitions } from "shopflow/jobs/ledger/mod.ts";
import { triggerRun } from "shopflow/jobs/requests/mod.ts";
import { readRunLog } from "shopflow/jobs/execution/mod.ts";
import { runTick, startSchedule } from "../../schedules/run_scheduler.ts";
import { jobSet } from "../lib/jobs/scheduler_fixture.ts";
import { ended, evaluated, withLake, YEARLY } from "./schedule_fixture.ts";

Deno.test("a schedule runs what is asked for in processes of its own, with log, exit reason and memory", () =>
  withLake(async ({ store, ledger, config, runtime, log }) => {
    const jobs = jobSet([{
      schedule: YEARLY,
      steps: [{ pipeline: "extract" }, { pipeline: "transform" }],
      retries: { limit: 1, firstDelaySeconds: 1 },
    }]);
    const [job] = jobs.jobs;
    const secret = "hunter2-of-the-database";
    const program = evaluated(`
      const [step, again] = Deno.args;
      console.log("does " + step + " for " + Deno.env.get("SHOPFLOW_RUN") + " with ${secret}");
      const grown = new Uint8Array(150e6).fill(1);
      await new Promise((done) => setTimeout(done, 1500));
      if (step === "transform" && !again) { console.error("error: no such table, said " + "${secret}"); Deno.exit(3); }
      console.log(grown.length);
    `);
    const loop = await startSchedule({
      jobs,
      config,
      runtime,
      program,
      pollMs: 50,
      env: { DB_PASSWORD: secret },
    });
    try {
      assert.deepEqual((await readDefinitions(store))?.jobs, jobs.jobs);
      const asked = await triggerRun(ledger, job!, { by: "anna", at: runtime.now().toISOString() });
      const run = await ended(ledger, asked);
      assert.equal(run.status, "succeeded", run.reason);
      assert.deepEqual(run.attempts.map(({ ended, reason }) => [ended, reason]), [
        ["failed", "transform: no such table, said ***"],
        ["succeeded", "all steps succeeded"],
      ]);
      assert.deepEqual(run.stepsDone, ["extract", "transform"]);
      if (Deno.build.os === "linux") {
        assert.ok(run.attempts[0]!.peakBytes! > 150e6, `${run.attempts[0]!.peakBytes}`);
      }
      const first = (await Array.fromAsync(readRunLog(store, run, 1))).join("\n");
      assert.match(first, /does extract for refresh@.* with \*\*\*/);
      assert.match(first, /no such table/);
      const second = (await Array.fromAsync(readRunLog(store, run, 2))).join("\n");
      assert.match(second, /extract: done by an earlier attempt/);
      assert.doesNotMatch(second, /does extract/);
      assert.doesNotMatch(first + second + log.join("\n"), new RegExp(secret));
    } finally {
      await loop.stop(0);
    }
  }));

Deno.test("a run over its job's limit is ended, whatever it does", () =>
  withLake(async ({ ledger, config, runtime }) => {
    const jobs = jobSet([{ schedule: YEARLY, timeoutMinutes: 1 / 60 }]);
    const program = evaluated('Deno.addSignalListener("SIGTERM", () => {}); setInterval(() => {}, 1000);');
    const loop = await startSchedule({ jobs, config, runtime, program, pollMs: 50, killAfterMs: 100 });
    try {
      const run = await ended(
        ledger,
        await triggerRun(ledger, jobs.jobs[0]!, { by: "anna", at: runtime.now().toISOString() }),
      );
      assert.equal(run.status, "failed");
      assert.equal(run.attempts[0]!.ended, "timed out");
      assert.match(run.reason, /limit of 0\.01\d* minutes/);
    } finally {
      await loop.stop(0);
    }
  }));

Deno.test("a program that cannot be started is a failed run", () =>
  withLake(async ({ ledger, config, runtime }) => {
    const jobs = jobSet([{ schedule: YEARLY }]);
    const program = () => ({ program: "/no/such/program", args: [], cwd: "." });
    const loop = await startSchedule({ jobs, config, runtime, program, pollMs: 50 });
    try {
      const run = await ended(
        ledger,
        await triggerRun(ledger, jobs.jobs[0]!, { by: "anna", at: runtime.now().toISOString() }),
      );
      assert.equal(run.status, "failed");
      assert.match(run.reason, /could not be started/);
    } finally {
      await loop.stop(0);
    }
  }));

Deno.test("a tick runs what is due and ends, and the next one retries what failed", () =>
  withLake(async ({ ledger, config, runtime, clock }) => {
    const jobs = jobSet([{ retries: { limit: 1, firstDelaySeconds: 60 } }, {
      name: "score",
      schedule: { cron: "0 * * * *" },
      dependsOn: ["refresh"],
    }]);
    const options = (code: string) => ({ jobs, config, runtime, program: evaluated(code) });
    assert.deepEqual(await runTick(options("")), { ran: [], left: [], problems: {} });
    clock.ahead = 60 * 60_000;
    const failed = await runTick(options("Deno.exit(1)"));
    assert.deepEqual(failed.ran.map(({ job, status }) => [job, status]), [["refresh", "retrying"]]);
    assert.deepEqual(failed.left.map(({ job, status }) => [job, status]), [["refresh", "retrying"], [
      "score",
      "waiting",
    ]]);
    clock.ahead += 61_000;
    const done = await runTick(options(""));
    assert.deepEqual(done.ran.map(({ job, status }) => [job, status]), [["refresh", "succeeded"], [
      "score",
      "succeeded",
    ]]);
    assert.deepEqual(done.left, []);
    assert.equal((await ledger.runs("refresh", new Date(0), new Date("9999-01-01"))).length, 1);
  }));

Deno.test("a failure is told to the channel of its job, with the end of its log", async () => {
  const bodies: string[] = [];
  const hook = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    bodies.push(await request.text());
    return new Response("ok");
  });
  try {
    await withLake(async ({ config, runtime, clock }) => {
      const jobs = jobSet([{}]);
      const url = `http://127.0.0.1:${hook.addr.port}/hook`;
      const told = { ...config, alertChannels: [{ name: "operations", kind: "webhook" as const, url }] };
      await runTick({ jobs, config: told, runtime, program: evaluated("") });
      clock.ahead = 60 * 60_000;
      await runTick({
        jobs,
        config: told,
        runtime,
        program: evaluated('console.error("disk on fire"); Deno.exit(1)'),
      });
      clock.ahead += 60 * 60_000;
      await runTick({ jobs, config: told, runtime, program: evaluated("Deno.exit(1)") });
      assert.equal(bodies.length, 1, "no repeats while it lasts");
      assert.match(bodies[0]!, /refresh/);
      assert.match(bodies[0]!, /disk on fire/);
      clock.ahead += 60 * 60_000;
      await runTick({ jobs, config: told, runtime, program: evaluated("") });
      assert.equal(bodies.length, 2);
      assert.match(bodies[1]!, /recover|again/i);
    });
  } finally {
    await hook.shutdown();
  }
});
