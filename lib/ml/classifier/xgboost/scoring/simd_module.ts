import { GRID_CELLS } from "./bins.ts";
import {
  type Code,
  f32x4,
  f64x2,
  i16x8,
  i32,
  i32x4,
  i8x16,
  local,
  repeatWhile,
  v128,
  wasmModule,
} from "./wasm_code.ts";

/** Rows of a block. */
export const SIMD_ROWS = 256;

/** What a module is made for; nothing else of a model is in it. */
export interface SimdShape {
  /** Of all trees that it scores. */
  depth: number;
  /** Bytes of a bin. */
  width: 1 | 2;
  /**
   * How leaves are found: in byte planes, four vectors that hold the first to fourth bytes of up to 16 floats, or in a
   * list of doubles.
   */
  leaves: "planes" | "doubles";
}

/** Planes hold the leaves of so deep a tree. */
export const PLANES_DEPTH = 4;

/** Where the parts of a tree begin, in bytes from its own begin; see {@linkcode treeLayout}. */
export interface TreeLayout {
  /** For each node the address of its column, 4 bytes. */
  columns: number;
  /** For each node its bin, as signed numbers: less by half of their range. */
  bins: number;
  leaves: number;
  bytes: number;
}

export function treeLayout({ depth, width, leaves }: SimdShape): TreeLayout {
  const nodes = 2 ** depth - 1;
  const bins = 4 * nodes;
  const leavesAt = Math.ceil((bins + width * nodes) / 16) * 16;
  return {
    columns: 0,
    bins,
    leaves: leavesAt,
    bytes: leavesAt + (leaves === "planes" ? 4 * 16 : 8 * (nodes + 1)),
  };
}

/**
 * Scores blocks of rows with trees of one depth: `score(tree, end, sums)` adds the leaves of the trees between two addresses
 * to the doubles at `sums`. Every node is compared for every row, and each level's outcomes select those of the next:
 * sixteen rows at a time, in one vector of bytes or two of 16 bits.
 */
export function scoringModule(shape: SimdShape): Uint8Array<ArrayBuffer> {
  const { width } = shape;
  const layout = treeLayout(shape);
  const [tree, end, sums, row] = [0, 1, 2, 3];
  const vector = counter(4);
  const index = vector();
  const steps = width === 1
    ? leafIndexes(shape, 0, index, { tree, row, vector })
    : joinedIndexes(shape, index, { tree, row, vector });
  const add = (pair: number, value: Code): Code =>
    v128.store(local.get(sums), f64x2.add(v128.load(local.get(sums), 16 * pair), value), 16 * pair);
  steps.push(
    ...shape.leaves === "planes"
      ? addFromPlanes(layout, index, { tree, vector, add })
      : addDoubles(layout, index, { tree, add }),
  );
  // Columns begin at address 0, so a row's place in a column is its number times the width.
  const rows = repeatWhile(
    [
      ...steps,
      ...local.set(sums, i32.add(local.get(sums), i32.constant(16 * 8))),
      ...local.set(row, i32.add(local.get(row), i32.constant(16 * width))),
    ],
    i32.lessUnsigned(local.get(row), i32.constant(SIMD_ROWS * width)),
  );
  const body = repeatWhile(
    [
      ...local.set(row, i32.constant(0)),
      ...rows,
      ...local.set(sums, i32.add(local.get(sums), i32.constant(-SIMD_ROWS * 8))),
      ...local.set(tree, i32.add(local.get(tree), i32.constant(layout.bytes))),
    ],
    i32.lessUnsigned(local.get(tree), local.get(end)),
  );
  return wasmModule({ score: { parameters: 3, wholeLocals: 1, vectorLocals: vector() - 4, body } });
}

/** Numbers of locals, from the first on. */
function counter(first: number): () => number {
  let next = first;
  return () => next++;
}

