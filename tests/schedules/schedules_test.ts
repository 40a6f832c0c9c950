import assert from "node:assert/strict";
import { join } from "node:path";
import type { Run } from "shopflow/jobs/mod.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { JOBS } from "../../schedules/jobs.ts";
import { stepProgram } from "../../schedules/run_scheduler.ts";
import { jobSet } from "../lib/jobs/scheduler_fixture.ts";
import { ROOT } from "./schedule_fixture.ts";

Deno.test("Deno.cron only ticks: once a minute, and what fails is not for it to try again", async () => {
  const source = await Deno.readTextFile(join(ROOT, "schedules", "main.ts"));
  const calls = [...source.matchAll(/^Deno\.cron\((.*)\);$/gm)].map(([, call]) => call!);
  assert.deepEqual(calls, ['"tick", "* * * * *", { backoffSchedule: [] }, () => loop?.tick()']);
});

Deno.test("a step's process has the permissions of its task, and is told which run it serves", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const run = runOf("daily", "2024-10-01T22:00:00Z", "2024-09-30T22:00:00Z");
  const { jobs: [job] } = jobSet([{
    name: "daily",
    schedule: { cron: "0 0 * * *", timeZone: "Europe/Berlin" },
  }]);
  const pipeline = stepProgram({ pipeline: "train" }, { job: job!, run });
  assert.equal(pipeline.program, Deno.execPath());
  assert.equal(["deno", ...pipeline.args].join(" "), `${tasks.pipeline.command} run train`);
  assert.deepEqual(pipeline.env, {
    SHOPFLOW_RUN: "daily@2024-10-01T22:00Z",
    SHOPFLOW_DATA_INTERVAL: "2024-09-30T22:00:00.000Z/2024-10-01T22:00:00.000Z",
  });
  const parameters = {
    as_of: "{scheduled_for}",
    from: "{data_interval_start}",
    title: "To {data_interval_end}",
    top: 5,
  };
  const notebook = stepProgram({ notebook: "notebooks/churn.ipynb", parameters }, { job: job!, run });
  assert.equal(
    ["deno", ...notebook.args].join(" "),
    `${tasks.notebook.command} publish notebooks/churn.ipynb -p as_of=2024-10-02 -p from=2024-10-01 -p title=To 2024-10-02 -p top=5`,
    "dates are those of the job's time zone",
  );
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
    const [flag, message] of [["--shutdown-timeout=soon", /number of seconds from 0/], [
      "--max-runs=0",
      /whole number above 0/,
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
      args: ["run", "-A", "schedules/main.ts", "--shutdown-timeout", "5"],
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

function runOf(job: string, to: string, from: string): Run {
  return {
    job,
    scheduledFor: new Date(to).toISOString(),
    trigger: "schedule",
    dataInterval: { start: new Date(from).toISOString(), end: new Date(to).toISOString() },
    status: "queued",
    reason: "",
    plannedAt: to,
    stepsDone: [],
    attempts: [],
  };
}
