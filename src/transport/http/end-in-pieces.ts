import type { ServerResponse } from "node:http";
import type { Connection } from "./connections.ts";

/** Size of a write. Progress is visible only between writes, so a long body is split. */
const pieceBytes = 65_536;

/** Writes a body and ends the response. A long body is written in pieces; `connection` records the progress of each. */
export function endInPieces(
  answer: ServerResponse,
  body: string | Uint8Array,
  connection: Connection | undefined,
): void {
  if (body.length <= pieceBytes) {
    answer.end(body.length === 0 ? undefined : body);
    return;
  }
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  let sent = 0;
  const writeNext = (error?: Error | null) => {
    if (error !== undefined && error !== null) {
      return;
    }
    connection?.move(answer);
    const piece = bytes.subarray(sent, sent + pieceBytes);
    sent += piece.byteLength;
    if (sent === bytes.byteLength) {
      answer.end(piece);
    } else {
      answer.write(piece, writeNext);
    }
  };
  writeNext();
}
