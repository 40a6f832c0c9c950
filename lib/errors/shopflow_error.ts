import { maskError, maskSecrets, noteMasked } from "./known_secrets.ts";

/** What every error of ShopFlow says: what went wrong, what was expected, what was found, what to do. */
export interface ErrorDetails {
  /** What was wanted, in words a user knows. */
  expected?: string;
  /** What came instead. */
  found?: string;
  /** The next step for the person who reads the message. */
  remedy?: string;
  cause?: unknown;
}

/** Base of all errors meant for people: the message alone is enough to act on, and neither it nor a cause shows a secret. */
export class ShopFlowError extends Error {
  readonly expected?: string;
  readonly found?: string;
  readonly remedy?: string;

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
