import assert from "node:assert/strict";
import { BSON } from "mongodb";
import { SchemaContractError } from "shopflow/errors/mod.ts";
import { TICKET_FIELDS } from "../../../../lib/sources/contract.ts";
import { ticketValues, utcText } from "../../../../lib/sources/tickets/contract.ts";

const hours = TICKET_FIELDS.findIndex(({ name }) => name === "resolution_hours");
const hoursOf = (value: unknown) =>
  ticketValues({ ticket_id: "T1", resolution_hours: value }, "line 1 of x")[hours];

Deno.test("whole numbers of tickets are read up to 32 bits, beyond them field and ticket are named", () => {
  for (const number of [0, 7, -1, 2147483647, -2147483648]) {
    assert.equal(hoursOf(number), String(number));
    assert.equal(hoursOf(BSON.Long.fromNumber(number)), String(number));
  }
  for (const number of [2147483648, -2147483649, 1e20, Infinity, 4.5]) {
    assert.throws(() => hoursOf(number), (error) => {
      assert.ok(error instanceof SchemaContractError);
      assert.match(
        error.message,
        /Field resolution_hours of ticket T1 .*whole number of 32 bits, found number/,
      );
      return true;
    });
  }
  assert.throws(() => hoursOf(BSON.Long.fromNumber(2147483648)), SchemaContractError);
});

Deno.test("dates beyond year 9999 and before year 1 are written as DuckDB does, so that DuckDB reads them", () => {
  const time = (year: number) => {
    const date = new Date("2024-01-05T10:00:00.123Z");
    date.setUTCFullYear(year);
    return utcText(date);
  };
  assert.equal(time(2024), "2024-01-05 10:00:00.123");
  assert.equal(time(9999), "9999-01-05 10:00:00.123");
  assert.equal(time(20244), "20244-01-05 10:00:00.123");
  assert.equal(time(202440), "202440-01-05 10:00:00.123");
  assert.equal(time(0), "0001-01-05 (BC) 10:00:00.123");
  assert.equal(time(-44), "0045-01-05 (BC) 10:00:00.123");
  assert.equal(time(-20244), "20245-01-05 (BC) 10:00:00.123");
  assert.equal(time(7), "0007-01-05 10:00:00.123");
});

Deno.test("words for nothing are no number and no date, and a day that the calendar lacks is none", () => {
  for (const word of ["", "NULL", "nan", "None", "\\N", "<NA>", "n/a", NaN]) {
    assert.equal(hoursOf(word), null);
  }
  const created = TICKET_FIELDS.findIndex(({ name }) => name === "created_date");
  const createdOf = (value: unknown) =>
    ticketValues({ ticket_id: "T1", created_date: value }, "line 1")[created];
  assert.equal(createdOf("NULL"), null);
  assert.equal(createdOf("2024-02-29"), "2024-02-29 00:00:00.000");
  for (const text of ["2024-02-30", "2023-02-29T10:00:00Z", "2024-04-31", "2024-13-01", "3/4/2024"]) {
    assert.throws(() => createdOf(text), SchemaContractError, text);
  }
});
