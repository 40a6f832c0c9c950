import assert from "node:assert/strict";
import { runNotebook } from "shopflow/notebook/run/mod.ts";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { inventedCustomers } from "../fixtures/invented_trial.ts";
import { outputOf } from "../fixtures/notebook_output.ts";
import { createCuratedLake, groupedShop } from "../fixtures/grouped_shop.ts";

const NOTEBOOK = new URL("../../notebooks/trial.ipynb", import.meta.url).pathname;

Deno.test("the trial notebook reads the file of a trial that it has never seen", async () => {
  await using lake = await createCuratedLake(groupedShop());
  const customers = inventedCustomers({
    rows: 1500,
    seed: 1,
    rate: (x, treated) => 0.2 + (treated ? 0.4 * x : 0),
  });
  const lines = customers.map(({ arm, outcome, x, other }, i) =>
    `${arm === "offer" ? ["mail", "call"][i % 2] : "none"},${outcome},${x},${other > 0.5 ? "north" : "south"}`
  );
  const file = join(lake.context.config.home, "trial.csv.gz");
  await Deno.writeFile(file, gzipSync(["group,visited,score,region", ...lines].join("\n")));
  const run = await runNotebook(NOTEBOOK, lake.context, {
    parameters: {
      file,
      treatment: "group",
      control: "none",
      outcome: "visited",
      features: "score, region",
      covariates: "score",
      arm_of_interest: "mail",
    },
  });
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.match(outputOf(run, "data"), /1500 customers in the arms none, call, mail/);
  assert.match(
    outputOf(run, "effect"),
    /visited: .* in call against .* in none: \+.* points .*An increase beyond chance/s,
  );
  assert.match(outputOf(run, "effects"), /mail.*CUPED|CUPED.*mail/s);
  assert.match(outputOf(run, "plan"), /\+10 %/);
  assert.match(outputOf(run, "decision"), /(uplift|keep rule).*T-learner/s);
  assert.match(outputOf(run, "learners"), /T-learner.*X-learner.*riskiest first/s);
  for (const cell of ["qini", "deciles", "value"]) assert.match(outputOf(run, cell), /<svg/);
  assert.match(outputOf(run, "score"), /uplift/);
});

Deno.test("rates near 100 % are planned for as far as they can rise", async () => {
  await using lake = await createCuratedLake(groupedShop());
  // Nine of ten stay if left alone, so a fifth more than that cannot be.
  const lines = Array.from({ length: 400 }, (_, i) => `${i % 2},${Number(i % 20 > (i % 2 === 0 ? 1 : 2))}`);
  const file = join(lake.context.config.home, "stayed.csv");
  await Deno.writeTextFile(file, ["offered,stayed", ...lines].join("\n"));
  const run = await runNotebook(NOTEBOOK, lake.context, {
    parameters: { file, treatment: "offered", control: "0", outcome: "stayed", features: "", covariates: "" },
  });
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.match(outputOf(run, "plan"), /\+5 %.*\+10 %/s);
  assert.doesNotMatch(outputOf(run, "plan"), /\+20 %/);
});
