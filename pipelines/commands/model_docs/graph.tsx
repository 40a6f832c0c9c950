import type { SqlProject } from "shopflow/warehouse/mod.ts";
import { Graph, layout } from "@dagrejs/dagre";

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

/** Pixels. */
const HEIGHT = 30;
const CHARACTER = 7.1;
const MARGIN = 12;

interface Placed {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The graph of sources and models as SVG, read from left to right; every box leads to its section. */
export function ModelGraph({ nodes }: { nodes: LineageNode[] }) {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 10, ranksep: 44, marginx: MARGIN, marginy: MARGIN });
  for (const { name } of nodes) {
    graph.setNode(name, { width: Math.ceil(name.length * CHARACTER) + 24, height: HEIGHT });
  }
  for (const { name, reads } of nodes) for (const read of reads) graph.setEdge(read, name, {});
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return (
    <svg
      class="graph"
      role="img"
      aria-label="Graph of source tables and models"
      width={Math.ceil(width)}
      height={Math.ceil(height)}
      viewBox={`0 0 ${Math.ceil(width)} ${Math.ceil(height)}`}
    >
      {graph.edges().map((edge) => (
        <path class="edge" d={curve((graph.edge(edge) as { points: Point[] }).points)} />
      ))}
      {nodes.map((node) => <Box key={node.name} node={node} at={graph.node(node.name) as Placed} />)}
    </svg>
  );
}

function Box(
  { node: { name, layer, reads, readBy }, at: { x, y, width, height } }: { node: LineageNode; at: Placed },
) {
  return (
    <a href={`#${anchorOf(name)}`} class={`node ${layer}`}>
      <title>{`${name}: reads ${reads.length}, read by ${readBy.length}`}</title>
      <rect x={x - width / 2} y={y - height / 2} width={width} height={height} rx="7" />
      <text x={x} y={y} text-anchor="middle" dominant-baseline="central">{name}</text>
    </a>
  );
}

interface Point {
  x: number;
  y: number;
}

/** A smooth line through points: straight to the middle of each pair, bent at the points themselves. */
function curve(points: Point[]): string {
  const at = ({ x, y }: Point) => `${x.toFixed(1)},${y.toFixed(1)}`;
  const middle = (a: Point, b: Point) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  const [first, ...rest] = points;
  if (first === undefined || rest.length === 0) return "";
  const bends = rest.slice(0, -1).map((point, i) => `Q${at(point)} ${at(middle(point, rest[i + 1]!))}`);
  return `M${at(first)} ${bends.join(" ")} L${at(rest.at(-1)!)}`;
}
