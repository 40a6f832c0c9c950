import { DeleteObjectCommand, HeadBucketCommand } from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import { extname } from "node:path";
import { type LocalFile, measureFile } from "../local_file.ts";
import { checkedKey, checkedPrefix, type ObjectStore } from "../object_store.ts";
import { createReadCache, downloadObject, type ReadCacheOptions, readObject, type S3Object } from "./read.ts";
import { listObjects, openS3Bucket, type S3Bucket, type S3BucketOptions } from "./client.ts";
import { requireConditionalWrites, unfinishedUploads } from "./housekeeping.ts";
import {
  describeFailure,
  explainFailure,
  isAbsent,
  isPreconditionFailed,
  parseS3Url,
  required,
} from "./failures.ts";
import { headObject, putObject, uploadInParts } from "./write.ts";
import { fileMissing } from "../directory_store.ts";

export interface S3StoreOptions extends S3BucketOptions {
  cache: ReadCacheOptions;
  /** A larger file goes up in parts of this size, in bytes; default 16 MiB. */
  partBytes?: number;
  /** Keys a page of a listing; the server's limit (1000) by default. */
  pageSize?: number;
}

const PART_BYTES = 16 << 20;

/**
 * A store in a bucket of Amazon S3 or a server that speaks its protocol. Requests that fail in a way that may pass
 * are made again; files that are read by path are kept in a local cache.
 *
 * @param url `s3://bucket/prefix`.
 */
export function createS3Store(url: string, options: S3StoreOptions): ObjectStore {
  const { cache: cacheOptions, partBytes = PART_BYTES, pageSize } = options;
  const bucket = openS3Bucket(parseS3Url(url), options);
  const { location, endpoint } = bucket;
  const cache = createReadCache(cacheOptions);
  const bucketExists = once(() => requireBucket(bucket));
  const conditionsHold = once(() => requireConditionalWrites(bucket));

  async function explained<T>(action: string, key: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw explainFailure(error, { location, endpoint, action, key });
    }
  }
  const reading = <T>(key: string, work: () => Promise<T>) =>
    explained("read", key, () => {
      checkedKey(key);
      return work();
    });
  const writing = <T>(key: string, work: () => Promise<T>) =>
    explained("write", key, async () => {
      checkedKey(key);
      await conditionsHold();
      return await work();
    });

  async function head(key: string): Promise<S3Object | undefined> {
    const found = await unlessAbsent(describedObject(bucket, key));
    // The answer has no body to say whether it is the object or the whole bucket that is missing.
    if (found === undefined) await bucketExists();
    return found;
  }

  async function localPath(key: string): Promise<string> {
    const object = await head(key);
    if (object === undefined) throw fileMissing(key, location.url);
    const content = object.sha256 ?? hashOf([location.url, key, object.etag]);
    const fetch = (path: string) => downloadObject(bucket, key, object, path);
    try {
      return await cache.findOrFetch(content + extname(key), object.size, fetch);
    } catch (error) {
      // Replaced since it was looked at: look again.
      if (isPreconditionFailed(error)) return await localPath(key);
      throw error;
    }
  }

  async function upload(key: string, file: LocalFile): Promise<void> {
    if (file.size > partBytes) await uploadInParts(bucket, key, file, { partBytes });
    else await putObject(bucket, key, await Deno.readFile(file.path));
  }

  return {
    url: location.url,
    get: (key) => reading(key, () => unlessAbsent(readObject(bucket, key))),
    put: (key, body) => writing(key, async () => (await putObject(bucket, key, body))!),
    putIfAbsent: (key, body) => writing(key, () => putObject(bucket, key, body, { IfNoneMatch: "*" })),
    putIfMatch: (key, body, etag) => writing(key, () => putObject(bucket, key, body, { IfMatch: etag })),
    moveIn: (key, path) =>
      writing(key, async () => {
        const file = await measureFile(path);
        await upload(key, file);
        // The next step reads what this one wrote.
        await cache.takeOver(file.sha256 + extname(key), path);
      }),
    localPath: (key) => reading(key, () => localPath(key)),
    stat: (key) =>
      reading(key, async () => {
        const found = await head(key);
        return found && { key, size: found.size, modified: found.modified };
      }),
    list: (prefix) => explained("list", prefix, () => listObjects(bucket, checkedPrefix(prefix), pageSize)),
    delete: (key, options) => writing(key, () => deleteObject(bucket, key, options)),
    unfinishedWrites: () =>
      explained("list", "unfinished uploads", async () => [
        ...await unfinishedUploads(bucket),
        ...await cache.unfinished(),
      ]),
  };
}

async function describedObject(bucket: S3Bucket, key: string): Promise<S3Object> {
  const { ETag, ContentLength, LastModified, Metadata } = await headObject(bucket, key);
  return {
    etag: required(ETag, "ETag"),
    size: ContentLength ?? 0,
    modified: required(LastModified, "LastModified"),
    sha256: Metadata?.sha256,
  };
}

async function deleteObject(
  bucket: S3Bucket,
  key: string,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  const target = { Bucket: bucket.location.bucket, Key: bucket.keyOf(key) };
  await unlessAbsent(
    bucket.request(
      (client, { signal }) => client.send(new DeleteObjectCommand(target), { abortSignal: signal }),
      options,
    ),
  );
}

/** @throws {Error} named `NoSuchBucket` when there is no such bucket. */
async function requireBucket(bucket: S3Bucket): Promise<void> {
  try {
    await bucket.request((client, { signal }) =>
      client.send(new HeadBucketCommand({ Bucket: bucket.location.bucket }), { abortSignal: signal })
    );
  } catch (error) {
    const { status } = describeFailure(error);
    if (status === 404) {
      throw Object.assign(new Error(`no bucket ${bucket.location.bucket}`), { name: "NoSuchBucket" });
    }
    // Who may read objects need not be allowed to ask for the bucket.
    if (status !== 403) throw error;
  }
}

async function unlessAbsent<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Does something the first time only, unless it failed. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () =>
    done ??= work().catch((error) => {
      done = undefined;
      throw error;
    });
}

const hashOf = (parts: string[]) => createHash("sha256").update(JSON.stringify(parts)).digest("hex");
