import type { Progress } from "shopflow/runtime/mod.ts";

/** One bar over the cells of notebooks that run at the same time, whose own bars would overwrite each other. */
export function cellProgress(
  progress: Progress,
  cells: number,
): { shared: Progress; finish(summary: string): void } {
  const bar = progress.start("notebooks", cells, "cells");
  let done = 0;
  const shared: Progress = {
    start() {
      let own = 0;
      return {
        update(count) {
          done += count - own;
          own = count;
          bar.update(done);
        },
        finish: () => {},
      };
    },
  };
  return { shared, finish: (summary) => bar.finish(summary) };
}
