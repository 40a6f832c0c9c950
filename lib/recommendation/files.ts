import { ModelError } from "shopflow/errors/mod.ts";
import type { Recommender } from "./matrix.ts";
import { createRecommender, type RecommenderModel, type RecommenderParameters } from "./model.ts";

const FORMAT = 1;
/** JSON: format, parameters, product ids. */
const HEADER = "recommender.json";
/** Uint32 offsets, Uint32 indexes, Float32 similarities, Float32 popularity, one after the other, little-endian. */
const ARRAYS = "recommender.bin";

interface Header {
  format: number;
  parameters: RecommenderParameters;
  productIds: string[];
  /** Neighbours kept in all. */
  neighbours: number;
}

/** A model as the files that the registry keeps; the numbers are binary, 8 bytes a neighbour. */
export function recommenderFiles(model: RecommenderModel): Record<string, Uint8Array> {
  const { parameters, productIds, neighbours, popularity } = model;
  const header: Header = { format: FORMAT, parameters, productIds, neighbours: neighbours.indexes.length };
  const arrays = [neighbours.offsets, neighbours.indexes, neighbours.similarities, popularity];
  const body = new Uint8Array(arrays.reduce((bytes, array) => bytes + array.byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    body.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return { [HEADER]: new TextEncoder().encode(JSON.stringify(header)), [ARRAYS]: body };
}

/**
 * Reads the files of {@linkcode recommenderFiles} and makes the model answer.
 *
 * @throws {ModelError} when a file is missing, of another format, or damaged.
 */
export function loadRecommender(files: Record<string, Uint8Array>): Recommender {
  return createRecommender(readRecommender(files));
}

/** As {@linkcode loadRecommender}, but the model's data. */
function readRecommender(files: Record<string, Uint8Array>): RecommenderModel {
  const { parameters, productIds, neighbours } = readHeader(fileOf(files, HEADER));
  const body = fileOf(files, ARRAYS);
  const products = productIds.length;
  const expected = 4 * (products + 1 + 2 * neighbours + products);
  if (body.byteLength !== expected) {
    throw damaged(`${expected} bytes in ${ARRAYS}`, `${body.byteLength}`);
  }
  // A copy starts at offset 0, as the typed arrays' alignment asks.
  const { buffer } = body.slice();
  const offsets = new Uint32Array(buffer, 0, products + 1);
  const indexes = new Uint32Array(buffer, 4 * (products + 1), neighbours);
  if (offsets[products] !== neighbours || indexes.some((index) => index >= products)) {
    throw damaged("neighbours that are products of the model", "others");
  }
  return {
    parameters,
    productIds,
    neighbours: {
      offsets,
      indexes,
      similarities: new Float32Array(buffer, 4 * (products + 1 + neighbours), neighbours),
    },
    popularity: new Float32Array(buffer, 4 * (products + 1 + 2 * neighbours), products),
  };
}

function readHeader(body: Uint8Array): Header {
  let header: Header;
  try {
    header = JSON.parse(new TextDecoder().decode(body));
  } catch (cause) {
    throw damaged(`JSON in ${HEADER}`, `${body.length} bytes that are not`, cause);
  }
  if (header.format !== FORMAT || !Array.isArray(header.productIds)) {
    throw damaged(`format ${FORMAT}`, String(header.format));
  }
  return header;
}

function fileOf(files: Record<string, Uint8Array>, name: string): Uint8Array {
  const file = files[name];
  if (file === undefined) throw damaged(name, Object.keys(files).join(", ") || "no files");
  return file;
}

function damaged(expected: string, found: string, cause?: unknown): ModelError {
  return new ModelError("The files of the recommendation model cannot be read", {
    expected,
    found,
    remedy: "Run `deno task pipeline run train` to train it again.",
    cause,
  });
}
