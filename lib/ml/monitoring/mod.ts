/** How a model fares after it was trained: whether its inputs and scores moved, and whether it was right. */
export type { MonitoringDefinition } from "../model_definition.ts";
export { distributionOf, type Shift } from "./distribution.ts";
export { type ModelWatch, type WatchedRun, watchModel } from "./watch.ts";
