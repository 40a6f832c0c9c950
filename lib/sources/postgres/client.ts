// @ts-types="@types/pg"
import pg from "pg";
import { checkConnectionUrl, maskUrl } from "shopflow/config/mod.ts";
import {
  type ErrorDetails,
  isDiskFull,
  knowSecrets,
  ShopFlowError,
  SourceError,
} from "shopflow/errors/mod.ts";

import { type ConnectionPlan, planConnection } from "./connection/plan.ts";
import { type SilenceLimits, watchForSilence } from "./connection/watch.ts";

/** PostgreSQL cannot be reached, or not be read or loaded. */
class PostgresError extends SourceError {}

/** A connected `pg` client that ends with its scope. */
interface PostgresClient extends AsyncDisposable {
  client: pg.Client;
}

/** How long a server may take to let us in, in milliseconds, unless the connection's `connect_timeout` says so. */
const CONNECT_MS = 10_000;

/**
 * Connects to a PostgreSQL server as PostgreSQL's own programs do, see {@linkcode planConnection}. A network that goes
 * silent ends the connection, see {@linkcode watchForSilence}.
 *
 * @throws {ConfigError} when the URL is malformed, or what it asks of TLS cannot be; the driver does not see it, which
 *   would show pieces of a password.
 * @throws {SourceError} when it cannot be reached or refuses the user.
 */
export async function connectPostgres(
  url: string,
  { silence }: { silence?: SilenceLimits } = {},
): Promise<PostgresClient> {
  checkConnectionUrl(url, "SHOPFLOW_POSTGRES_URL");
  const plan = await planConnection(url);
  knowSecrets({ url, plannedUrl: plan.url });
  try {
    const client = await connectOne(plan);
    const watch = watchForSilence(client, () => answersAgain(plan), silence);
    return {
      client,
      async [Symbol.asyncDispose]() {
        watch.stop();
        await client.end();
      },
    };
  } catch (cause) {
    throw new PostgresError(...explain(cause, url, "reached"));
  }
}

/**
 * Connects to a server in this process, which no time says to be unreachable, since it works on this very thread.
 *
 * @throws {SourceError} when it refuses.
 */
export async function connectEmbedded(address: string): Promise<PostgresClient> {
  const url = `postgres://postgres@${address}/postgres`;
  try {
    const client = await openClient({ url, attempts: [false], connectMs: 0 }, false);
    return { client, [Symbol.asyncDispose]: () => client.end() };
  } catch (cause) {
    throw new PostgresError(...explain(cause, url, "reached"));
  }
}

/** Connects in the first way of the plan that the server does not refuse. */
async function connectOne(plan: ConnectionPlan): Promise<pg.Client> {
  const errors: { tls: ConnectionPlan["attempts"][number]; error: unknown }[] = [];
  for (const tls of plan.attempts) {
    try {
      return await openClient(plan, tls);
    } catch (error) {
      errors.push({ tls, error });
      if (foundNoServer(error)) break;
    }
  }
  // A server that takes encrypted connections only, or others only, says of the other kind that it has no entry for it.
  const said = errors.filter(({ error }) => !LACKS_TLS.test(error instanceof Error ? error.message : ""));
  throw (said.find(({ tls }) => tls !== false) ?? said.at(-1) ?? errors.at(-1))?.error;
}

const LACKS_TLS = /does not support SSL/;

async function openClient(plan: ConnectionPlan, tls: ConnectionPlan["attempts"][number]): Promise<pg.Client> {
  const { url, connectMs = CONNECT_MS, sslnegotiation } = plan;
  const client = new pg.Client({
    connectionString: url,
    // The driver's own reading of PGSSLMODE is another one than PostgreSQL's.
    ssl: tls,
    ...(sslnegotiation && { sslnegotiation }),
    application_name: "shopflow",
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    // A machine that vanished without a word is noticed in minutes, not hours.
    keepAliveInitialDelayMillis: 30_000,
  });
  // Between two queries nothing else says why a connection broke: the next query only learns that it did. Without a
  // listener the event would end the process.
  client.on("error", (error) => void (lost.has(client) || lost.set(client, error)));
  await client.connect();
  return client;
}

/** Whether a new connection is answered, be it by a refusal: then silence on another one is that of a server at work. */
async function answersAgain(plan: ConnectionPlan): Promise<boolean> {
  try {
    const client = await connectOne(plan);
    await client.end();
    return true;
  } catch (error) {
    return isAnswer(error);
  }
}

/** Why the connection of a client broke. */
const lost = new WeakMap<pg.Client, Error>();

/**
 * An error met while working with a PostgreSQL: one of the database or of the way to it as a `SourceError`
 * that says what to do, any other (a defect, an error of ours) as it is.
 *
 * @param client The client that was used, which knows why its connection broke.
 */
export function postgresError(
  cause: unknown,
  url: string,
  doing: "read" | "loaded",
  client?: pg.Client,
): unknown {
  const ours = cause instanceof ShopFlowError || cause instanceof TypeError || cause instanceof RangeError ||
    cause instanceof ReferenceError || isDiskFull(cause);
  if (ours) return cause;
  const isAftermath = client !== undefined && lost.has(client) && !isAnswer(cause);
  return new PostgresError(...explain(isAftermath ? lost.get(client) : cause, url, doing));
}

/** As {@linkcode postgresError}, for an error met while copying `table`, which its message then names. */
export function copyError(cause: unknown, url: string, table: string, client?: pg.Client): unknown {
  const error = postgresError(cause, url, "read", client);
  if (!(error instanceof PostgresError) || cause === error) return error;
  return new PostgresError(`Table ${table} was not copied: ${error.message}`, { cause: error.cause });
}

