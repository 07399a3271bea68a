import type { Sealer } from "../../sealing/index.ts";
import type { MetadataReader } from "../../secrets/index.ts";
import type { KernelPorts } from "../kernel/index.ts";
/** What the handlers of ZSC depend on. */
export interface ZscPorts extends KernelPorts {
  readonly sealer: Sealer;
  readonly metadata: MetadataReader;
}
