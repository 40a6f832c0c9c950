import type { TableFile } from "shopflow/lake/mod.ts";
import { type Difference, differenceTable } from "../lake/difference_text.ts";
import { monthSpans } from "../month_spans.ts";
import type { Plan } from "./plan.ts";

/** A plan for a terminal. */
export function planText({ current, changedInputs, codeChanged, summary, tables }: Plan): string {
  const changed = tables.filter(({ change }) => change !== "same");
  if (changed.length === 0) {
    return `the next transform changes no table of snapshot ${current}\n(${summary})`;
  }
  const why = [
    ...(changedInputs.length > 0 ? [`raw ${changedInputs.join(", ")}`] : []),
    ...(codeChanged ? ["models or the code that runs them"] : []),
  ];
  return [
    current === undefined
      ? "the next transform publishes the first snapshot"
      : `the next transform replaces snapshot ${current}; changed since: ${why.join("; ")}`,
    "",
    differenceTable(changed),
    ...changed.flatMap(partitionsLine),
    "",
    `${tables.length - changed.length} of ${tables.length} tables stay as they are. Nothing was published.`,
  ].join("\n");
}

/** The partitions that a run would write anew, of a table that is kept in several. */
function partitionsLine({ table, filesAdded, filesRemoved }: Difference): string[] {
  const files: (TableFile & { partition?: string })[] = [...filesAdded, ...filesRemoved];
  const touched = [...new Set(files.flatMap(({ partition }) => partition ?? []))];
  return touched.length === 0 ? [] : [`${table}: partitions ${monthSpans(touched)}`];
}
