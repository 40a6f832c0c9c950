import { isBaseline, type ListedVersion } from "shopflow/registry/mod.ts";
import { formatTime, textTable } from "../text_table.ts";

/** The versions of models for a terminal. */
export function versionsText(versions: ListedVersion[]): string {
  if (versions.length === 0) return "No model is trained yet. Run `deno task pipeline run train`.";
  return textTable(
    [
      { title: " " },
      { title: "model" },
      { title: "version" },
      { title: "trained (UTC)" },
      { title: "data before" },
      { title: "snapshot" },
      { title: "figures" },
      { title: "" },
    ],
    versions.map((listed) => [
      listed.isChampion ? "*" : "",
      listed.card.name,
      listed.card.version,
      formatTime(listed.card.trainedAt),
      listed.card.asOf,
      listed.card.snapshot,
      leadingFigures(listed),
      stateOf(listed),
    ]),
  );
}

/** What a version is now, in a word or two. */
export function stateOf({ card, isChampion, decision }: ListedVersion): string {
  if (isChampion) return "champion";
  if (isBaseline(card)) return "baseline";
  if (decision === undefined) return "no decision";
  return { refused: "refused", held: "waits for a person", promoted: "former champion" }[decision.outcome];
}

/** The metric that each model is judged by first, beside its baseline. */
const LEADING = [["AUC", "auc", "baseline_auc"], ["NDCG@10", "ndcg_at_10", "popularity_ndcg_at_10"]] as const;

function leadingFigures({ card }: ListedVersion): string {
  const { metrics } = card;
  const texts = LEADING.flatMap(([name, own, baseline]) =>
    metrics[own] === undefined
      ? []
      : [`${name} ${metrics[own].toFixed(3)} (baseline ${metrics[baseline]?.toFixed(3) ?? "unknown"})`]
  );
  return texts.join(", ") || (isBaseline(card) ? "" : "not judged");
}
