import { InputError } from "shopflow/errors/mod.ts";
import {
  championVersion,
  findVersion,
  loadModelVersion,
  makeChampion,
  type PromotionDecision,
} from "shopflow/registry/mod.ts";
import type { PipelineContext } from "../context.ts";
import { checkScorable } from "./check_scorable.ts";

/**
 * Makes a version champion because a person says so, and keeps the reason.
 *
 * @throws {InputError} when there is no such version, it is the champion already, or no reason is given.
 * @throws {ModelError} when the version could not score, or another one became champion meanwhile.
 */
export async function promoteByPerson(
  { store, runtime, config }: Pick<PipelineContext, "store" | "runtime" | "config">,
  { model, version, reason }: { model: string; version: string; reason: string },
): Promise<PromotionDecision> {
  if (reason.trim() === "") {
    throw new InputError("A promotion needs a reason", {
      expected: "words that tell others why, e.g. --reason 'the challenger was trained on a broken extract'",
      found: JSON.stringify(reason),
    });
  }
  const champion = await championVersion(store, model);
  // A champion that was damaged must not stand in the way of another.
  const onDamaged = ({ message }: Error) => runtime.log.warn(message);
  const { card } = await findVersion(store, model, version, { onDamaged });
  if (card.version === champion) {
    throw new InputError(`${model} ${card.version} is the champion already`, {
      expected: "another version; `deno task models list` has them",
      found: version,
    });
  }
  checkScorable(await loadModelVersion(store, model, card.version));
  const decision: PromotionDecision = {
    version: card.version,
    champion,
    outcome: "promoted",
    reason: reason.trim(),
    decidedAt: runtime.now().toISOString(),
    decidedBy: "person",
    figures: [],
    ...(config.run && { run: config.run.name }),
  };
  await makeChampion(store, model, card.version, { replaces: champion, decision });
  return decision;
}
