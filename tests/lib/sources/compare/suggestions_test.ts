import assert from "node:assert/strict";
import { likelyName } from "../../../../lib/sources/compare/suggestions.ts";

Deno.test("a name is suggested where it may well be meant", () => {
  const cases: [string, string[], string | undefined][] = [
    ["price", ["price_cents", "id"], "price_cents"],
    ["created_date", ["createdOn", "priority"], "createdOn"],
    ["customer_id", ["ClientID", "contact_id"], "ClientID"],
    ["first_name", ["firstname", "company_name"], "firstname"],
    // Of the public sample Northwind: neither a company nor a number of a category is what is looked for.
    ["first_name", ["company_name", "contact_name"], undefined],
    ["category", ["category_id", "supplier_id"], undefined],
    ["category", ["CategoryID"], undefined],
    ["customer_segment", ["customer_id"], undefined],
  ];
  for (const [name, candidates, expected] of cases) {
    assert.equal(likelyName(name, candidates), expected, `${name} of ${candidates.join(", ")}`);
  }
});
