import assert from "node:assert/strict";
import { plain } from "./promotion_notebooks.ts";
import { verifiedWith, withSmallRepository } from "./small_repository.ts";

Deno.test("a promotion that died between two files is finished by the next one", async () => {
  const promoted =
    "// promote: lib/ml/first.ts\n/** One more. */\nfunction oneMore(value: number) { return value + 1 }";
  await withSmallRepository(plain(promoted, "oneMore(1)"), async ({ promote, files, write, notebook }) => {
    const before = await Deno.readTextFile(notebook);
    const verified = verifiedWith();
    await promote({}, verified);
    const whole = await files();
    // The notebook is written last.
    await Deno.writeTextFile(notebook, before);
    await promote({}, verified);
    assert.deepEqual(await files(), whole);
    await Deno.writeTextFile(notebook, before.replace("value + 1", "value + 2"));
    await assert.rejects(promote({}, verified), /names that the module does not have yet, found oneMore/);
    await write("lib/ml/mod.ts", whole["lib/ml/mod.ts"]!);
  });
});

Deno.test("a notebook that was saved while the promotion ran is not overwritten", async () => {
  const promoted =
    "// promote: lib/ml/first.ts\n/** One more. */\nfunction oneMore(value: number) { return value + 1 }";
  await withSmallRepository(plain(promoted, "oneMore(1)"), async ({ promote, files, notebook }) => {
    const edited = (await Deno.readTextFile(notebook)).replace("oneMore(1)", "oneMore(7)");
    const verified = verifiedWith();
    const promotion = promote({}, async (verification) => {
      await Deno.writeTextFile(notebook, edited);
      return await verified(verification);
    });
    await assert.rejects(promotion, /was changed meanwhile/);
    assert.equal(await Deno.readTextFile(notebook), edited);
    assert.equal(Object.keys(await files()).some((path) => path.includes("first")), false);
  });
});
