import assert from "node:assert/strict";
import { createLogger } from "shopflow/runtime/mod.ts";
import { MAX_WAIT_MS, type RetryEffects } from "../../../lib/sources/retry.ts";
import { retryWhileLost } from "shopflow/sources/mod.ts";

/** A world in which time passes only by waiting, and by `pass`; chance is always the most. */
function stillWorld() {
  let now = 0;
  const waits: number[] = [];
  const lines: string[] = [];
  const effects: RetryEffects = {
    clock: () => now,
    wait: (ms) => {
      waits.push(ms);
      now += ms;
      return Promise.resolve();
    },
    random: () => 1,
  };
  const log = createLogger((line) => void lines.push(line));
  return { effects, waits, lines, log, pass: (ms: number) => void (now += ms), now: () => now };
}

const LOST = new Error("terminating connection due to administrator command.");

Deno.test("waits double up to ten seconds, and the last attempt is made when the time is over", async () => {
  const { effects, waits, lines, log, now } = stillWorld();
  let attempts = 0;
  const lost = retryWhileLost(
    () => (attempts++, Promise.reject(LOST)),
    () => true,
    { boundMs: 60_000, log },
    effects,
  );
  await assert.rejects(lost, LOST);
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000, 10_000, 4500]);
  assert.equal(now(), 60_000);
  assert.equal(attempts, waits.length + 1);
  // One line each, with the words of the error, and one at the end.
  assert.equal(lines.length, attempts);
  assert.equal(
    lines[1],
    "warning: terminating connection due to administrator command. Trying again in 1 s (attempt 3; for 59.5 s at most).",
  );
  assert.match(
    lines.at(-1)!,
    /Given up after 11 attempts: lost for 60 s in all\. SHOPFLOW_RECONNECT_SECONDS/,
  );
});

Deno.test("a restart of 30 seconds is survived with the default of two minutes, found within ten seconds", async () => {
  const { effects, log, now } = stillWorld();
  const work = () => now() < 30_000 ? Promise.reject(LOST) : Promise.resolve("read");
  assert.equal(await retryWhileLost(work, () => true, { boundMs: 120_000, log }, effects), "read");
  assert.ok(now() <= 30_000 + MAX_WAIT_MS, `${now()} ms`);
});

Deno.test("time in which the source works does not count, time in which it does not answer does", async () => {
  const { effects, log, pass, waits } = stillWorld();
  const run = (isConnected: boolean) => {
    waits.length = 0;
    return assert.rejects(retryWhileLost(
      ({ connected }) => {
        if (isConnected) connected();
        pass(40_000);
        return Promise.reject(LOST);
      },
      () => true,
      { boundMs: 60_000, log },
      effects,
    ));
  };
  await run(true);
  assert.equal(waits.length, 10);
  await run(false);
  assert.deepEqual(waits, [500]);
});

Deno.test("half of each wait is left to chance", async () => {
  const { effects, log, waits } = stillWorld();
  let number = 0;
  const work = () => ++number < 3 ? Promise.reject(LOST) : Promise.resolve();
  await retryWhileLost(work, () => true, { boundMs: 60_000, log }, { ...effects, random: () => 0 });
  assert.deepEqual(waits, [250, 500]);
});

Deno.test("what does not pass is thrown at once, and with a bound of 0 whatever it is", async () => {
  const { effects, log, lines, waits } = stillWorld();
  const fail = () => Promise.reject(LOST);
  await assert.rejects(retryWhileLost(fail, () => false, { boundMs: 60_000, log }, effects), LOST);
  await assert.rejects(retryWhileLost(fail, () => true, { boundMs: 0, log }, effects), LOST);
  assert.deepEqual([lines, waits], [[], []]);
});

Deno.test("a pause that the source asks for is made as it is, and not begun where it is longer than what is left", async () => {
  const { effects, log, lines, waits } = stillWorld();
  const asked = [90_000, 40_000];
  const fail = ({ number }: { number: number }) => Promise.reject(new Error(`status 429 (${number})`));
  const pauses = (_: unknown, attempt: number) => asked[attempt - 1]!;
  await assert.rejects(retryWhileLost(fail, pauses, { boundMs: 120_000, log }, effects), /\(2\)/);
  assert.deepEqual(waits, [90_000]);
  assert.match(lines.at(-1)!, /Given up after 2 attempts: the source asks to wait 40 s, longer than/);
});
