/** Cells that become modules of lib/. */
export { findDuplicatedNames, libraryNames } from "./plan.ts";
export { promoteCells, type Promotion } from "./promote_cells.ts";
