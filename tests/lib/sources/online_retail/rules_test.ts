import assert from "node:assert/strict";
import fc from "fast-check";
import { centsAsDecimal, exactAmount } from "../../../../lib/sources/online_retail/rules.ts";

Deno.test("amounts are exact where floating point is not, and half a cent goes away from zero", () => {
  const amounts: [string, number, string, boolean][] = [
    ["2.55", 6, "15.30", false],
    ["1.005", 1, "1.01", true],
    ["1.005", -1, "-1.01", true],
    ["0.145", 3, "0.44", true],
    ["0.001", 4, "0.00", true],
    ["0.001", 10, "0.01", false],
    ["-11062.06", 1, "-11062.06", false],
    ["2.08", 80995, "168469.60", false],
    ["18", -2, "-36.00", false],
    // What programs that count in floating point write.
    ["2.5500000000000003", 6, "15.30", true],
    ["0", -5, "0.00", false],
    ["99999999.99", 1, "99999999.99", false],
  ];
  for (const [price, quantity, amount, rounded] of amounts) {
    const result = exactAmount(price, quantity);
    assert.deepEqual(
      [centsAsDecimal(result!.cents), result!.rounded],
      [amount, rounded],
      `${price} × ${quantity}`,
    );
  }
});

Deno.test("what is no decimal number or does not fit the column is refused", () => {
  for (const price of ["", "free", "1e3", "NaN", "1,5", "--1", "100000000", "1.2.3"]) {
    assert.equal(exactAmount(price, 1), undefined, price);
  }
  assert.equal(exactAmount("99999999.99", 2), undefined);
});

Deno.test("whole cents times a quantity is never rounded", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 99_999 }),
    fc.integer({ min: -5000, max: 5000 }),
    (cents, quantity) => {
      const result = exactAmount(centsAsDecimal(cents), quantity)!;
      assert.equal(result.rounded, false);
      assert.equal(Math.abs(result.cents), Math.abs(cents * quantity));
    },
  ));
});
