// Runs the conformance suite of Connect against the transport: gRPC, gRPC-Web and Connect, with and without TLS.
// The suite is a Go program; it is installed on the first run. Arguments go to it: npm run conformance -- -v
import { installGoProgram, run } from "./go-program.ts";

const program = installGoProgram("connectrpc.com/conformance/cmd/connectconformance", "v1.0.6");
run(program, [
  ...["--mode", "server", "--conf", "test/conformance/config.yaml"],
  ...["--known-flaky", "@test/conformance/known-flaky.txt", "--max-servers", "2", "--parallel", "4"],
  ...process.argv.slice(2),
  ...["--", process.execPath, "test/conformance/server.ts"],
]);
console.log("conformance: all cases passed, known exceptions aside");
