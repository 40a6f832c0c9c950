import assert from "node:assert/strict";
import { countBy, PARAMETERS, share, simulatedRows } from "./simulated_rows.ts";

const { customers, products, orders, events, tickets, truth } = simulatedRows();
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

Deno.test("orders come out of sessions: purchase events are order lines", () => {
  const firstDay = events.reduce(
    (first, event) => event.event_timestamp! < first ? event.event_timestamp! : first,
    "9999",
  ).slice(0, 10);
  // Sessions that cross midnight are left out of the comparison at its edge.
  const sold = orders.filter((line) => Number(line.quantity) > 0 && line.order_date! > firstDay);
  const lines = new Set(sold.map((line) => `${line.customer_id}/${line.product_id}/${line.order_date}`));
  const purchases = events.filter((event) => event.event_type === "purchase" && event.customer_id !== "");
  const matched = share(
    purchases,
    (event) => lines.has(`${event.customer_id}/${event.product_id}/${event.event_timestamp!.slice(0, 10)}`),
  );
  assert.ok(matched > 0.98, `only ${matched} of purchase events have an order line`);
  assert.ok(
    Math.abs(purchases.length / sold.length - 1) < 0.02,
    `${purchases.length} against ${sold.length}`,
  );
});

Deno.test("a ticket that ends badly raises the hazard of the month after", () => {
  const hazard = new Map(truth.map((row) => [`${row.customer_id}/${row.month}`, Number(row.hazard)]));
  const around = tickets.filter((ticket) => ticket.satisfaction_score !== null).flatMap((ticket) => {
    const resolved = ticket.resolved_date!;
    const month = (offset: number) =>
      new Date(Date.UTC(resolved.getUTCFullYear(), resolved.getUTCMonth() + offset, 1)).toISOString().slice(
        0,
        10,
      );
    const before = hazard.get(`${ticket.customer_id}/${month(0)}`);
    const after = hazard.get(`${ticket.customer_id}/${month(1)}`);
    return before && after ? [{ score: ticket.satisfaction_score!, ratio: Math.log(after / before) }] : [];
  });
  const bad = mean(around.filter(({ score }) => score <= 2).map(({ ratio }) => ratio));
  const good = mean(around.filter(({ score }) => score >= 4).map(({ ratio }) => ratio));
  assert.ok(bad > good + 0.3, `log-hazard changes by ${bad} after bad tickets, ${good} after good ones`);
});

Deno.test("customers who are gone buy nothing", () => {
  const goneFrom = new Map(
    truth.filter((row) => row.alive_at_end === "0").map((row) => [row.customer_id!, row.month!]),
  );
  const late = orders.filter((line) => {
    const month = goneFrom.get(line.customer_id!);
    return month !== undefined && Number(line.quantity) > 0 &&
      line.order_date!.slice(0, 7) > month.slice(0, 7);
  });
  assert.deepEqual(late, []);
});

Deno.test("buying rates differ much more between customers than chance would have it", () => {
  const counts = customers.map((customer) => Number(customer.total_orders));
  const average = mean(counts);
  const variance = mean(counts.map((count) => (count - average) ** 2));
  assert.ok(variance > 2 * average, `variance ${variance}, mean ${average}`);
});

Deno.test("customers have taste: half of what they buy is of one category", () => {
  const category = new Map(products.map((product) => [product.product_id!, product.category!]));
  const bought = Map.groupBy(orders.filter((line) => line.customer_id !== ""), (line) => line.customer_id!);
  const concentration = [...bought.values()].filter((lines) => lines.length >= 6).map((lines) =>
    Math.max(...countBy(lines, (line) => category.get(line.product_id!) ?? "?").values()) / lines.length
  );
  const crowd = Math.max(...countBy(orders, (line) => category.get(line.product_id!) ?? "?").values()) /
    orders.length;
  assert.ok(mean(concentration) > 0.5, `mean share of the favourite category ${mean(concentration)}`);
  assert.ok(crowd < 0.35, `the shop's largest category has ${crowd}`);
});

Deno.test("toys are bought before Christmas, and the shop's demand has a peak then", () => {
  const toys = new Set(products.filter((row) => row.category === "Toys").map((row) => row.product_id!));
  const linesIn = (months: string[], of = orders) =>
    of.filter((line) => months.includes(line.order_date!.slice(5, 7))).length / months.length;
  const toyLines = orders.filter((line) => toys.has(line.product_id!));
  assert.ok(linesIn(["11", "12"], toyLines) > 1.5 * linesIn(["01", "02", "03", "04"], toyLines));
  assert.ok(linesIn(["11", "12"]) > 1.1 * linesIn(["02", "03", "04", "05"]));
});

Deno.test("tickets are open near the end only, and closed after a while", () => {
  const end = Date.parse(`${PARAMETERS.until}T24:00:00Z`);
  const statuses = countBy(tickets, (ticket) => ticket.status);
  assert.ok((statuses.get("In Progress") ?? 0) > 0 && (statuses.get("Resolved") ?? 0) > 0);
  for (const ticket of tickets) {
    const open = ticket.status === "Open" || ticket.status === "In Progress";
    assert.equal(open, ticket.resolved_date === null);
    assert.equal(open, ticket.resolution_hours === null);
    assert.ok(!open || end - ticket.created_date.getTime() <= 720 * 3_600_000, ticket.ticket_id);
    assert.ok(ticket.created_date.getTime() < end && (ticket.resolved_date?.getTime() ?? 0) < end);
    assert.ok(open || (ticket.resolution_hours! >= 1 && ticket.resolution_hours! <= 720));
    assert.match(ticket._id, /^[0-9a-f]{24}$/);
  }
});
