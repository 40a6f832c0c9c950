import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { loadAudience } from "shopflow/segments/audiences/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { createAudiencesProgram } from "../../../pipelines/commands/audiences.ts";
import { segmentedShop } from "../../fixtures/segmented_shop.ts";
import { publishCuratedShop } from "../../server/segmented_lake.ts";
import { temporaryLake } from "../../server/small_lake.ts";

type Lake = Awaited<ReturnType<typeof temporaryLake>>;

/** Runs commands over a lake with a shop; what they print is returned. */
async function withCommands(
  work: (run: (...args: string[]) => Promise<string>, lake: Lake & { folder: string }) => Promise<void>,
) {
  await using lake = await temporaryLake();
  await publishCuratedShop(lake.store, segmentedShop());
  const folder = await Deno.makeTempDir({ prefix: "shopflow_audiences_" });
  const runtime = createRuntime({
    now: () => new Date("2024-06-20T07:00:00Z"),
    log: createLogger(() => {}),
    progress: silentProgress,
  });
  const run = async (...args: string[]) => {
    const printed: string[] = [];
    const program = createAudiencesProgram(
      () => ({ store: lake.store, runtime }),
      (text) => printed.push(text),
    );
    await program.exitOverride().parseAsync(args, { from: "user" });
    return printed.join("\n");
  };
  try {
    await work(run, { ...lake, folder });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("customers are saved by conditions, listed, shown and exported", () =>
  withCommands(async (run, { store, folder }) => {
    assert.match(await run("list"), /No audience is saved yet/);
    assert.match(
      await run("save", "british", "r=5", "--by", "Ada"),
      /^Saved \d+ customers as british@1: score recency 5\.$/,
    );
    assert.match(await run("list"), /british@1 .* 2024-06-20 .* Ada .* score recency 5/);
    assert.match(await run("show", "british@1"), /conditions: r=5 as_of=2024-06-20/);
    const file = join(folder, "british.csv");
    assert.match(await run("export", "british", file), /^Wrote \d+ customers of british@1/);
    const { members } = await loadAudience(store, "british");
    assert.deepEqual((await Deno.readTextFile(file)).trim().split("\n"), ["customer_id", ...members]);
    await assert.rejects(
      run("save", "british", "r=4"),
      /There is an audience british already.*--new-version/,
    );
    assert.match(await run("save", "british", "r=4", "--new-version"), /as british@2/);
    assert.equal(JSON.parse(await run("list", "--all-versions", "--json")).length, 2);
  }));

Deno.test("a list of ids is an audience, where all are customers and words say who they are", () =>
  withCommands(async (run, { store, folder }) => {
    const file = join(folder, "vip.csv");
    await Deno.writeTextFile(file, 'name,customer_id\r\nA,"C01"\r\nB,C02\r\n');
    await assert.rejects(run("save", "vip", "--ids", file), /needs words/);
    await run("save", "vip", "--ids", file, "--because", "list of the sales team");
    assert.deepEqual((await loadAudience(store, "vip")).members, ["C01", "C02"]);
    await Deno.writeTextFile(file, "C01\nC77\nC59\n");
    await assert.rejects(
      run("save", "vip2", "--ids", file, "--because", "x"),
      /2 ids of the list are no customer.*C77, C59/,
    );
    await Deno.writeTextFile(file, "a,b\n1,2\n");
    await assert.rejects(run("save", "vip2", "--ids", file, "--because", "x"), /a column customer_id/);
    await assert.rejects(
      run("save", "vip2", "--ids", join(folder, "none"), "--because", "x"),
      /cannot be read/,
    );
  }));

Deno.test("what makes no sense is refused with what is allowed", () =>
  withCommands(async (run) => {
    await assert.rejects(run("save", "a"), /conditions such as segment=at-risk/);
    await assert.rejects(run("save", "a", "segment"), /NAME=VALUE/);
    await assert.rejects(run("save", "a", "segment=best"), /champions, loyal/);
    await assert.rejects(run("save", "A b", "r=5"), /Call it a-b/);
    await assert.rejects(run("save", "a", "r=5", "segment=hibernating"), /would be empty/);
    await assert.rejects(run("show", "a"), /There is no audience a/);
  }));

Deno.test("who was deleted since is left out of an exported file, and of an audience from older data", () =>
  withCommands(async (run, { store }) => {
    await run("save", "recent", "r=5");
    const { members, snapshot } = await loadAudience(store, "recent");
    const [gone, ...others] = members;
    const rows = segmentedShop();
    // The last cell of a customer is is_deleted.
    const dim_customers = rows.dim_customers!.map((row) =>
      row[0] === gone ? [...row.slice(0, -1), true] : row
    );
    await publishCuratedShop(store, { ...rows, dim_customers }, new Date("2024-06-21T06:00:00Z"));
    assert.deepEqual((await run("export", "recent")).split("\n"), ["customer_id", ...others]);
    await run("save", "again", "r=5", "--snapshot", snapshot);
    assert.deepEqual((await loadAudience(store, "again")).members, others);
  }));
