import { createDirectoryStore, encodeJson, type ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  championVersion,
  earlierDecision,
  findVersion,
  listVersions,
  loadChampion,
  type ModelCard,
  promoteVersion,
  type PromotionDecision,
  promotionDecisions,
  recordDecisions,
  saveModelVersion,
} from "shopflow/ml/registry/mod.ts";
import assert from "node:assert/strict";
import { withTemporaryFolder } from "../../notebook/temporary_folder.ts";

const card = (version: string, day = 1): ModelCard => ({
  name: "churn",
  version,
  trainedAt: new Date(Date.UTC(2024, 9, day)).toISOString(),
  snapshot: "s1",
  asOf: "2024-09-01",
  parameters: {},
  metrics: { auc: 0.8 },
});

const decision = (version: string, more: Partial<PromotionDecision> = {}): PromotionDecision => ({
  version,
  champion: null,
  outcome: "promoted",
  reason: "the first model",
  decidedAt: "2024-10-01T00:00:00.000Z",
  decidedBy: "rule",
  metrics: [],
  ...more,
});

const at = (day: number) => new Date(Date.UTC(2024, 9, day)).toISOString();

const withVersions = (versions: string[], body: (store: ObjectStore) => Promise<void>) =>
  withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    for (const [i, version] of versions.entries()) {
      await saveModelVersion(store, {
        card: card(version, i + 1),
        files: { "trees.json": new Uint8Array([i]) },
      });
    }
    await body(store);
  });

Deno.test("promotions and refusals are kept, the latest first", () =>
  withVersions(["v1", "v2", "v3"], async (store) => {
    const first = decision("v1");
    const refused = decision("v2", { champion: "v1", outcome: "refused", reason: "worse", decidedAt: at(2) });
    const second = decision("v3", { champion: "v1", decidedAt: at(3) });
    await promoteVersion(store, "churn", "v1", { replaces: null, decision: first });
    await recordDecisions(store, "churn", [refused]);
    await promoteVersion(store, "churn", "v3", { replaces: "v1", decision: second });
    assert.deepEqual(await promotionDecisions(store, "churn"), [second, refused, first]);
    assert.equal(await championVersion(store, "churn"), "v3");
  }));

Deno.test("a promotion whose writer died after the pointer moved is in the history all the same", () =>
  withVersions(["v1", "v2", "v3"], async (store) => {
    await promoteVersion(store, "churn", "v1", { decision: decision("v1") });
    // What is left of a process that was killed between the pointer and the history.
    const lost = decision("v2", { champion: "v1", decidedAt: at(2) });
    await store.put("models/churn/champion.json", encodeJson({ version: "v2", decision: lost }));
    assert.deepEqual((await promotionDecisions(store, "churn")).map(({ version }) => version), ["v2", "v1"]);

    await promoteVersion(store, "churn", "v3", {
      decision: decision("v3", { champion: "v2", decidedAt: at(3) }),
    });
    const versions = (await promotionDecisions(store, "churn")).map(({ version }) => version);
    assert.deepEqual(versions, ["v3", "v2", "v1"], "and stays there when the pointer moves on");
  }));

Deno.test("two trainings that come to the same version and decision leave one of it", () =>
  withVersions(["v1"], async (store) => {
    const decisions = [decision("v1"), decision("v1", { decidedAt: at(2) })];
    await Promise.all(
      decisions.map((decision) => promoteVersion(store, "churn", "v1", { replaces: null, decision })),
    );
    assert.equal((await promotionDecisions(store, "churn")).length, 1);
    const refused = decision("v2", { champion: "v1", outcome: "refused", decidedAt: at(3) });
    await recordDecisions(store, "churn", [refused]);
    await recordDecisions(store, "churn", [{ ...refused, decidedAt: at(4) }]);
    assert.equal((await promotionDecisions(store, "churn")).length, 2);
  }));

Deno.test("decisions that are written down at the same moment are all kept", () =>
  withVersions([], async (store) => {
    const decisions = Array.from({ length: 8 }, (_, i) => decision(`v${i}`, { decidedAt: at(i + 1) }));
    await Promise.all(decisions.map((decision) => recordDecisions(store, "churn", [decision])));
    const kept = await promotionDecisions(store, "churn");
    assert.deepEqual(kept.toSorted((a, b) => a.decidedAt < b.decidedAt ? -1 : 1), decisions);
  }));

