import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { open } from "node:fs/promises";
import type { LocalFile } from "./local_file.ts";
import type { S3Bucket } from "./s3_bucket.ts";
import { describeFailure } from "./s3_failures.ts";
import { newMetadata, type ObjectMetadata, writtenAs } from "./s3_put.ts";
import { markUpload, unmarkUpload, type Upload } from "./s3_upload_marks.ts";

export interface UploadOptions {
  /** Size of a part, in bytes: S3 wants 5 MiB at least, in all but the last. */
  partBytes: number;
  /** Parts on their way at the same time; each is in memory. */
  concurrency?: number;
}

/** S3 takes no more parts than this. */
const MOST_PARTS = 10_000;

/** Writes a large file as an object. Nothing is visible until every part is there; a failure removes the parts. */
export async function uploadInParts(
  bucket: S3Bucket,
  key: string,
  file: LocalFile,
  { partBytes, concurrency = 4 }: UploadOptions,
): Promise<void> {
  const metadata = newMetadata(file.sha256);
  const target = { Bucket: bucket.location.bucket, Key: bucket.keyOf(key) };
  const { UploadId } = await bucket.request((client, { signal }) =>
    client.send(new CreateMultipartUploadCommand({ ...target, Metadata: metadata }), { abortSignal: signal })
  );
  const upload = { ...target, UploadId: UploadId! };
  try {
    await markUpload(bucket, upload);
    const bytes = Math.max(partBytes, Math.ceil(file.size / MOST_PARTS));
    const tags = await sendParts(bucket, upload, file, bytes, concurrency);
    await complete(bucket, key, upload, tags, metadata);
  } catch (error) {
    // The upload's own failure is the one to hear of; parts that stay are found by the garbage collection.
    await abortUpload(bucket, upload).catch(() => {});
    throw error;
  }
  // The object is there; a mark that stays is found by the garbage collection, too.
  await unmarkUpload(bucket, upload).catch(() => {});
}

/** Sends the file's parts, some at a time; the first failure stops the rest. Returns their tags in order. */
async function sendParts(
  bucket: S3Bucket,
  upload: Upload,
  file: LocalFile,
  partBytes: number,
  concurrency: number,
): Promise<string[]> {
  const parts = Math.ceil(file.size / partBytes);
  const tags: string[] = new Array(parts);
  let next = 0;
  let failed = false;
  await using handle = await open(file.path);
  const sender = async () => {
    try {
      while (next < parts && !failed) {
        const part = next++;
        const body = new Uint8Array(Math.min(partBytes, file.size - part * partBytes));
        await readFully(handle, body, part * partBytes);
        tags[part] = await sendPart(bucket, upload, part + 1, body);
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const senders = await Promise.allSettled(Array.from({ length: concurrency }, sender));
  for (const { status, ...outcome } of senders) {
    if (status === "rejected") throw (outcome as { reason: unknown }).reason;
  }
  return tags;
}

async function sendPart(bucket: S3Bucket, upload: Upload, number: number, body: Uint8Array): Promise<string> {
  const part = { ...upload, PartNumber: number, Body: body };
  const { ETag } = await bucket.request(
    (client, { signal }) => client.send(new UploadPartCommand(part), { abortSignal: signal }),
    { sends: body.length },
  );
  return ETag!;
}

async function readFully(
  handle: Awaited<ReturnType<typeof open>>,
  buffer: Uint8Array,
  position: number,
): Promise<void> {
  for (let read = 0; read < buffer.length;) {
    const { bytesRead } = await handle.read(buffer, read, buffer.length - read, position + read);
    if (bytesRead === 0) throw new Error("the file became shorter while it was uploaded");
    read += bytesRead;
  }
}

async function complete(
  bucket: S3Bucket,
  key: string,
  upload: Upload,
  tags: string[],
  metadata: ObjectMetadata,
): Promise<void> {
  const Parts = tags.map((ETag, part) => ({ ETag, PartNumber: part + 1 }));
  let tries = 0;
  try {
    await bucket.request((client, { signal, failures }) => {
      tries = failures + 1;
      const command = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } });
      return client.send(command, { abortSignal: signal });
    });
  } catch (error) {
    // A try whose answer got lost may have completed the upload; then there is none of that id any more.
    const gone = describeFailure(error).name === "NoSuchUpload";
    if (gone && tries > 1 && await writtenAs(bucket, key, metadata.write)) return;
    throw error;
  }
}

/** Removes an upload's parts and its mark; one that is gone is no error. */
export async function abortUpload(bucket: S3Bucket, upload: Upload): Promise<void> {
  try {
    await bucket.request((client, { signal }) =>
      client.send(new AbortMultipartUploadCommand(upload), { abortSignal: signal })
    );
  } catch (error) {
    if (describeFailure(error).name !== "NoSuchUpload") throw error;
  }
  await unmarkUpload(bucket, upload);
}
