/** Distributions behind intervals, tests and stocks. */
export {
  chiSquareQuantile,
  chiSquareTail,
  logGamma,
  NORMAL_95,
  normalCdf,
  normalDensity,
  normalQuantile,
  studentQuantile,
  studentTail,
} from "./distributions.ts";
