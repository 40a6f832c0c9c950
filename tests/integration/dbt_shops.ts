/** The shops that dbt builds on every engine, in a lake with the snapshot that our own runner made of them. */
import { publishRawExtract, type RawExtract } from "shopflow/lake/mod.ts";
import type { RawInputs } from "shopflow/warehouse/mod.ts";
import { createHash } from "node:crypto";
import type { PipelineContext } from "../../pipelines/context.ts";
import { extract } from "../../pipelines/steps/extract/extract.ts";
import { simulateIntoSources } from "../../pipelines/commands/simulate.ts";
import { transform } from "../../pipelines/steps/transform.ts";
import { appendBatch, type Batch } from "../fixtures/raw_batches.ts";
import { customer, event, line, product, type ShopRows, smallShop, ticket } from "../fixtures/small_shop.ts";

/** A shop by name. */
export interface DbtShop {
  name: string;
  /** Fills an empty lake with raw files and the snapshot of them. */
  fill: (context: PipelineContext) => Promise<void>;
}

export const DBT_SHOPS: DbtShop[] = [
  {
    name: "a shop with every kind of dirt, changes and deletions",
    async fill(context) {
      await publishRawExtract(context.store, await writeDirtyShop(context));
      await transform(context);
    },
  },
  {
    name: "a simulated shop",
    async fill(context) {
      await simulateIntoSources(context, { customers: 300, products: 40, seed: 11, until: "2024-05-31" });
      await extract(context);
      await transform(context);
    },
  },
];

/** The small shop with rows on which engines disagree unless the SQL tells them, and what a later run found. */
const BATCHES: Batch[] = [
  { run: "20240601T000000Z", extractedAt: "2024-06-01 00:00:00.123", rows: withTouchyRows(smallShop()) },
  {
    run: "20240602T000000Z",
    extractedAt: "2024-06-02 00:00:00.5",
    rows: {
      customers: [
        customer("CUST000001", { first_name: "Ada", city: "York" }),
        customer("CUST000002", { first_name: "Ben", country: "USA", _deleted: true }),
        customer(" CUST000007", { city: "Bath", _deleted: true }),
      ],
      products: [
        product("PROD00008", { price: 9, _deleted: true }),
        product("PROD00002", { product_name: "Novel", category: "Books", price: 11, cost: 12 }),
      ],
      orders: [
        line("ORD0000003", "CUST000002", "PROD00001", "2024-03-05", 30, 3),
        line("ORD0000010", "CUST000002", "PROD00001", "2024-05-06", 12, 1, { _deleted: true }),
      ],
      events: [
        event("EVT00000007", "CUST000002", "purchase", "2024-06-02 00:00:00.7", { product_id: "PROD00002" }),
      ],
    },
  },
];

function withTouchyRows(shop: ShopRows): ShopRows {
  // Of copies one is kept, and missing values decide which.
  shop.customers.push(customer("CUST000005", { city: null }), customer("CUST000005", { total_orders: null }));
  shop.customers.push(customer("CUST000005", { email: null, city: "Bath" }));
  // Spaces that are not the space character, and blanks that are no spaces.
  shop.customers.push(
    customer("\u00a0CUST000006\u2003", { first_name: "\u3000", last_name: "\tDoe\n", city: "Zürich 🏔" }),
  );
  // Words for nothing, of which one has a character that engines read differently.
  shop.customers.push(
    customer("\\N", { city: "Nowhere" }),
    customer("CUST000008", { country: "\\N", city: "None" }),
  );
  shop.orders.push(line("ORD0000012", "\\N", "NULL", "2023-12-30", 4, 1));
  shop.events.push(event("EVT00000009", "undefined", "page_view", "2024-05-31 23:59:58"));
  // One member in two source rows, of which a later run finds one deleted.
  shop.customers.push(customer("CUST000007", { city: "Leeds" }), customer(" CUST000007", { city: "Bath" }));
  shop.products.push(product("PROD00008", { price: 9 }), product("PROD00008 ", { price: 10 }));
  // Exactly at the tolerance of the margin, and just beyond it.
  shop.products.push(product("PROD00005", { price: 8, cost: 5, margin_pct: 37.6 }));
  shop.products.push(product("PROD00006", { price: 8, cost: 5, margin_pct: 37.61 }));
  // Text that is code in one engine or another.
  shop.products.push(product("PROD00007", { product_name: 'It\'s \\n 100 % "new" `x` {{ y }}' }));
  shop.orders.push(line("ORD0000011", "CUST000005", "PROD00005", "2023-12-31", 0.01, null));
  shop.events.push(event("EVT00000008", "CUST000001", "Page_View", "2024-05-31 23:59:59.999999"));
  shop.support_tickets.push(ticket("TKT0000005", "CUST000005", "2024-05-05 10:00:00", { status: "Closed" }));
  shop.support_tickets.push(
    ticket("TKT0000005", "CUST000005", "2024-05-05 10:00:00", { status: "Closed", satisfaction_score: 2 }),
  );
  return shop;
}

async function writeDirtyShop({ store }: PipelineContext): Promise<RawExtract> {
  let inputs: RawInputs = {};
  for (const batch of BATCHES) inputs = await appendBatch(store, inputs, batch);
  const { run, extractedAt } = BATCHES.at(-1)!;
  const tables = Object.entries(inputs).map(([name, files]) => {
    const contentSha256 = createHash("sha256").update(JSON.stringify(files)).digest("hex");
    return [name, {
      files: files.map((file) => ({
        ...file,
        runs: [{ run, extractedAt, rows: file.rows, sha256: file.sha256 }],
      })),
      rows: 0,
      contentSha256,
    }];
  });
  return { run, extractedAt, source: "dirty shop", tables: Object.fromEntries(tables) };
}