/** Locals that the parts of a function share. */
interface ScoringLocals {
  tree: number;
  row: number;
  /** A new local for a vector. */
  vector: () => number;
}

/** Sets `index` to the leaf, counted from the left, of each row of the vectors `offset` bytes after `row`. */
function leafIndexes(
  shape: SimdShape,
  offset: number,
  index: number,
  { tree, row, vector }: ScoringLocals,
): Code {
  const { depth, width } = shape;
  const { columns, bins } = treeLayout(shape);
  const lanes = width === 1 ? i8x16 : i16x8;
  const splat = width === 1 ? v128.load8Splat : v128.load16Splat;
  // Ones where the row goes right at its node of the level.
  const outcomes: number[] = [];
  const compared = (node: number): Code =>
    lanes.greaterSigned(
      v128.load(i32.add(local.get(row), i32.load(local.get(tree), columns + 4 * node)), offset),
      splat(local.get(tree), bins + width * node),
    );
  const selected = (level: number, node: number, above: number): Code =>
    above === level ? compared(node) : v128.bitSelect(
      selected(level, 2 * node + 2, above + 1),
      selected(level, 2 * node + 1, above + 1),
      local.get(outcomes[above]!),
    );
  const code: Code = [];
  for (let level = 0; level < depth; level++) {
    const outcome = vector();
    code.push(...local.set(outcome, selected(level, 0, 0)));
    outcomes.push(outcome);
  }
  // Ones are -1: doubling and adding them from level to level gives the index, negated.
  const negated = outcomes.map(local.get).reduce((sum, bit) => [
    ...local.set(index, sum),
    ...lanes.add(lanes.add(local.get(index), local.get(index)), bit),
  ]);
  return [...code, ...local.set(index, lanes.negate(negated))];
}

/** As {@linkcode leafIndexes}, with bins of 16 bits: two vectors of eight rows make one of sixteen. */
function joinedIndexes(shape: SimdShape, index: number, locals: ScoringLocals): Code {
  const [first, second] = [locals.vector(), locals.vector()];
  return [
    ...leafIndexes(shape, 0, first, locals),
    ...leafIndexes(shape, 16, second, locals),
    ...local.set(index, i8x16.narrowUnsigned(local.get(first), local.get(second))),
  ];
}

/** Adds leaves that are floats: their bytes are looked up plane by plane, and put together. */
function addFromPlanes(
  { leaves }: TreeLayout,
  index: number,
  { tree, vector, add }: { tree: number; vector: () => number; add(pair: number, value: Code): Code },
): Code {
  const code: Code = [];
  const kept = (value: Code): number => {
    const to = vector();
    code.push(...local.set(to, value));
    return to;
  };
  const plane = (number: number) =>
    kept(i8x16.swizzle(v128.load(local.get(tree), leaves + 16 * number), local.get(index)));
  const [a, b, c, d] = [plane(0), plane(1), plane(2), plane(3)];
  for (let half = 0; half < 2; half++) {
    const low = kept(interleaved(a, b, { unit: 1, half }));
    const high = kept(interleaved(c, d, { unit: 1, half }));
    for (let quarter = 0; quarter < 2; quarter++) {
      const floats = kept(interleaved(low, high, { unit: 2, half: quarter }));
      const pair = 4 * half + 2 * quarter;
      code.push(...add(pair, f64x2.promoteLow(local.get(floats))));
      code.push(...add(pair + 1, f64x2.promoteLow(upperHalf(floats))));
    }
  }
  return code;
}

/** Units of bytes of a half of two vectors, in turns. */
function interleaved(a: number, b: number, { unit, half }: { unit: number; half: number }): Code {
  const bytes = Array.from({ length: 16 }, (_, i) => {
    const isB = i % (2 * unit) >= unit;
    return (isB ? 16 : 0) + 8 * half + Math.floor(i / (2 * unit)) * unit + i % unit;
  });
  return i8x16.shuffle(local.get(a), local.get(b), bytes);
}

