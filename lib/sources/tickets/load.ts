import { fileSize, throughput } from "../csv.ts";
import { BSON, type Collection, type Db, MongoServerError } from "mongodb";
import { maskUrl, NO_TICKETS } from "shopflow/config/mod.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import { writeAll } from "shopflow/runtime/mod.ts";
import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import type { LoadOptions } from "../postgres/load.ts";
import { connectTickets, mongoError } from "./mongodb.ts";

const BATCH = 1000;
type Ticket = Record<string, unknown>;
/** Documents, one after the other. */
export type Tickets = Iterable<Ticket> | AsyncIterable<Ticket>;

/** Tickets that are loaded beside the place where readers look. */
export interface StagedTickets {
  rows: number;
  /** Puts them in place of those before. */
  publish(): Promise<void>;
  /** Removes them; the tickets before stay. */
  discard(): Promise<void>;
}

/**
 * Loads support tickets into the collection of a `mongodb:` URL, or writes them to the file of a `file:` URL
 * as mongoexport does (a JSON document a line, dates as `{"$date": …}`). Dates may be `Date` or `{"$date"}`;
 * a ticket without `_id` gets one by its position, so that equal input gives equal bytes. Readers see the tickets from
 * before until all are there.
 *
 * @returns the number of tickets.
 * @throws {SourceError} when there are tickets already and `replace` is not set, or they cannot be written.
 */
export async function loadTickets(
  ticketsUrl: string,
  tickets: Tickets,
  options: LoadOptions,
): Promise<number> {
  const staged = await stageTickets(ticketsUrl, tickets, options);
  await staged.publish();
  return staged.rows;
}

/** As {@linkcode loadTickets}, without showing them yet. */
export async function stageTickets(
  ticketsUrl: string,
  tickets: Tickets,
  { replace = false, progress }: LoadOptions,
): Promise<StagedTickets> {
  if (ticketsUrl === NO_TICKETS) return await refuseTickets(tickets);
  const bar = progress.start("load support_tickets", 0, "rows");
  const started = performance.now();
  const staged = ticketsUrl.startsWith("file:")
    ? await stageFile(ticketsUrl.slice("file:".length), tickets, replace)
    : await stageCollection(ticketsUrl, tickets, replace);
  bar.finish(throughput(staged.rows, performance.now() - started));
  return staged;
}

/** A shop without tickets may be loaded where there is no place for them. */
async function refuseTickets(tickets: Tickets): Promise<StagedTickets> {
  for await (const _ of tickets) {
    throw new SourceError("There is no place for the shop's tickets", {
      expected: "a file or a MongoDB in SHOPFLOW_MONGODB_URL",
      found: NO_TICKETS,
    });
  }
  return { rows: 0, publish: () => Promise.resolve(), discard: () => Promise.resolve() };
}

async function stageCollection(url: string, tickets: Tickets, replace: boolean): Promise<StagedTickets> {
  const stagingName = `support_tickets_loading_${randomUUID().replaceAll("-", "").slice(0, 12)}`;
  const withCollections = async <T>(
    work: (collection: Collection, staging: Collection, db: Db) => Promise<T>,
  ): Promise<T> => {
    await using connection = await connectTickets(url);
    const { collection } = connection;
    try {
      return await work(collection, collection.db.collection(stagingName), collection.db);
    } catch (error) {
      throw mongoError(error, url);
    }
  };
  const discard = () => withCollections(async (_, staging) => void await staging.drop());
  try {
    const rows = await withCollections(async (collection, staging, db) => {
      if (!replace && await collection.findOne() !== null) throw holdsTickets(maskUrl(url));
      await createLike(collection, staging, db);
      let rows = 0;
      for await (const batch of batches(tickets)) {
        await staging.insertMany(batch.map((ticket, i) => toDocument(ticket, rows + i)));
        rows += batch.length;
      }
      return rows;
    });
    return { rows, discard, publish: () => withCollections(replaceCollection) };
  } catch (error) {
    // The first error is the one that matters: a server that is gone cannot remove anything either.
    await discard().catch(() => {});
    throw error;
  }
}

/** The same options and indexes: they are the shop's, and replacing tickets must not lose them. */
async function createLike(collection: Collection, staging: Collection, db: Db): Promise<void> {
  const [existing] = await db.listCollections({ name: collection.collectionName }, { nameOnly: false })
    .toArray();
  await db.createCollection(staging.collectionName, existing?.options);
  if (existing === undefined) return;
  const indexes = (await collection.indexes()).filter(({ name }) => name !== "_id_");
  if (indexes.length === 0) return;
  await staging.createIndexes(indexes.map(({ v: _, ns: __, key, ...options }) => ({ key, ...options })));
}

async function replaceCollection(collection: Collection, staging: Collection, db: Db): Promise<void> {
  const name = collection.collectionName;
  try {
    await staging.rename(name, { dropTarget: true });
  } catch (error) {
    if (!(error instanceof MongoServerError && error.code === NOT_IMPLEMENTED)) throw error;
    // FerretDB cannot do both in one step.
    const before = `${staging.collectionName}_before`;
    const [existing] = await db.listCollections({ name }).toArray();
    if (existing !== undefined) await collection.rename(before);
    try {
      await staging.rename(name);
    } catch (failure) {
      if (existing !== undefined) await db.collection(before).rename(name);
      throw failure;
    }
    if (existing !== undefined) await db.collection(before).drop();
  }
}

const NOT_IMPLEMENTED = 238;

async function stageFile(path: string, tickets: Tickets, replace: boolean): Promise<StagedTickets> {
  if (!replace && await fileSize(path) > 0) throw holdsTickets(path);
  await Deno.mkdir(dirname(path), { recursive: true });
  const staged = `${path}.${randomUUID()}.tmp`;
  const discard = () => Deno.remove(staged);
  let rows: number;
  try {
    rows = await writeDocuments(staged, tickets);
  } catch (error) {
    await discard();
    throw error;
  }
  return { rows, discard, publish: () => Deno.rename(staged, path) };
}

async function writeDocuments(path: string, tickets: Tickets): Promise<number> {
  using file = await Deno.open(path, { createNew: true, write: true });
  let rows = 0;
  for await (const batch of batches(tickets)) {
    const lines = batch.map((ticket, i) =>
      BSON.EJSON.stringify(toDocument(ticket, rows + i), { relaxed: true }) + "\n"
    );
    await writeAll(file, path, new TextEncoder().encode(lines.join("")));
    rows += batch.length;
  }
  return rows;
}

function toDocument(ticket: Ticket, position: number): BSON.Document {
  const document: BSON.Document = BSON.EJSON.parse(BSON.EJSON.stringify(ticket));
  if (document._id !== undefined) return document;
  return { _id: new BSON.ObjectId((position + 1).toString(16).padStart(24, "0")), ...document };
}

async function* batches(tickets: Tickets): AsyncGenerator<Ticket[]> {
  let batch: Ticket[] = [];
  for await (const ticket of tickets) {
    batch.push(ticket);
    if (batch.length === BATCH) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

function holdsTickets(where: string): SourceError {
  return new SourceError(`There are support tickets already in ${where}`, {
    expected: "none",
    remedy: "Pass --replace to overwrite them, or set SHOPFLOW_MONGODB_URL to another place.",
  });
}
