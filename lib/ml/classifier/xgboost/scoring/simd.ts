import type { FeatureMatrix } from "../../matrix.ts";
import { createGrid, fitsBytes, type Grid } from "./bins.ts";
import type { CompleteTree, CompleteTrees } from "./complete_trees.ts";
import {
  binningModule,
  FEATURE_LAYOUT,
  PLANES_DEPTH,
  scoringModule,
  SIMD_ROWS,
  type SimdShape,
  singlePrecisionCell,
  treeLayout,
} from "./simd_module.ts";

/** Consecutive trees of one depth. */
interface Run {
  trees: CompleteTree[];
  shape: SimdShape;
  /** Address of the first. */
  begin: number;
  end: number;
}

/** Where everything is in a model's memory, in bytes. Columns begin at 0. */
interface Places {
  sums: number;
  values: number;
  features: number;
  grids: Grid[];
  /** Of each grid its list of thresholds. */
  thresholds: number[];
  runs: Run[];
  bytes: number;
}

const PAGE_BYTES = 65_536;

/** Whether this machine has what the modules need. */
export function hasSimd(): boolean {
  return WebAssembly.validate(binningModule(1));
}

/**
 * Margins of all rows by WebAssembly's vectors of 128 bits. Undefined where there are none; `WebAssembly.Memory` throws a
 * RangeError of its own where a model does not fit.
 *
 * @param width How many features a row has.
 */
export function createSimdMargins(
  trees: CompleteTrees,
  width: number,
): ((matrix: FeatureMatrix) => Float64Array) | undefined {
  if (!hasSimd()) return undefined;
  const places = planMemory(trees, width);
  const memory = new WebAssembly.Memory({ initial: Math.ceil(places.bytes / PAGE_BYTES) });
  const binBytes = fitsBytes(trees.bins) ? 1 : 2;
  const bin = instantiate(`bin ${binBytes}`, () => binningModule(binBytes), memory).bin as Bin;
  const runs = places.runs.map(({ shape, begin, end }) => {
    const name = `score ${shape.depth} ${shape.width} ${shape.leaves}`;
    const score = instantiate(name, () => scoringModule(shape), memory).score as Score;
    return () => score(begin, end, places.sums);
  });
  writeModel(new DataView(memory.buffer), places);
  const values = new Float32Array(memory.buffer, places.values, SIMD_ROWS * width);
  const sums = new Float64Array(memory.buffer, places.sums, SIMD_ROWS);
  return (matrix) => {
    const margins = new Float64Array(matrix.rows);
    for (let first = 0; first < matrix.rows; first += SIMD_ROWS) {
      const count = Math.min(SIMD_ROWS, matrix.rows - first);
      values.set(matrix.values.subarray(first * width, (first + count) * width));
      for (const [i, { feature }] of trees.bins.entries()) {
        const description = places.features + i * FEATURE_LAYOUT.bytes;
        bin(description, places.values + 4 * feature, 4 * width, i * 2 * SIMD_ROWS * binBytes);
      }
      sums.fill(trees.bias);
      for (const run of runs) run();
      // Rows beyond the count hold values of an earlier block; nobody reads their sums.
      margins.set(count === SIMD_ROWS ? sums : sums.subarray(0, count), first);
    }
    return margins;
  };
}

type Bin = (feature: number, values: number, stride: number, column: number) => void;
type Score = (tree: number, end: number, sums: number) => void;

/** Compiled modules: they are the same for all models of a shape. */
const modules = new Map<string, WebAssembly.Module>();

function instantiate(name: string, bytes: () => Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory) {
  const module = modules.get(name) ?? new WebAssembly.Module(bytes());
  modules.set(name, module);
  return new WebAssembly.Instance(module, { env: { memory } }).exports;
}

function planMemory({ bins, trees }: CompleteTrees, width: number): Places {
  let at = 0;
  const take = (bytes: number): number => {
    const begin = at;
    at += Math.ceil(bytes / 16) * 16;
    return begin;
  };
  const binBytes = fitsBytes(bins) ? 1 : 2;
  take(2 * bins.length * SIMD_ROWS * binBytes);
  const sums = take(8 * SIMD_ROWS);
  const values = take(4 * SIMD_ROWS * width);
  const features = take(FEATURE_LAYOUT.bytes * bins.length);
  const grids = bins.map(({ thresholds }) => createGrid(thresholds, singlePrecisionCell));
  const thresholds = grids.map((grid) => take(grid.thresholds.byteLength));
  const runs: Run[] = [];
  for (const tree of trees) {
    const { depth } = tree;
    const shape: SimdShape = { depth, width: binBytes, leaves: hasPlanes(tree) ? "planes" : "doubles" };
    const { bytes } = treeLayout(shape);
    const begin = take(bytes);
    const last = runs.at(-1);
    if (last?.shape.depth === depth && last.shape.leaves === shape.leaves) {
      last.trees.push(tree);
      last.end = begin + bytes;
    } else runs.push({ trees: [tree], shape, begin, end: begin + bytes });
  }
  return { sums, values, features, grids, thresholds, runs, bytes: at };
}

const hasPlanes = ({ depth, leaves }: CompleteTree): boolean =>
  depth <= PLANES_DEPTH && leaves.every((leaf) => Object.is(Math.fround(leaf), leaf));

function writeModel(view: DataView, places: Places): void {
  for (const [i, grid] of places.grids.entries()) {
    writeGrid(view, places.features + i * FEATURE_LAYOUT.bytes, grid, places.thresholds[i]!);
  }
  for (const { trees, shape, begin } of places.runs) {
    const { bytes } = treeLayout(shape);
    for (const [i, tree] of trees.entries()) writeTree(view, begin + i * bytes, tree, shape);
  }
}

function writeGrid({ buffer }: DataView, at: number, grid: Grid, thresholds: number): void {
  const floats = new Float32Array(buffer, at), integers = new Int32Array(buffer, at);
  floats[FEATURE_LAYOUT.origin / 4] = grid.origin;
  floats[FEATURE_LAYOUT.scale / 4] = grid.scale;
  integers[FEATURE_LAYOUT.firstStep / 4] = 4 * 2 ** (grid.steps - 1);
  integers[FEATURE_LAYOUT.thresholds / 4] = thresholds - 4;
  for (let cell = 0; cell < grid.firstBin.length; cell++) {
    integers[FEATURE_LAYOUT.firstBin / 4 + cell] = 4 * grid.firstBin[cell]!;
  }
  new Float32Array(buffer, thresholds).set(grid.thresholds);
}

function writeTree(view: DataView, at: number, tree: CompleteTree, shape: SimdShape): void {
  const layout = treeLayout(shape);
  for (const [node, column] of tree.column.entries()) {
    view.setInt32(at + layout.columns + 4 * node, column * SIMD_ROWS * shape.width, true);
    const bin = at + layout.bins + shape.width * node;
    if (shape.width === 1) view.setInt8(bin, tree.bin[node]! - 0x80);
    else view.setInt16(bin, tree.bin[node]! - 0x8000, true);
  }
  for (const [i, leaf] of tree.leaves.entries()) {
    if (shape.leaves === "doubles") {
      view.setFloat64(at + layout.leaves + 8 * i, leaf, true);
      continue;
    }
    const bytes = new Uint8Array(Float32Array.of(leaf).buffer);
    for (const [plane, byte] of bytes.entries()) view.setUint8(at + layout.leaves + 16 * plane + i, byte);
  }
}
