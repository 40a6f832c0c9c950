import assert from "node:assert/strict";
import { MongoNetworkError, MongoServerError, MongoServerSelectionError } from "mongodb";
import { SourceError } from "shopflow/errors/mod.ts";
import { isMongoLoss, isMongoUnreachable, mongoError } from "../../../../lib/sources/tickets/mongodb.ts";

const URL = "mongodb://reader:secret@mongo.example.com/shop";
const refusal = (code: number, message: string) => mongoError(new MongoServerError({ code, message }), URL);

Deno.test("what passes by itself is tried again: lost connections, and servers that stop or were started again", () => {
  const passing = [
    mongoError(new MongoNetworkError("connection 3 to 127.0.0.1:27017 closed"), URL),
    refusal(43, "cursor id 1817962156 not found"),
    refusal(91, "The server is in quiesce mode and will shut down"),
    refusal(11600, "interrupted at shutdown"),
    refusal(13435, "not primary and secondaryOk=false"),
  ];
  for (const error of passing) assert.equal(isMongoLoss(error), true, String(error));
});

Deno.test("what stays wrong is told at once, without the password", () => {
  const lasting = [
    refusal(18, "Authentication failed."),
    refusal(13, "not authorized"),
    refusal(2, "bad sort"),
  ];
  for (const error of lasting) {
    assert.ok(error instanceof SourceError);
    assert.equal(isMongoLoss(error), false, String(error));
    assert.doesNotMatch(String(error), /secret/);
  }
  assert.equal(isMongoLoss(new Error("a defect")), false);
  assert.equal(isMongoLoss("a text"), false);
});

Deno.test("a server that is not found, and a name that DNS does not know, are told apart from what was lost", () => {
  const description = {} as ConstructorParameters<typeof MongoServerSelectionError>[1];
  const dns = Object.assign(new Error("querySrv ENOTFOUND _mongodb._tcp.mongo.example.com"), {
    syscall: "querySrv",
  });
  for (const cause of [new MongoServerSelectionError("connect ECONNREFUSED", description), dns]) {
    const error = mongoError(cause, URL);
    assert.ok(error instanceof SourceError);
    assert.match(
      error.message,
      /support_tickets of MongoDB .* cannot be reached or read: found (connect|querySrv) E/,
    );
    assert.deepEqual([isMongoUnreachable(error), isMongoLoss(error)], [true, false]);
  }
  assert.equal(isMongoUnreachable(refusal(18, "Authentication failed.")), false);
  assert.match((refusal(2, "bad sort") as Error).message, /found MongoDB said: bad sort/);
});
