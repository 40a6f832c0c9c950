import type { ObjectStore } from "shopflow/lake/store/mod.ts";

/** What becomes of a request: it is done, it fails, or it is done and its answer gets lost. */
export type Trouble = "none" | "fails" | "answer lost";

/** A store whose requests fail as `plan` says; `requests` are those that came, e.g. `put some/key`. */
export function troubledStore(
  store: ObjectStore,
  plan: (request: string) => Trouble = () => "none",
): { store: ObjectStore; requests: string[] } {
  const requests: string[] = [];
  const through = async <T>(request: string, work: () => Promise<T>): Promise<T> => {
    requests.push(request);
    const trouble = plan(request);
    if (trouble === "fails") throw new Error(`${request}: no room left on the device`);
    const answer = await work();
    if (trouble === "answer lost") throw new Error(`${request}: the connection broke`);
    return answer;
  };
  return {
    requests,
    store: {
      ...store,
      get: (key) => through(`get ${key}`, () => store.get(key)),
      put: (key, body) => through(`put ${key}`, () => store.put(key, body)),
      stat: (key) => through(`stat ${key}`, () => store.stat(key)),
      list: (prefix) => through(`list ${prefix}`, () => store.list(prefix)),
      delete: (key) => through(`delete ${key}`, () => store.delete(key)),
    },
  };
}
