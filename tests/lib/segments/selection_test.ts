import { addDays } from "shopflow/ml/mod.ts";
import {
  type CustomerSelection,
  customersPath,
  directionOf,
  monthsBefore,
  parseSelection,
  PERSONAS,
  readMigrations,
  segmentSummaries,
  selectionText,
} from "shopflow/segments/mod.ts";
import { readCustomers } from "shopflow/segments/audiences/mod.ts";
import { readFunnel } from "shopflow/segments/journey/mod.ts";
import { cohortRetentionSql } from "shopflow/segments/mod.ts";
import type { CohortCell } from "../../../lib/segments/cohorts.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { openCuratedShop } from "../../fixtures/curated_shop.ts";
import { SEGMENTED_PERIOD, segmentedShop } from "../../fixtures/segmented_shop.ts";

const AS_OF = addDays(SEGMENTED_PERIOD.last, 1);

/** The customers of an address such as a chart's cell has, deleted ones too. */
async function listed(session: Session, selection: CustomerSelection): Promise<number> {
  const url = new URL(customersPath(selection), "http://shop");
  const { total, deleted, customers } = await readCustomers(
    session,
    parseSelection(Object.fromEntries(url.searchParams)),
  );
  assert.equal(customers.length, total);
  return total + deleted;
}

Deno.test("the list behind every cell has as many customers as the cell says", async (t) => {
  using session = await openCuratedShop(segmentedShop());
  await t.step("segments", async () => {
    const found = await segmentSummaries(session, AS_OF);
    assert.ok(found.length > 5);
    for (const { segment, customers } of found) {
      assert.equal(await listed(session, { segment, as_of: AS_OF }), customers);
    }
  });
  await t.step("migrations", async () => {
    const migrations = await readMigrations(session, monthsBefore(AS_OF, 12, SEGMENTED_PERIOD));
    assert.deepEqual([...new Set(migrations.map(({ month }) => month))].length, 5);
    assert.ok(
      migrations.some((move) => directionOf(move) === "down") &&
        migrations.some((move) => directionOf(move) === "up"),
    );
    for (const { month, from, to, customers } of migrations.filter(({ month }) => month === "2024-05-01")) {
      assert.equal(await listed(session, { month: month.slice(0, 7), from, to, as_of: AS_OF }), customers);
    }
    const all = migrations.filter(({ month }) => month === "2024-05-01");
    assert.equal(all.reduce((sum, { customers }) => sum + customers, 0), 60, "everybody is somewhere");
  });
  await t.step("cohorts", async () => {
    const cells = await session.rows<CohortCell>(cohortRetentionSql(SEGMENTED_PERIOD));
    for (
      const { cohort, months_since: age, customers, active } of cells.filter(({ state }) =>
        state !== "unknown"
      )
    ) {
      const month = cohort.slice(0, 7);
      assert.equal(await listed(session, { cohort: month, age, ordered: "yes", as_of: AS_OF }), active);
      assert.equal(
        await listed(session, { cohort: month, age, ordered: "no", as_of: AS_OF }),
        customers - active!,
      );
    }
  });
  await t.step("funnel", async () => {
    const days = { from: "2024-05-01", until: "2024-06-21" };
    for (const by of ["all", "device", "category"] as const) {
      const steps = await readFunnel(session, by, days);
      assert.ok(steps.length > 0);
      for (const { value, step: furthest, stopped_customers } of steps) {
        const selection = {
          furthest,
          since: days.from,
          until: days.until,
          as_of: AS_OF,
          ...(by !== "all" && { [by]: value }),
        };
        assert.equal(await listed(session, selection), stopped_customers, `${by} ${value} ${furthest}`);
      }
    }
  });
});

Deno.test("conditions hold together, a list is searched and paged, and deleted customers are left out", async () => {
  using session = await openCuratedShop(segmentedShop());
  const all = await readCustomers(session, {});
  assert.deepEqual([all.total, all.deleted, all.asOf], [59, 1, AS_OF]);
  assert.ok(!all.customers.some(({ customer_id }) => customer_id === "C59"));
  const both = await readCustomers(session, { segment: "champions", r: 5, f: 4 });
  assert.ok(
    both.total > 0 &&
      both.customers.every(({ segment, r, f }) => segment === "champions" && r === 5 && f === 4),
  );
  const none = await readCustomers(session, { segment: "champions", r: 1 });
  assert.equal(none.total, 0);
  const page = await readCustomers(session, {}, { skip: 10, limit: 5 });
  assert.deepEqual(page.customers, all.customers.slice(10, 15));
  const french = await readCustomers(session, {}, { search: "fRAN" });
  assert.equal(french.found, all.customers.filter(({ country }) => country === "France").length);
  assert.equal((await readCustomers(session, {}, { search: "%" })).found, 0, "a sign of SQL is a sign");
  assert.equal((await readCustomers(session, {}, { search: "O'Brien" })).found, 0);
  const earlier = await readCustomers(session, { as_of: "2024-02-01" });
  assert.ok(earlier.customers.every(({ orders, recency_days }) => orders === 0 || recency_days! <= 31));
});

