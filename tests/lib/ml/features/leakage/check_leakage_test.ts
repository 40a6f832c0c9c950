import assert from "node:assert/strict";
import { CUSTOMER_FEATURES } from "shopflow/customers/mod.ts";
import { xgboostTrainer } from "shopflow/ml/classifier/mod.ts";
import {
  checkLeakage,
  defineFeatures,
  type FeatureRows,
  type FeatureSet,
  leakageLines,
  leakageText,
} from "shopflow/ml/features/mod.ts";
import { checkAsOf } from "shopflow/ml/mod.ts";
import { openSession, type Session } from "shopflow/warehouse/mod.ts";
import {
  activeExamples,
  checkChurnLeakage,
  churnLabelsSql,
  readChurnExamples,
} from "../../../../../lib/churn/examples.ts";
import { checkFutureRows } from "../../../../../lib/ml/features/leakage/future_rows.ts";
import { singleFeatureAuc } from "../../../../../lib/ml/features/leakage/label.ts";
import { openChurnShop } from "../../../../fixtures/churn_shop.ts";
import { VISIT_ROWS, VISITORS, visitorShop } from "../visitor_shop.ts";

const AUGUST = checkAsOf("2024-08-01");
const TRAINER = xgboostTrainer({ rounds: 30, maxDepth: 3, seed: 1 });
const feature = (name: string, sql: string): FeatureRows["features"][number] => ({
  name,
  description: name,
  unit: "",
  sql,
  whenAbsent: null,
  text: (value) => `${name} ${value}`,
});

/** The museum's features with one more, of rows that are not those that they should be. */
const withRows = (planted: Partial<FeatureRows>, tables = VISITORS.tables): FeatureSet =>
  defineFeatures({
    ...VISITORS,
    tables,
    rows: [VISIT_ROWS, { ...VISIT_ROWS, name: "planted", ...planted }],
  });

Deno.test("features of what was known, late rows and later columns included, pass", async () => {
  using session = await openSession();
  await visitorShop(session);
  assert.deepEqual(await checkFutureRows(session, VISITORS, [AUGUST, checkAsOf("2024-04-01")]), []);
});

const PLANTED: [kind: string, planted: Partial<FeatureRows>][] = [
  ["rows of the future, joined without a date", {
    sql:
      "SELECT v.*, (SELECT count(*) FROM visits AS o WHERE o.visitor = v.visitor) AS ever FROM visits AS v",
    features: [feature("ever", "max(ever)")],
  }],
  ["the next event, by a window function", {
    sql: "SELECT *, lead(day) OVER (PARTITION BY visitor ORDER BY day, arrived) - day AS wait FROM visits",
    features: [feature("wait", "arg_max(wait, day)")],
  }],
  ["a mean over everybody and all time", {
    sql: "SELECT *, paid / avg(paid) OVER (PARTITION BY visitor) AS share FROM visits",
    features: [feature("paid_share", "max(share)")],
  }],
  ["rows that had not arrived", {
    sql: "SELECT visitor, day, paid FROM visits",
    arrival: undefined as never,
    knownLater: {},
    features: [feature("paid_so_far", "sum(paid)")],
  }],
  ["a column that is known later than its row", {
    knownLater: {},
    features: [feature("best_rating", "max(rating)")],
  }],
  ["another time than that of the event", {
    sql: "SELECT visitor, day - 60 AS day FROM visits",
    arrival: undefined as never,
    knownLater: {},
    features: [feature("coming_visits", "count(*) FILTER (days_ago <= 60)")],
  }],
  ["a table that is not declared, of today's state", {
    sql: "SELECT v.*, m.is_member FROM visits AS v LEFT JOIN members AS m ON m.visitor = v.visitor",
    features: [feature("is_member", "count(*) FILTER (is_member)")],
  }],
];

