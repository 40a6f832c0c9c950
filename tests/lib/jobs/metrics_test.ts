import { createJobMetrics, type Run } from "shopflow/jobs/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { pauseJob } from "shopflow/jobs/requests/mod.ts";
import { createAlerts } from "shopflow/jobs/alerts/mod.ts";
import { takeSchedulerLease } from "../../../lib/jobs/scheduler/lease.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";
import { testWith } from "../../requirements.ts";
import { withTemporaryFolder } from "../notebook/temporary_folder.ts";
import { at, failedAt, JOB, openAt, runAt } from "./alerts/hourly_job.ts";
import { parsePrometheusText, type Sample } from "./metrics/prometheus_text.ts";

const quoted = { ...JOB, name: "weekly-reports", owner: 'Müller "the \\ boss"\n', pool: "heavy" };

/** Of a job in a state that is none of the simplest. */
async function fill(store: ObjectStore, now: () => Date): Promise<void> {
  const ledger = openLedger(store, now);
  const attempt = { number: 1, owner: "host:1", startedAt: at("07:00").toISOString() };
  const ended = (change: Partial<Run["attempts"][number]>) => ({
    ...attempt,
    finishedAt: at("07:10").toISOString(),
    ended: "succeeded" as const,
    ...change,
  });
  await ledger.enqueue(JOB.name, [
    runAt("05:00", {
      scheduledFor: "2024-09-30T05:00:00.000Z",
      status: "missed",
      endedAt: "2024-10-01T00:00:00.000Z",
    }),
    runAt("06:00", {
      status: "succeeded",
      slaMissed: true,
      attempts: [ended({ ended: "failed" }), ended({ number: 2 })],
    }),
    runAt("07:00", { attempts: [ended({ peakBytes: 123_456_789, finishedAt: at("07:12").toISOString() })] }),
    failedAt("08:00"),
    openAt("09:00"),
    openAt("10:00", { status: "waiting" }),
  ]);
  await ledger.jobState(JOB.name).update((value) => ({
    value: {
      ...value,
      plannedUntil: at("10:00").toISOString(),
      running: {
        scheduledFor: at("09:00").toISOString(),
        attempt: 1,
        scheduler: "one",
        owner: "host:1",
        startedAt: "",
      },
    },
    result: undefined,
  }));
}

const value = (samples: Sample[], name: string, labels: Record<string, string> = {}) => {
  const found = samples.filter((sample) =>
    sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text)
  );
  assert.equal(found.length, 1, `${found.length} samples of ${name} ${JSON.stringify(labels)}`);
  return found[0]!.value;
};

const now = () => at("10:15");

