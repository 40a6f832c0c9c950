/**
 * The least that has to be done: every table copied out of its database and thrown away, every Parquet file of the lake
 * written once by DuckDB from rows that it reads from Parquet.
 *
 *     deno run -A floor.ts POSTGRES_URL MONGODB_URL LAKE FOLDER
 */
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { readManifest } from "shopflow/lake/mod.ts";
import { withExtractClient } from "../../../lib/sources/postgres/snapshot_transaction.ts";
import { SOURCE_TABLES } from "shopflow/sources/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import { MongoClient } from "mongodb";
// @ts-types="@types/pg-copy-streams"
import { to as copyTo } from "pg-copy-streams";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

const [postgresUrl, mongodbUrl, lake, folder] = Deno.args as [string, string, string, string];

await withExtractClient(postgresUrl, async (client) => {
  for (const { name } of SOURCE_TABLES) {
    // As in lib/sources/postgres/copy.ts: Deno never wakes an idle socket that a copy takes over.
    await client.query("SELECT 1");
    await pipeline(
      client.query(copyTo(`COPY ${name} TO STDOUT (FORMAT csv)`)),
      createWriteStream("/dev/null"),
    );
  }
});

const mongo = await new MongoClient(mongodbUrl).connect();
for await (const _ of mongo.db().collection("support_tickets").find({}));
await mongo.close();

const { tables, inputs } = await readManifest(createDirectoryStore(lake));
const files = [...Object.values(inputs).flat(), ...Object.values(tables).flatMap((table) => table.files)];
using session = await openSession();
for (const [i, { key }] of files.entries()) {
  await session.run(
    `COPY (FROM read_parquet(${sqlString(join(lake, key))})) TO ${sqlString(join(folder, `${i}.parquet`))}
     (FORMAT parquet, COMPRESSION zstd)`,
  );
}
