import type { Reader } from "../../ledger/index.ts";
import type { Sealer } from "../../sealing/index.ts";
import type { MetadataReader } from "../../secrets/index.ts";
import type { KernelPorts } from "../kernel/index.ts";
/** What the handlers of ZSC depend on. */
export interface ZscPorts extends KernelPorts {
  readonly sealer: Sealer;
  readonly metadata: MetadataReader;
  /** Reads the log beside the chain. */
  readonly reader: Reader;
}
