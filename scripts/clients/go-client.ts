import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Check, checksIn, environmentOf, type Scene } from "./scene.ts";
import { cacheFolder, pathWith, run } from "./tools.ts";
import { goPlugins } from "./versions.ts";

const source = join(process.cwd(), "test", "clients", "go");
const folder = join(cacheFolder, "go-client");
const protos = ["zsc/v1/zeq_context.proto", "zsc/v1/receipt.proto", "zsc/v1/rules.proto"];

/** Generates, builds and runs the client in Go. */
export async function goChecks(scene: Scene): Promise<readonly Check[]> {
  const plugins = await goPlugins();
  mkdirSync(folder, { recursive: true });
  for (const file of ["go.mod", "go.sum", "main.go"]) {
    cpSync(join(source, file), join(folder, file));
  }
  const paths = [...protos.map((proto) => join("proto", proto)), "third_party/buf/validate/validate.proto"];
  const template = ["--template", join(source, "buf.gen.yaml"), "--output", folder];
  const env = { PATH: pathWith(...plugins) };
  await run("buf", ["generate", ...template, ...paths.flatMap((path) => ["--path", path])], { env });
  await run("go", ["build", "-buildvcs=false", "-o", "client", "."], { cwd: folder });
  return checksIn(await run(join(folder, "client"), [], { env: await environmentOf(scene, "GO") }));
}
