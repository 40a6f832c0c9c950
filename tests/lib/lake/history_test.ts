import { compareSnapshots, findSnapshot, listSnapshots, type Manifest, rollBack } from "shopflow/lake/mod.ts";
import assert from "node:assert/strict";
import { at, now, testOnSmallLake as test } from "./lake_with_snapshots.ts";

test("the list of snapshots says what each added, and which is current or rolled back", async ({ store, publish }) => {
  const first = await publish({ a: ["1"], b: ["22"] }, at(1));
  const second = await publish({ a: ["1"], b: ["333"] }, at(2));
  const third = await publish({ a: ["4444"], b: ["333"] }, at(3));
  await rollBack(store, second.id, now());
  const listed = (await listSnapshots(store)).map(({ id, tables, rows, size, newSize, status }) => ({
    id,
    sizes: [tables, rows, size, newSize],
    status,
  }));
  assert.deepEqual(listed, [
    { id: third.id, sizes: [2, 2, 7, 4], status: "rolled back" },
    { id: second.id, sizes: [2, 2, 4, 3], status: "current" },
    { id: first.id, sizes: [2, 2, 3, 3], status: "kept" },
  ]);
});

test("a snapshot is found by its id, the beginning of it, or as the current one", async ({ store, publish }) => {
  const ids: string[] = [];
  // Until two of them begin alike: there are sixteen digits.
  for (let day = 1; day <= 17; day++) ids.push((await publish({ a: [String(day)] }, at(day))).id);
  const [first = "", last] = [ids[0], ids.at(-1)];
  assert.equal(await findSnapshot(store, "current"), last);
  assert.equal(await findSnapshot(store, first), first);
  assert.equal(await findSnapshot(store, first.slice(0, 15)), first);
  const shared = ids.map(([digit]) => digit ?? "").find((digit, i, all) => all.indexOf(digit) !== i) ?? "";
  await assert.rejects(findSnapshot(store, shared), {
    name: "LakeError",
    message: new RegExp(`matches several snapshots: .*found ${shared}.*, ${shared}`),
  });
  for (const name of ["zz", ""]) {
    await assert.rejects(findSnapshot(store, name), {
      name: "LakeError",
      message: /There is no such snapshot/,
    });
  }
});

Deno.test("tables are compared by columns and by the content of their files, whatever these are called", () => {
  const table = (columns: string[], ...hashes: string[]) => ({
    columns: columns.map((name) => ({ name, type: "VARCHAR" })),
    rows: hashes.length,
    files: hashes.map((sha256) => ({ key: `${Math.random()}`, rows: 1, size: 1, sha256 })),
  });
  const snapshot = (tables: Manifest["tables"]): Manifest => ({
    id: "",
    createdAt: "",
    codeVersion: "",
    inputs: {},
    tables,
  });
  const differences = compareSnapshots(
    snapshot({ gone: table(["a"], "1"), same: table(["a"], "1", "2"), other: table(["a", "b"], "1", "2") }),
    snapshot({ same: table(["a"], "2", "1"), other: table(["a", "c"], "2", "3"), new: table(["a"], "9") }),
  );
  const summary = differences.map((difference) => ({
    table: difference.table,
    change: difference.change,
    columns: [...difference.columnsAdded, "|", ...difference.columnsRemoved].join(" "),
    files: [difference.filesAdded, difference.filesRemoved].map((files) => files.map(({ sha256 }) => sha256)),
  }));
  assert.deepEqual(summary, [
    { table: "gone", change: "removed", columns: "| a VARCHAR", files: [[], ["1"]] },
    { table: "new", change: "added", columns: "a VARCHAR |", files: [["9"], []] },
    { table: "other", change: "changed", columns: "c VARCHAR | b VARCHAR", files: [["3"], ["1"]] },
    { table: "same", change: "same", columns: "|", files: [[], []] },
  ]);
});
