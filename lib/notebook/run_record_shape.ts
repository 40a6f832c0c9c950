import { z } from "zod";
import type { RunRecord } from "./run_record.ts";

/** What everybody needs of a record; a file from elsewhere may claim anything. */
const shape = z.looseObject({
  notebook: z.string(),
  notebookSha256: z.string(),
  commit: z.string().optional(),
  runId: z.string(),
  status: z.enum(["running", "succeeded", "failed", "cancelled"]),
  parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  parameterRules: z.record(z.string(), z.string()).optional(),
  startedAt: z.iso.datetime(),
  milliseconds: z.number(),
  reads: z.array(
    z.object({ kind: z.string(), name: z.string(), version: z.string() }),
  ),
  failure: z.object({ cellId: z.string(), ename: z.string(), evalue: z.string() }).optional(),
});

/** A notebook's `metadata.shopflow`, if it is the record of a run. */
export function asRunRecord(value: unknown): RunRecord | undefined {
  const parsed = shape.safeParse(value);
  return parsed.success ? parsed.data as RunRecord : undefined;
}
