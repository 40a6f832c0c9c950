import { HeadObjectCommand, type HeadObjectCommandOutput, PutObjectCommand } from "@aws-sdk/client-s3";
import { createHash, randomUUID } from "node:crypto";
import type { S3Bucket } from "./s3_bucket.ts";
import { isAbsent, isPreconditionFailed } from "./s3_failures.ts";

/** The state of the object that a write asks for; none: whichever it is. */
export type PutCondition = { IfNoneMatch: "*" } | { IfMatch: string } | Record<never, never>;

/** What our objects carry beside their content. */
export interface ObjectMetadata {
  [name: string]: string;
  /** Hash of the content; a multipart object's ETag is not one. */
  sha256: string;
  /** Of this write and no other, so that a writer whose answer got lost can tell whether it was the one. */
  write: string;
}

/**
 * Metadata of a write that has not been made yet, with a mark of its own.
 *
 * @param sha256 Of the content, hexadecimal.
 */
export const newMetadata = (sha256: string): ObjectMetadata => ({ sha256, write: randomUUID() });

/**
 * Writes an object if `condition` holds; undefined when it does not.
 *
 * When an answer is lost, the next try finds its own object and is refused; the object's `write` mark tells that
 * from losing to another writer. Only if another replaced our object already, the answer is "not written".
 */
export async function putObject(
  bucket: S3Bucket,
  key: string,
  body: Uint8Array,
  condition: PutCondition = {},
): Promise<{ etag: string } | undefined> {
  const metadata = newMetadata(createHash("sha256").update(body).digest("hex"));
  const Key = bucket.keyOf(key);
  const Bucket = bucket.location.bucket;
  let tries = 0;
  try {
    const { ETag } = await bucket.request((client, { signal, failures }) => {
      tries = failures + 1;
      const put = new PutObjectCommand({ Bucket, Key, Body: body, Metadata: metadata, ...condition });
      return client.send(put, { abortSignal: signal });
    }, { sends: body.length });
    return { etag: ETag! };
  } catch (error) {
    const refused = isPreconditionFailed(error) || ("IfMatch" in condition && isAbsent(error));
    if (!refused) throw error;
    return tries > 1 ? await writtenAs(bucket, key, metadata.write) : undefined;
  }
}

/** What the server says of an object without its content. */
export function headObject(bucket: S3Bucket, key: string): Promise<HeadObjectCommandOutput> {
  return bucket.request((client, { signal }) =>
    client.send(new HeadObjectCommand({ Bucket: bucket.location.bucket, Key: bucket.keyOf(key) }), {
      abortSignal: signal,
    })
  );
}

/** The object's tag if it is the one that the write marked `mark` made. */
export async function writtenAs(
  bucket: S3Bucket,
  key: string,
  mark: string,
): Promise<{ etag: string } | undefined> {
  try {
    const { ETag, Metadata } = await headObject(bucket, key);
    return Metadata?.write === mark ? { etag: ETag! } : undefined;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