function upperHalf(of: number): Code {
  const bytes = [8, 9, 10, 11, 12, 13, 14, 15];
  return i8x16.shuffle(local.get(of), local.get(of), [...bytes, ...bytes]);
}

/** Adds leaves from a list of doubles, row by row. */
function addDoubles(
  { leaves }: TreeLayout,
  index: number,
  { tree, add }: { tree: number; add(pair: number, value: Code): Code },
): Code {
  const address = (row: number): Code =>
    i32.add(
      local.get(tree),
      i32.shiftLeft(i8x16.extractUnsigned(local.get(index), row), i32.constant(3)),
    );
  const code: Code = [];
  for (let pair = 0; pair < 8; pair++) {
    const first = v128.load64Zero(address(2 * pair), leaves);
    code.push(...add(pair, v128.load64Lane(address(2 * pair + 1), first, 1, leaves)));
  }
  return code;
}

/** Where the parts of a feature begin, in bytes from its own begin. */
export const FEATURE_LAYOUT = {
  origin: 0,
  scale: 4,
  /** The first step of the search, in bytes of the list of thresholds. */
  firstStep: 8,
  /** Address of the list of thresholds, less the 4 bytes of one. */
  thresholds: 12,
  /** The least bin of each cell, in bytes of the list of thresholds. */
  firstBin: 16,
  bytes: 16 + 4 * GRID_CELLS,
};

/** Adding it to a smaller float that is not negative leaves the float's nearest whole number in the low 23 bits. */
const ROUNDING = 2 ** 23;

/** The cell of a value in a grid, as {@linkcode binningModule} computes it: in single precision, rounded. */
export function singlePrecisionCell(origin: number, scale: number, value: number): number {
  const place = Math.fround(Math.fround(value - origin) * Math.fround(scale));
  const inside = place > 0 ? Math.min(place, GRID_CELLS - 1) : 0;
  return Math.fround(inside + ROUNDING) - ROUNDING;
}

/**
 * Fills a feature's two columns: `bin(feature, values, stride, column)` for the addresses of the feature and of the block's
 * first value, the bytes from row to row, and the first column's address. It computes as `fillBins` does, four rows in a
 * vector, with a grid of {@linkcode singlePrecisionCell}.
 */
