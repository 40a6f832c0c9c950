/** Where the lake's objects are, a folder or S3, and whether they are as they were written. */
export type { ObjectStat, ObjectStore, StoredObject } from "./object_store.ts";
export { createDirectoryStore } from "./directory_store.ts";
export { createOverlayStore, type LakeConfig, openStore, readOnlyStore } from "./views.ts";
export {
  decodeJson,
  encodeJson,
  encodeSealedJson,
  readJson,
  readSealedJson,
  sealed,
  swapJson,
  updateJson,
} from "./json_object.ts";
export { assertIntact, changedFile, fileSha256, isIntact, verifiedPath } from "./integrity.ts";
export { guardPresence } from "./presence.ts";
