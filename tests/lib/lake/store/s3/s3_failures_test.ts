import assert from "node:assert/strict";
import { isTransient, isUnanswered } from "../../../../../lib/lake/store/s3/failures.ts";

Deno.test("a connection that is not made in time is tried again", () => {
  // As the SDK says it.
  const error = Object.assign(new Error("did not establish a connection within the configured timeout"), {
    name: "TimeoutError",
  });
  assert.ok(isTransient(error));
  assert.ok(isUnanswered(error));
});

Deno.test("what S3 refuses is not", () => {
  const error = Object.assign(new Error("Access Denied"), {
    name: "AccessDenied",
    $metadata: { httpStatusCode: 403 },
  });
  assert.equal(isTransient(error), false);
});
