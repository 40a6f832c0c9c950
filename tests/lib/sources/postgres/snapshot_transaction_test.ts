import assert from "node:assert/strict";
import { join } from "node:path";
import { openEmbeddedPostgres } from "../../../../lib/sources/postgres/snapshot_transaction.ts";
import { placeEmptyPostgres } from "../../../fixtures/empty_postgres.ts";
import { withTemporaryFolder } from "../../notebook/temporary_folder.ts";

Deno.test("an embedded database that was closed can be opened at once, also while this process starts programs", () =>
  withTemporaryFolder(async (home) => {
    const folder = join(home, "postgres");
    await placeEmptyPostgres(folder);
    const spawners = [1, 2].map(() =>
      new Worker(new URL("../../../fixtures/spawner.ts", import.meta.url), { type: "module" })
    );
    try {
      for (let i = 0; i < 12; i++) {
        await using embedded = await openEmbeddedPostgres(folder, { create: false });
        assert.deepEqual((await embedded.db.query("SELECT 1 AS one")).rows, [{ one: 1 }]);
      }
    } finally {
      for (const spawner of spawners) spawner.terminate();
    }
  }));
