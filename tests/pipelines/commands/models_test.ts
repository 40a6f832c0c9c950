import { encodeJson } from "shopflow/lake/store/mod.ts";
import { championVersion, loadModelVersion, saveModelVersion } from "shopflow/ml/registry/mod.ts";
import { recommendationModel } from "shopflow/recommendation/mod.ts";
import assert from "node:assert/strict";
import type { PipelineContext } from "../../../pipelines/context.ts";
import { createModelsProgram } from "../../../pipelines/commands/models.ts";
import { createCuratedLake, groupedShop } from "../../fixtures/grouped_shop.ts";
import { trainModel } from "../../../pipelines/steps/train/train.ts";

const trainRecommendation = trainModel(recommendationModel);

/** What a command prints. */
async function models(context: PipelineContext, ...args: string[]): Promise<string> {
  const printed: string[] = [];
  await createModelsProgram(() => context, (text) => printed.push(text)).parseAsync(args, { from: "user" });
  return printed.join("\n");
}

/** A lake with a champion, and `other`, a version with the same files. */
async function withVersions(
  body: (context: PipelineContext, champion: string) => Promise<void>,
): Promise<void> {
  await using lake = await createCuratedLake(groupedShop());
  const { context } = lake;
  await trainRecommendation(context);
  const champion = (await championVersion(context.store, "recommendation"))!;
  const { card, files } = await loadModelVersion(context.store, "recommendation", champion);
  await saveModelVersion(context.store, { card: { ...card, version: "other" }, files });
  await body(context, champion);
}

Deno.test("list marks the champion and says the status of the others", () =>
  withVersions(async (context, champion) => {
    const text = await models(context, "list");
    assert.match(
      text,
      new RegExp(`^\\* +recommendation +${champion} .* NDCG@10 0\\.\\d{3} \\(baseline .*champion$`, "m"),
    );
    assert.match(text, /^ +recommendation +other .* no decision$/m);
    const json = JSON.parse(await models(context, "list", "recommendation", "--json"));
    assert.deepEqual(json.map(({ isChampion }: { isChampion: boolean }) => isChampion).sort(), [false, true]);
  }));

Deno.test("show tells where the champion came from and why it scores", () =>
  withVersions(async (context, champion) => {
    const text = await models(context, "show", "recommendation");
    assert.match(text, new RegExp(`^recommendation ${champion}: champion$`, "m"));
    assert.match(
      text,
      /The first model, and it beats its baseline\.\n {2}tested on the last orders of 40 customers/,
    );
    assert.match(text, /^ndcg_at_10 +0\.\d{4}$/m);
    await assert.rejects(models(context, "show", "recomendation"), {
      name: "InputError",
      message: /no model of that name: expected recommendation, found "recomendation"/,
    });
  }));

Deno.test("promote changes the champion, and the history says who did and why", () =>
  withVersions(async (context, champion) => {
    const said = await models(context, "promote", "recommendation", "oth", "--reason", "a campaign needs it");
    assert.match(said, new RegExp(`recommendation other is the champion; it replaces ${champion}`));
    assert.equal(await championVersion(context.store, "recommendation"), "other");
    assert.match(
      await models(context, "history", "recommendation"),
      new RegExp(
        `^.* other became champion instead of ${champion}, by hand\n  a campaign needs it\n\n` +
          `.* ${champion} became champion\n  The first model, and it beats its baseline\\.`,
      ),
    );
    assert.match(await models(context, "list"), new RegExp(`${champion} .*previous champion`));
  }));

Deno.test("a promotion without a reason, of the champion, or of what cannot score is refused", () =>
  withVersions(async (context, champion) => {
    const promote = (version: string, reason = "why not") =>
      models(context, "promote", "recommendation", version, "--reason", reason);
    await assert.rejects(promote("other", " "), { name: "InputError", message: /needs a reason/ });
    await assert.rejects(promote(champion), { name: "InputError", message: /is already the champion/ });
    await assert.rejects(promote("zz"), { name: "InputError", message: /No version.*found "zz"/ });
    await context.store.put("models/recommendation/other/recommender.json", encodeJson({ format: 99 }));
    await assert.rejects(promote("other"), {
      name: "ModelError",
      message: /was changed since it was written/,
    });
    await context.store.delete("models/recommendation/other/recommender.json");
    await assert.rejects(promote("other"), { name: "ModelError", message: /is incomplete/ });
    assert.equal(await championVersion(context.store, "recommendation"), champion);
  }));

Deno.test("history of a model that does not exist is an error, and not an empty list", () =>
  withVersions((context) => assert.rejects(models(context, "history", "churn"), { name: "InputError" })));

Deno.test("a champion whose card was damaged is named, and does not stand in the way of another", () =>
  withVersions(async (context, champion) => {
    const key = `models/recommendation/${champion}/card.json`;
    const text = new TextDecoder().decode((await context.store.get(key))!.body);
    await context.store.put(key, new TextEncoder().encode(text.replace('"metrics"', '"metrixx"')));
    const warnings: string[] = [];
    const runtime = {
      ...context.runtime,
      log: { debug: () => {}, info: () => {}, warn: (line: string) => warnings.push(line) },
    };
    const listed = await models({ ...context, runtime }, "list");
    assert.match(listed, /other/);
    assert.doesNotMatch(listed, new RegExp(champion));
    assert.match(warnings[0]!, new RegExp(`${champion}/card\\.json .* was changed since it was written`));
    await models(context, "promote", "recommendation", "other", "--reason", "the champion was damaged");
    assert.equal(await championVersion(context.store, "recommendation"), "other");
  }));
