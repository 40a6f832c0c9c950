/// <reference lib="deno.worker" />
import { runXgboost, type XgboostTask } from "./engine.ts";

/** Entry of the Worker that trains, since a training blocks its thread for seconds. */

export type WorkerAnswer = { model: Uint8Array<ArrayBuffer> } | { error: string };

self.onmessage = async ({ data }: MessageEvent<XgboostTask>) => {
  try {
    const { model } = await runXgboost(data);
    self.postMessage({ model } satisfies WorkerAnswer, [model.buffer]);
  } catch (error) {
    self.postMessage(
      { error: error instanceof Error ? error.message : String(error) } satisfies WorkerAnswer,
    );
  }
};
