import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { SessionError } from "../../../src/transport/http2/protocol.ts";
import { Http2Session } from "../../../src/transport/http2/session.ts";
import { defaultLimits } from "../../../src/transport/limits.ts";
import { frame, frameTypes, opening } from "../frames.ts";
import { headers, many } from "./raw-peer.ts";

test("a peer that reads nothing cannot make the server hold answers to its PINGs", async () => {
  // Takes the first write and never the next.
  const socket = new Duplex({ read() {}, write() {} });
  socket.on("error", () => undefined);
  const errors: unknown[] = [];
  const nothing = () => undefined;
  const session = new Http2Session(socket as unknown as Socket, defaultLimits, {
    onStream: nothing,
    onReset: nothing,
    onIdle: nothing,
    onError: (error) => errors.push(error),
  });
  socket.emit("data", opening);
  const ping = frame(frameTypes.ping, 0, 0, Buffer.alloc(8));
  // A stream earns the right to a few frames without a purpose.
  for (let n = 0; n < 1_000 && errors.length === 0; n++) {
    socket.emit("data", Buffer.concat([headers(2 * n + 1), many(9, () => ping)]));
    await new Promise(process.nextTick);
  }
  const [error] = errors as [SessionError];
  expect(error).toBeInstanceOf(SessionError);
  expect(error).toMatchObject({ h2: "ENHANCE_YOUR_CALM", message: expect.stringContaining("does not read") });
  expect(session.openStreams).toBe(0);
  socket.destroy();
});
