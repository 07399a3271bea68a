import type { Access, AccessTable } from "../kernel/index.ts";

const admins: Access = ["admin"];
const readers: Access = ["caller", "system"];

/** Admins manage, callers and the system read (contract, section 3). */
export const zscAccess: AccessTable = {
  "zsc.v1.ZscAdmin/List": admins,
  "zsc.v1.ZscAdmin/Info": admins,
  "zsc.v1.ZscAdmin/Set": admins,
  "zsc.v1.ZscAdmin/Rotate": admins,
  "zsc.v1.ZscAdmin/Grant": admins,
  "zsc.v1.ZscAdmin/Revoke": admins,
  "zsc.v1.ZscAdmin/Audit": admins,
  "zsc.v1.ZscAdmin/ProbePermission": admins,
  "zsc.v1.ZscAdmin/Delete": admins,
  "zsc.v1.ZeqContext/Read": readers,
  "zsc.v1.ZeqContext/BatchRead": readers,
};
