import { LakeError, ShopFlowError } from "shopflow/errors/mod.ts";
import { type Backoff, delay } from "shopflow/runtime/mod.ts";

/** A lake in S3: the part of a bucket whose keys start with `prefix`. */
export interface S3Location {
  bucket: string;
  /** Empty, or names that end in `/`. */
  prefix: string;
  /** `s3://bucket/prefix`, for messages. */
  url: string;
}

/** Whether an address is one of S3, `s3://…`. */
export const isS3Url = (url: string) => url.startsWith("s3://");

/** Reads an address that `loadConfig` let pass. */
export function parseS3Url(url: string): S3Location {
  const [bucket = "", ...names] = url.slice("s3://".length).split("/").filter((name) => name !== "");
  const prefix = names.map((name) => `${name}/`).join("");
  return { bucket, prefix, url: ["s3:/", bucket, ...names].join("/") };
}

/** What the SDK's errors carry, whichever class they are of. */
interface S3Failure {
  name: string;
  message: string;
  /** Of a connection that failed, e.g. `ECONNREFUSED`. */
  code: string | undefined;
  /** HTTP status; undefined when no answer came. */
  status: number | undefined;
}

/** An answer that broke off, or bytes that are not those that were stored. */
export class BrokenTransfer extends Error {
  override readonly name = "BrokenTransfer";
}

/**
 * A field of an answer that every S3 server sends.
 *
 * @throws {BrokenTransfer} when it is missing.
 */
export function required<T>(value: T | undefined, field: string): T {
  if (value !== undefined) return value;
  throw new BrokenTransfer(`the answer has no ${field}`);
}

/** The attempt was given up because nothing moved any more. */
export class Stalled extends Error {
  override readonly name = "Stalled";
  readonly code = "ETIMEDOUT";
}

/** Conflicts of writes that came at the same moment: the server asks to try again. */
const CONFLICTS = ["ConditionalRequestConflict", "OperationAborted"];
const THROTTLING = [
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "RequestTimeout",
  "RequestLimitExceeded",
];
const CREDENTIALS = [
  "AccessDenied",
  "CredentialsProviderError",
  "ExpiredToken",
  "Forbidden",
  "InvalidAccessKeyId",
  "InvalidToken",
  "SignatureDoesNotMatch",
  "XAdminUserNotFound",
];
/** Of signatures whose time is not the server's. */
const CLOCK = ["RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"];
const OTHER_REGION = ["AuthorizationHeaderMalformed", "PermanentRedirect"];

/** What is known of a failed request, from an error of the SDK or whatever else was thrown. */
export function describeFailure(error: unknown): S3Failure {
  const { name = "Error", message = String(error), code, $metadata } = error as Partial<Error> & {
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
  };
  return {
    name,
    message,
    code: typeof code === "string" ? code : undefined,
    status: $metadata?.httpStatusCode,
  };
}

/** No answer came: the connection failed, broke or stalled. */
export function isUnanswered(error: unknown): boolean {
  return describeFailure(error).status === undefined && connectionFailed(error);
}

function connectionFailed(error: unknown): boolean {
  if (error instanceof Deno.errors.NotFound) return false;
  // The SDK's word for a connection that is not made in time.
  if (describeFailure(error).name === "TimeoutError") return true;
  const broken = [Deno.errors.ConnectionReset, Deno.errors.UnexpectedEof, Deno.errors.BrokenPipe];
  return /^(E(CONN|PIPE|HOST|NET|TIMEDOUT|AI_)|ENOTFOUND|UND_)/.test(describeFailure(error).code ?? "") ||
    broken.some((kind) => error instanceof kind) ||
    /socket hang up|connection (closed|reset|error)|aborted|unexpected (eof|end of file)/i.test(
      (error as Error).message ?? "",
    );
}

/** Whether the same request may succeed the next time. */
export function isTransient(error: unknown): boolean {
  // Also where a status came: what broke off was the text of a refusal, which says what it is.
  if (error instanceof BrokenTransfer || connectionFailed(error)) return true;
  if (isSkewCorrected(error)) return true;
  const { name, status = 0 } = describeFailure(error);
  // A status of 200 with an error: the answer broke off on its way.
  return status >= 500 || status === 429 || status === 200 || THROTTLING.includes(name) ||
    CONFLICTS.includes(name);
}

