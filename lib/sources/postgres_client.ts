// @ts-types="@types/pg"
import pg from "pg";
import { SourceError } from "shopflow/errors/mod.ts";
import { maskUrl } from "./mask_url.ts";

/** A connected `pg` client that ends with its scope. */
export interface PostgresClient extends AsyncDisposable {
  client: pg.Client;
}

/**
 * Connects to a PostgreSQL server.
 *
 * @throws {SourceError} when it cannot be reached or refuses the user.
 */
export async function connectPostgres(url: string): Promise<PostgresClient> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "shopflow",
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // A connection that breaks also fails the query under way, which reports it; without a listener the
  // event would end the process before that.
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (cause) {
    throw postgresError(cause, url);
  }
  return { client, [Symbol.asyncDispose]: () => client.end() };
}

/** An error of PostgreSQL or of the way to it as one that says what to do. */
export function postgresError(cause: unknown, url: string, doing = "used"): SourceError {
  if (cause instanceof SourceError) return cause;
  const { code, message } = (cause ?? {}) as { code?: string; message?: string };
  const known = REASONS.find(({ codes }) => codes.includes(code ?? ""));
  return new SourceError(`The shop's PostgreSQL ${maskUrl(url)} ${known?.problem ?? `cannot be ${doing}`}`, {
    found: message || code || String(cause),
    remedy: known?.remedy ?? "See the cause in PostgreSQL's own words above, and its server log.",
    cause,
  });
}

const REASONS: { codes: string[]; problem: string; remedy: string }[] = [
  {
    codes: ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "EHOSTUNREACH", "ECONNRESET", "57P03"],
    problem: "cannot be reached",
    remedy: "Check that the server runs and that SHOPFLOW_POSTGRES_URL has the right host and port.",
  },
  {
    codes: ["28P01", "28000"],
    problem: "refused the user or password",
    remedy: "Correct user and password in SHOPFLOW_POSTGRES_URL.",
  },
  {
    codes: ["3D000"],
    problem: "has no such database",
    remedy: "Correct the database name at the end of SHOPFLOW_POSTGRES_URL, or create it.",
  },
  {
    codes: ["42501"],
    problem: "does not permit this to the user",
    remedy: "Grant the user the rights: SELECT on the five tables to extract, CREATE on the schema to load.",
  },
];
