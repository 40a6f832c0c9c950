import { LakeError } from "shopflow/errors/mod.ts";

/** @throws {LakeError} when `key` is not names joined by `/`: it could leave the store. */
export function checkedKey(key: string): string {
  if (isKey(key)) return key;
  throw new LakeError("Not a key of the lake", {
    expected: "names joined by /, none empty or starting with a dot",
    found: JSON.stringify(key),
  });
}

/** @throws {LakeError} when no key can start with `prefix`; the empty prefix is that of all. */
export function checkedPrefix(prefix: string): string {
  const names = prefix.split("/");
  const last = names.pop()!;
  if (names.every(isName) && (last === "" || isName(last))) return prefix;
  throw new LakeError("Not the beginning of a key of the lake", {
    expected: "names joined by /, none empty or starting with a dot",
    found: JSON.stringify(prefix),
  });
}

/** Whether `key` is names joined by `/`. */
export const isKey = (key: string) => key.split("/").every(isName);

const isName = (name: string) => name !== "" && !name.startsWith(".") && !name.includes("\\");
