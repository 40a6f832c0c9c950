import assert from "node:assert/strict";
import { describeEffect, estimateEffect, readTrial } from "shopflow/offers/effect/mod.ts";
import { createRandom, type Random } from "shopflow/runtime/mod.ts";
import { inventedTrial, normalOf } from "../../../fixtures/invented_trial.ts";

const near = (found: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `expected ${expected}, found ${found}`);

interface Row {
  arm: number;
  y: number;
  x?: number;
  p?: number;
  customer?: number;
}

/** Share of simulated trials whose interval holds the true effect, and its error: the standard deviation by chance. */
function coverage(
  trials: number,
  draw: (random: Random) => Row[],
  truth: number,
  { options = {}, columns = {} }: { options?: Parameters<typeof estimateEffect>[1]; columns?: object } = {},
): { covered: number; bias: number } {
  let covered = 0, sum = 0, spread = 0;
  for (let seed = 0; seed < trials; seed++) {
    const trial = readTrial(draw(createRandom(seed, "coverage")), {
      treatment: "arm",
      outcome: "y",
      ...columns,
    });
    const [{ interval, effect }] = estimateEffect(trial, options) as [ReturnType<typeof estimateEffect>[0]];
    covered += Number(interval.low <= truth && truth <= interval.high);
    sum += effect;
    spread += (effect - truth) ** 2;
  }
  return { covered: covered / trials, bias: (sum / trials - truth) / Math.sqrt(spread / trials / trials) };
}

/** Nominal 95 % within three Monte-Carlo errors; intervals of few rows may cover a little more. */
function covers({ covered, bias }: { covered: number; bias: number }, trials: number, most = 0.95): void {
  const error = 3 * Math.sqrt(0.95 * 0.05 / trials);
  assert.ok(covered >= 0.95 - error && covered <= most + error, `covered ${covered}`);
  assert.ok(Math.abs(bias) < 4, `bias of ${bias} standard errors`);
}

const rows = (random: Random, count: number, of: (random: Random) => Row) =>
  Array.from({ length: count }, () => of(random));

Deno.test("intervals of rates hold the truth in 95 % of trials, small and uneven ones too", () => {
  for (
    const [count, share, rate, effect] of [[400, 0.5, 0.1, 0.04], [120, 0.8, 0.05, 0.05], [
      60,
      0.5,
      0.03,
      0,
    ]] as const
  ) {
    const draw = (random: Random) =>
      rows(random, count, () => {
        const arm = Number(random() < share);
        return { arm, y: Number(random() < rate + effect * arm) };
      });
    const found = coverage(1000, (random) => {
      for (;;) {
        const drawn = draw(random);
        if (new Set(drawn.map(({ y }) => y)).size > 1) return drawn;
      }
    }, effect);
    covers(found, 1000, 0.985);
  }
});

Deno.test("intervals of skewed amounts hold the truth, with CUPED too, which narrows them as it says", () => {
  const draw = (random: Random) =>
    rows(random, 400, () => {
      const arm = Number(random() < 0.4), x = Math.exp(normalOf(random));
      return { arm, x, y: 2 * x + Math.exp(normalOf(random)) + arm };
    });
  covers(coverage(1000, draw, 1), 1000, 0.96);
  covers(coverage(1000, draw, 1, { columns: { covariates: ["x"] } }), 1000, 0.96);
  const trial = readTrial(draw(createRandom(1)), { treatment: "arm", outcome: "y", covariates: ["x"] });
  const [plain] = estimateEffect(trial, { cuped: false }), [adjusted] = estimateEffect(trial);
  near(adjusted!.varianceReduction!, 1 - (adjusted!.standardError / plain!.standardError) ** 2, 1e-12);
  assert.ok(adjusted!.varianceReduction! > 0.6);
  assert.match(adjusted!.method, /CUPED by x/);
});

