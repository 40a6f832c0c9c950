import assert from "node:assert/strict";
import { ticketContract } from "shopflow/sources/ticket_contract.ts";

const ticket = (fields: Record<string, unknown> = {}) => ({ ticket_id: "T", status: "Open", ...fields });

const checked = (documents: Record<string, unknown>[]) => {
  const contract = ticketContract();
  documents.forEach(contract.see);
  return contract.check();
};
const times = (n: number, fields: Record<string, unknown>) => Array.from({ length: n }, () => ticket(fields));
const moved = (n: number) => Array.from({ length: n }, () => ({ ticket_id: "T", state: "Open" }));

Deno.test("fields that ShopFlow does not know are told once each, those of MongoDB itself are not", () => {
  assert.deepEqual(checked([ticket({ _id: 1, zone: 2 }), ticket({ channel: "mail" }), ticket({ zone: 3 })]), [
    "channel",
    "zone",
  ]);
});

Deno.test("a required field with a new name is told as soon as the last five tickets have it", () => {
  assert.throws(() => checked([...times(20, {}), ...moved(5)]), {
    name: "SchemaContractError",
    message:
      /support_tickets is not as agreed: expected field support_tickets\.status, found no such field.*"state"/,
  });
  assert.deepEqual(checked([...times(20, {}), ...moved(4)]), ["state"]);
  // Where no ticket had it, there is no telling what is in its place.
  assert.deepEqual(checked(moved(9)), ["state"]);
});

Deno.test("a required field that new tickets do not have yet, and one that is new beside it, stop nothing", () => {
  const { status: _, ...young } = ticket({ channel: "mail" });
  assert.deepEqual(checked([ticket({ channel: "mail" }), ...Array.from({ length: 9 }, () => young)]), [
    "channel",
  ]);
  assert.deepEqual(checked(Array.from({ length: 9 }, (_, i) => ({ ticket_id: `T${i}` }))), []);
});

Deno.test("an optional field that is missing stops nothing, whatever came beside it", () => {
  assert.deepEqual(checked([...times(9, { order_id: "O1" }), ...times(9, { channel: "mail" })]), ["channel"]);
});

Deno.test("names without end are held up to a bound", () => {
  const documents = Array.from({ length: 1000 }, (_, i) => ticket({ [`name ${i}`]: i }));
  assert.equal(checked(documents).length, 200);
});
