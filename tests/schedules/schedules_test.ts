import assert from "node:assert/strict";
import { join } from "node:path";
import {
  type Job,
  type JobSet,
  type Ledger,
  openLedger,
  readDefinitions,
  requestRun,
  type Slot,
} from "shopflow/jobs/mod.ts";
import { type ProgramCall, readRunLog } from "shopflow/jobs/process/mod.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/mod.ts";
import { createLogger, createRuntime, type Runtime } from "shopflow/runtime/mod.ts";
import { JOBS } from "../../schedules/jobs.ts";
import { runTick, startSchedule } from "../../schedules/scheduler.ts";
import { stepProgram } from "../../schedules/step_program.ts";
import { jobSet } from "../lib/jobs/scheduler_fixture.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
/** Not due while a test runs. */
const YEARLY = { cron: "0 0 1 1 *" };

Deno.test("Deno.cron only ticks: once a minute, and what fails is not for it to try again", async () => {
  const source = await Deno.readTextFile(join(ROOT, "schedules", "main.ts"));
  const calls = [...source.matchAll(/^Deno\.cron\((.*)\);$/gm)].map(([, call]) => call!);
  assert.deepEqual(calls, ['"tick", "* * * * *", { backoffSchedule: [] }, () => loop?.tick()']);
});

Deno.test("a step's process has the permissions of its task, and is told which run it serves", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const slot = slotOf("daily", "2024-10-01T22:00:00Z", "2024-09-30T22:00:00Z");
  const { jobs: [job] } = jobSet([{
    name: "daily",
    schedule: { cron: "0 0 * * *", timeZone: "Europe/Berlin" },
  }]);
  const pipeline = stepProgram({ pipeline: "train" }, { job: job!, slot });
  assert.equal(pipeline.program, Deno.execPath());
  assert.equal(["deno", ...pipeline.args].join(" "), `${tasks.pipeline.command} run train`);
  assert.deepEqual(pipeline.env, {
    SHOPFLOW_RUN: "daily@2024-10-01T22:00Z",
    SHOPFLOW_RUN_INTERVAL: "2024-09-30T22:00:00.000Z/2024-10-01T22:00:00.000Z",
  });
  const parameters = { as_of: "{slot}", from: "{interval_start}", title: "To {interval_end}", top: 5 };
  const notebook = stepProgram({ notebook: "notebooks/churn.ipynb", parameters }, { job: job!, slot });
  assert.equal(
    ["deno", ...notebook.args].join(" "),
    `${tasks.notebook.command} run notebooks/churn.ipynb -p as_of=2024-10-02 -p from=2024-10-01 -p title=To 2024-10-02 -p top=5`,
    "dates are those of the job's time zone",
  );
});

