/** Typed errors whose messages say what was expected, what was found and what to do. */
export {
  ConfigError,
  DataTestError,
  type ErrorDetails,
  errorText,
  fetchReason,
  InputError,
  LakeError,
  LakeUnreachableError,
  ModelError,
  NotebookError,
  PartialSourceError,
  PipelineError,
  SchemaContractError,
  ShopFlowError,
  someOf,
  SourceError,
  TooLittleDataError,
  WarehouseError,
  withoutRemedy,
} from "./errors.ts";
export { createMask } from "./mask_secrets.ts";
export { DiskFullError, diskFullError, isDiskFull, isOutOfRoom } from "./disk_full.ts";
export { knowSecrets, maskError, maskSecrets } from "./known_secrets.ts";
