/** Size of a write. Progress is visible only between writes, so a long body is split. */
const pieceBytes = 65_536;

/** What takes the body of an answer: a response of node:http, or an answer of ours. */
interface PieceTaker {
  write(piece: Uint8Array, written: (error?: Error | null) => void): unknown;
  end(piece?: string | Uint8Array): unknown;
}

/** Writes a body and ends the answer. A long body is written in pieces; `moved` is called before each of them. */
export function endInPieces(answer: PieceTaker, body: string | Uint8Array, moved: () => void): void {
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
    moved();
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
