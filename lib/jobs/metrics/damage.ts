import { LakeError } from "shopflow/errors/mod.ts";

/** Whether an object was read and makes no sense: unlike with a lake that is not reached, the rest can be told. */
export const isDamage = (error: unknown): boolean =>
  error instanceof TypeError || (error instanceof LakeError && error.cause instanceof SyntaxError);
