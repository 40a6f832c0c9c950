/** From notebooks to `lib/`: cells are promoted with a proof, and what was promoted is not defined again. */
export { findRedefinitions, libraryNames, type Redefinition } from "./redefinitions.ts";
export { promoteCells, type PromoteOptions, type Promotion } from "./promote_cells.ts";
export type { PromotionContext } from "./prove_outputs.ts";
