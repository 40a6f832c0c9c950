/** What the registry of models and scores does not need, and its removal. */
export {
  findRegistryGarbage,
  type RegistryGarbage,
  type RegistryRetention,
  removeRegistryGarbage,
} from "./garbage.ts";
