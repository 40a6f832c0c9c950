import { z } from "@hono/zod-openapi";

const AN_ID = "an id as text of 1 to 20 characters";

/** Id of a customer or product; the sources keep them in varchar(20). */
export const EntityId = z.string(AN_ID).regex(/^[^\p{C}/\\]{1,20}$/u, AN_ID);
