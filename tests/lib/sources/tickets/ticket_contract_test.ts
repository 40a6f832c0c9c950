import assert from "node:assert/strict";
import { nearestName } from "../../../../lib/sources/nearest_name.ts";
import { ticketContract } from "../../../../lib/sources/tickets/contract.ts";
import { wholeTicket } from "../../../fixtures/whole_ticket.ts";

type Ticket = Record<string, unknown>;

const checked = (documents: Ticket[], isComplete = true) => {
  const contract = ticketContract({ isComplete });
  documents.forEach((document, i) => contract.see({ document, place: `line ${i + 1}` }));
  return contract.check();
};
const unreadOf = (documents: Ticket[]) => checked(documents).unread;
const times = (n: number, fields: Ticket = {}) => Array.from({ length: n }, () => wholeTicket(fields));
const without = (ticket: Ticket, ...names: string[]) =>
  Object.fromEntries(Object.entries(ticket).filter(([name]) => !names.includes(name)));
/** Each field under the name that `rename` gives it. */
const renamed = (ticket: Ticket, rename: (name: string) => string) =>
  Object.fromEntries(Object.entries(ticket).map(([name, value]) => [rename(name), value]));
const moved = (n: number) =>
  times(n).map((ticket) => renamed(ticket, (name) => name === "status" ? "state" : name));
const camelCase = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

Deno.test("fields that ShopFlow does not know are named once each, those of MongoDB itself are not", () => {
  assert.deepEqual(
    unreadOf([wholeTicket({ _id: 1, zone: 2 }), wholeTicket({ channel: "mail" }), wholeTicket({ zone: 3 })]),
    ["channel", "zone"],
  );
});

Deno.test("a required field with a new name stops the tickets as soon as the last five have it", () => {
  assert.throws(() => checked([...times(20), ...moved(5)]), {
    name: "SchemaContractError",
    message:
      /support_tickets does not match its contract: expected field support_tickets\.status, found no such field.*"state"/,
  });
  assert.deepEqual(unreadOf([...times(20), ...moved(4)]), ["state"]);
});

Deno.test("a required field that no ticket has stops them, with the names that were found and those alike", () => {
  const tickets = times(78, { channel: "mail" });
  const created = tickets.map((ticket) =>
    renamed(ticket, (name) => name === "created_date" ? "createdAt" : name)
  );
  assert.throws(() => checked(created), {
    name: "SchemaContractError",
    message:
      /expected field support_tickets\.created_date, found no value in any of the 78 tickets .*fields are agent_id, channel, createdAt, .*\(createdAt may be created_date\)/,
  });
  assert.throws(() => checked(tickets.map((ticket) => renamed(ticket, camelCase))), (error: Error) => {
    assert.match(
      error.message,
      /ticketId may be ticket_id, customerId may be customer_id, createdDate may be/,
    );
    assert.match(error.message, /expected field support_tickets\.ticket_id, .*support_tickets\.agent_id,/);
    assert.doesNotMatch(error.message, /priority may|support_tickets\.description/);
    return true;
  });
  for (const name of Object.keys(wholeTicket())) {
    const expected = new RegExp(`expected field support_tickets\\.${name}, found no value in any of the 5`);
    assert.throws(() => checked(times(5).map((ticket) => without(ticket, name))), expected, name);
  }
  // A field under its name, of which every value is empty, is an answer of the shop, but for those without which a
  // ticket cannot be used.
  checked(times(9, { agent_id: null }));
  assert.throws(() => checked(times(9, { ticket_id: " " })), /expected field support_tickets\.ticket_id/);
  assert.throws(
    () => checked(times(9, { created_date: null })),
    /expected field support_tickets\.created_date/,
  );
  for (const nothing of ["NULL", "NaN", "None", "\\N", "n/a"]) {
    assert.throws(() => checked(times(78, { ticket_id: nothing })), /no value in any of the 78/, nothing);
    assert.throws(() => checked(times(78, { created_date: nothing })), /no value in any of the 78/, nothing);
  }
  assert.throws(() => checked(times(78, { created_date: NaN })), /no value in any of the 78/);
});

Deno.test("one ticket is enough to miss its id, five are for other fields; of a part of the tickets five are for both", () => {
  const one = [without(wholeTicket(), "ticket_id")];
  assert.throws(() => checked(one), /found no value in any of the 1 tickets/);
  assert.equal(checked(one, false).warnings.length, 1);
  assert.throws(() => checked(Array.from({ length: 5 }, () => one[0]!), false), /ticket_id/);
  checked(times(4).map((ticket) => without(ticket, "agent_id")));
});

Deno.test("tickets without an id or a date are counted with examples, and more than a fifth of them stop all", () => {
  const undated = (n: number) => times(n).map((ticket) => without(ticket, "created_date"));
  assert.deepEqual(checked([...times(8), ...undated(2)]).warnings, [
    "support_tickets: 2 of 10 tickets that were read have no created_date, e.g. line 9, line 10. " +
    "The raw layer keeps them; fact_support_tickets leaves them out.",
  ]);
  assert.throws(() => checked([...times(70), ...undated(30)]), {
    name: "SchemaContractError",
    message:
      /cannot be used: expected a created_date in at least 80 % of the tickets, found 30 of 100 .*e\.g\. line 71, line 72, line 73\./,
  });
  // Of the tickets of a window nobody knows how many there are in all.
  assert.equal(checked([...times(7), ...undated(3)], false).warnings.length, 1);
  assert.deepEqual(checked(times(10)).warnings, []);
  assert.deepEqual(checked([]), { unread: [], warnings: [] });
});

Deno.test("a required field that new tickets do not have yet, and one that is new beside it, stop nothing", () => {
  const young = without(wholeTicket({ channel: "mail" }), "status");
  assert.deepEqual(unreadOf([wholeTicket({ channel: "mail" }), ...Array.from({ length: 9 }, () => young)]), [
    "channel",
  ]);
});

Deno.test("an optional field that is missing stops nothing, whatever came beside it", () => {
  assert.deepEqual(unreadOf([...times(9, { order_id: "O1" }), ...times(9, { channel: "mail" })]), [
    "channel",
  ]);
});

Deno.test("names without end are held up to a bound", () => {
  assert.equal(
    unreadOf(Array.from({ length: 1000 }, (_, i) => wholeTicket({ [`name ${i}`]: i }))).length,
    200,
  );
});

Deno.test("names that are alike are found by their words or letters, others are not", () => {
  const cases: [string, string[], string | undefined][] = [
    ["created_date", ["resolvedAt", "createdAt"], "createdAt"],
    ["ticket_id", ["id", "ticketId", "Ticket-ID"], "ticketId"],
    ["customer_id", ["customer", "order"], "customer"],
    ["status", ["state", "stats_of_all_times"], "state"],
    ["shpo", ["admin", "shop"], "shop"],
    ["support_tickets", ["orders", "supportTickets"], "supportTickets"],
    ["description", ["agent", "x", ""], undefined],
    ["priority", [], undefined],
  ];
  for (const [name, candidates, expected] of cases) {
    assert.equal(nearestName(name, candidates), expected, name);
  }
});
