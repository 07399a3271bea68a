import type { BatchReadItem } from "#gen/zsc/v1/zeq_context_pb.js";
import { nonsense } from "./call-failure.ts";
import type { Connection } from "./connect.ts";

interface Wanted {
  /** 100 at most. */
  readonly names: readonly string[];
  readonly purpose: string;
  readonly onBehalfOf?: string | undefined;
}

/** What became of each name, in their order. @throws CliFailure also when the answer is about other names */
export async function batchRead(
  connection: Connection,
  { names, purpose, onBehalfOf }: Wanted,
): Promise<readonly BatchReadItem[]> {
  const request = { names: [...names], purpose, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) };
  const { answer } = await connection.call("BatchRead", ({ context }, options) => context.batchRead(request, options));
  const { items } = answer;
  if (items.length !== names.length || items.some(({ name }, index) => name !== names[index])) {
    throw nonsense("it was asked for other secrets");
  }
  return items;
}
