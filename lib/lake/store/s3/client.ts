import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { checkConnectionUrl } from "shopflow/config/mod.ts";
import { knowSecrets } from "shopflow/errors/mod.ts";
import {
  isTransient,
  isUnanswered,
  PATIENT,
  required,
  type RetryPolicy,
  type S3Location,
  Stalled,
} from "./failures.ts";
import { backoffMs, retry } from "shopflow/runtime/mod.ts";
import { isKey, type ObjectStat } from "../object_store.ts";

/** The variables of the AWS SDKs and tools. */
type Environment = Record<string, string | undefined>;

/** One attempt of a request. */
export interface Attempt {
  /** Ends the request when it stalls. */
  signal: AbortSignal;
  /** To be called as bytes come in: the request is not stalled. */
  progress(): void;
  /** How many attempts failed before; what they wrote may or may not be there. */
  failures: number;
}

/** A bucket with the client that reaches it. */
export interface S3Bucket {
  location: S3Location;
  /** Address of the server, undefined for Amazon's. */
  endpoint: string | undefined;
  /** The object's full key. */
  keyOf(key: string): string;
  /**
   * Makes a request, again with backoff when it fails in a way that may pass.
   *
   * @param options.sends Bytes that it sends: of those nobody sees how they move, so they get the time that they may take.
   * @param options.signal Ends the request and keeps it from being made again; its reason is thrown.
   */
  request<T>(
    request: (client: S3Client, attempt: Attempt) => Promise<T>,
    options?: { sends?: number; signal?: AbortSignal },
  ): Promise<T>;
}

export interface S3BucketOptions {
  env: Environment;
  retry?: Partial<RetryPolicy>;
  /** A request in which nothing moves for this long is tried again, in milliseconds. */
  stallMs?: number;
}

/** Attempts before it is said that a server which never answered cannot be reached: a wrong address is no outage. */
const FIRST_CONTACT_ATTEMPTS = 5;
const STALL_MS = 60_000;
/** Attempts of a request that may end so: a network that is silent for minutes is no outage that passes. */
const MOST_STALLS = 3;
/** Bytes a millisecond that a connection moves at least: four parts of a file at once are 1.6 Mbit/s. */
const SLOWEST = 50;
/** What self-hosted servers call their only region by default. */
const REGION_OF_ENDPOINTS = "us-east-1";

/**
 * Opens a bucket with the address, region and credentials that the usual AWS variables (or `~/.aws`) give.
 *
 * @throws {ConfigError} when the address of the server is malformed.
 */
export function openS3Bucket(
  location: S3Location,
  { env, retry: policyOptions, stallMs = STALL_MS }: S3BucketOptions,
): S3Bucket {
  const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined;
  if (endpoint !== undefined) {
    checkConnectionUrl(endpoint, env.AWS_ENDPOINT_URL_S3 ? "AWS_ENDPOINT_URL_S3" : "AWS_ENDPOINT_URL");
  }
  knowSecrets(env);
  const client = createClient(env, endpoint);
  const policy = { ...PATIENT, ...policyOptions };
  let answered = false;

  const mayPass = (error: unknown, failures: number) =>
    isTransient(error) && (answered || !isUnanswered(error) || failures < FIRST_CONTACT_ATTEMPTS);

  return {
    location,
    endpoint,
    keyOf: (key) => location.prefix + key,
    request: (request, { sends = 0, signal } = {}) => {
      let stalls = 0;
      return retry(
        async (failures) => {
          signal?.throwIfAborted();
          try {
            const result = await unlessStalled(
              stallMs + sends / SLOWEST,
              (stall) => request(client, { ...stall, failures }),
              signal,
            );
            answered = true;
            return result;
          } catch (error) {
            signal?.throwIfAborted();
            answered ||= !isUnanswered(error);
            throw error;
          }
        },
        (error, failures) => {
          if (error instanceof Stalled && ++stalls >= MOST_STALLS) return undefined;
          return failures < policy.attempts && !signal?.aborted && mayPass(error, failures)
            ? backoffMs(policy, failures, policy.random)
            : undefined;
        },
        policy.wait,
      );
    },
  };
}

function createClient(env: Environment, endpoint: string | undefined): S3Client {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env;
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || (endpoint && REGION_OF_ENDPOINTS);
  return new S3Client({
    ...(region ? { region } : {}),
    // Names of buckets as part of the host need DNS entries that only Amazon's servers have.
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    ...(accessKeyId && secretAccessKey
      ? { credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } }
      : {}),
    // S3-compatible servers do not know all the checksums that the SDK would add.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // Retries are ours: theirs would hide whether a failed attempt may have written.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 5000 },
  });
}

/**
 * Gives up work that reports no progress for `ms`, or when `ended` says so.
 *
 * @throws {Stalled}
 */
async function unlessStalled<T>(
  ms: number,
  work: (stall: Pick<Attempt, "signal" | "progress">) => Promise<T>,
  ended?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const giveUp = () => controller.abort(new Stalled(`nothing moved for ${ms / 1000} s`));
  let timer = setTimeout(giveUp, ms);
  const progress = () => {
    clearTimeout(timer);
    timer = setTimeout(giveUp, ms);
  };
  try {
    const signal = ended ? AbortSignal.any([controller.signal, ended]) : controller.signal;
    return await work({ signal, progress });
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

/** The objects of the lake whose key starts with `prefix`, sorted by key. */
export async function listObjects(
  bucket: S3Bucket,
  prefix: string,
  pageSize: number | undefined,
): Promise<ObjectStat[]> {
  // Other programs mark folders by empty objects; those and our own marks are not objects of the lake.
  return (await listAll(bucket, prefix, pageSize)).filter(({ key }) => isKey(key));
}

/** As {@linkcode listObjects}, with those whose keys are none of the lake. */
export async function listAll(
  bucket: S3Bucket,
  prefix: string,
  pageSize?: number,
): Promise<ObjectStat[]> {
  const found: ObjectStat[] = [];
  let token: string | undefined;
  do {
    const page = await bucket.request((client, { signal }) =>
      client.send(
        new ListObjectsV2Command({
          Bucket: bucket.location.bucket,
          Prefix: bucket.keyOf(prefix),
          ContinuationToken: token,
          MaxKeys: pageSize,
        }),
        { abortSignal: signal },
      )
    );
    for (const { Key, Size, LastModified } of page.Contents ?? []) {
      found.push({
        key: required(Key, "Key").slice(bucket.location.prefix.length),
        size: required(Size, "Size"),
        modified: required(LastModified, "LastModified"),
      });
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
  return found.sort((a, b) => a.key < b.key ? -1 : 1);
}
