import assert from "node:assert/strict";
import { BSON } from "mongodb";
import { TICKET_FIELDS } from "../../../../lib/sources/contract.ts";
import {
  mappedTicket,
  quarantinedId,
  quarantinedTicket,
  ticketValues,
  utcText,
  valuesOfText,
} from "../../../../lib/sources/tickets/values.ts";

const columnOf = (name: string) => TICKET_FIELDS.findIndex((field) => field.name === name);
/** The text of a field in the lake; what is wrong with it as `expected` and `found`. */
function read(name: string, value: unknown): string | null | { expected: string; found: string } {
  const { values, wrong } = ticketValues({ ticket_id: "T1", [name]: value });
  if (wrong.length === 0) return values[columnOf(name)] ?? null;
  assert.deepEqual(wrong.map(({ column }) => column), [name]);
  assert.equal(values[columnOf(name)], null);
  return { expected: wrong[0]!.expected, found: wrong[0]!.found };
}
const hoursOf = (value: unknown) => read("resolution_hours", value);

Deno.test("whole numbers of every type of BSON are read up to 32 bits, anything else is told", () => {
  for (const number of [0, 7, -1, 2147483647, -2147483648]) {
    assert.equal(hoursOf(number), String(number));
    assert.equal(hoursOf(BSON.Long.fromNumber(number)), String(number));
    assert.equal(hoursOf(BSON.Decimal128.fromString(String(number))), String(number));
    assert.equal(hoursOf(new BSON.Double(number)), String(number));
    assert.equal(hoursOf(String(number)), String(number));
  }
  assert.equal(hoursOf(BSON.Decimal128.fromString("4.00")), "4");
  assert.equal(hoursOf(BSON.Decimal128.fromString("NaN")), null);
  const expected = "a whole number of 32 bits";
  for (const number of [2147483648, -2147483649, 1e20, Infinity, 4.5]) {
    const found = hoursOf(number);
    assert.deepEqual(found, { expected, found: `number ${BSON.EJSON.stringify(number)}` });
  }
  for (
    const wrong of [
      BSON.Long.fromNumber(2147483648),
      BSON.Decimal128.fromString("4.5"),
      BSON.Decimal128.fromString("Infinity"),
      new BSON.Double(0.1),
      "four",
      "4.5",
      true,
      [4],
      new Date(),
    ]
  ) {
    assert.equal((hoursOf(wrong) as { expected: string }).expected, expected);
  }
});

Deno.test("ids are text, whichever type of BSON they have, and the same ticket is found by it", () => {
  const uuid = "0190b6b4-0000-4000-8000-000000000001";
  const cases: [unknown, string][] = [
    ["T1", "T1"],
    [17, "17"],
    [BSON.Long.fromString("9007199254740993"), "9007199254740993"],
    [new BSON.ObjectId("0123456789abcdef01234567"), "0123456789abcdef01234567"],
    [new BSON.UUID(uuid), uuid],
  ];
  for (const [value, text] of cases) assert.equal(read("order_id", value), text);
  for (const wrong of [{ id: 1 }, ["O1"], new Date()]) {
    assert.equal((read("order_id", wrong) as { expected: string }).expected, "text");
  }
  assert.deepEqual(valuesOfText("17"), ["17", 17]);
  assert.deepEqual(valuesOfText(uuid), [uuid, new BSON.UUID(uuid)]);
});

Deno.test("a mapping gives fields their names, also those of documents within, and takes away what stands for others", () => {
  const document = {
    _id: 1,
    id: "T1",
    createdAt: "2024-01-05",
    customer: { id: 7 },
    status: "odd",
    state: "Closed",
  };
  const columns = {
    ticket_id: "id",
    created_date: "createdAt",
    customer_id: "customer.id",
    status: "state",
    order_id: "order.id",
    agent_id: null,
  };
  assert.deepEqual(mappedTicket(document, { collection: "cases", columns }), {
    _id: 1,
    ticket_id: "T1",
    created_date: "2024-01-05",
    customer: { id: 7 },
    customer_id: 7,
    status: "Closed",
  });
  assert.equal(mappedTicket({ _id: 9 }, { collection: "cases", columns: { ticket_id: "_id" } }).ticket_id, 9);
});

Deno.test("times as text are read with the zone that they name, else in UTC", () => {
  const times = [
    "2024-01-05T10:00:00Z",
    "2024-01-05 10:00:00 UTC",
    "2024-01-05 10:00:00 Z",
    "2024-01-05 12:00:00 +0200",
    "2024-01-05 12:00:00 +02:00",
    "2024-01-05 12:00:00+02",
    "2024-01-05T05:30:00.000-04:30",
    "2024-01-05 10:00",
  ];
  for (const time of times) assert.equal(utcText(time), "2024-01-05 10:00:00.000", time);
  assert.equal(utcText("2024-01-05"), "2024-01-05 00:00:00.000");
  for (
    const wrong of ["2024-02-30 10:00", "2024-01-05 25:00", "2024-01-05 10:00 CET", "2024-01-05 10:00:00 +2"]
  ) {
    assert.equal(utcText(wrong), undefined, wrong);
  }
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
  const createdOf = (value: unknown) => read("created_date", value);
  assert.equal(createdOf("NULL"), null);
  assert.equal(createdOf("2024-02-29"), "2024-02-29 00:00:00.000");
  for (const text of ["2024-02-30", "2023-02-29T10:00:00Z", "2024-04-31", "2024-13-01", "3/4/2024"]) {
    assert.equal((createdOf(text) as { expected: string }).expected, "a date", text);
  }
});

Deno.test("a ticket that was left out is looked for by its id, of whatever type that is", () => {
  const hex = "65a000000000000000000001", uuid = "0190b6b4-0000-7000-8000-000000000001";
  const ids: [unknown, string | undefined][] = [
    ["T1", "T1"],
    [7, "7"],
    [BSON.Long.fromNumber(7), "7"],
    // As where a mapping has `ticket_id: _id`.
    [new BSON.ObjectId(hex), hex],
    [new BSON.UUID(uuid), uuid],
    [["T1"], undefined],
    [undefined, undefined],
  ];
  for (const [id, text] of ids) {
    assert.equal(quarantinedId(quarantinedTicket({ ticket_id: id }, "a ticket", [])), text);
  }
});
