/** Model cards: what a version is for, how good it is, and where it came from. */
export type { IntendedUse } from "../model_definition.ts";
export { evidenceFile, type ModelEvidence, readEvidence } from "./evidence.ts";
export { modelLineage } from "./lineage.ts";
export { modelCardMarkdown } from "./markdown.ts";
