import type { ListedVersion } from "shopflow/registry/mod.ts";
import { formatTime, textTable } from "../text_table.ts";
import { decisionText } from "./history_text.ts";
import { stateOf } from "./versions_text.ts";

/** A version for a terminal. */
export function versionText(listed: ListedVersion): string {
  const { card, decision } = listed;
  return [
    `${card.name} ${card.version}: ${stateOf(listed)}`,
    `trained ${formatTime(card.trainedAt)} UTC on snapshot ${card.snapshot}, data before ${card.asOf}`,
    `files: ${card.files.join(", ")}`,
    "",
    decision === undefined ? "No decision about it is kept." : decisionText(decision),
    "",
    textTable(
      [{ title: "metric" }, { title: "value", align: "right" }],
      Object.entries(card.metrics).map(([name, value]) => [
        name,
        Number.isInteger(value) ? String(value) : value.toFixed(4),
      ]),
    ),
  ].join("\n");
}
