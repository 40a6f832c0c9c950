import { InputError } from "shopflow/errors/mod.ts";
import { type Cancellation, drawStates, type Export } from "./events.ts";
import type { OfferLedger } from "./ledger.ts";

interface CancelOptions {
  id: string;
  /** For whoever reads the ledger later. */
  reason: string;
  /** The caller vouches that a list that was exported was not sent. */
  notSent: boolean;
  now: Date;
}

/**
 * Records that a list is not sent. The list itself stays in the ledger; it counts in no result, and its customers may be
 * chosen again.
 *
 * @throws {InputError} when there is no such list, it was cancelled already, it was exported and nobody vouches that it
 *   was not sent, or no reason is given.
 */
export async function cancelDraw(
  ledger: OfferLedger,
  { id, reason, notSent, now }: CancelOptions,
): Promise<Cancellation> {
  if (reason.trim() === "") {
    throw new InputError("A cancellation needs a reason", {
      expected: "words that tell others why, e.g. --reason 'the wrong prices were in the mail'",
      found: JSON.stringify(reason),
    });
  }
  const event: Cancellation = { kind: "cancelled", draw: id, at: now.toISOString(), reason: reason.trim() };
  await ledger.append((events) => {
    const state = drawStates(events).find(({ draw }) => draw.id === id);
    if (state === undefined) throw new InputError("There is no such list", { found: JSON.stringify(id) });
    const { cancelled, exported } = state;
    if (cancelled !== undefined) {
      throw new InputError(`The list ${id} was cancelled already`, {
        found: `on ${cancelled.at.slice(0, 10)}: ${cancelled.reason}`,
      });
    }
    if (exported !== undefined && !notSent) {
      throw new InputError(`The list ${id} was exported, so it may have been sent`, {
        expected: "a list that nobody got",
        found: `exported ${exported.at.slice(0, 16).replace("T", " ")} UTC, ${exported.customers} customers`,
        remedy:
          "If it surely was not sent, say so with --not-sent. An offer that was sent stays in the ledger, " +
          "or its effect could not be read.",
      });
    }
    return event;
  });
  return event;
}

/** Records that a list was written out for sending; only the first time. */
export async function recordExport(
  ledger: OfferLedger,
  id: string,
  customers: number,
  now: Date,
): Promise<void> {
  await ledger.append((events): Export | undefined => {
    const state = drawStates(events).find(({ draw }) => draw.id === id);
    if (state?.cancelled !== undefined) {
      throw new InputError(`The list ${id} was cancelled meanwhile: do not send the file`, {
        found: state.cancelled.reason,
      });
    }
    return state?.exported === undefined
      ? { kind: "exported", draw: id, at: now.toISOString(), customers }
      : undefined;
  });
}
