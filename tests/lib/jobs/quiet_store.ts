import type { ObjectStore } from "shopflow/lake/store/mod.ts";

/** So long nothing must go on until all is taken to be written down, in milliseconds. */
const QUIET_MS = 40;

let underWay = 0;
let quietSince = performance.now();

/** A store that {@linkcode quiet} waits for. */
export function observed(store: ObjectStore): ObjectStore {
  return new Proxy(store, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        underWay++;
        try {
          return await Reflect.apply(member, target, args);
        } finally {
          underWay--;
          quietSince = performance.now();
        }
      };
    },
  });
}

/** Whether an observed store is being asked for something. */
export const isBusy = () => underWay > 0;

/** Until nobody in this process has asked an observed store for anything for a moment, however slow it is. */
export async function quiet(): Promise<void> {
  quietSince = performance.now();
  do {
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS / 4));
  } while (underWay > 0 || performance.now() - quietSince < QUIET_MS);
}
