import { parsePeers, readPeers } from "../../bench/peers.ts";

const peer = { name: "one", command: ["serve"], port: 8200, request: { path: "/secret" } };
const env = { TOKEN: "t0" };

test("a peer has defaults for all that it need not say", () => {
  expect(parsePeers([peer], env)).toEqual([
    {
      ...{ name: "one", command: ["serve"], environment: {}, port: 8200, ready: "/", setup: [], leastAnswerBytes: 0 },
      request: { method: "GET", path: "/secret", headers: {}, body: "" },
    },
  ]);
});

test("a header's value may be a variable of the environment", () => {
  const headers = { "x-token": "$TOKEN", "x-price": "5$", "x-text": "$TOKEN and more" };
  const [parsed] = parsePeers([{ ...peer, request: { ...peer.request, headers } }], env);
  expect(parsed?.request.headers).toEqual({ ...headers, "x-token": "t0" });
});

test.each([
  [{}, "the file must be a list"],
  [[], "the file must list at least one peer"],
  [[peer, peer], "each with a name of its own"],
  [[null], "peer 1 must be an object"],
  [[{ ...peer, url: "x" }], 'peer 1 has an unknown key "url"; known: name'],
  [[peer, { ...peer, name: "" }], "peer 2, name must be a text that is not empty"],
  [[{ ...peer, command: [] }], "peer 1, command must be a program and its arguments"],
  [[{ ...peer, command: "serve" }], "peer 1, command must be a list"],
  [[{ ...peer, command: ["serve", 1] }], "peer 1, command must be a text"],
  [[{ ...peer, port: 0 }], "peer 1, port must be a whole number from 1 to 65535"],
  [[{ ...peer, port: "8200" }], "peer 1, port must be a whole number"],
  [[{ ...peer, ready: "health" }], "peer 1, ready must be a path"],
  [[{ ...peer, setup: [["a"], []] }], "peer 1, setup 2 must be a program"],
  [[{ ...peer, environment: { A: 1 } }], "peer 1, environment.A must be a text"],
  [[{ ...peer, request: undefined }], "peer 1, request must be an object"],
  [[{ ...peer, request: { path: "/a b" } }], "peer 1, request.path must be a path"],
  [[{ ...peer, request: { path: "/", method: "PUT" } }], "peer 1, request.method must be GET or POST"],
  [[{ ...peer, request: { path: "/", headers: { a: "$NONE" } } }], "the environment has no NONE"],
  [[{ ...peer, request: { path: "/", body: {} } }], "peer 1, request.body must be a text"],
  [[{ ...peer, leastAnswerBytes: -1 }], "peer 1, leastAnswerBytes must be a whole number"],
])("%j is refused with one sentence that says where", (json, sentence) => {
  expect(() => parsePeers(json, env)).toThrow(sentence);
});

test("a file that is none, or no JSON, is named", () => {
  expect(() => readPeers("/nowhere/peers.json", env)).toThrow("--peers: /nowhere/peers.json cannot be read as JSON");
  expect(() => readPeers(__filename, env)).toThrow("cannot be read as JSON");
});