Deno.test("weights take out a draw that depends on the customer, and the plain difference says it is biased", () => {
  const draw = (random: Random) =>
    rows(random, 500, () => {
      const x = random(), p = 0.2 + 0.6 * x, arm = Number(random() < p);
      return { arm, p, y: 3 * x + 0.5 * arm + normalOf(random) };
    });
  const columns = { propensity: "p" };
  for (const method of ["hajek", "horvitz-thompson"] as const) {
    covers(coverage(1000, draw, 0.5, { columns, options: { method } }), 1000);
  }
  const biased = coverage(200, draw, 0.5, { columns, options: { method: "difference" } });
  assert.ok(biased.covered < 0.2);
  const trial = readTrial(draw(createRandom(1)), { treatment: "arm", outcome: "y", ...columns });
  assert.match(estimateEffect(trial)[0]!.method, /Hájek/);
  assert.match(
    estimateEffect(trial, { method: "difference" })[0]!.notes.join(),
    /the plain difference is biased/,
  );
});

Deno.test("customers with several rows count once: intervals by cluster hold the truth, without them too seldom", () => {
  const draw = (random: Random) =>
    Array.from({ length: 80 }, (_, customer) => {
      const arm = Number(random() < 0.5), own = normalOf(random);
      return Array.from(
        { length: 1 + Math.floor(8 * random()) },
        () => ({ customer, arm, y: own + arm + 0.5 * normalOf(random) }),
      );
    }).flat();
  covers(coverage(1000, draw, 1, { columns: { cluster: "customer" } }), 1000);
  assert.ok(coverage(300, draw, 1).covered < 0.8);
});

Deno.test("lifts hold the truth in 95 % of trials", () => {
  let covered = 0;
  for (let seed = 0; seed < 600; seed++) {
    const trial = inventedTrial({ rows: 800, seed, rate: (_, treated) => treated ? 0.15 : 0.1 });
    const { liftInterval } = estimateEffect(trial)[0]!;
    covered += Number(liftInterval!.low <= 0.5 && 0.5 <= liftInterval!.high);
  }
  near(covered / 600, 0.95, 3 * Math.sqrt(0.95 * 0.05 / 600));
});

Deno.test("no event in an arm gives an interval, no interval of the lift, and says too few", () => {
  const customers = Array.from(
    { length: 90 },
    (_, i) => ({ arm: i % 3 === 0 ? 0 : 1, y: i === 1 || i === 4 ? 1 : 0 }),
  );
  const trial = readTrial(customers, { treatment: "arm", outcome: "y" });
  const [effect] = estimateEffect(trial);
  assert.ok(effect!.interval.low < 0 && effect!.interval.high > 0.1);
  assert.equal(effect!.lift, undefined);
  assert.equal(effect!.isEnough, false);
  assert.match(
    effect!.notes.join(),
    /Too few to say much of 1: 60 rows, 2 of them not 0; at least 10 such are needed/,
  );
  assert.match(describeEffect(effect!, trial), /Too few to conclude anything\.$/);
});

Deno.test("several arms have their own intervals, and p-values that account for their number", () => {
  const random = createRandom(5);
  const customers = Array.from(
    { length: 6000 },
    (_, i) => ({ arm: i % 3, y: Number(random() < 0.1 + 0.02 * (i % 3)) }),
  );
  const effects = estimateEffect(readTrial(customers, { treatment: "arm", outcome: "y" }));
  assert.deepEqual(effects.map(({ arm }) => arm), ["1", "2"]);
  const [first, second] = effects as [typeof effects[0], typeof effects[0]];
  assert.ok(second.pValue < first.pValue);
  near(second.adjustedPValue, 2 * second.pValue, 1e-15);
  near(first.adjustedPValue, Math.max(first.pValue, second.adjustedPValue), 1e-15);
});

Deno.test("covariates that are constant or sums of others change nothing", () => {
  const random = createRandom(6);
  const customers = Array.from({ length: 500 }, (_, i) => {
    const x = normalOf(random), z = normalOf(random);
    return { arm: i % 2, y: x + z + normalOf(random), x, z, sum: x + 2 * z, one: 1 };
  });
  const read = (covariates: string[]) =>
    estimateEffect(readTrial(customers, { treatment: "arm", outcome: "y", covariates }))[0]!;
  near(read(["x", "one", "z", "sum"]).effect, read(["x", "z"]).effect, 1e-9);
  near(read(["x", "one", "z", "sum"]).standardError, read(["x", "z"]).standardError, 1e-9);
  assert.throws(
    () => estimateEffect(readTrial(customers, { treatment: "arm", outcome: "y" }), { cuped: true }),
    {
      message: /CUPED needs covariates/,
    },
  );
});
