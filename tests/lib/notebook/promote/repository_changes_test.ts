import assert from "node:assert/strict";
import { plain } from "./promotion_notebooks.ts";
import { UNCHECKED, withSmallRepository } from "./small_repository.ts";

Deno.test("a promotion that died between two files is finished by the next one", async () => {
  const promoted =
    "// promote: lib/ml/first.ts\n/** One more. */\nfunction oneMore(value: number) { return value + 1 }";
  await withSmallRepository(plain(promoted, "oneMore(1)"), async ({ promote, files, write, notebook }) => {
    const before = await Deno.readTextFile(notebook);
    await promote({}, UNCHECKED);
    const complete = await files();
    // The notebook is written last.
    await Deno.writeTextFile(notebook, before);
    await promote({}, UNCHECKED);
    assert.deepEqual(await files(), complete);
    await Deno.writeTextFile(notebook, before.replace("value + 1", "value + 2"));
    await assert.rejects(promote({}, UNCHECKED), /names that the module does not have yet, found oneMore/);
    await write("lib/ml/mod.ts", complete["lib/ml/mod.ts"]!);
  });
});

Deno.test("a notebook that was saved while the promotion ran is not overwritten", async () => {
  const promoted =
    "// promote: lib/ml/first.ts\n/** One more. */\nfunction oneMore(value: number) { return value + 1 }";
  await withSmallRepository(plain(promoted, "oneMore(1)"), async ({ promote, files, notebook }) => {
    const edited = (await Deno.readTextFile(notebook)).replace("oneMore(1)", "oneMore(7)");
    const promotion = promote({}, {
      ...UNCHECKED,
      verify: async (verification) => {
        await Deno.writeTextFile(notebook, edited);
        return await UNCHECKED.verify(verification);
      },
    });
    await assert.rejects(promotion, /was changed meanwhile/);
    assert.equal(await Deno.readTextFile(notebook), edited);
    assert.equal(Object.keys(await files()).some((path) => path.includes("first")), false);
  });
});

Deno.test("a part of a module that has a mod.ts of its own exports what is promoted into it", async () => {
  const promoted =
    "// promote: lib/ml/metrics/half.ts\n/** Half. */\nfunction half(value: number) { return value / 2 }";
  await withSmallRepository(plain(promoted, "half(1)"), async ({ promote, read, write }) => {
    await write("lib/ml/metrics/mod.ts", "/** Metrics. */\n");
    const outer = await read("lib/ml/mod.ts");
    await promote({}, UNCHECKED);
    assert.match(await read("lib/ml/metrics/mod.ts"), /^export \{ half \} from "\.\/half\.ts";$/m);
    assert.equal(await read("lib/ml/mod.ts"), outer);
  });
});
