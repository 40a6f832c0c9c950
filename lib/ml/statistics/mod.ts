/** Distributions behind intervals, tests and stocks. */
export {
  chiSquareTail,
  normalCdf,
  normalDensity,
  normalQuantile,
  studentQuantile,
  studentTail,
} from "./distributions.ts";