for (const [kind, planted] of PLANTED) {
  Deno.test(`a planted leak is proven: ${kind}`, async () => {
    using session = await openSession();
    await visitorShop(session);
    const set = withRows(planted);
    const leaks = await checkFutureRows(session, set, [AUGUST]);
    assert.deepEqual(leaks.map((leak) => leak.feature), [planted.features![0]!.name]);
    assert.match(
      leaks[0]!.text,
      /^\d+ of \d+ values as of 2024-08-01 change when .* e\.g\. .+ becomes .+ \(V\d+\)$/,
    );
  });
}

Deno.test("a column of a dimension that is of today is never known, versions count from their beginning", async () => {
  using session = await openSession();
  await visitorShop(session);
  await session.run(`CREATE TABLE dim_visitors AS
    SELECT visitor, 1 + min(paid) AS age, max(day) AS segment, TIMESTAMP '1900-01-01' AS valid_from,
      CAST(NULL AS TIMESTAMP) AS valid_to, true AS is_current FROM visits GROUP BY visitor`);
  const joined = (column: string, isToday: boolean) =>
    withRows({
      sql:
        `SELECT v.*, d.${column} AS attribute FROM visits AS v JOIN dim_visitors AS d ON d.visitor = v.visitor`,
      features: [
        feature("attribute", column === "age" ? "max(attribute)" : "max(attribute - DATE '2024-01-01')"),
      ],
    }, {
      ...VISITORS.tables,
      dim_visitors: { knownWhen: "", isVersioned: true, ...(isToday && { todayOnly: ["segment"] }) },
    });
  assert.deepEqual(await checkFutureRows(session, joined("age", true), [AUGUST]), []);
  const [leak] = await checkFutureRows(session, joined("segment", true), [AUGUST]);
  assert.equal(leak?.feature, "attribute");
  // A new version of an attribute, of which features must not know before it holds.
  await session.run(`UPDATE dim_visitors SET valid_from = TIMESTAMP '2024-09-01'`);
  assert.equal((await checkFutureRows(session, joined("age", true), [AUGUST]))[0]?.feature, "attribute");
});

Deno.test("SQL that would evade the proof is refused when it is declared", () => {
  const refused = (sql: string) => () => withRows({ sql, features: [feature("x", "count(*)")] });
  assert.throws(refused("SELECT * FROM main.visits"), { message: /tables by their names alone: visits/ });
  assert.throws(refused("SELECT * FROM read_parquet('x')"), { message: /read_parquet/ });
  assert.throws(refused("SELECT *, current_date - day AS age FROM visits"), {
    name: "InputError",
    message: /days_ago, which counts from the as-of date, .*current_date/s,
  });
});

let shop: ReturnType<typeof openChurnShop> | undefined;
/** One shop for all checks, which change nothing in it. */
const sharedShop = () => shop ??= openChurnShop({ customers: 900 });

/** Training rows of active customers of the churn shop, with a column of the test's own. */
async function examples(
  session: Session,
  plant: (label: number, row: number) => number,
): Promise<Parameters<typeof checkLeakage>[2]> {
  const { customerIds: ids, features, labels } = activeExamples(
    await readChurnExamples(session, [checkAsOf("2024-05-01"), AUGUST]),
    90,
  );
  const width = features.names.length + 1;
  const values = new Float32Array(ids.length * width);
  for (let row = 0; row < ids.length; row++) {
    values.set(features.values.subarray(row * (width - 1), (row + 1) * (width - 1)), row * width);
    values[row * width + width - 1] = plant(labels[row]!, row);
  }
  return { ids, labels, matrix: { names: [...features.names, "planted"], rows: ids.length, values } };
}

/** Evenly spread over 0..1, and the same each time. */
const noise = (row: number) => (row * 0.618033988749895) % 1;
const check = async (plant: (label: number, row: number) => number) => {
  const session = await sharedShop();
  return await checkLeakage(session, CUSTOMER_FEATURES, await examples(session, plant), {
    dates: [AUGUST],
    trainer: TRAINER,
  });
};

