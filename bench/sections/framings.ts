import { echoCall, echoJson, infoCall, readCall } from "../calls.ts";
import { type Contender, loadOf, measureInTurn, of } from "../measure.ts";
import { onScene, usualNumbers } from "../scene.ts";
import { crowdsOf, type Section } from "./section.ts";

export const framingsSection: Section = {
  name: "framings",
  title: "The other ways in, MariaDB",
  about:
    "A Connect read and a JSON `info`, both over HTTP/1.1 with a connection for each call in flight, beside the gRPC " +
    "read of the same server. Each is also compared with the echo of its own framing.",
  unit: "calls/s",
  measure: (stage) =>
    onScene(stage, async (scene) => {
      const { tokens } = stage;
      const vault = await scene.vault("mariadb");
      const [echo, zsc] = [await scene.echo("fast"), await scene.zsc(vault)];
      const contenders = crowdsOf(stage.options).flatMap((inFlight): Contender[] => {
        const id = (name: string) => `framings/${name}/${inFlight}`;
        const ofGrpc = of(id("grpc"), "of the gRPC read");
        const bare = { inFlight, target: echo };
        const whole = { inFlight, target: zsc };
        return [
          loadOf(stage, { ...bare, id: id("echo-grpc"), what: "echo, gRPC", call: echoCall("grpc") }),
          loadOf(stage, {
            ...whole,
            id: id("grpc"),
            what: "read, gRPC",
            call: readCall("grpc", usualNumbers, tokens),
            against: [of(id("echo-grpc"), "of its echo")],
          }),
          loadOf(stage, { ...bare, id: id("echo-connect"), what: "echo, Connect", call: echoCall("connect-http1") }),
          loadOf(stage, {
            ...whole,
            id: id("connect"),
            what: "read, Connect",
            call: readCall("connect-http1", usualNumbers, tokens),
            against: [ofGrpc, of(id("echo-connect"), "of its echo")],
          }),
          loadOf(stage, { ...bare, id: id("echo-json"), what: "echo, JSON", call: echoJson() }),
          loadOf(stage, {
            ...whole,
            id: id("info"),
            what: "info, JSON",
            call: infoCall(usualNumbers, tokens),
            against: [ofGrpc, of(id("echo-json"), "of its echo")],
          }),
        ];
      });
      return await measureInTurn(stage, contenders);
    }),
};
