/** Asks an S3 store without an endpoint for something, where the environment names no region. */
import assert from "node:assert/strict";
import { createS3Store } from "../../../../../lib/lake/store/s3/s3_store.ts";

const env = { AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" };
const store = createS3Store("s3://lake", {
  env,
  cache: { folder: "/nonexistent/cache", maxBytes: 0 },
  retry: { wait: () => Promise.resolve() },
});
await assert.rejects(store.get("a"), { name: "LakeError", message: /region .* is missing.*Set AWS_REGION/ });