Deno.test("a schedule runs what is asked for in processes of its own, with log, exit reason and memory", () =>
  withLake(async ({ store, ledger, config, runtime, log }) => {
    const jobs = jobSet([{
      schedule: YEARLY,
      steps: [{ pipeline: "extract" }, { pipeline: "transform" }],
      retries: { most: 1, firstDelaySeconds: 1 },
    }]);
    const [job] = jobs.jobs;
    const secret = "hunter2-of-the-database";
    const program = evaluated(`
      const [step, again] = Deno.args;
      console.log("does " + step + " for " + Deno.env.get("SHOPFLOW_RUN") + " with ${secret}");
      const grown = new Uint8Array(150e6).fill(1);
      await new Promise((done) => setTimeout(done, 700));
      if (step === "transform" && !again) { console.error("no such table"); Deno.exit(3); }
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
      const asked = await requestRun(ledger, job!, { by: "anna", at: runtime.now().toISOString() });
      const slot = await ended(ledger, asked);
      assert.equal(slot.status, "succeeded", slot.reason);
      assert.deepEqual(slot.attempts.map(({ ended, reason }) => [ended, reason]), [
        ["failed", "transform: exit code 3"],
        ["succeeded", "exit code 0"],
      ]);
      assert.deepEqual(slot.stepsDone, ["extract"]);
      if (Deno.build.os === "linux") {
        assert.ok(slot.attempts[0]!.peakBytes! > 150e6, `${slot.attempts[0]!.peakBytes}`);
      }
      const first = (await Array.fromAsync(readRunLog(store, slot, 1))).join("\n");
      assert.match(first, /does extract for refresh@.* with \*\*\*/);
      assert.match(first, /no such table/);
      const second = (await Array.fromAsync(readRunLog(store, slot, 2))).join("\n");
      assert.match(second, /extract: was done by an earlier try/);
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
    const loop = await startSchedule({ jobs, config, runtime, program, pollMs: 50, killMs: 100 });
    try {
      const slot = await ended(
        ledger,
        await requestRun(ledger, jobs.jobs[0]!, { by: "anna", at: runtime.now().toISOString() }),
      );
      assert.equal(slot.status, "failed");
      assert.equal(slot.attempts[0]!.ended, "timed out");
      assert.match(slot.reason, /limit of 0\.01\d* minutes/);
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
      const slot = await ended(
        ledger,
        await requestRun(ledger, jobs.jobs[0]!, { by: "anna", at: runtime.now().toISOString() }),
      );
      assert.equal(slot.status, "failed");
      assert.match(slot.reason, /could not be started/);
    } finally {
      await loop.stop(0);
    }
  }));

Deno.test("a tick runs what is due and ends, and the next one tries again what failed", () =>
  withLake(async ({ ledger, config, runtime, clock }) => {
    const jobs = jobSet([{ retries: { most: 1, firstDelaySeconds: 60 } }, {
      name: "score",
      schedule: { cron: "0 * * * *" },
      after: ["refresh"],
    }]);
    const options = (code: string) => ({ jobs, config, runtime, program: evaluated(code) });
    assert.deepEqual(await runTick(options("")), { ran: [], left: [], problems: {} });
    clock.ahead = 60 * 60_000;
    const failed = await runTick(options("Deno.exit(1)"));
    assert.deepEqual(failed.ran.map(({ job, status }) => [job, status]), [["refresh", "queued"]]);
    assert.deepEqual(failed.left.map(({ job, status }) => [job, status]), [["refresh", "queued"], [
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
    assert.equal((await ledger.slots("refresh", new Date(0), new Date("9999-01-01"))).length, 1);
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

Deno.test("deno task schedule --list prints the jobs and ends", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", "--allow-env", "--allow-sys", "schedules/main.ts", "--list"],
    cwd: ROOT,
  }).output();
  assert.equal(code, 0);
  for (const { name } of JOBS.jobs) {
    assert.match(new TextDecoder().decode(stdout), new RegExp(`^${name} `, "m"));
  }
});

Deno.test("deno task schedule refuses what it does not know, with what it does", async () => {
  for (
    const [flag, message] of [["--grace=soon", /number of seconds from 0/], [
      "--max-runs=0",
      /whole number from 1/,
    ]] as const
  ) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "schedules/main.ts", flag],
      cwd: ROOT,
    }).output();
    assert.equal(code, 1);
    assert.match(new TextDecoder().decode(stderr), message);
  }
});

Deno.test("deno task schedule ends on SIGTERM, and says goodbye in the lake", {
  ignore: Deno.build.os === "windows",
}, async () => {
  const home = await Deno.makeTempDir({ prefix: "schedules_" });
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "schedules/main.ts", "--grace", "5"],
      cwd: ROOT,
      env: { SHOPFLOW_HOME: home },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let said = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      if (!said.includes("until Ctrl+C") && (said + text).includes("until Ctrl+C")) child.kill("SIGTERM");
      said += text;
    }
    const { code } = await child.status;
    await child.stderr.cancel();
    assert.equal(code, 0, said);
    assert.match(said, /Stopping: nothing new starts; runs under way have 5 s/);
    const store = createDirectoryStore(join(home, "lake"));
    const [lease] = await store.list("leases/schedulers/");
    assert.equal(JSON.parse(new TextDecoder().decode((await store.get(lease!.key))!.body)).stopped, true);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

function slotOf(job: string, to: string, from: string): Slot {
  return {
    job,
    slot: new Date(to).toISOString(),
    trigger: "schedule",
    interval: { from: new Date(from).toISOString(), to: new Date(to).toISOString() },
    status: "queued",
    reason: "",
    enteredAt: to,
    stepsDone: [],
    attempts: [],
  };
}

/** A program of Deno in the place of a step; its arguments are the step's name and, after the first try, the word again. */
function evaluated(code: string) {
  return (step: Job["steps"][number], { slot }: { slot: Slot }): ProgramCall => ({
    program: Deno.execPath(),
    args: [
      "eval",
      code,
      "pipeline" in step ? step.pipeline : "",
      ...(slot.attempts.length > 0 ? ["again"] : []),
    ],
    cwd: ROOT,
    env: { SHOPFLOW_RUN: `${slot.job}@${slot.slot}` },
  });
}

async function ended(ledger: Ledger, { job, slot }: Slot): Promise<Slot> {
  for (;;) {
    const found = await ledger.slot({ job, slot });
    if (found?.endedAt !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Lake {
  store: ObjectStore;
  ledger: Ledger;
  config: Parameters<typeof startSchedule>[0]["config"];
  runtime: Runtime;
  /** Milliseconds that the clock runs ahead of the true one, which is half past. */
  clock: { ahead: number };
  log: string[];
  jobs?: JobSet;
}

async function withLake(body: (lake: Lake) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "schedules_" });
  const log: string[] = [];
  const clock = { ahead: 0 };
  const started = performance.now();
  const runtime = createRuntime({
    now: () => new Date(Date.parse("2024-10-02T07:30:00Z") + clock.ahead + performance.now() - started),
    log: createLogger((line) => log.push(line)),
  });
  const lakeUrl = join(folder, "lake");
  const store = createDirectoryStore(lakeUrl);
  try {
    await body({
      store,
      ledger: openLedger(store, runtime.now),
      config: { home: folder, lakeUrl, cacheBytes: 0, alertChannels: [] },
      runtime,
      clock,
      log,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
