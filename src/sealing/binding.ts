import { FieldWriter } from "../base/index.ts";
/** The row that a sealed value belongs to, with its readers. The value opens under exactly this binding. */
export interface Binding {
  readonly table: string;
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly boundZid: string;
  readonly permissions: readonly string[];
  readonly purposeTag: string | null;
  readonly expiresZeqond: number | null;
  /** ISO 8601, UTC, milliseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Formats of a sealed data key. Format 1 does not bind the purpose tag, the expiry and the times. */
export type KeyFormat = 1 | 2;

/** Whether two bindings yield the same associated data. */
export function isSameBinding(one: Binding, other: Binding): boolean {
  return (
    one.table === other.table &&
    one.id === other.id &&
    one.name === other.name &&
    one.version === other.version &&
    one.boundZid === other.boundZid &&
    one.purposeTag === other.purposeTag &&
    one.expiresZeqond === other.expiresZeqond &&
    one.createdAt === other.createdAt &&
    one.updatedAt === other.updatedAt &&
    one.permissions.length === other.permissions.length &&
    one.permissions.every((zid, index) => zid === other.permissions[index])
  );
}

const writer = new FieldWriter();

/**
 * The associated data of a data key. The number of permissions precedes them, so that the encoding is unambiguous.
 * Valid until the next call of this function or of `valueAssociatedData`.
 */
export function dataKeyAssociatedData(binding: Binding, keyId: string, format: KeyFormat): Uint8Array {
  const { version, boundZid, permissions, purposeTag, expiresZeqond, createdAt, updatedAt } = binding;
  start(`zsc-seal-v${format}`, "data-key", binding)
    .text(String(version))
    .text(boundZid)
    .text(String(permissions.length));
  for (const zid of permissions) {
    writer.text(zid);
  }
  if (format === 2) {
    writer
      .textOrAbsent(purposeTag)
      .textOrAbsent(expiresZeqond === null ? null : String(expiresZeqond))
      .text(createdAt)
      .text(updatedAt);
  }
  return writer.text(keyId).view();
}

/**
 * The associated data of a value: the fields that never change. The others are bound through the data key, so that a
 * grant reseals 32 bytes and not the value. Valid until the next call of this function or of `dataKeyAssociatedData`.
 */
export function valueAssociatedData(binding: Binding): Uint8Array {
  return start("zsc-seal-v1", "value", binding).view();
}

function start(label: string, part: string, binding: Binding): FieldWriter {
  return writer.start().text(label).text(part).text(binding.table).text(binding.id).text(binding.name);
}
