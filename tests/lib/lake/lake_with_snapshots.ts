import { openWriteRecord } from "shopflow/lake/gc/mod.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  type Manifest,
  publishRawExtract,
  publishSnapshot,
  readManifest,
  type TableFile,
} from "shopflow/lake/mod.ts";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";

/** A day in milliseconds. */
export const DAY = 24 * 60 * 60 * 1000;
/** So many days after the first of January 2024. */
export const at = (day: number) => new Date(Date.UTC(2024, 0, 1) + day * DAY);
/** When garbage is collected: long after all that tests publish. */
export const now = () => at(100);
export const KEEP_ONE = { keep: 1, minimumAgeMs: DAY };

/** A lake whose tables are small texts, and whose files can be made to look old. */
export interface SmallLake {
  folder: string;
  store: ObjectStore;
  /** Publishes a snapshot of these texts by table; each text is a file, and so is the raw one they came from. */
  publish(tables: Record<string, string[]>, createdAt: Date): Promise<Manifest>;
  /** Puts a data file that nothing names yet, as a run does: noted, then written; or as another program does. */
  put(key: string, text: string, options?: { noted?: boolean }): Promise<TableFile>;
  /** Makes every file in the lake look as if it was written then. */
  age(modified: Date): Promise<void>;
}

/** Runs `body` with an empty lake, removed afterwards. */
export async function withSmallLake(body: (lake: SmallLake) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "shopflow_small_lake_" });
  try {
    await body({ folder, ...createSmallLake(createDirectoryStore(folder, { sync: false })) });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A lake in a store, which is empty or shared with other programs; files can be aged only in a folder. */
export function createSmallLake(store: ObjectStore): Omit<SmallLake, "folder"> {
  const put = async (key: string, text: string, { noted = true } = {}): Promise<TableFile> => {
    const body = new TextEncoder().encode(text);
    if (noted) await openWriteRecord(store).add([{ key, size: body.length }]);
    await store.put(key, body);
    return { key, rows: 1, size: body.length, sha256: hash(text) };
  };
  return {
    store,
    put,
    async publish(tables, createdAt) {
      const raw = await put(`raw/orders/${hash(JSON.stringify(tables))}.parquet`, "raw", { noted: false });
      const contents: Manifest["tables"] = {};
      for (const [table, texts] of Object.entries(tables)) {
        const files = await Promise.all(
          texts.map((text) => put(`curated/${table}/${hash(text)}.parquet`, text, { noted: false })),
        );
        contents[table] = { columns: [{ name: "id", type: "VARCHAR" }], rows: files.length, files };
      }
      await publishRawExtract(store, {
        run: "r",
        extractedAt: createdAt.toISOString(),
        source: "test",
        tables: {
          orders: {
            files: [{
              ...raw,
              runs: [{ run: "r", extractedAt: createdAt.toISOString(), rows: raw.rows, sha256: raw.sha256 }],
            }],
            contentSha256: "aa",
            rows: raw.rows,
          },
        },
      });
      return await publishSnapshot(
        store,
        { codeVersion: "v1", inputs: { orders: [raw] }, tables: contents },
        createdAt,
      );
    },
    async age(modified) {
      for (const { key } of await store.list("")) {
        await Deno.utime(await store.localPath(key), modified, modified);
      }
    },
  };
}

/** Reads every file that a snapshot names and compares it with its hash. */
export async function assertReadable(store: ObjectStore, id: string): Promise<void> {
  const { tables, inputs } = await readManifest(store, id);
  for (const file of Object.values(tables).flatMap((table) => table.files)) {
    const object = await store.get(file.key);
    assert.ok(object, `${file.key} of snapshot ${id} is gone`);
    assert.equal(hash(new TextDecoder().decode(object.body)), file.sha256);
  }
  for (const file of Object.values(inputs).flat()) {
    assert.ok(await store.stat(file.key), `${file.key}, an input of snapshot ${id}, is gone`);
  }
}

const hash = (text: string) => createHash("sha256").update(text).digest("hex");

/** Declares a test on a small lake of its own. */
export function testOnSmallLake(sentence: string, body: (lake: SmallLake) => Promise<void>): void {
  Deno.test(sentence, () => withSmallLake(body));
}

/** Keys of what lies beneath a prefix. */
export const keysOf = async (store: ObjectStore, prefix: string): Promise<string[]> =>
  (await store.list(prefix)).map(({ key }) => key);
