import assert from "node:assert/strict";
import { join } from "node:path";
import { drawStates, openOfferLedger } from "shopflow/offers/ledger/mod.ts";
import { createOfferLake } from "../../../fixtures/offer_lake.ts";

const ROOT = join(import.meta.dirname!, "..", "..", "..", "..");

Deno.test("draws that are killed at any moment leave whole lists or none, and offer nobody anything twice", async () => {
  await using lake = await createOfferLake(2000);
  const { context } = lake;
  /** Draws by a process of its own, killed after a while. */
  const drawThenKill = async (trial: string, afterMs: number) => {
    const command = ["draw", "discount_15", "--rule", "random", "--trial", trial, "--most", "150"];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "pipelines/commands/offers/main.ts", ...command],
      cwd: ROOT,
      env: { SHOPFLOW_HOME: context.config.home },
      stdout: "null",
      stderr: "null",
    }).spawn();
    const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
    const { code } = await child.status;
    clearTimeout(timer);
    return code;
  };
  // The whole draw takes about a second: these end before, in and after it.
  const ends = await Promise.all([
    ...[300, 700, 1000, 1300].map((ms, i) => drawThenKill(`killed${i}`, ms)),
    ...[1, 2].map((i) => drawThenKill(`whole${i}`, 120_000)),
  ]);
  assert.deepEqual(ends.slice(-2), [0, 0]);
  const draws = drawStates(await openOfferLedger(context.store).read()).map(({ draw }) => draw);
  assert.ok(draws.length >= 2);
  for (const draw of draws) assert.equal(draw.customers.length, 150);
  const offered = draws.flatMap(({ customers }) => customers).filter(({ arm }) => arm === "offered")
    .map(({ customerId }) => customerId);
  assert.equal(new Set(offered).size, offered.length);
});
