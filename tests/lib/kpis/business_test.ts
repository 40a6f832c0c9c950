import { formatMoney, formatNumber, moneyLabel, parseBusiness } from "shopflow/kpis/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { readBusiness } from "shopflow/notebook/mod.ts";

Deno.test("without a file nothing is known of the business", async () => {
  assert.deepEqual(await readBusiness("/nowhere/business.json"), {});
});

Deno.test("a business file has fields, each of which may be left out", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "business.json");
    const business = { currency: "GBP", lapsed: { target: 0.1 }, recommendations: { monthlyGoal: 5000 } };
    await Deno.writeTextFile(path, JSON.stringify(business));
    assert.deepEqual(await readBusiness(path), business);
    await Deno.writeTextFile(path, "{}");
    assert.deepEqual(await readBusiness(path), {});
    await assert.rejects(readBusiness(folder), { name: "InputError", message: /cannot be read/ });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const REFUSED: [content: string, message: RegExp][] = [
  ["", /The business file b\.json is not JSON/],
  ["currency: EUR", /is not JSON/],
  ["[]", /Invalid content .* an object with the fields currency, lapsed, .*, found \[\]/],
  ["null", /Invalid content .* found null/],
  ['{ "currency": "€" }', /Invalid currency .*ISO 4217.*, found "€"/],
  ['{ "currency": "usd" }', /Invalid currency .* in capitals.*, found "usd"/],
  ['{ "lapsed": { "baseline": 15 } }', /Invalid lapsed\.baseline .*share from 0 to 1.*, found 15/],
  ['{ "lapsed": { "target": "10 %" } }', /Invalid lapsed\.target .*share from 0 to 1.*, found "10 %"/],
  ['{ "lapsed": { "yearlyCost": -1 } }', /Invalid lapsed\.yearlyCost .*money above 0.*, found -1/],
  ['{ "lapsed": 0.15 }', /Invalid lapsed .*the fields baseline, target, yearlyCost, found 0\.15/],
  [
    '{ "outOfStock": { "basline": 0.2 } }',
    /Invalid outOfStock\.basline .*than baseline, target, found basline/,
  ],
  [
    '{ "churn": { "baseline": 0.2 } }',
    /Invalid churn .*no other fields than currency, lapsed.*, found churn/,
  ],
  ['{ "recommendations": { "monthlyGoal": 1e999 } }', /Invalid recommendations\.monthlyGoal/],
  ['{ "playbook": { "discount": 15 } }', /Invalid playbook\.discount .*0\.15 for 15 %, found 15/],
  ['{ "playbook": { "contactCost": -1 } }', /Invalid playbook\.contactCost .*at least 0.*, found -1/],
  [
    '{ "offers": { "list": [{ "name": "Keep 15", "discount": 0.15 }] } }',
    /Invalid offers\.list\.0\.name .*small letters.*, found "Keep 15"/,
  ],
  [
    '{ "offers": { "list": [{ "name": "keep", "discount": 0.15, "amount": 5 }] } }',
    /Invalid offers\.list\.0 .*either discount.*or amount/,
  ],
  ['{ "offers": { "list": [{ "name": "keep" }] } }', /Invalid offers\.list\.0 .*either discount.*or amount/],
  [
    '{ "offers": { "list": [{ "name": "a", "amount": 5 }, { "name": "a", "amount": 9 }] } }',
    /Invalid offers\.list .*different names/,
  ],
  [
    '{ "offers": { "list": [{ "name": "a", "amount": 5, "days": 3 }] } }',
    /Invalid offers\.list\.0\.days .*no other fields than name, discount.*, found days/,
  ],
  ['{ "offers": { "quietDays": 1.5 } }', /Invalid offers\.quietDays .*whole number of days.*, found 1\.5/],
  ['{ "offers": { "globalControl": 1 } }', /Invalid offers\.globalControl .*0 to 0\.9.*, found 1/],
  ['{ "offers": [] }', /Invalid offers .*the fields list, quietDays, globalControl, found \[\]/],
];

for (const [content, message] of REFUSED) {
  Deno.test(`a business file with ${content || "nothing"} is refused with what was expected and found`, () => {
    assert.throws(() => parseBusiness(content, "b.json"), { name: "InputError", message });
  });
}

Deno.test("money has the business's currency, or none where it is not known", () => {
  assert.equal(formatMoney(1234.5, "USD"), "$1,235");
  assert.equal(formatMoney(-20, "GBP"), "−£20");
  assert.equal(formatMoney(-0.2, "EUR"), "€0");
  assert.equal(formatMoney(1234.5, undefined), "1,235");
  assert.equal(moneyLabel("net sales", "USD"), "net sales (USD)");
  assert.equal(moneyLabel("net sales", undefined), "net sales");
});

Deno.test("numbers have at most three decimals, and a small one is not told as 0", () => {
  const cases: [value: number, text: string][] = [
    [0, "0"],
    [0.000_421_37, "0.000421"],
    [-0.000_4, "-0.0004"],
    [0.009_96, "0.00996"],
    [0.052_34, "0.052"],
    [-1234.5678, "-1,234.568"],
    [14_210, "14,210"],
  ];
  for (const [value, text] of cases) assert.equal(formatNumber(value), text);
});
