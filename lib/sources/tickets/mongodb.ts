import {
  type Collection,
  type Db,
  type Document,
  MongoClient,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
} from "mongodb";
import { checkConnectionUrl, maskUrl } from "shopflow/config/mod.ts";
import { knowSecrets, maskError, SchemaContractError, SourceError } from "shopflow/errors/mod.ts";

/** The collection the shop keeps its tickets in. */
const TICKET_COLLECTION = "support_tickets";

/** The tickets' collection with the connection that ends with its scope. */
interface TicketCollection extends AsyncDisposable {
  collection: Collection<Document>;
  /** Of the database that the URL names. */
  db: Db;
}

/**
 * Connects to the MongoDB database that the URL names.
 *
 * @throws {ConfigError} when the URL is malformed; the driver does not see it, which would show pieces of a password.
 * @throws {SourceError} when the URL names no database, or the server cannot be reached or refuses the user.
 */
export async function connectTickets(url: string): Promise<TicketCollection> {
  if (/^https?:/.test(url)) {
    throw new SourceError(`The Support API ${maskUrl(url)} is read-only`, {
      expected: "SHOPFLOW_MONGODB_URL as mongodb://… or file:…",
      remedy: "Load tickets into one of these; extracts read them from the Support API.",
    });
  }
  checkConnectionUrl(url, "SHOPFLOW_MONGODB_URL");
  knowSecrets({ url });
  if (!/\/\/[^/]+\/[^/?]+/.test(url)) {
    throw new SourceError("SHOPFLOW_MONGODB_URL names no database", {
      expected: "mongodb://host:port/database",
      found: maskUrl(url),
    });
  }
  let client: MongoClient | undefined;
  try {
    client = new MongoClient(url, {
      appName: "shopflow",
      // The driver's 30 s are long for a person who mistyped a host; a URL may say otherwise.
      ...(!/[?&]serverSelectionTimeoutMS=/i.test(url) && { serverSelectionTimeoutMS: 10_000 }),
    });
    await client.connect();
  } catch (cause) {
    await client?.close();
    throw mongoError(cause, url);
  }
  const connected = client;
  const db = connected.db();
  return {
    collection: db.collection(TICKET_COLLECTION),
    db,
    [Symbol.asyncDispose]: () => connected.close(),
  };
}

/**
 * Makes sure that the collection is there: MongoDB reads one that is not, of a database that is not, as empty.
 *
 * @throws {SchemaContractError} when it is not; the message names the databases and collections that there are.
 */
export async function requireTickets({ db }: TicketCollection, url: string): Promise<void> {
  const collections = await unlessForbidden(async () => {
    const options = { nameOnly: true, authorizedCollections: true };
    return (await db.listCollections({}, options).toArray()).map(({ name }) => name);
  });
  // A user who may not list them may still read this one, or is refused then.
  if (collections === undefined || collections.includes(TICKET_COLLECTION)) return;
  const databases = await unlessForbidden(async () => {
    const { databases } = await db.admin().listDatabases({ nameOnly: true, authorizedDatabases: true });
    return databases.map(({ name }) => name).filter((name) => name !== db.databaseName);
  });
  const near = [
    nearestName(db.databaseName, (databases ?? []).filter((name) => !OWN_DATABASES.includes(name))),
    nearestName(TICKET_COLLECTION, collections),
  ].filter((name) => name !== undefined);
  const listed = (names: string[] | undefined, none: string) =>
    names === undefined ? "not to be listed by this user" : names.sort().join(", ") || none;
  throw new SchemaContractError(
    `The database ${db.databaseName} of MongoDB ${maskUrl(url)} has no collection ${TICKET_COLLECTION}`,
    {
      expected: `a collection ${TICKET_COLLECTION}, which may be empty`,
      found: `collections: ${listed(collections, "none")}; other databases: ${listed(databases, "none")}`,
      remedy: (near.length > 0 ? `Is ${near.join(" or ")} meant? ` : "") +
        "Correct the database in SHOPFLOW_MONGODB_URL; where there are no tickets yet, create the collection.",
    },
  );
}

/** Databases that every MongoDB has. */
const OWN_DATABASES = ["admin", "config", "local"];

