/** Which states of the raw layer data tests let pass. */
export { acceptRawExtract, chooseBase, isMadeOf, rawInputs, refuseRawExtract } from "./acceptance.ts";
export type { RawState } from "../raw.ts";
export type { RawRun } from "../snapshots.ts";
