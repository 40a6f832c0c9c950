import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { InputError } from "shopflow/errors/mod.ts";
import { checkAsOf } from "shopflow/ml/mod.ts";
import { offersOfCustomer } from "shopflow/offers/ledger/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import type { OffersReader } from "../pages/offers/reader.ts";
import { explainInvalid, problemResponses } from "../problems.ts";

interface OffersApi {
  reader: OffersReader;
  runtime: Pick<Runtime, "now">;
}

const DAY = "a date as YYYY-MM-DD";

const OfferSchema = z.object({
  offer: z.string().openapi({ description: "Name of the offer" }),
  discount_percent: z.number().nullable().openapi({ description: "Percent of the price; null of an amount" }),
  amount: z.number().nullable().openapi({ description: "Money off one order; null of a discount" }),
  valid_from: z.string().openapi({ description: "First day on which it can be used" }),
  valid_until: z.string().openapi({ description: "Last day on which it can be used" }),
  list: z.string().openapi({ description: "The list that the customer was on" }),
  trial: z.string(),
  rule: z.string().openapi({ description: "The rule that chose the customer" }),
});

const ROUTE = createRoute({
  method: "get",
  path: "/api/offers/{customer_id}",
  summary: "Offers of a customer",
  description:
    "The offers that a customer can use on a day, by the ledger: what was drawn and not cancelled. A customer who was " +
    "held out of a trial has none of it, as has one whom nobody chose; an application must treat both alike.",
  request: {
    params: z.object({ customer_id: z.string().min(1).openapi({ example: "CUST000001" }) }),
    query: z.strictObject({
      on: z.string(DAY).refine(isDay, DAY).optional()
        .openapi({ description: "The day; default: today in UTC", example: "2024-10-02" }),
    }, { error: "on" }),
  },
  responses: {
    200: {
      description: "The offers, an empty list where there are none",
      content: {
        "application/json": {
          schema: z.object({ customer_id: z.string(), on: z.string(), offers: z.array(OfferSchema) }),
        },
      },
    },
    ...problemResponses(400, 401),
  },
});

function isDay(text: string): boolean {
  try {
    return checkAsOf(text) === text;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

/** What applications ask: which offer does this customer have? */
export function offersApiRoutes({ reader, runtime }: OffersApi): OpenAPIHono {
  const app = new OpenAPIHono({ defaultHook: explainInvalid });
  app.openapi(ROUTE, async (c) => {
    const { customer_id } = c.req.valid("param");
    const { on = runtime.now().toISOString().slice(0, 10) } = c.req.valid("query");
    const offers = offersOfCustomer(await reader.events(), customer_id, on).map(({ draw, validUntil }) => {
      const { offer, trial } = draw.request;
      return {
        offer: offer.name,
        discount_percent: offer.discount === undefined ? null : Number((100 * offer.discount).toFixed(2)),
        amount: offer.amount ?? null,
        valid_from: draw.startsOn,
        valid_until: validUntil,
        list: draw.id,
        trial,
        rule: draw.rule.name,
      };
    });
    c.header("cache-control", "no-cache");
    return c.json({ customer_id, on, offers }, 200);
  });
  return app;
}
