import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { isKey } from "./object_key.ts";
import type { ObjectStat } from "./object_store.ts";
import type { S3Bucket } from "./s3_bucket.ts";

/** The objects whose key starts with `prefix`, sorted by key, page by page. */
export async function listObjects(
  bucket: S3Bucket,
  prefix: string,
  pageSize: number | undefined,
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
      const key = Key!.slice(bucket.location.prefix.length);
      // Other programs mark folders by empty objects; those and our own marks are not objects of the lake.
      if (isKey(key)) found.push({ key, size: Size!, modified: LastModified! });
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
  return found.sort((a, b) => a.key < b.key ? -1 : 1);
}
