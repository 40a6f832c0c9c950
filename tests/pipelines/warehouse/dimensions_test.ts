import assert from "node:assert/strict";
import { customer, event, line, product, stock, ticket } from "../../fixtures/small_shop.ts";
import { withBuiltShop } from "../built_shop.ts";

Deno.test("a customer that only facts know gets an inferred member, and the unknown member is always there", async () => {
  const rows = {
    customers: [customer("C1")],
    orders: [line("O1", "C2", "P1", "2024-03-01", 10, 1)],
    events: [event("E1", "C3", "page_view", "2024-03-01 10:00:00")],
    support_tickets: [ticket("T1", "C4", "2024-03-01 10:00:00")],
  };
  await withBuiltShop(rows, async (shop) => {
    const found = await shop.columns("SELECT customer_id, is_inferred, email FROM dim_customers ORDER BY 1");
    assert.deepEqual(found, {
      customer_id: ["C1", "C2", "C3", "C4", "UNKNOWN"],
      is_inferred: [false, true, true, true, true],
      email: ["C1@example.com", null, null, null, null],
    });
    assert.deepEqual(await shop.quality("customers", "inferred_customer"), {
      action: "inferred",
      rows: 3,
      amount: null,
    });
  });
});

Deno.test("customers without id, with an id used twice or with the unknown member's id are dropped", async () => {
  const customers = [
    customer("C1", { signup_date: "2024-01-02", first_name: "Second" }),
    customer("C1", { signup_date: "2024-01-01", first_name: "First" }),
    customer(null),
    customer("UNKNOWN"),
  ];
  await withBuiltShop({ customers }, async (shop) => {
    assert.deepEqual(await shop.columns("SELECT customer_id, first_name FROM dim_customers ORDER BY 1"), {
      customer_id: ["C1", "UNKNOWN"],
      first_name: ["Second", null],
    });
    for (const rule of ["missing_customer_id", "duplicate_customer_id", "reserved_customer_id"]) {
      assert.equal((await shop.quality("customers", rule)).rows, 1, rule);
    }
  });
});

Deno.test("a customer who ordered before the sign-up date is kept and counted", async () => {
  const rows = {
    customers: [customer("C1", { signup_date: "2024-05-01" }), customer("C2", { signup_date: null })],
    orders: [line("O1", "C1", "P1", "2024-03-01", 10, 1), line("O2", "C2", "P1", "2024-03-01", 10, 1)],
  };
  await withBuiltShop(rows, async (shop) => {
    assert.equal((await shop.quality("customers", "signup_after_first_order")).rows, 1);
  });
});

Deno.test("missing attributes of customers are kept as missing and counted", async () => {
  const customers = [customer("C1", { email: " ", city: null }), customer("C2", { country: "" })];
  await withBuiltShop({ customers }, async (shop) => {
    for (const rule of ["missing_email", "missing_city", "missing_country"]) {
      assert.deepEqual(
        await shop.quality("customers", rule),
        { action: "kept", rows: 1, amount: null },
        rule,
      );
    }
    const [counted] = await shop.rows<{ blank: number }>(
      "SELECT count(*) AS blank FROM dim_customers WHERE email = ''",
    );
    assert.equal(counted!.blank, 0);
  });
});

Deno.test("words for nothing are no customer, product or attribute, but Null and None are names of people", async () => {
  const words = ["NULL", "null", "NaN", "nan", "None", "\\N", "<NA>", "n/a", " N/A ", "undefined"];
  const day = "2024-03-01";
  const rows = {
    customers: [
      ...words.map((word) => customer(word)),
      customer("C1", { first_name: "Nan", last_name: "Null", city: "None", country: "NULL", email: "n/a" }),
    ],
    products: [product("NULL"), product("P1", { category: "nan", brand: "None" })],
    orders: words.map((word, i) => line(`O${i}`, word, i === 0 ? "NULL" : "P1", day, 10, 1)),
    events: words.map((word, i) =>
      event(`E${i}`, word, "page_view", `${day} 10:00:0${i}`, { product_id: word })
    ),
    support_tickets: words.map((word, i) =>
      ticket(`T${i}`, word, `${day} 10:00:0${i}`, { product_id: word })
    ),
  };
  await withBuiltShop(rows, async (shop) => {
    assert.deepEqual(
      await shop.rows(
        "SELECT customer_id, first_name, last_name, city, country, email FROM dim_customers ORDER BY 1",
      ),
      [
        { customer_id: "C1", first_name: "Nan", last_name: "Null", city: "None", country: null, email: null },
        { customer_id: "UNKNOWN", first_name: null, last_name: null, city: null, country: null, email: null },
      ],
    );
    assert.deepEqual(await shop.columns("SELECT product_id, category, brand FROM dim_products ORDER BY 1"), {
      product_id: ["P1", "UNKNOWN"],
      category: ["Unknown", "Unknown"],
      brand: ["Unknown", "Unknown"],
    });
    for (const fact of ["fact_orders", "fact_events", "fact_support_tickets"]) {
      assert.deepEqual(await shop.columns(`SELECT DISTINCT customer_id FROM ${fact}`), {
        customer_id: ["UNKNOWN"],
      });
    }
    assert.equal((await shop.quality("customers", "missing_customer_id")).rows, words.length);
    assert.equal((await shop.quality("orders", "missing_customer_id")).rows, words.length);
  });
});

