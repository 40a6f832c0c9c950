// @ts-types="@types/pg"
import pg from "pg";
import { checkConnectionUrl, maskUrl } from "shopflow/config/mod.ts";
import { type ErrorDetails, knowSecrets, ShopFlowError, SourceError } from "shopflow/errors/mod.ts";

/** A connected `pg` client that ends with its scope. */
export interface PostgresClient extends AsyncDisposable {
  client: pg.Client;
}

/** How long a server may take to let us in, in milliseconds. */
const CONNECT_MS = 10_000;

/**
 * Connects to a PostgreSQL server, which has `timeout` milliseconds for it; 0 sets no limit.
 *
 * @throws {ConfigError} when the URL is malformed; the driver does not see it, which would show pieces of a password.
 * @throws {SourceError} when it cannot be reached or refuses the user.
 */
export async function connectPostgres(url: string, timeout = CONNECT_MS): Promise<PostgresClient> {
  checkConnectionUrl(url, "SHOPFLOW_POSTGRES_URL");
  knowSecrets({ url });
  try {
    const client = new pg.Client({
      connectionString: withLibpqModes(url),
      application_name: "shopflow",
      connectionTimeoutMillis: timeout,
      keepAlive: true,
    });
    // A connection that breaks also fails the query under way, which reports it; without a listener the
    // event would end the process before that.
    client.on("error", () => {});
    await client.connect();
    return { client, [Symbol.asyncDispose]: () => client.end() };
  } catch (cause) {
    throw new SourceError(...explain(cause, url, "reached"));
  }
}

/** `sslmode` as PostgreSQL's own programs take it: `require` encrypts, `verify-full` checks the certificate too. */
function withLibpqModes(url: string): string {
  if (!/[?&]sslmode=/.test(url) || /[?&]uselibpqcompat=/.test(url)) return url;
  return `${url}&uselibpqcompat=true`;
}

/**
 * An error met while working with a PostgreSQL: one of the database or of the way to it as a `SourceError`
 * that says what to do, any other (a defect, an error of ours) as it is.
 */
export function postgresError(cause: unknown, url: string, doing: "read" | "loaded"): unknown {
  const ours = cause instanceof ShopFlowError || cause instanceof TypeError || cause instanceof RangeError ||
    cause instanceof ReferenceError;
  return ours ? cause : new SourceError(...explain(cause, url, doing));
}

/** As {@linkcode postgresError}, for an error met while copying `table`, which its message then names. */
export function copyError(cause: unknown, url: string, table: string): unknown {
  const error = postgresError(cause, url, "read");
  if (!(error instanceof SourceError) || cause === error) return error;
  return new SourceError(`Table ${table} was not copied: ${error.message}`, { cause });
}

/** Whether an error, or one that it was caused by, says that a connection broke: trying again may help. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code = "" } = error as { code?: string };
  return LOST.includes(code) || /Connection terminated/.test(error.message) || isConnectionLoss(error.cause);
}

/** Whether an error says that no server listens, as while one restarts. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (error as { code?: string }).code === "ECONNREFUSED" || isUnreachable(error.cause);
}

/** Codes of a connection that was there: the socket's, and PostgreSQL's when it is shut down or restarts. */
const LOST = ["ECONNRESET", "EPIPE", "57P01", "57P02", "57P03", "08006", "08003"];

function explain(cause: unknown, url: string, doing: string): [string, ErrorDetails] {
  const { code = "", message = "" } = (cause ?? {}) as { code?: string; message?: string };
  const reason = REASONS.find(({ codes, words }) => codes.includes(code) || words?.test(message));
  return [`The shop's PostgreSQL ${maskUrl(url)} ${reason?.problem ?? `cannot be ${doing}`}`, {
    found: message || code || String(cause),
    remedy: reason?.remedy ?? "What was found are PostgreSQL's own words; its server log may say more.",
    cause,
  }];
}

const REASONS: { codes: string[]; words?: RegExp; problem: string; remedy: string }[] = [
  {
    codes: ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "EHOSTUNREACH", "ECONNRESET", "57P03"],
    words: /timeout expired|Connection terminated/,
    problem: "cannot be reached",
    remedy: "Check that the server runs and that SHOPFLOW_POSTGRES_URL has the right host and port.",
  },
  {
    codes: ["28P01", "28000"],
    problem: "refused the user or password",
    remedy: "Correct user and password in SHOPFLOW_POSTGRES_URL.",
  },
  {
    codes: ["DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN", "ERR_TLS_CERT_ALTNAME_INVALID"],
    words: /certificate|does not support SSL/i,
    problem: "cannot be reached safely",
    remedy:
      "Put the path of the server's root certificate into SHOPFLOW_POSTGRES_URL as sslrootcert=…, and use " +
      "the host name that the certificate is for.",
  },
  {
    codes: ["3D000"],
    problem: "has no such database",
    remedy: "Correct the database name at the end of SHOPFLOW_POSTGRES_URL, or create it.",
  },
  {
    codes: ["55P03"],
    problem: "has a table locked by another session for too long",
    remedy:
      "Wait until the table was altered, or end the session that pg_locks names, and run the extract again.",
  },
  {
    codes: ["42501"],
    problem: "does not permit this to the user",
    remedy: "Grant the user the rights: SELECT on the five tables to extract, CREATE on the schema to load.",
  },
];
