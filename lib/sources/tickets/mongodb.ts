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
import { nearestName } from "../nearest_name.ts";

/** The collection the shop keeps its tickets in, unless a mapping names another one. */
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
export async function connectTickets(url: string, name = TICKET_COLLECTION): Promise<TicketCollection> {
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
    collection: db.collection(name),
    db,
    [Symbol.asyncDispose]: () => connected.close(),
  };
}

/**
 * Makes sure that the collection is there: MongoDB reads one that is not, of a database that is not, as empty.
 *
 * @throws {SchemaContractError} when it is not; the message names the databases and collections that there are.
 */
export async function requireTickets({ db, collection }: TicketCollection, url: string): Promise<void> {
  const { collectionName: wanted } = collection;
  const collections = await unlessForbidden(async () => {
    const options = { nameOnly: true, authorizedCollections: true };
    return (await db.listCollections({}, options).toArray()).map(({ name }) => name);
  });
  // A user who may not list them may still read this one, or is refused then.
  if (collections === undefined || collections.includes(wanted)) return;
  const databases = await unlessForbidden(async () => {
    const { databases } = await db.admin().listDatabases({ nameOnly: true, authorizedDatabases: true });
    return databases.map(({ name }) => name).filter((name) => name !== db.databaseName);
  });
  const near = [
    nearestName(db.databaseName, (databases ?? []).filter((name) => !OWN_DATABASES.includes(name))),
    nearestName(wanted, collections),
  ].filter((name) => name !== undefined);
  const listed = (names: string[] | undefined, none: string) =>
    names === undefined ? "not to be listed by this user" : names.sort().join(", ") || none;
  throw new SchemaContractError(
    `The database ${db.databaseName} of MongoDB ${maskUrl(url)} has no collection ${wanted}`,
    {
      expected: `a collection ${wanted}, which may be empty`,
      found: `collections: ${listed(collections, "none")}; other databases: ${listed(databases, "none")}`,
      remedy: (near.length > 0 ? `Is ${near.join(" or ")} meant? ` : "") +
        "Correct the database in SHOPFLOW_MONGODB_URL, or name the collection in a mapping; where the shop has no " +
        "tickets, set SHOPFLOW_MONGODB_URL=none.",
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