Deno.test("a product without category or brand has Unknown, and one that only facts know is inferred", async () => {
  const rows = {
    products: [product("P1", { category: null }), product("P2", { brand: " " })],
    orders: [line("O1", "C1", "P3", "2024-03-01", 10, 1)],
    events: [event("E1", "C1", "page_view", "2024-03-01 10:00:00", { product_id: "P4" })],
    inventory: [stock("P5", "WH-US-EAST", "2024-03-01", 1)],
    support_tickets: [ticket("T1", "C1", "2024-03-01 10:00:00", { product_id: "P6" })],
  };
  await withBuiltShop(rows, async (shop) => {
    assert.deepEqual(
      await shop.columns("SELECT product_id, category, brand, is_inferred FROM dim_products ORDER BY 1"),
      {
        product_id: ["P1", "P2", "P3", "P4", "P5", "P6"],
        category: ["Unknown", "Toys", "Unknown", "Unknown", "Unknown", "Unknown"],
        brand: ["Acme", "Unknown", "Unknown", "Unknown", "Unknown", "Unknown"],
        is_inferred: [false, false, true, true, true, true],
      },
    );
    assert.equal((await shop.quality("products", "missing_category")).rows, 1);
    assert.equal((await shop.quality("products", "missing_brand")).rows, 1);
    assert.equal((await shop.quality("products", "inferred_product")).rows, 4);
  });
});

Deno.test("of two rows of a product that name no category or Unknown the same stays, whatever order they come in", async () => {
  for (const names of [[null, "Unknown"], ["Unknown", null]]) {
    for (const column of ["category", "brand"]) {
      const products = names.map((name) => product("P1", { [column]: name }));
      await withBuiltShop({ products }, async (shop) => {
        assert.equal((await shop.quality("products", `missing_${column}`)).rows, 0, column);
      });
    }
  }
});

Deno.test("prices that are zero or negative and negative costs are missing values", async () => {
  const products = [
    product("P1", { price: 0 }),
    product("P2", { price: -1.5 }),
    product("P3", { cost: -2 }),
    product("P4", { cost: 11, margin_pct: -10 }),
    product("P5", { margin_pct: 55 }),
    product(null),
    product("P5", { product_name: "ZZ" }),
  ];
  await withBuiltShop({ products }, async (shop) => {
    assert.deepEqual(
      await shop.columns("SELECT price, cost, margin_pct FROM dim_products ORDER BY product_id"),
      {
        price: [null, null, 10, 10, 10],
        cost: [6, 6, null, 11, 6],
        margin_pct: [null, null, null, -10, 55],
      },
    );
    assert.deepEqual(await shop.quality("products", "price_not_positive"), {
      action: "repaired",
      rows: 2,
      amount: -1.5,
    });
    assert.deepEqual(await shop.quality("products", "negative_cost"), {
      action: "repaired",
      rows: 1,
      amount: -2,
    });
    assert.deepEqual(await shop.quality("products", "cost_above_price"), {
      action: "kept",
      rows: 1,
      amount: 1,
    });
    for (const rule of ["margin_mismatch", "missing_product_id", "duplicate_product_id"]) {
      assert.equal((await shop.quality("products", rule)).rows, 1, rule);
    }
  });
});

Deno.test("dim_dates has every day from the first to the last on which anything happened", async () => {
  const rows = {
    orders: [line("O1", "C1", "P1", "2024-02-27", 10, 1)],
    events: [event("E1", "C1", "page_view", "2024-03-03 23:59:59")],
  };
  await withBuiltShop(rows, async (shop) => {
    const days = await shop.rows("SELECT * FROM dim_dates ORDER BY date");
    assert.deepEqual(days.map((day) => day.date), [
      ...["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02", "2024-03-03"],
    ]);
    assert.deepEqual(days.at(-1), {
      date: "2024-03-03",
      year: 2024,
      quarter: 1,
      month: 3,
      month_start: "2024-03-01",
      iso_week: 9,
      day_of_week: 7,
      is_weekend: true,
    });
    assert.deepEqual(days.map((day) => day.is_weekend), [false, false, false, false, true, true]);
  });
});

Deno.test("dim_warehouses names the warehouses in which stock was counted", async () => {
  const inventory = ["WH-US-EAST", "WH-NEW", "WH-EU-CENTRAL", "WH-US-EAST"].map((id, i) =>
    stock(`P${i}`, id, "2024-03-01", 1)
  );
  await withBuiltShop({ inventory }, async (shop) => {
    assert.deepEqual(await shop.columns("SELECT * FROM dim_warehouses ORDER BY 1"), {
      warehouse_id: ["WH-EU-CENTRAL", "WH-NEW", "WH-US-EAST"],
      warehouse_name: ["EU Central", "WH-NEW", "US East"],
      region: ["Europe", "Unknown", "North America"],
    });
  });
});