/** Whether PostgreSQL's connection broke, or was refused for now: trying again may help. */
export const isConnectionLoss = (error: unknown): boolean =>
  error instanceof PostgresError && brokeConnection(error.cause);

/** Whether no PostgreSQL server was found, as while one restarts, or where the URL is wrong. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof PostgresError && foundNoServer(error.cause);

/**
 * Whether a new connection may help after an error.
 *
 * @param wasReached Whether the server was reached before: one that cannot be found is down then, not misspelt.
 */
export const mayReconnect = (error: unknown, wasReached: boolean): boolean =>
  isConnectionLoss(error) || (wasReached && isUnreachable(error));

function brokeConnection(cause: unknown): boolean {
  const { code = "", message = "" } = (cause ?? {}) as { code?: string; message?: string };
  return LOST.includes(code) || LOST_WORDS.test(message);
}

function foundNoServer(cause: unknown): boolean {
  // Of a name with several addresses, each of which failed.
  if (cause instanceof AggregateError) return cause.errors.every(foundNoServer);
  const { code = "", message = "" } = (cause ?? {}) as { code?: string; message?: string };
  return UNREACHABLE.includes(code) || /timeout expired/.test(message);
}

const UNREACHABLE = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"];

/**
 * The socket's codes and SQLSTATEs (or their classes) of a connection that was there, or for which a server has no room
 * now: shutdown and crash (57P01, 57P02), start (57P03), time limits of sessions (57P05, 25P03, 25P04), class 08, a
 * standby whose recovery is in the way (40001; 40P01), too many connections (53300).
 */
const LOST = [
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "08000",
  "08001",
  "08003",
  "08004",
  "08006",
  "08007",
  "25P03",
  "25P04",
  "40001",
  "40P01",
  "53300",
  "57P01",
  "57P02",
  "57P03",
  "57P05",
];
/** The same in words: of the driver, of TLS, of standbys, and of PgBouncer, whose code (08P01) is that of any protocol error. */
const LOST_WORDS = new RegExp(
  "Connection terminated|Connection ended unexpectedly|is not queryable|socket hang up|disconnected before secure TLS" +
    "|conflict with recovery|server conn(ection)? crashed|server_login_retry|query_wait_timeout|client_idle_timeout" +
    "|idle_transaction_timeout|cannot connect to server|no more connections allowed|pgbouncer.*(shut|paus)" +
    "|server closed the connection|database is (paused|disabled)",
  "i",
);

/** Whether an error was sent by the server (or a pooler before it), rather than made by the driver or the network. */
const isAnswer = (error: unknown): error is pg.DatabaseError => error instanceof pg.DatabaseError;

function explain(cause: unknown, url: string, doing: string): [string, ErrorDetails] {
  const { code = "", message = "" } = (cause ?? {}) as { code?: string; message?: string };
  const reason = REASONS.find(({ codes, words }) => codes.includes(code) || words?.test(message));
  const remedy = reason?.remedy ?? (isAnswer(cause) ? "PostgreSQL's server log may say more." : undefined);
  return [`The shop's PostgreSQL ${maskUrl(url)} ${reason?.problem ?? `cannot be ${doing}`}`, {
    found: whoseWords(cause, doing),
    ...(remedy !== undefined && { remedy }),
    cause,
  }];
}

/** What was said, and by whom. */
function whoseWords(cause: unknown, doing: string): string {
  const { code = "", message = "" } = (cause ?? {}) as { code?: string; message?: string };
  const text = message || code || String(cause);
  if (!isAnswer(cause)) {
    return brokeConnection(cause) && doing !== "reached" ? `the connection broke: ${text}` : text;
  }
  const details = [cause.detail, cause.hint].filter((more) => more).join(" ");
  return `the server said "${text}"${code && ` (${code})`}${details && `: ${details}`}`;
}

const REASONS: { codes: string[]; words?: RegExp; problem: string; remedy: string }[] = [
  {
    codes: [],
    words: /row-level security policy/,
    problem: "hides rows of a table from the user by row-level security",
    remedy: "Part of a table cannot be extracted, because the other rows would count as deleted. " +
      "Let the user see all rows: ALTER ROLE … BYPASSRLS; or, where that cannot be granted, GRANT SELECT on " +
      "a view of the table that belongs to " +
      "the table's owner, in a schema that comes first in the user's search_path.",
  },
  {
    codes: [],
    words: /conflict with recovery/,
    problem: "is a standby that cancelled the query",
    remedy:
      "Set hot_standby_feedback = on or a longer max_standby_streaming_delay on the standby, or read from the " +
      "primary.",
  },
  {
    codes: ["53300"],
    words: /no more connections allowed/,
    problem: "has no free connection",
    remedy: "Raise max_connections, or the limit of the role or the pooler, or end idle sessions.",
  },
  {
    codes: ["57P01", "57P02", "57P03", "57P05", "25P03", "25P04"],
    problem: "ended or refused the connection",
    remedy: "Run the command again when the server is up; its log says why it did so.",
  },
  {
    codes: ["57014"],
    problem: "cancelled a statement",
    remedy:
      "Find who cancels statements (a watchdog, a pooler's query_timeout), and let those of the user shopflow run.",
  },
  {
    codes: ["53100"],
    problem: "has no space left on its disk",
    remedy: "Free up space on the disk of the database; an embedded one is in SHOPFLOW_HOME.",
  },
  {
    codes: [...UNREACHABLE, "ECONNRESET"],
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
      "Wait until the table was altered, or end the session that pg_locks names, and run the command again.",
  },
  {
    codes: ["42501"],
    problem: "denies this to the user",
    remedy: "Grant the user the rights: SELECT on the five tables to extract, CREATE on the schema to load.",
  },
];