export function binningModule(width: 1 | 2): Uint8Array<ArrayBuffer> {
  const [feature, values, stride, column, row, step, firstStep, thresholds] = [0, 1, 2, 3, 4, 5, 6, 7];
  const vector = counter(8);
  const [origin, scale, most, rounding, fraction] = [vector(), vector(), vector(), vector(), vector()];
  const steps: Code = [];
  const kept = (value: Code): number => {
    const to = vector();
    steps.push(...local.set(to, value));
    return to;
  };
  const plus = (base: number, offsets: number) => (lane: number): Code =>
    i32.add(local.get(base), i32x4.extract(local.get(offsets), lane));
  const nextRow = local.set(values, i32.add(local.get(values), local.get(stride)));
  const bins: number[] = [], unknowns: number[] = [];
  for (let four = 0; four < 4; four++) {
    const value = kept(v128.load32Zero(local.get(values)));
    for (let lane = 1; lane < 4; lane++) {
      steps.push(...nextRow);
      steps.push(...local.set(value, v128.load32Lane(local.get(values), local.get(value), lane)));
    }
    steps.push(...nextRow);
    const place = f32x4.multiply(f32x4.subtract(local.get(value), local.get(origin)), local.get(scale));
    const inside = f32x4.pseudoMinimum(
      local.get(most),
      f32x4.pseudoMaximum(i32x4.splat(i32.constant(0)), place),
    );
    const rounded = v128.and(f32x4.add(inside, local.get(rounding)), local.get(fraction));
    const cell = kept(i32x4.shiftLeft(rounded, i32.constant(2)));
    // Counted in bytes of the list of thresholds until it is found.
    const bin = kept(gathered(plus(feature, cell), FEATURE_LAYOUT.firstBin));
    const threshold = gathered((lane) => i32.add(local.get(step), plus(thresholds, bin)(lane)));
    const isReached = f32x4.lessOrEqual(threshold, local.get(value));
    const move = v128.and(isReached, i32x4.splat(local.get(step)));
    steps.push(...local.set(step, local.get(firstStep)));
    steps.push(...repeatWhile(
      [
        ...local.set(bin, i32x4.add(local.get(bin), move)),
        ...local.set(step, i32.shiftRightUnsigned(local.get(step), i32.constant(1))),
      ],
      i32.lessUnsigned(i32.constant(3), local.get(step)),
    ));
    bins.push(kept(i32x4.shiftRightUnsigned(local.get(bin), i32.constant(2))));
    unknowns.push(kept(f32x4.notEqual(local.get(value), local.get(value))));
  }
  const halves = [0, 2].map((first) => ({
    bin: kept(i16x8.narrowUnsigned(local.get(bins[first]!), local.get(bins[first + 1]!))),
    unknown: kept(i16x8.narrowSigned(local.get(unknowns[first]!), local.get(unknowns[first + 1]!))),
  })) as [Half, Half];
  const [low, high] = halves;
  const whole: Half[] = width === 2 ? halves : [{
    bin: kept(i8x16.narrowUnsigned(local.get(low.bin), local.get(high.bin))),
    unknown: kept(i8x16.narrowSigned(local.get(low.unknown), local.get(high.unknown))),
  }];
  const middle = width === 1 ? i8x16.splat(i32.constant(0x80)) : i16x8.splat(i32.constant(0x8000));
  for (const [i, { bin, unknown }] of whole.entries()) {
    const below = v128.andNot(local.get(bin), local.get(unknown));
    const above = v128.or(local.get(bin), local.get(unknown));
    steps.push(...v128.store(local.get(column), v128.xor(below, middle), 16 * i));
    steps.push(...v128.store(local.get(column), v128.xor(above, middle), SIMD_ROWS * width + 16 * i));
  }
  const body: Code = [
    ...local.set(origin, v128.load32Splat(local.get(feature), FEATURE_LAYOUT.origin)),
    ...local.set(scale, v128.load32Splat(local.get(feature), FEATURE_LAYOUT.scale)),
    ...local.set(most, i32x4.splat(i32.constant(floatBits(GRID_CELLS - 1)))),
    ...local.set(rounding, i32x4.splat(i32.constant(floatBits(ROUNDING)))),
    ...local.set(fraction, i32x4.splat(i32.constant(ROUNDING - 1))),
    ...local.set(firstStep, i32.load(local.get(feature), FEATURE_LAYOUT.firstStep)),
    ...local.set(thresholds, i32.load(local.get(feature), FEATURE_LAYOUT.thresholds)),
    ...repeatWhile(
      [
        ...steps,
        ...local.set(column, i32.add(local.get(column), i32.constant(16 * width))),
        ...local.set(row, i32.add(local.get(row), i32.constant(16))),
      ],
      i32.lessUnsigned(local.get(row), i32.constant(SIMD_ROWS)),
    ),
  ];
  return wasmModule({ bin: { parameters: 4, wholeLocals: 4, vectorLocals: vector() - 8, body } });
}

/** Locals of bins, and of ones where a value is unknown. */
interface Half {
  bin: number;
  unknown: number;
}

/** Four numbers of memory, each at an address of its own. */
function gathered(address: (lane: number) => Code, offset = 0): Code {
  return [1, 2, 3].reduce(
    (vector, lane) => v128.load32Lane(address(lane), vector, lane, offset),
    v128.load32Zero(address(0), offset),
  );
}

/** A float as the whole number of the same bits. */
function floatBits(value: number): number {
  return new DataView(Float32Array.of(value).buffer).getInt32(0, true);
}
