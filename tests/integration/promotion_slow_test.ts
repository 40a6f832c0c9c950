import assert from "node:assert/strict";
import { join } from "node:path";
import { formatNotebook, readNotebook } from "shopflow/notebook/mod.ts";
import { createClone } from "../fixtures/repository_clone.ts";
import { publishSmallLake } from "../lib/notebook/small_lake.ts";
import { withTemporaryFolder } from "../lib/notebook/temporary_folder.ts";
import { code } from "../lib/notebook/diff/cells.ts";

const FIXTURE = new URL("../fixtures/notebooks/daily_orders.ipynb", import.meta.url).pathname;
const CELL = `// promote: lib/kpis/basket_size.ts
/**
 * The mean number of lines of an order.
 *
 * @param lines order ids, one for each line
 */
function basketSize(lines: string[]): number {
  return lines.length / new Set(lines).size;
}`;

Deno.test("a cell of a notebook on the lake is promoted by the command, and the repository stays in order", async () => {
  await withTemporaryFolder(async (home) => {
    const [folder, lake] = [join(home, "clone"), join(home, "lake")];
    for (const path of [folder, lake]) await Deno.mkdir(path);
    const { git } = await createClone(folder);
    await publishSmallLake(lake);
    const notebook = await readNotebook(FIXTURE);
    notebook.cells.splice(
      5,
      0,
      code("basket-size", CELL, [], ["promote"]),
      code(
        "use",
        "const ids = (await shop.sql(`SELECT order_id FROM fact_orders WHERE order_date < DATE '${as_of}'`))\n" +
          '  .array("order_id") as string[];\nconsole.log(ids.length, basketSize(ids), basketSize(["a", "a", "b"]));',
      ),
    );
    const path = join(folder, "notebooks", "orders.ipynb");
    await Deno.writeTextFile(path, formatNotebook(notebook));
    await git("add", "--all");
    await git("commit", "--quiet", "--message", "a notebook");

    const deno = async (...args: string[]) => {
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args,
        cwd: folder,
        env: { SHOPFLOW_HOME: home, NO_COLOR: "1" },
      }).output();
      const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.ok(success, said);
      return said;
    };
    const said = await deno(
      "task",
      "--quiet",
      "notebook",
      "promote",
      "notebooks/orders.ipynb",
      "--examples",
      "-p",
      "as_of=2024-07-11",
    );
    assert.match(said, /basketSize is in lib\/kpis\/basket_size\.ts/);
    const changed = (await git("status", "--porcelain", "--untracked-files=all")).split("\n").map((line) =>
      line.slice(3)
    );
    assert.deepEqual(changed.filter((line) => line !== "").sort(), [
      "lib/kpis/basket_size.ts",
      "lib/kpis/mod.ts",
      "notebooks/orders.ipynb",
      "tests/lib/kpis/basket_size_test.ts",
    ]);
    const files = changed.filter((file) => file.endsWith(".ts"));
    await deno("fmt", "--check", "--quiet", ...files);
    await deno("lint", "--quiet", ...files);
    const tests = ["tests/lib/kpis/basket_size_test.ts", "tests/architecture_test.ts"];
    assert.match(
      await deno("test", "--quiet", "--no-check", "--allow-all", ...tests),
      /ok \| \d+ passed \| 0 failed/,
    );
    assert.match(
      await deno("task", "--quiet", "notebook", "diff", "notebooks/orders.ipynb"),
      /~ code basket-size\n {2}tags: \["promote"\] → none/,
    );
    await deno("task", "--quiet", "notebook", "run", "--no-check", "notebooks/orders.ipynb");
    assert.match(
      await deno("task", "--quiet", "notebook", "log", "orders"),
      / run .* not committed .*days 62, last day/,
    );
    await Deno.writeTextFile(
      path,
      (await Deno.readTextFile(path)).replace("const ids =", "const basketSize = 1, ids ="),
    );
    await assert.rejects(
      deno("task", "--quiet", "notebook", "check"),
      /basketSize of shopflow\/kpis\/mod\.ts in cell use/,
    );
  });
});
