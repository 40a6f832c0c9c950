/** How a model fares after it was trained: whether its inputs and scores moved, and whether it was right. */
export { type Distribution, distributionOf, type Shift, shiftFrom } from "./distribution.ts";
export { type OutcomeQuality } from "./outcomes.ts";
export { type ModelWatch, type WatchedRun, watchModel } from "./watch.ts";
