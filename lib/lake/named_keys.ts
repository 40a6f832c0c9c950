/** First folders of the keys of data files. */
export const DATA_FOLDERS = ["raw/", "curated/"];

/**
 * Every key of a data file that a JSON value of the lake names, wherever in it. That a garbage collection need
 * not know what manifests and extracts look like keeps it from deleting what a newer version of them names.
 */
export function namedKeys(value: unknown): string[] {
  if (typeof value === "string") {
    return DATA_FOLDERS.some((folder) => value.startsWith(folder)) ? [value] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [...namedKeys(name), ...namedKeys(inner)]);
}
