import assert from "node:assert/strict";
import { ConfigError } from "shopflow/errors/mod.ts";
import { DEFAULTS } from "../../../lib/jobs/job.ts";
import { defineJobs, type JobDeclaration } from "shopflow/jobs/mod.ts";
import { declared, RULES } from "./scheduler_fixture.ts";

const POOLS = { default: Infinity, heavy: 1 };

Deno.test("what a job leaves out has a default", () => {
  const minimal: JobDeclaration = {
    name: "refresh",
    description: "refresh",
    owner: "data",
    schedule: { cron: "0 * * * *" },
    steps: [{ pipeline: "extract" }],
    retries: { limit: 5 },
  };
  const { jobs: [job] } = defineJobs([minimal], POOLS, RULES);
  assert.deepEqual(job, {
    ...DEFAULTS,
    ...minimal,
    schedule: { cron: "0 * * * *", timeZone: "UTC" },
    retries: { ...DEFAULTS.retries, limit: 5 },
  });
});

const MISTAKES: [string, Record<string, unknown>, RegExp][] = [
  [
    "an unknown pipeline",
    { steps: [{ pipeline: "trian" }] },
    /steps\[0\] of job refresh.*extract, transform, train.*found "trian"/,
  ],
  [
    "an unknown notebook",
    { steps: [{ pipeline: "train" }, { notebook: "x.ipynb" }] },
    /steps\[1\].*notebooks\/churn\.ipynb.*"x\.ipynb"/,
  ],
  [
    "two steps of one name",
    { steps: [{ notebook: "notebooks/churn.ipynb" }, { notebook: "notebooks/churn.ipynb" }] },
    /steps of job refresh.*different names.*churn twice/,
  ],
  ["no step", { steps: [] }, /steps of job refresh.*at least one/],
  ["a name that is no key", { name: "Refresh data" }, /lower-case words.*"Refresh data"/],
  ["nobody who answers for it", { owner: " " }, /owner of job refresh.*a team/],
  [
    "a minute that does not exist",
    { schedule: { cron: "60 1 * * *" } },
    /minute as 0-59.*"60" in "60 1 \* \* \*"/,
  ],
  ["an hour that is no number", { schedule: { cron: "0 one * * *" } }, /hour as 0-23.*"one"/],
  ["a month that does not exist", { schedule: { cron: "0 1 * 13 *" } }, /month as 1-12.*"13"/],
  ["four fields", { schedule: { cron: "0 1 * *" } }, /5 fields: minute.*found 4/],
  ["seconds", { schedule: { cron: "0 0 1 * * *" } }, /found 6/],
  [
    "a weekday as a number, which dialects count differently",
    { schedule: { cron: "0 1 * * 1" } },
    /day of week as MON.*"1"/,
  ],
  ["a date that never comes", { schedule: { cron: "0 1 31 FEB *" } }, /never due/],
  [
    "an unknown time zone",
    { schedule: { cron: "0 1 * * *", timeZone: "Europe/Berlim" } },
    /IANA name.*"Europe\/Berlim"/,
  ],
  ["an unknown event", { schedule: { on: "report" } }, /schedule\.on of job refresh.*snapshot.*"report"/],
  [
    "an unknown dependency",
    { dependsOn: ["refrehs"] },
    /dependsOn\[0\] of job refresh.*one of score, train.*"refrehs"/,
  ],
  ["itself as its dependency", { dependsOn: ["refresh"] }, /dependsOn\[0\] of job refresh.*found "refresh"/],
  [
    "an unknown policy of overlaps",
    { overlap: "wait" },
    /overlap of job refresh.*skip, queue, replace.*"wait"/,
  ],
  [
    "an unknown policy of missed runs",
    { catchup: { runs: "first" } },
    /catchup\.runs.*all, latest, none.*"first"/,
  ],
  ["an age of nothing", { catchup: { maxAgeMinutes: 0 } }, /catchup\.maxAgeMinutes.*above 0/],
  ["an unknown pool", { pool: "huge" }, /pool of job refresh.*default, heavy.*"huge"/],
  ["an unknown channel", { alertChannel: "ops" }, /alertChannel of job refresh.*operations.*"ops"/],
  ["a time limit of nothing", { timeoutMinutes: 0 }, /timeoutMinutes of job refresh.*above 0.*0/],
  ["an SLA that is no number", { slaMinutes: NaN }, /slaMinutes/],
  ["a misspelt field", { timeout: 5 }, /timeout of job refresh.*one of name.*timeoutMinutes.*"timeout"/],
  [
    "a misspelt field of its catch-up",
    { catchup: { run: "all" } },
    /catchup\.run of job refresh.*catchup\.runs, catchup\.maxAgeMinutes.*"catchup\.run"/,
  ],
  ["half a retry", { retries: { limit: 1.5 } }, /retries\.limit.*whole number from 0.*1\.5/],
];

for (const [mistake, change, message] of MISTAKES) {
  Deno.test(`a job with ${mistake} is refused when it is loaded`, () => {
    const others = [declared({ name: "score" }), declared({ name: "train" })];
    const job = declared(change as Partial<JobDeclaration>);
    assert.throws(() => defineJobs([job, ...others], POOLS, RULES), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("jobs that wait for each other are refused with the circle", () => {
  const jobs = ([["a", "c"], ["b", "a"], ["c", "b"]] as const).map(([name, upstream]) =>
    declared({ name, dependsOn: [upstream] })
  );
  assert.throws(
    () => defineJobs(jobs, POOLS, RULES),
    /Job a depends on itself.*found a after c after b after a/,
  );
});

Deno.test("an unknown dependency of a dependency is refused with its own place", () => {
  const jobs = [declared({ name: "a", dependsOn: ["b"] }), declared({ name: "b", dependsOn: ["gone"] })];
  assert.throws(() => defineJobs(jobs, POOLS, RULES), /dependsOn\[0\] of job b.*found .*gone/);
});

Deno.test("two jobs of one name are refused", () => {
  assert.throws(() => defineJobs([declared(), declared()], POOLS, RULES), /Two jobs are called refresh/);
});

Deno.test("a job cannot depend on one that has no runs of its own", () => {
  const jobs = [
    declared({ name: "check", schedule: { on: "snapshot" } }),
    declared({ dependsOn: ["check"] }),
  ];
  assert.throws(() => defineJobs(jobs, POOLS, RULES), /refresh cannot depend on check.*snapshot/);
});

Deno.test("a pool without a place is refused", () => {
  assert.throws(
    () => defineJobs([], { heavy: 0 }, RULES),
    /Pool heavy.*whole number of runs from 1.*found 0/,
  );
});
