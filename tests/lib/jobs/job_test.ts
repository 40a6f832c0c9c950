import assert from "node:assert/strict";
import { ConfigError } from "shopflow/errors/mod.ts";
import { defineJobs, type Job } from "shopflow/jobs/mod.ts";

const JOB: Job = {
  name: "train-models",
  description: "train",
  cron: "20 1 * * MON-FRI",
  pipelines: ["train"],
  timeoutMinutes: 60,
};
const RULES = { pipelines: ["extract", "train"] };

Deno.test("jobs without a mistake are taken as they are", () => {
  assert.deepEqual(defineJobs([JOB], RULES), [JOB]);
});

const MISTAKES: [string, Partial<Job>, RegExp][] = [
  ["an unknown pipeline", { pipelines: ["train", "trian"] }, /train-models.*extract, train.*found trian/],
  ["no pipeline", { pipelines: [] }, /names no pipeline/],
  ["a name that is no key", { name: "Train models" }, /lower-case words.*"Train models"/],
  ["a minute that does not exist", { cron: "60 1 * * *" }, /minute as 0-59.*"60" in "60 1 \* \* \*"/],
  ["an hour that is no number", { cron: "0 one * * *" }, /hour as 0-23.*"one"/],
  ["a month that does not exist", { cron: "0 1 * 13 *" }, /month as 1-12.*"13"/],
  ["four fields", { cron: "0 1 * *" }, /5 fields: minute.*found 4/],
  ["seconds", { cron: "0 0 1 * * *" }, /found 6/],
  [
    "a weekday as a number, which dialects count differently",
    { cron: "0 1 * * 1" },
    /day of week as MON.*"1"/,
  ],
  ["a time limit of nothing", { timeoutMinutes: 0 }, /timeoutMinutes.*above 0/],
];

for (const [mistake, change, message] of MISTAKES) {
  Deno.test(`a job with ${mistake} is refused when it is loaded`, () => {
    assert.throws(() => defineJobs([{ ...JOB, ...change }], RULES), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("two jobs of one name are refused", () => {
  assert.throws(() => defineJobs([JOB, JOB], RULES), /Two jobs are called train-models/);
});