Deno.test("metrics say of each job how its runs ended, what is open, late, failing and next", () =>
  withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    const ledger = openLedger(store, now);
    await fill(store, now);
    await pauseJob(ledger, quoted.name, { by: "anna", at: at("10:00").toISOString() });
    const alerts = createAlerts({ ledger, channels: [], runtime: { now, log: createLogger(() => {}) } });
    await alerts.review(JOB);
    await alerts.close();
    const lease = await takeSchedulerLease(store, { id: "one", owner: "host:1", leaseMs: 30_000, now });
    await takeSchedulerLease(store, { id: "two", owner: "host:2", leaseMs: 30_000, now: () => at("10:05") });
    const samples = parsePrometheusText(await createJobMetrics({ ledger, now }).text([JOB, quoted]));
    const job = JOB.name;
    for (
      const [name, labels, expected] of [
        ["job_runs_total", { status: "succeeded" }, 2],
        ["job_sla_missed_total", {}, 1],
        ["job_runs_total", { status: "failed" }, 1],
        ["job_runs_total", { status: "missed" }, 1],
        ["job_runs_total", { status: "skipped" }, 0],
        ["job_attempts_total", { ended: "failed" }, 1],
        ["job_attempts_total", { ended: "succeeded" }, 2],
        ["job_open_runs", { status: "running" }, 1],
        ["job_open_runs", { status: "waiting" }, 1],
        ["job_open_runs", { status: "queued" }, 0],
        ["job_oldest_open_run_age_seconds", {}, 75 * 60],
        ["job_last_end_timestamp_seconds", {}, at("08:10").getTime() / 1000],
        ["job_last_success_timestamp_seconds", {}, at("07:10").getTime() / 1000],
        ["job_last_run_duration_seconds", {}, 12 * 60],
        ["job_last_run_peak_memory_bytes", {}, 123_456_789],
        ["job_next_due_timestamp_seconds", {}, at("11:00").getTime() / 1000],
        ["job_failing", {}, 1],
        ["job_sla_overdue", {}, 1],
        ["job_paused", {}, 0],
        ["job_alerts_waiting", {}, 0],
      ] as [string, Record<string, string>, number][]
    ) {
      assert.equal(
        value(samples, `shopflow_${name}`, { job, ...labels }),
        expected,
        `${name} ${JSON.stringify(labels)}`,
      );
    }
    assert.equal(value(samples, "shopflow_job_paused", { job: quoted.name }), 1);
    assert.equal(
      value(samples, "shopflow_job_info", { owner: quoted.owner, pool: "heavy", channel: "operations" }),
      1,
    );
    assert.equal(value(samples, "shopflow_schedulers_alive"), 1);
    await lease.release();
    const after = parsePrometheusText(await createJobMetrics({ ledger, now }).text([]));
    assert.equal(value(after, "shopflow_schedulers_alive"), 0);
    const heartbeat = value(after, "shopflow_scheduler_last_heartbeat_timestamp_seconds");
    assert.equal(heartbeat, at("10:15").getTime() / 1000);
    const alone = parsePrometheusText(await createJobMetrics({ ledger, now }).text([JOB]));
    const open = (status: string) => value(alone, "shopflow_job_open_runs", { job, status });
    assert.deepEqual([open("running"), open("interrupted")], [0, 1], "its scheduler is gone");
  }));

Deno.test("a scrape reads again only what was written since, and sees it", () =>
  withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    const reads: string[] = [];
    const counting: ObjectStore = {
      ...store,
      get(key) {
        if (key.includes("/pages/")) reads.push(key.slice(-15, -5));
        return store.get(key);
      },
    };
    await fill(store, now);
    // Files are of the present, which is years after the clock of this test.
    const later = () => new Date("2034-01-01T00:00:00Z");
    const metrics = createJobMetrics({ ledger: openLedger(counting, later), now: later });
    const runs = async () => {
      reads.length = 0;
      return value(parsePrometheusText(await metrics.text([JOB])), "shopflow_job_runs_total", {
        status: "succeeded",
      });
    };
    assert.equal(await runs(), 2);
    assert.deepEqual(reads, ["2024-09-30", "2024-10-02"]);
    assert.equal(await runs(), 2);
    assert.deepEqual(reads, []);
    await openLedger(store, now).change(
      openAt("09:00"),
      (run) => ({ ...run, status: "succeeded", endedAt: "" }),
    );
    assert.equal(await runs(), 3);
    assert.deepEqual(reads, ["2024-10-02"]);
  }));

Deno.test("the metrics of a lake without any ledger are there, and valid", () =>
  withTemporaryFolder(async (folder) => {
    const ledger = openLedger(createDirectoryStore(folder), now);
    const samples = parsePrometheusText(await createJobMetrics({ ledger, now }).text([JOB]));
    assert.equal(value(samples, "shopflow_job_runs_total", { status: "failed" }), 0);
    assert.equal(value(samples, "shopflow_job_failing"), 0);
    assert.equal(value(samples, "shopflow_job_next_due_timestamp_seconds"), at("11:00").getTime() / 1000);
  }));

testWith(
  ["promtool"],
  "promtool finds nothing wrong with the metrics and their names",
  () =>
    withTemporaryFolder(async (folder) => {
      const store = createDirectoryStore(folder);
      await fill(store, now);
      const text = await createJobMetrics({ ledger: openLedger(store, now), now }).text([JOB, quoted]);
      const check = new Deno.Command("promtool", {
        args: ["check", "metrics"],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const input = check.stdin.getWriter();
      await input.write(new TextEncoder().encode(text));
      await input.close();
      const { success, stdout, stderr } = await check.output();
      assert.equal(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr), "");
      assert.ok(success);
    }),
);
