/** Typed errors whose messages say what was expected, what was found and what to do. */
export { type ErrorDetails, ShopFlowError } from "./shopflow_error.ts";
export * from "./kinds.ts";
export { DiskFullError, diskFullError, isDiskFull, isOutOfRoom } from "./disk_full.ts";
export { fetchReason } from "./fetch_reason.ts";
export { knowSecrets, maskError, maskSecrets } from "./known_secrets.ts";
export { createMask } from "./mask_secrets.ts";
export { runCommand } from "./run_command.ts";
