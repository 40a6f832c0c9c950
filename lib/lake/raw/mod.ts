/** Which states of the raw layer data tests let pass. */
export { acceptRawExtract, chooseBase, isMadeOf, rawInputs, refuseRawExtract } from "./acceptance.ts";