/** Undefined where the user may not ask for it. */
async function unlessForbidden<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MongoServerError && error.code === 13) return undefined;
    throw error;
  }
}

/**
 * An error met while working with MongoDB: one of the database or of the way to it as a `SourceError` that
 * says what to do, any other as it is.
 */
export function mongoError(cause: unknown, url: string): unknown {
  // DNS, asked for the servers of a `mongodb+srv:` URL, speaks for itself.
  if (!(cause instanceof MongoError) && !isDnsError(cause)) return maskError(cause);
  const code = cause instanceof MongoError ? cause.code : undefined;
  // 18 is AuthenticationFailed, 13 Unauthorized.
  const refused = code === 18 || code === 13;
  return new SourceError(
    `Collection ${TICKET_COLLECTION} of MongoDB ${maskUrl(url)} ${
      refused ? "refused the user" : "cannot be reached or read"
    }`,
    {
      found: `${cause instanceof MongoServerError ? "MongoDB said: " : ""}${cause.message}`,
      remedy: refused
        ? "Correct user and password in SHOPFLOW_MONGODB_URL; reading needs the role `read`."
        : "Check that the server runs and that SHOPFLOW_MONGODB_URL has the right host, port and database.",
      cause,
    },
  );
}

/**
 * What a server says that was started again, or stops, or hands over: codes of "Retryable Reads" in MongoDB's driver
 * specifications, and of a cursor that the server has forgotten (43) or ended (237).
 */
const PASSING_CODES: unknown[] = [
  43,
  237,
  6,
  7,
  89,
  91,
  134,
  189,
  262,
  9001,
  10107,
  11600,
  11602,
  13435,
  13436,
];

const isDnsError = (error: unknown): error is Error =>
  error instanceof Error && /^query/.test((error as { syscall?: string }).syscall ?? "");

/** Whether an error says that no server of MongoDB was found, as while one restarts, or where the URL is wrong. */
export const isMongoUnreachable = (error: unknown): boolean =>
  error instanceof Error && (error.cause instanceof MongoServerSelectionError || isDnsError(error.cause));

/** Whether an error says that a connection to MongoDB broke, or the server went away meanwhile: trying again may help. */
export function isMongoLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { cause } = error;
  return cause instanceof MongoNetworkError ||
    (cause instanceof MongoServerError && PASSING_CODES.includes(cause.code));
}

/** Names that are less alike than this are not the same name written in another way. */
const ALIKE = 0.5;

/**
 * The candidate that is most like a name, e.g. `createdAt` for `created_date` or `shop` for `shpo`; undefined when none
 * is much like it.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let best = ALIKE;
  for (const candidate of candidates) {
    const alike = likeness(name, candidate);
    if (alike < best || (alike === best && nearest !== undefined)) continue;
    best = alike;
    nearest = candidate;
  }
  return nearest;
}

/** 0 to 1: by the words that two names share, or by the letters that must be changed. */
function likeness(left: string, right: string): number {
  const [a, b] = [wordsOf(left), wordsOf(right)];
  const shared = a.filter((word) => b.includes(word)).length;
  const [x, y] = [a.join(""), b.join("")];
  return Math.max(
    2 * shared / Math.max(a.length + b.length, 1),
    1 - editDistance(x, y) / Math.max(x.length, y.length, 1),
  );
}

/** `createdAt`, `created_at` and `Created-At` are the same words. */
const wordsOf = (name: string) =>
  name.replace(/(\p{Ll}|\d)(\p{Lu})/gu, "$1 $2").toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);

/** Letters to insert, delete, replace or exchange with their neighbour (optimal string alignment). */
function editDistance(left: string, right: string): number {
  const distances = Array.from({ length: left.length + 1 }, (_, i) => [i]);
  const at = (i: number, j: number) => i === 0 ? j : distances[i]?.[j] ?? Infinity;
  for (let i = 1; i <= left.length; i++) {
    for (let j = 1; j <= right.length; j++) {
      const changed = left[i - 1] === right[j - 1] ? 0 : 1;
      const isExchanged = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      distances[i]?.push(Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + changed,
        isExchanged ? at(i - 2, j - 2) + 1 : Infinity,
      ));
    }
  }
  return at(left.length, right.length);
}
