import assert from "node:assert/strict";
import { defineFeatures, type FeatureRows } from "shopflow/ml/features/mod.ts";
import { VISIT_ROWS } from "./visitor_shop.ts";

/** Opinions that the museum has asked for since some day. */
const OPINIONS: FeatureRows = {
  name: "opinions",
  knownWhen: "the day after",
  sql: "SELECT visitor, day, stars FROM opinions",
  eventTime: "day",
  unrecordedText: "Nobody was asked yet",
  features: [
    {
      name: "opinions_30d",
      description: "Opinions in the last 30 days",
      unit: "opinions",
      sql: "count(*) FILTER (days_ago <= 30)",
      whenAbsent: 0,
      windowDays: 30,
      text: (value) => `${value} opinions`,
    },
    {
      name: "stars_30d",
      description: "Mean stars in the last 30 days",
      unit: "stars",
      sql: "avg(stars) FILTER (days_ago <= 30)",
      whenAbsent: null,
      windowDays: 30,
      text: (value) => `${value} stars`,
      unknownText: "Gave no opinion",
    },
  ],
};

const declare = (opinions: FeatureRows) =>
  defineFeatures({
    name: "visitors",
    entity: "visitor",
    rows: [VISIT_ROWS, opinions],
    population: "visits > 0",
    countUnits: [],
    tables: {},
  });

Deno.test("a feature of a source that may begin late has a window, and a count that says whether it was recorded", () => {
  const set = declare(OPINIONS);
  assert.deepEqual(set.recordingOf("stars_30d"), {
    count: "opinions_30d",
    unrecordedText: "Nobody was asked yet",
  });
  assert.equal(set.recordingOf("visits"), undefined, "visits define the visitors");

  const changed = (change: Partial<FeatureRows["features"][number]>, at = 1): FeatureRows => ({
    ...OPINIONS,
    features: OPINIONS.features.map((feature, i) => i === at ? { ...feature, ...change } : feature),
  });
  for (const windowDays of [undefined, 0, 1.5]) {
    const declaration = changed({});
    const [count, stars] = declaration.features;
    const { windowDays: _, ...without } = stars!;
    const wrong = windowDays === undefined ? without : { ...without, windowDays };
    assert.throws(() => declare({ ...declaration, features: [count!, wrong] }), {
      name: "InputError",
      message: /feature stars_30d.*windowDays, a whole number above 0/s,
    });
  }
  assert.throws(() => declare(changed({ windowDays: 90 })), {
    name: "InputError",
    message: /feature stars_30d.*a count over the same 90 days/s,
  });
});
