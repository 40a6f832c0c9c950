import { queryText, type QueryValue } from "./query.ts";
import { openShop, type Shop } from "./shop.ts";

let opened: Promise<Shop> | undefined;

/** The shop of {@linkcode sql} and {@linkcode table}: opened once, so that all cells see the same snapshot. */
function theShop(): Promise<Shop> {
  opened ??= openShop().catch((error) => {
    // The next cell may find what was missing.
    opened = undefined;
    throw error;
  });
  return opened;
}

/**
 * A query on the lake's current snapshot. Values of a template are quoted:
 * ``await sql`SELECT * FROM dim_customers WHERE city = ${city}` ``.
 *
 * @throws {LakeError} when nothing was published yet.
 * @throws {InputError} on a value that SQL has no literal for.
 */
export async function sql(query: string | TemplateStringsArray, ...values: QueryValue[]) {
  const text = queryText(query, values);
  return await (await theShop()).sql(text);
}

/**
 * A whole table or view of the lake's current snapshot: `await table("dim_customers")`.
 *
 * @throws {LakeError} when nothing was published yet.
 */
export async function table(name: string) {
  return await (await theShop()).table(name);
}
