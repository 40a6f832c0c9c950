/** The real jobs on a simulated shop, run by `deno task schedule` and asked for by `deno task jobs`. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Run } from "shopflow/jobs/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { listReports } from "shopflow/notebook/report/mod.ts";
import { untilNothingIsDueFor } from "../schedules/jobs_terminal.ts";

const ROOT = join(import.meta.dirname!, "..", "..");

/** A program of the repository in a home of its own. */
async function run(home: string, file: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", file, ...args],
    cwd: ROOT,
    env: { SHOPFLOW_HOME: home, NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(code, 0, `${file} ${args.join(" ")}: ${text(stdout)}${text(stderr)}`);
  return text(stdout);
}

Deno.test("the real jobs refresh, check, train, score, report and clean up a shop, each run in the ledger", async () => {
  await untilNothingIsDueFor(180_000);
  const home = await Deno.makeTempDir({ prefix: "scheduled_shop_" });
  const store = createDirectoryStore(join(home, "lake"));
  const ledger = openLedger(store, () => new Date());
  const runsOf = (job: string) => ledger.runs(job, new Date(0), new Date());
  await run(home, "pipelines/commands/simulate.ts", "--customers", "300");
  const schedule = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "schedules/main.ts"],
    cwd: ROOT,
    env: { SHOPFLOW_HOME: home },
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await run(home, "schedules/jobs_main.ts", "trigger", "refresh-data", "--wait");
    // Nobody asks for this one: a snapshot was published.
    let checked: Run | undefined;
    while (checked?.endedAt === undefined) {
      [checked] = await runsOf("check-data");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.equal(checked.status, "succeeded", checked.reason);
    assert.equal(checked.trigger, "snapshot");

    for (
      const job of [
        "train-models",
        "score-customers",
        "data-quality-report",
        "publish-reports",
        "collect-garbage",
      ]
    ) {
      const log = await run(home, "schedules/jobs_main.ts", "trigger", job, "--wait");
      assert.match(log, new RegExp(`${job}@`), "the log of the run is printed");
      const [triggered] = (await runsOf(job)).filter(({ trigger }) => trigger === "manual");
      assert.ok(triggered);
      assert.equal(triggered.status, "succeeded", triggered.reason);
      assert.match(triggered.requestedBy!.by, /\S/);
      if (Deno.build.os === "linux") assert.ok(triggered.attempts[0]!.peakBytes! > 1e6);
    }
    // So few customers cannot show that a churn model beats recency: the runs succeed, and the baseline scores.
    for (const key of ["models/churn/decisions.json", "scores/churn/current.json"]) {
      assert.ok(await store.stat(key), key);
    }
    assert.ok((await listReports(store)).length >= 3);
    assert.match(await run(home, "schedules/jobs_main.ts", "list"), /refresh-data .*succeeded/);
  } finally {
    schedule.kill("SIGTERM");
    await schedule.status;
    await Deno.remove(home, { recursive: true });
  }
});
