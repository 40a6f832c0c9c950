import type { SqlProject } from "shopflow/warehouse/mod.ts";

/** A source table or model as the graph knows it. */
export interface LineageNode {
  name: string;
  /** `source`, or the model's folder. */
  layer: string;
  /** Names of the nodes it reads. */
  reads: string[];
  /** Names of the nodes that read it. */
  readBy: string[];
}

/** Every source table and model with what it reads and what reads it. */
export function lineageOf({ sources, models }: SqlProject): Map<string, LineageNode> {
  const nodes = new Map<string, LineageNode>();
  for (const { source, table } of sources) {
    nodes.set(`${source}.${table}`, { name: `${source}.${table}`, layer: "source", reads: [], readBy: [] });
  }
  for (const { name, layer, refs, sources } of models) {
    nodes.set(name, { name, layer, reads: [...sources, ...refs].sort(), readBy: [] });
  }
  for (const { name, reads } of nodes.values()) {
    for (const read of reads) nodes.get(read)?.readBy.push(name);
  }
  return nodes;
}

/** The fragment of the page that is about a node. */
export const anchorOf = (name: string) => name.replace(".", "-");
