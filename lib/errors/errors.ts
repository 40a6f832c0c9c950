import { maskError, maskSecrets, noteMasked } from "./known_secrets.ts";

/** What an error of ShopFlow says besides the problem. */
export interface ErrorDetails {
  /** In words a user knows. */
  expected?: string | undefined;
  found?: string | undefined;
  /** What to do next. */
  remedy?: string | undefined;
  cause?: unknown;
}

/** Base of all errors meant for people: the message is enough to act on. Neither it nor its cause shows a secret. */
export class ShopFlowError extends Error {
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly remedy: string | undefined;

  constructor(problem: string, details: ErrorDetails = {}) {
    super(maskSecrets(sentence(problem, details)), { cause: maskError(details.cause) });
    this.name = new.target.name;
    this.expected = masked(details.expected);
    this.found = masked(details.found);
    this.remedy = masked(details.remedy);
    noteMasked(this);
  }
}

const masked = (text: string | undefined) => text === undefined ? undefined : maskSecrets(text);

/** An error for a log: one meant for people as its message; any other is a defect and keeps its stack. */
export function errorText(error: unknown): string {
  if (error instanceof ShopFlowError) return error.message;
  return error instanceof Error ? error.stack ?? String(error) : String(error);
}

/** The first of many names, for a message: `a, b, c and 32 more`. */
export function someOf(names: readonly string[], most = 5): string {
  const more = names.length - most;
  return names.slice(0, most).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** What an error says without its advice, as a part of another sentence. */
export const withoutRemedy = ({ message, remedy }: ShopFlowError): string =>
  message.replace(remedy === undefined ? "" : `. ${remedy}`, "");

/**
 * Why a request failed, in the runtime's words: `fetch` says only that it failed, and leaves the reason to the cause,
 * which repeats the address with whatever key it holds.
 *
 * @param error What `fetch`, or the reading of its answer, threw.
 */
export function fetchReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return fetchReason(error.cause);
  return error.message.replace(/^error sending request [^]*?: (?=client error)/, "")
    .replace(/https?:\/\/[^\s)]*/g, "the address");
}

function sentence(
  problem: string,
  { expected, found, remedy }: ErrorDetails,
): string {
  const parts = [problem];
  if (expected !== undefined) parts.push(`expected ${expected}`);
  if (found !== undefined) parts.push(`found ${found}`);
  const message = parts.length > 1 ? `${parts[0]}: ${parts.slice(1).join(", ")}` : problem;
  return remedy === undefined ? message : `${message}. ${remedy}`;
}

/** A setting (environment variable, flag) is missing or malformed. */
export class ConfigError extends ShopFlowError {}
/** A source system cannot be reached or read. */
export class SourceError extends ShopFlowError {}
/** A source table lacks a column or has another type than its contract. */
export class SchemaContractError extends ShopFlowError {}
/** A source shows a part of what it had: the rest may be hidden rather than deleted. */
export class PartialSourceError extends ShopFlowError {}
/** The lake cannot be read or written, or its files do not fit together. */
export class LakeError extends ShopFlowError {}
/** The lake as a whole has gone, or does not answer; what was read of it before may still be right. */
export class LakeUnreachableError extends LakeError {}
/** Parts of a pipeline failed; the others did their work. */
export class PipelineError extends ShopFlowError {}
/** A SQL model cannot be compiled or run. */
export class WarehouseError extends ShopFlowError {}
/** Data tests with severity `error` failed, so nothing was published. */
export class DataTestError extends ShopFlowError {}
/** A model cannot be fitted, loaded or asked. */
export class ModelError extends ShopFlowError {}
/** A shop has too little history to train or to measure a model: no fault, and a baseline serves meanwhile. */
export class TooLittleDataError extends ModelError {}
/** A notebook cannot be read, parameterised or executed. */
export class NotebookError extends ShopFlowError {}
/** A person or application asked for something that does not exist or is malformed. */
export class InputError extends ShopFlowError {}