/**
 * The clock is off, and the SDK has learnt the server's time from the refusal: it signs the next request with it. It says
 * so of every failure while the clock is off; the answer to HEAD has no text that would tell which.
 */
function isSkewCorrected(error: unknown): boolean {
  const { $metadata } = error as { $metadata?: { clockSkewCorrected?: boolean } };
  const { name, status } = describeFailure(error);
  return $metadata?.clockSkewCorrected === true &&
    (CLOCK.includes(name) || (status === 403 && !CREDENTIALS.includes(name)));
}

/** The object is not there (or the bucket, where the answer has no body to say so). */
export function isAbsent(error: unknown): boolean {
  const { name, status } = describeFailure(error);
  return status === 404 && (name === "NoSuchKey" || name === "NotFound");
}

/** A conditional request found another state than it asked for. */
export const isPreconditionFailed = (error: unknown) => describeFailure(error).status === 412;

/** Turns what S3 or the SDK says into an error that names the lake and what to correct. */
export function explainFailure(
  error: unknown,
  { location, endpoint, action, key }: {
    location: S3Location;
    endpoint: string | undefined;
    action: string;
    key: string;
  },
): ShopFlowError {
  if (error instanceof ShopFlowError) return error;
  const failure = describeFailure(error);
  const { name, message, status } = failure;
  const fail = (problem: string, expected: string, found: string, remedy: string) =>
    new LakeError(problem, { expected, found, remedy, cause: error });
  const server = endpoint ?? "Amazon S3";
  const said = (status === undefined ? message : `${name}: ${message}`).replace(/\.$/, "");
  if (name === "NoSuchBucket") {
    return fail(
      `The lake ${location.url} has no bucket`,
      `a bucket ${location.bucket} at ${server}`,
      "none of that name",
      "Create it, or correct SHOPFLOW_LAKE or AWS_ENDPOINT_URL.",
    );
  }
  if (CLOCK.includes(name)) {
    return fail(
      `Cannot ${action} ${JSON.stringify(key)} in the lake ${location.url}: the clocks differ`,
      `a clock that agrees with that of ${server}, which was tried with the time that it says, too`,
      said,
      "Set the clock of this machine or of the server (timedatectl set-ntp true).",
    );
  }
  if (CREDENTIALS.includes(name) || status === 401 || status === 403) {
    return fail(
      `Cannot ${action} ${JSON.stringify(key)} in the lake ${location.url}: no permission`,
      `credentials that ${server} accepts for the bucket ${location.bucket}`,
      said,
      "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN or AWS_PROFILE, and what " +
        "they are allowed.",
    );
  }
  const noRegion = /^Region (is missing|not accepted)/.test(message);
  if (noRegion || OTHER_REGION.includes(name) || status === 301) {
    return fail(
      `The region of the lake ${location.url} is ${noRegion ? "missing" : "wrong"}`,
      `the region of the bucket ${location.bucket}`,
      said,
      "Set AWS_REGION, e.g. AWS_REGION=eu-central-1.",
    );
  }
  if (isUnanswered(error)) {
    return fail(
      `The lake ${location.url} cannot be reached`,
      `an S3 server at ${server}`,
      failure.code === undefined || message.includes(failure.code) ? message : `${failure.code}: ${message}`,
      "Check AWS_ENDPOINT_URL and the network.",
    );
  }
  const local = status === undefined && Object.values(Deno.errors).some((kind) => error instanceof kind);
  return fail(
    `Cannot ${action} ${JSON.stringify(key)} in the lake ${location.url}`,
    local ? "a cache under SHOPFLOW_HOME that this user may write" : `an answer of ${server}`,
    said,
    local
      ? "Check the folder's permissions and free space."
      : "Run it again; if it fails again, ask whoever runs the server.",
  );
}

/** How often and how patiently something is tried again. */
export interface RetryPolicy extends Backoff {
  attempts: number;
  /** Uniform in [0, 1). */
  random(): number;
  wait(ms: number): Promise<void>;
}

/** Waits 10 to 20 seconds in all: a server that restarts is back by then. */
export const PATIENT: RetryPolicy = {
  attempts: 10,
  firstDelayMs: 100,
  maxDelayMs: 5000,
  random: Math.random,
  wait: delay,
};
