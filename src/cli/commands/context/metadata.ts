import type { SecretMetadata } from "#gen/zsc/v1/zsc_admin_pb.js";
import type { Column } from "../../output/table.ts";
import { isoTime, msOfZeqond, relativeTime } from "../../output/time.ts";

/** META of the JSON surface (contract zsc.md, section 2). */
export function metaOf(secret: SecretMetadata) {
  const zeqond = (value: bigint | undefined) => (value === undefined ? null : Number(value));
  return {
    id: secret.id,
    name: secret.name,
    purpose_tag: secret.purposeTag ?? null,
    bound_zid: secret.boundZid,
    expires_zeqond: zeqond(secret.expiresZeqond),
    last_read_zeqond: zeqond(secret.lastReadZeqond),
    read_count: Number(secret.readCount),
    permissions: secret.permissions,
    created_at: secret.createdAt,
    updated_at: secret.updatedAt,
  };
}

type Meta = ReturnType<typeof metaOf>;

const ago = (zeqond: number | null, never: string) =>
  zeqond === null ? never : relativeTime(msOfZeqond(zeqond), Date.now());
const iso = (zeqond: number | null) => (zeqond === null ? "" : isoTime(msOfZeqond(zeqond)));

/** The columns of a list; those on the right are left out first. */
export const listColumns: readonly Column<Meta>[] = [
  { title: "NAME", shown: ({ name }) => name, plain: ({ name }) => name },
  { title: "OWNER", shown: ({ bound_zid }) => bound_zid, plain: ({ bound_zid }) => bound_zid },
  { title: "TAG", shown: ({ purpose_tag }) => purpose_tag ?? "", plain: ({ purpose_tag }) => purpose_tag ?? "" },
  {
    title: "GRANTS",
    shown: ({ permissions }) => String(permissions.length),
    plain: ({ permissions }) => String(permissions.length),
  },
  { title: "READS", shown: ({ read_count }) => String(read_count), plain: ({ read_count }) => String(read_count) },
  {
    title: "LAST-READ",
    shown: ({ last_read_zeqond }) => ago(last_read_zeqond, "never"),
    plain: ({ last_read_zeqond }) => iso(last_read_zeqond),
  },
  {
    title: "ROTATES",
    shown: ({ expires_zeqond }) => ago(expires_zeqond, "never"),
    plain: ({ expires_zeqond }) => iso(expires_zeqond),
  },
];

/** All fields of a secret, one a line. */
export function fieldsOf(meta: Meta, isTerminal: boolean): readonly (readonly [name: string, value: string])[] {
  const zeqond = (value: number | null) => (isTerminal ? ago(value, "never") : iso(value));
  const time = (text: string) => (isTerminal ? `${relativeTime(Date.parse(text), Date.now())} (${text})` : text);
  return [
    ["name", meta.name],
    ["id", meta.id],
    ["owner", meta.bound_zid],
    ["tag", meta.purpose_tag ?? ""],
    ["readers", meta.permissions.join(" ")],
    ["reads", String(meta.read_count)],
    ["last read", zeqond(meta.last_read_zeqond)],
    ["rotates", zeqond(meta.expires_zeqond)],
    ["created", time(meta.created_at)],
    ["updated", time(meta.updated_at)],
  ];
}
