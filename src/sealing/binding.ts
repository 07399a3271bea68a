import { FieldWriter } from "../domain/fields.ts";

/** What a sealed value belongs to, and who may read it. It opens under exactly this and nothing else. */
export interface Binding {
  readonly table: string;
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly boundZid: string;
  readonly permissions: readonly string[];
}

/** Whether two bindings give the same associated data. */
export function isSameBinding(one: Binding, other: Binding): boolean {
  return (
    one.table === other.table &&
    one.id === other.id &&
    one.name === other.name &&
    one.version === other.version &&
    one.boundZid === other.boundZid &&
    one.permissions.length === other.permissions.length &&
    one.permissions.every((zid, index) => zid === other.permissions[index])
  );
}

const writer = new FieldWriter();

/**
 * What a data key is bound to. The number of permissions stands before them, so that no field can pass for another.
 * Good until the next call of either function.
 */
export function dataKeyAssociatedData(binding: Binding, keyId: string): Uint8Array {
  start("data-key", binding)
    .text(String(binding.version))
    .text(binding.boundZid)
    .text(String(binding.permissions.length));
  for (const zid of binding.permissions) {
    writer.text(zid);
  }
  return writer.text(keyId).view();
}

/**
 * What a value is bound to by itself. Version, owner and permissions bind it through its data key, so that a grant
 * seals 32 bytes again and not the value. Good until the next call of either function.
 */
export function valueAssociatedData(binding: Binding): Uint8Array {
  return start("value", binding).view();
}

function start(part: string, binding: Binding): FieldWriter {
  return writer.start().text("zsc-seal-v1").text(part).text(binding.table).text(binding.id).text(binding.name);
}
