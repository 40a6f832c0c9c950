import { ModelError } from "shopflow/errors/mod.ts";

/** What a training needs; sent to the Worker as it is. */
export interface XgboostTask {
  rows: number;
  columns: number;
  /** rows × columns, row by row; NaN = not known. */
  values: Float32Array;
  /** 0 or 1 a row; any number with a regression's objective. */
  labels: Uint8Array | Float32Array;
  rounds: number;
  /** XGBoost's own parameters, e.g. `max_depth`. */
  parameters: Record<string, string>;
}

/** The part we use of the Emscripten module in npm's ml-xgboost (XGBoost 0.7). */
interface XgboostModule {
  HEAPU8: Uint8Array;
  HEAPF32: Float32Array;
  calledRun?: boolean;
  onRuntimeInitialized?: () => void;
  print: (line: string) => void;
  printErr: (line: string) => void;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _create_model(values: number, labels: number, rows: number, columns: number): number;
  _train_full_model(model: number, rounds: number): void;
  _save_model(model: number): number;
  _get_file_content(target: number, size: number): void;
  _predict_one(model: number, row: number, columns: number, target: number): number;
  _free_memory_model(model: number): void;
  cwrap(name: "set_param", result: null, types: ["number", "string", "string"]): SetParameter;
}
type SetParameter = (model: number, name: string, value: string) => void;

/** The module in a holder, because it has a `then` of its own: a promise of it would never resolve. */
interface Holder {
  xgboost: XgboostModule;
}

/** ml-xgboost takes this value for "not known", whatever one sets. */
const UNKNOWN = -1;
/** The float next to -1, which stands for a real -1. */
const REAL_MINUS_ONE = -1 - 2 ** -23;

let loading: Promise<Holder> | undefined;

/**
 * Trains in this thread, which it blocks, and returns the model in XGBoost's binary format together with
 * XGBoost's own predictions for the first `predictRows` rows.
 */
export async function runXgboost(
  task: XgboostTask,
  predictRows = 0,
): Promise<{ model: Uint8Array<ArrayBuffer>; predictions: Float32Array<ArrayBuffer> }> {
  const { xgboost } = await (loading ??= load());
  const values = encodeUnknown(task.values);
  const booster = withFloats(xgboost, values, (valuesPointer) =>
    // The package's own `train` copies the matrix to a 5 MB stack, which larger ones overflow.
    withFloats(xgboost, Float32Array.from(task.labels), (labelsPointer) =>
      xgboost._create_model(valuesPointer, labelsPointer, task.rows, task.columns)));
  // WebAssembly memory is not collected: the booster is freed whatever happens.
  try {
    const setParameter = xgboost.cwrap("set_param", null, ["number", "string", "string"]);
    for (const [name, value] of Object.entries(task.parameters)) setParameter(booster, name, value);
    xgboost._train_full_model(booster, task.rounds);
    const predictions = Float32Array.from(
      { length: predictRows },
      (_, row) => predictOne(xgboost, booster, values.subarray(row * task.columns, (row + 1) * task.columns)),
    );
    return { model: saved(xgboost, booster), predictions };
  } finally {
    xgboost._free_memory_model(booster);
  }
}

async function load(): Promise<Holder> {
  // The package takes `self` for the sign of a browser and would look for its WebAssembly file in the
  // working directory.
  const self = Object.getOwnPropertyDescriptor(globalThis, "self");
  Reflect.deleteProperty(globalThis, "self");
  try {
    const { default: xgboost } = await import("ml-xgboost/dist/wasm/xgboost.js") as unknown as {
      default: XgboostModule;
    };
    // It reports how it loads, and its choice of tree method on every training.
    xgboost.print = xgboost.printErr = () => {};
    if (!xgboost.calledRun) await new Promise<void>((ready) => xgboost.onRuntimeInitialized = ready);
    return { xgboost };
  } finally {
    if (self !== undefined) Object.defineProperty(globalThis, "self", self);
  }
}

function encodeUnknown(values: Float32Array): Float32Array {
  return values.map((value) => Number.isNaN(value) ? UNKNOWN : value === UNKNOWN ? REAL_MINUS_ONE : value);
}

/** Gives `use` a pointer to a copy of the values; the copy is freed afterwards. */
function withFloats<T>(xgboost: XgboostModule, values: Float32Array, use: (pointer: number) => T): T {
  const pointer = xgboost._malloc(values.byteLength);
  if (pointer === 0) {
    throw new ModelError("XGBoost has no memory left", {
      found: `a table of ${values.length} numbers`,
      remedy: "Train on fewer rows.",
    });
  }
  try {
    // Read HEAPF32 after the allocation: growing memory replaces it.
    xgboost.HEAPF32.set(values, pointer / 4);
    return use(pointer);
  } finally {
    xgboost._free(pointer);
  }
}

function predictOne(xgboost: XgboostModule, booster: number, row: Float32Array): number {
  return withFloats(xgboost, row, (rowPointer) => {
    const target = xgboost._malloc(4);
    xgboost._predict_one(booster, rowPointer, row.length, target);
    const probability = xgboost.HEAPF32[target / 4]!;
    xgboost._free(target);
    return probability;
  });
}

function saved(xgboost: XgboostModule, booster: number): Uint8Array<ArrayBuffer> {
  const size = xgboost._save_model(booster);
  if (size <= 0) throw new ModelError("XGBoost could not save its model", { found: `size ${size}` });
  const pointer = xgboost._malloc(size);
  xgboost._get_file_content(pointer, size);
  const bytes = xgboost.HEAPU8.slice(pointer, pointer + size);
  xgboost._free(pointer);
  return bytes;
}
