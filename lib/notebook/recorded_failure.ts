import { NotebookError, type ShopFlowError } from "shopflow/errors/mod.ts";
import type { NotebookRun } from "./run_record.ts";

/** A run ended before its first cell; it is kept as one that failed. */
export class RecordedFailure extends NotebookError {
  constructor(cause: ShopFlowError, readonly run: NotebookRun) {
    super(cause.message, { cause: cause.cause });
  }
}