Deno.test("honest features pass, the strongest among them: nothing is refused or flagged", async () => {
  const report = await check((_, row) => noise(row));
  assert.deepEqual(report.flagged, []);
  assert.equal(leakageText(report), `no leak in ${CUSTOMER_FEATURES.names.length + 1} features`);
  assert.ok(report.strongest!.auc > 0.6 && report.strongest!.auc < 0.9, JSON.stringify(report.strongest));
  assert.match(
    leakageLines(report)[0]!,
    /computed again as of 2024-08-01 .*no value changed.* The strongest alone/,
  );
});

const COPIES: [kind: string, plant: (label: number, row: number) => number][] = [
  ["as it is", (label) => label],
  ["turned round, with a little noise", (label, row) => 10 - 5 * label + noise(row)],
  ["as what is not known", (label) => label === 1 ? NaN : 1],
  ["neither rising nor falling", (label, row) => label === 1 ? 5 : noise(row) < 0.5 ? 1 : 9],
];
for (const [kind, plant] of COPIES) {
  Deno.test(`a feature that holds the label is refused: ${kind}`, () =>
    assert.rejects(check(plant), {
      name: "ModelError",
      message:
        /1 feature knows what the model is to foretell.*planted: alone it ranks the outcomes with an AUC of 0\.99|1\.000/s,
    }));
}

Deno.test("a feature without which the model is suspiciously worse is flagged, and training goes on", async () => {
  // Two thirds of the labels shine through.
  const report = await check((label, row) => noise(row) < 0.66 ? label : noise(row * 7 + 3) < 0.5 ? 1 : 0);
  assert.deepEqual([...new Set(report.flagged.map((leak) => leak.feature))], ["planted"]);
  assert.match(report.flagged[0]!.text, /without it the AUC falls by 0\.\d+, from 0\.\d+ to 0\.\d+|alone/);
  assert.match(leakageText(report), /no leak proven in \d+ features, planted flagged/);
  assert.match(leakageLines(report).at(-1)!, /^Leakage, flagged: planted: .* Check when it is known\.$/);
});

Deno.test("a feature that is derived from the label's own window is refused with both reasons", async () => {
  const session = await sharedShop();
  const [orders, ...others] = CUSTOMER_FEATURES.rows;
  const set = defineFeatures({
    ...CUSTOMER_FEATURES,
    rows: [orders!, ...others, {
      name: "outcomes",
      knownWhen: "never",
      sql: `SELECT customer_id, DATE '2024-01-01' AS day, churned FROM (${churnLabelsSql(AUGUST)})`,
      eventTime: "day",
      features: [feature("will_leave", "max(churned)")],
    }],
  });
  const leaks = await checkFutureRows(session, set, [AUGUST]);
  assert.deepEqual(leaks.map((leak) => leak.feature), ["will_leave"]);
});

Deno.test("a shop whose customers order every day is not refused: silence alone tells who left", async () => {
  using session = await openChurnShop({ customers: 50 });
  await session.run(`DELETE FROM fact_orders;
    INSERT INTO fact_orders
    SELECT format('D{}-{}', i, day), 'PROD00001', format('DAILY{:04d}', i), DATE '${AUGUST}' + CAST(day AS INTEGER), 'sale', 1,
      10, 0, 10, 'PROD00001', TIMESTAMP '2025-01-01 02:00:00'
    FROM range(400) AS customers(i), range(-100, 90) AS days(day) WHERE day < -95 + i`);
  const report = await checkChurnLeakage(session, [AUGUST]);
  assert.ok(report.strongest!.auc >= 0.99, JSON.stringify(report.strongest));
  assert.ok(report.flagged.some((leak) => leak.feature === "recency_days"));
});

Deno.test("too few rows of an outcome say nothing of a feature alone", () => {
  const ids = Array.from({ length: 100 }, (_, i) => `c${i}`);
  const labels = Uint8Array.from(ids, (_, i) => i < 29 ? 1 : 0);
  const matrix = { names: ["x"], rows: 100, values: Float32Array.from(labels) };
  assert.equal(singleFeatureAuc({ ids, matrix, labels }), undefined);
});
