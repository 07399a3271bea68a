import type { Sealer } from "../../sealing/envelope.ts";
import type { MetadataReader } from "../../secrets/metadata-reader.ts";
import type { KernelPorts } from "../kernel/ports.ts";

/** What the handlers of ZSC depend on. */
export interface ZscPorts extends KernelPorts {
  readonly sealer: Sealer;
  readonly metadata: MetadataReader;
}