Deno.test("a name with a quote is a name", async () => {
  using session = await openCuratedShop(segmentedShop());
  const { total } = await readCustomers(session, {
    furthest: "cart",
    device: "x' OR true --",
    since: "2024-05-01",
    until: "2024-06-21",
  });
  assert.equal(total, 0);
});

Deno.test("an address that makes no sense is refused with what is allowed", () => {
  const refused: [Record<string, string>, RegExp][] = [
    [{ segment: "Champs" }, /Invalid condition “segment”.*champions, loyal/],
    [{ colour: "red" }, /Invalid condition “colour”.*one of as_of, segment/],
    [{ as_of: "2024-02-30" }, /“as_of”.*YYYY-MM-DD/],
    [{ r: "6" }, /“r”.*1 to 5/],
    [{ cohort: "2024-13" }, /“cohort”.*YYYY-MM/],
    [{ age: "3" }, /“age” of customers needs “cohort”/],
    [{ cohort: "2024-01", age: "3" }, /“age” of customers needs “ordered”/],
    [{ from: "loyal" }, /“from” of customers needs “month”/],
    [{ month: "2024-01" }, /“month” of customers needs “from” or “to”/],
    [{ furthest: "cart" }, /“furthest” of customers needs “since”/],
    [
      { furthest: "cart", since: "2024-01-01", until: "2024-02-01", device: "a", category: "b" },
      /a device or a category/,
    ],
  ];
  for (const [given, message] of refused) {
    assert.throws(
      () => parseSelection(given),
      (error: Error) => error.name === "InputError" && message.test(error.message),
      JSON.stringify(given),
    );
  }
  assert.deepEqual(parseSelection({ segment: "", r: "5" }), { r: 5 });
});

Deno.test("a selection in words", () => {
  assert.equal(selectionText({}), "all customers");
  assert.equal(selectionText({ segment: "at-risk" }), "segment At risk");
  assert.equal(selectionText({ r: 5, f: 1 }), "score recency 5, frequency 1");
  assert.equal(
    selectionText({ cohort: "2023-11", age: 3, ordered: "no" }),
    "first order in 2023-11; no order 3 months later, in 2024-02",
  );
  assert.equal(
    selectionText({ month: "2024-05", from: "loyal", to: "at-risk" }),
    "in 2024-05 from Loyal to At risk",
  );
  assert.equal(
    selectionText({ furthest: "cart", device: "Mobile", since: "2024-05-01", until: "2024-06-01" }),
    "put something into the cart, and did not check out on Mobile, in visits from 2024-05-01 to 2024-05-31",
  );
  assert.equal(PERSONAS.length, 11);
});

Deno.test("nobody is listed for not having done what is not known yet", async () => {
  using session = await openCuratedShop(segmentedShop());
  const refused = (selection: CustomerSelection, found: RegExp) =>
    assert.rejects(readCustomers(session, selection), { name: "InputError", message: found });
  await refused(
    { cohort: "2024-05", age: 2, ordered: "no" },
    /not known yet.*2 months after 2024-05: 2024-07/s,
  );
  await refused(
    { cohort: "2024-03", age: 2, ordered: "no", as_of: "2024-05-01" },
    /not known yet.*begins before 2024-05-01/s,
  );
  // The month in which the data ends: where customers will be at its end is open.
  await refused({ month: "2024-06", to: "at-risk" }, /not known yet.*a month that is over before 2024-06-2/s);
  // It has begun, though, so who ordered in it is known so far.
  assert.ok((await readCustomers(session, { cohort: "2024-05", age: 1, ordered: "yes" })).total >= 0);
});

Deno.test("customers whom newer data does not have any more are left out of a list of older data", async () => {
  using session = await openCuratedShop(segmentedShop());
  const before = await readCustomers(session, { r: 5 });
  const [gone] = before.customers;
  const after = await readCustomers(session, { r: 5 }, { deletedSince: [gone!.customer_id] });
  assert.deepEqual(after.customers, before.customers.slice(1));
  assert.deepEqual([after.total, after.deleted], [before.total - 1, before.deleted + 1]);
});
