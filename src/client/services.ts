import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { toZscError } from "./refusal.ts";

/** A typed service whose calls fail with `ZscError`. All of ours are unary. */
export function createService<S extends DescService>(service: S, transport: Transport): Client<S> {
  const client: Record<string, unknown> = { ...createClient(service, transport) };
  for (const { localName, methodKind } of service.methods) {
    const call = client[localName];
    if (methodKind === "unary" && typeof call === "function") {
      client[localName] = async (...parameters: unknown[]) => {
        try {
          return await call(...parameters);
        } catch (error) {
          throw toZscError(error);
        }
      };
    }
  }
  return client as Client<S>;
}
