import { GetObjectCommand } from "@aws-sdk/client-s3";
import { writeAll } from "shopflow/runtime/mod.ts";
import { createHash } from "node:crypto";
import type { Attempt, S3Bucket } from "./s3_bucket.ts";
import { BrokenTransfer } from "./s3_failures.ts";

/** What `HeadObject` says of an object. */
export interface S3Object {
  etag: string;
  /** Bytes. */
  size: number;
  modified: Date;
  /** Undefined for an object that ShopFlow did not write. */
  sha256: string | undefined;
}

/** Reads an object into memory. */
export function readObject(
  bucket: S3Bucket,
  key: string,
): Promise<{ body: Uint8Array<ArrayBuffer>; etag: string }> {
  return bucket.request(async (client, attempt) => {
    const get = new GetObjectCommand({ Bucket: bucket.location.bucket, Key: bucket.keyOf(key) });
    const answer = await client.send(get, { abortSignal: attempt.signal });
    const body = new Uint8Array(answer.ContentLength!);
    let size = 0;
    for await (const chunk of chunksOf(answer.Body!.transformToWebStream(), attempt)) {
      if (size + chunk.length <= body.length) body.set(chunk, size);
      size += chunk.length;
    }
    checkSize(key, size, body.length);
    checkHash(key, createHash("sha256").update(body).digest("hex"), answer.Metadata?.sha256);
    return { body, etag: answer.ETag! };
  });
}

/** Copies an object, as it was when it was looked at, to a local file; other bytes than those are refused. */
export function downloadObject(bucket: S3Bucket, key: string, object: S3Object, path: string): Promise<void> {
  return bucket.request(async (client, attempt) => {
    const get = new GetObjectCommand({
      Bucket: bucket.location.bucket,
      Key: bucket.keyOf(key),
      IfMatch: object.etag,
    });
    const answer = await client.send(get, { abortSignal: attempt.signal });
    using file = await Deno.open(path, { write: true, create: true, truncate: true });
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of chunksOf(answer.Body!.transformToWebStream(), attempt)) {
      await writeAll(file, path, chunk);
      hash.update(chunk);
      size += chunk.length;
    }
    checkSize(key, size, object.size);
    checkHash(key, hash.digest("hex"), object.sha256);
  });
}

async function* chunksOf(stream: ReadableStream, { signal, progress }: Attempt): AsyncGenerator<Uint8Array> {
  const stalled = Promise.withResolvers<never>();
  // Where nobody waits for the next chunk at that moment, the signal is looked at before the next one.
  stalled.promise.catch(() => {});
  const giveUp = () => stalled.reject(signal.reason);
  signal.addEventListener("abort", giveUp);
  const reader: ReadableStreamDefaultReader<Uint8Array> = stream.getReader();
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await Promise.race([reader.read(), stalled.promise]);
      if (done) return;
      progress();
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", giveUp);
    // Closes the connection of a body that was not read to its end.
    reader.cancel().catch(() => {});
  }
}

function checkSize(key: string, found: number, expected: number): void {
  if (found !== expected) throw new BrokenTransfer(`${key} came with ${found} of ${expected} bytes`);
}

/** @param expected Undefined for an object that ShopFlow did not write. */
function checkHash(key: string, found: string, expected: string | undefined): void {
  if (expected === undefined || found === expected) return;
  throw new BrokenTransfer(`${key} came with the hash ${found} instead of ${expected}`);
}
