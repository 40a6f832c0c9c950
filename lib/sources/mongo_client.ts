import {
  type Collection,
  type Document,
  MongoClient,
  MongoError,
  MongoNetworkError,
  MongoServerError,
} from "mongodb";
import { checkConnectionUrl, maskUrl } from "shopflow/config/mod.ts";
import { knowSecrets, maskError, SourceError } from "shopflow/errors/mod.ts";

/** The collection the shop keeps its tickets in. */
const TICKET_COLLECTION = "support_tickets";

/** The tickets' collection with the connection that ends with its scope. */
export interface TicketCollection extends AsyncDisposable {
  collection: Collection<Document>;
}

/**
 * Connects to the MongoDB database that the URL names.
 *
 * @throws {ConfigError} when the URL is malformed; the driver does not see it, which would show pieces of a password.
 * @throws {SourceError} when the URL names no database, or the server cannot be reached or refuses the user.
 */
export async function connectTickets(url: string): Promise<TicketCollection> {
  if (/^https?:/.test(url)) {
    throw new SourceError(`The Support API ${maskUrl(url)} gives tickets and takes none`, {
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
  return {
    collection: connected.db().collection(TICKET_COLLECTION),
    [Symbol.asyncDispose]: () => connected.close(),
  };
}

/**
 * An error met while working with MongoDB: one of the database or of the way to it as a `SourceError` that
 * says what to do, any other as it is.
 */
export function mongoError(cause: unknown, url: string): unknown {
  if (!(cause instanceof MongoError)) return maskError(cause);
  // 18 is AuthenticationFailed, 13 Unauthorized.
  const refused = cause.code === 18 || cause.code === 13;
  return new SourceError(
    `Collection ${TICKET_COLLECTION} of MongoDB ${maskUrl(url)} ${
      refused ? "refused the user" : "cannot be reached or read"
    }`,
    {
      found: cause.message,
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

/** Whether an error says that a connection to MongoDB broke, or the server went away meanwhile: trying again may help. */
export function isMongoLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { cause } = error;
  return cause instanceof MongoNetworkError ||
    (cause instanceof MongoServerError && PASSING_CODES.includes(cause.code));
}
