/**
 * Writes WebAssembly: instructions as functions of the code of their operands, and the module around them. Only what
 * scoring needs. Numbers are those of the specification, https://webassembly.github.io/spec/core/binary/.
 */

/** Instructions, encoded. */
export type Code = number[];

function unsigned(value: number): Code {
  const bytes: Code = [];
  for (let rest = value >>> 0;; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push(rest & 0x7f | 0x80);
  }
}

function signed(value: number): Code {
  const bytes: Code = [];
  for (let rest = value | 0;; rest >>= 7) {
    if (rest >= -0x40 && rest < 0x40) return [...bytes, rest & 0x7f];
    bytes.push(rest & 0x7f | 0x80);
  }
}

/** An instruction of one byte after its operands. */
const plain = (opcode: number) => (...operands: Code[]): Code => [...operands.flat(), opcode];
/** An instruction on vectors of 128 bits. */
const vector = (opcode: number) => (...operands: Code[]): Code => [
  ...operands.flat(),
  0xfd,
  ...unsigned(opcode),
];
/** Reads memory at an address and a constant offset; alignment is only a hint and left at none. */
const load = (opcode: number) => (address: Code, offset = 0): Code => [
  ...address,
  opcode,
  0,
  ...unsigned(offset),
];
const vectorLoad = (opcode: number) => (address: Code, offset = 0): Code => [
  ...vector(opcode)(address),
  0,
  ...unsigned(offset),
];
/** Reads memory into one lane of a vector. */
const laneLoad = (opcode: number) => (address: Code, into: Code, lane: number, offset = 0): Code => [
  ...vector(opcode)(address, into),
  0,
  ...unsigned(offset),
  lane,
];
const lane = (opcode: number) => (of: Code, number: number): Code => [...vector(opcode)(of), number];

export const local = {
  get: (index: number): Code => [0x20, ...unsigned(index)],
  set: (index: number, value: Code): Code => [...value, 0x21, ...unsigned(index)],
  tee: (index: number, value: Code): Code => [...value, 0x22, ...unsigned(index)],
};

export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  load: load(0x28),
  lessUnsigned: plain(0x49),
  add: plain(0x6a),
  shiftLeft: plain(0x74),
  shiftRightUnsigned: plain(0x76),
};

export const v128 = {
  load: vectorLoad(0x00),
  load8Splat: vectorLoad(0x07),
  load16Splat: vectorLoad(0x08),
  load32Splat: vectorLoad(0x09),
  load32Zero: vectorLoad(0x5c),
  load64Zero: vectorLoad(0x5d),
  load32Lane: laneLoad(0x56),
  load64Lane: laneLoad(0x57),
  store: (address: Code, value: Code, offset = 0): Code => [
    ...vector(0x0b)(address, value),
    0,
    ...unsigned(offset),
  ],
  and: vector(0x4e),
  andNot: vector(0x4f),
  or: vector(0x50),
  xor: vector(0x51),
  /** Bits of the first where the third has ones, of the second elsewhere. */
  bitSelect: vector(0x52),
};

export const i8x16 = {
  /** Sixteen bytes of two vectors, by their numbers from 0 to 31. */
  shuffle: (a: Code, b: Code, bytes: number[]): Code => [...vector(0x0d)(a, b), ...bytes],
  /** Bytes of the first by the numbers in the second; 0 where one is above 15. */
  swizzle: vector(0x0e),
  splat: vector(0x0f),
  extractUnsigned: lane(0x16),
  greaterSigned: vector(0x27),
  negate: vector(0x61),
  add: vector(0x6e),
  narrowSigned: vector(0x65),
  narrowUnsigned: vector(0x66),
};

export const i16x8 = {
  splat: vector(0x10),
  greaterSigned: vector(0x31),
  negate: vector(0x81),
  add: vector(0x8e),
  narrowSigned: vector(0x85),
  narrowUnsigned: vector(0x86),
};

export const i32x4 = {
  splat: vector(0x11),
  extract: lane(0x1b),
  add: vector(0xae),
  shiftLeft: vector(0xab),
  shiftRightUnsigned: vector(0xad),
};

export const f32x4 = {
  notEqual: vector(0x42),
  lessOrEqual: vector(0x45),
  add: vector(0xe4),
  subtract: vector(0xe5),
  multiply: vector(0xe6),
  /** The second where it is less than the first, the first elsewhere. */
  pseudoMinimum: vector(0xea),
  /** The second where it is greater than the first, the first elsewhere. */
  pseudoMaximum: vector(0xeb),
};

export const f64x2 = {
  add: vector(0xf0),
  promoteLow: vector(0x5f),
};

/** Repeats the body while the condition, which follows it, holds. */
export const repeatWhile = (body: Code, condition: Code): Code => [
  0x03,
  0x40,
  ...body,
  ...condition,
  0x0d,
  0x00,
  0x0b,
];

/** A function of whole numbers without a result. Its locals follow its parameters: whole numbers, then vectors. */
export interface WasmFunction {
  parameters: number;
  wholeLocals: number;
  vectorLocals: number;
  body: Code;
}

const I32 = 0x7f, V128 = 0x7b;

/** A module of exported functions that works on a memory it imports as `env.memory`. */
export function wasmModule(functions: Record<string, WasmFunction>): Uint8Array<ArrayBuffer> {
  const list = Object.entries(functions);
  const counted = (items: Code[]): Code => [...unsigned(items.length), ...items.flat()];
  const sized = (code: Code): Code => [...unsigned(code.length), ...code];
  const name = (text: string): Code => sized([...new TextEncoder().encode(text)]);
  const section = (id: number, items: Code[]): Code => [id, ...sized(counted(items))];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, list.map(([, { parameters }]) => [0x60, ...counted(Array(parameters).fill([I32])), 0])),
    ...section(2, [[...name("env"), ...name("memory"), 0x02, 0x00, 0x01]]),
    ...section(3, list.map((_, i) => unsigned(i))),
    ...section(7, list.map(([exported], i) => [...name(exported), 0x00, ...unsigned(i)])),
    ...section(
      10,
      list.map(([, { wholeLocals, vectorLocals, body }]) =>
        sized([
          ...counted([[...unsigned(wholeLocals), I32], [...unsigned(vectorLocals), V128]]),
          ...body,
          0x0b,
        ])
      ),
    ),
  ]);
}