Deno.test("a decision by a clock that was ahead is not the latest for ever", () =>
  withVersions([], async (store) => {
    const ahead = decision("v1", { decidedAt: "2025-10-01T00:00:00.000Z" });
    const later = decision("v2", { champion: "v1", outcome: "refused", decidedAt: at(2) });
    for (const one of [ahead, later]) await recordDecisions(store, "churn", [one]);
    assert.deepEqual(await promotionDecisions(store, "churn"), [later, ahead]);
  }));

Deno.test("the history ends with the last hundred decisions", () =>
  withVersions([], async (store) => {
    const decisions = Array.from({ length: 130 }, (_, i) => decision(`v${i}`, { decidedAt: at(i + 1) }));
    await recordDecisions(store, "churn", decisions);
    assert.deepEqual(await promotionDecisions(store, "churn"), decisions.slice(30).toReversed());
  }));

Deno.test("a refused or held version is decided, even where the champion lost its files", () =>
  withVersions(["v1", "v2"], async (store) => {
    await promoteVersion(store, "churn", "v1", { decision: decision("v1") });
    assert.equal(await earlierDecision(store, "churn", "v2"), undefined, "never judged");
    const refused = decision("v2", { champion: "v1", outcome: "refused", decidedAt: at(2) });
    await recordDecisions(store, "churn", [refused]);
    assert.deepEqual(await earlierDecision(store, "churn", "v2"), refused);
    assert.equal(
      await earlierDecision(store, "churn", "v1"),
      undefined,
      "the champion is no refused version",
    );
    await store.delete("models/churn/v1/trees.json");
    assert.deepEqual(
      await earlierDecision(store, "churn", "v2"),
      refused,
      "it does not come to score by that",
    );
    const held = decision("v2", { champion: "v1", outcome: "held", decidedAt: at(3) });
    await recordDecisions(store, "churn", [held]);
    assert.deepEqual(await earlierDecision(store, "churn", "v2"), held);
    await store.delete("models/churn/champion.json");
    assert.equal(
      await earlierDecision(store, "churn", "v2"),
      undefined,
      "nothing is left that it was held for",
    );
  }));

Deno.test("where the only model was refused, scoring says so, and how to let it score", () =>
  withVersions(["v1"], async (store) => {
    const refused = decision("v1", { outcome: "refused", reason: "it is worse than its baseline" });
    await recordDecisions(store, "churn", [refused]);
    assert.deepEqual(await earlierDecision(store, "churn", "v1"), refused);
    await assert.rejects(loadChampion(store, "churn"), {
      name: "ModelError",
      message: /No churn model was good enough.*v1, refused: it is worse.*models promote churn v1 --reason/,
    });
  }));

Deno.test("where the champion's pointer was lost, a version that was promoted is wanted again", () =>
  withVersions(["v1"], async (store) => {
    await promoteVersion(store, "churn", "v1", { decision: decision("v1") });
    await store.delete("models/churn/champion.json");
    assert.equal(await earlierDecision(store, "churn", "v1"), undefined);
    await assert.rejects(loadChampion(store, "churn"), /no trained churn model.*pipeline run train/);
  }));

Deno.test("versions are listed with their status, and found by the beginning of their names", () =>
  withVersions(["a1", "a2", "b1"], async (store) => {
    await promoteVersion(store, "churn", "a1", { decision: decision("a1") });
    const refused = decision("a2", { champion: "a1", outcome: "refused", decidedAt: at(2) });
    await recordDecisions(store, "churn", [refused]);
    assert.deepEqual(
      (await listVersions(store)).map(({ card, isChampion, decision }) => [
        card.version,
        isChampion,
        decision?.outcome,
      ]),
      [["b1", false, undefined], ["a2", false, "refused"], ["a1", true, "promoted"]],
    );
    assert.equal((await findVersion(store, "churn", "b")).card.version, "b1");
    assert.equal((await findVersion(store, "churn")).card.version, "a1", "the champion by default");
    await assert.rejects(findVersion(store, "churn", "a"), /More than one version.*b1, a2, a1.*found "a"/);
    await assert.rejects(findVersion(store, "churn", "c"), /No version.*b1, a2, a1.*found "c"/);
    await assert.rejects(findVersion(store, "chrun"), /no model of that name: expected churn, found "chrun"/);
  }));
