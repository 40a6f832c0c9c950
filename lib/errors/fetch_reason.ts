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
