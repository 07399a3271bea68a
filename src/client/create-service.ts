import type { DescService } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import { toZscError } from "./refusal.ts";
import type { Service } from "./service.ts";

/** Connect's client with our errors. */
export function createService<S extends DescService>(service: S, transport: Transport): Service<S> {
  const client: Record<string, unknown> = { ...createClient(service, transport) };
  for (const { localName } of service.methods) {
    const call = client[localName];
    if (typeof call === "function") {
      client[localName] = async (...parameters: unknown[]) => {
        try {
          return await call(...parameters);
        } catch (error) {
          throw toZscError(error);
        }
      };
    }
  }
  return client as Service<S>;
}
