import assert from "node:assert/strict";
import { CurrencyColumn, splitCurrency } from "../../../../lib/sources/files/currency_column.ts";

Deno.test("a currency stands before or behind an amount, as sign or code", () => {
  const amounts: [text: string, number: string, currency: string][] = [
    ["£2.55", "2.55", "£"],
    ["£ 2.55", "2.55", "£"],
    ["-£2.55", "-2.55", "£"],
    ["£-2.55", "-2.55", "£"],
    ["1.234,56 €", "1.234,56", "€"],
    ["1\u00a0234,56\u00a0€", "1\u00a0234,56", "€"],
    ["-5€", "-5", "€"],
    ["US$1,234.50", "1,234.50", "US$"],
    ["R$ 2,55", "2,55", "R$"],
    ["12,50 zł", "12,50", "zł"],
    ["GBP 2.55", "2.55", "GBP"],
    ["2.55 GBP", "2.55", "GBP"],
  ];
  for (const [text, number, currency] of amounts) assert.deepEqual(splitCurrency(text), { number, currency });
});

Deno.test("what is no amount of one currency stays as it is", () => {
  const others = ["2.55", "", "£", "free", "£2.55 €", "-£-2.55", "2.55 ABC", "£free", "2.55%", "5 kg", "££5"];
  for (const text of others) assert.deepEqual(splitCurrency(text), { number: text });
});

Deno.test("a column has one currency; a slip of 1 % is not its currency, more is an error", () => {
  const column = (pounds: number, euros: number) => {
    const column = new CurrencyColumn("UnitPrice");
    column.add(undefined, 2);
    for (let i = 0; i < pounds; i++) column.add("£", 3 + i);
    for (let i = 0; i < euros; i++) column.add("€", 3 + pounds + i);
    return column;
  };
  assert.equal(column(0, 0).decide(), undefined);
  assert.equal(column(99, 1).decide(), "£");
  assert.throws(
    () => column(98, 2).decide(),
    /column UnitPrice are in several currencies.*found 98 in £, first in line 3; 2 in €, first in line 101/,
  );
});
