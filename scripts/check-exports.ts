// Every export of src/ has a user: another file of src/, or a test. A room's index exports what other rooms use and
// nothing else. What the package offers (src/client, src/testing, the bin) is used by others.
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";

const offered = new Set(["src/client/index.ts", "src/testing/index.ts", "src/cli/zsc.ts"]);
const sources = globSync("src/**/*.ts").sort();
const users = [...sources, ...globSync(["test/**/*.ts", "bench/**/*.ts", "scripts/**/*.ts"])];
const isIndex = (file: string) => file.endsWith("/index.ts");
const roomOf = (file: string) => dirname(file);

/** By file: the names that others import from it, and who does. */
const importers = new Map<string, Map<string, Set<string>>>();
/** By file: what it exports itself, or passes on. */
const exported = new Map<string, Set<string>>();

for (const file of users) {
  const tree = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest);
  ts.forEachChild(tree, function visit(node) {
    note(file, node);
    ts.forEachChild(node, visit);
  });
}

const unused = sources.flatMap((file) => {
  if (offered.has(file)) {
    return [];
  }
  return [...(exported.get(file) ?? [])].filter((name) => !isUsed(file, name)).map((name) => `${file}: ${name}`);
});
for (const line of unused) {
  console.error(`${line} is exported, and nobody imports it`);
}
console.log(`exports: ${[...exported.values()].reduce((sum, names) => sum + names.size, 0)}, ${unused.length} unused`);
process.exitCode = unused.length === 0 && exported.size > 0 ? 0 : 1;

function isUsed(file: string, name: string): boolean {
  const by = [...(importers.get(file)?.get(name) ?? []), ...(importers.get(file)?.get("*") ?? [])];
  // A room needs no index for itself.
  return isIndex(file) ? by.some((user) => !user.startsWith(`${roomOf(file)}/`)) : by.length > 0;
}

function note(file: string, node: ts.Node): void {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const bindings = node.importClause?.namedBindings;
    const names = bindings && ts.isNamedImports(bindings) ? bindings.elements.map(nameOf) : ["*"];
    use(file, node.moduleSpecifier.text, names);
  } else if (ts.isExportDeclaration(node) && node.exportClause && ts.isNamedExports(node.exportClause)) {
    const names = node.exportClause.elements;
    add(
      file,
      names.map(({ name }) => name.text),
    );
    if (node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      use(file, node.moduleSpecifier.text, names.map(nameOf));
    }
  } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    useDynamically(file, node);
  } else if (
    ts.canHaveModifiers(node) &&
    ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  ) {
    add(file, declaredIn(node));
  }
}

function nameOf({ name, propertyName }: ts.ImportSpecifier | ts.ExportSpecifier): string {
  return (propertyName ?? name).text;
}

/** `const { a, b: c } = await import("…")`; in any other form, all that the file exports counts as used. */
function useDynamically(file: string, call: ts.CallExpression): void {
  const [specifier] = call.arguments;
  if (specifier === undefined || !ts.isStringLiteral(specifier)) {
    return;
  }
  const text = readFileSync(file, "utf8");
  const pattern = new RegExp(`\\{ ([^}]*) \\} = await import\\("${specifier.text.replaceAll(".", "\\.")}"\\)`, "g");
  const names = [...text.matchAll(pattern)].flatMap(([, list = ""]) =>
    list.split(",").map((each) => each.split(":")[0]?.trim() ?? ""),
  );
  use(file, specifier.text, names.length === 0 ? ["*"] : names);
}

function declaredIn(node: ts.Node): readonly string[] {
  if (ts.isVariableStatement(node)) {
    return node.declarationList.declarations.flatMap(({ name }) => (ts.isIdentifier(name) ? [name.text] : []));
  }
  const { name } = node as ts.NamedDeclaration;
  return name && ts.isIdentifier(name) ? [name.text] : [];
}

function add(file: string, names: readonly string[]): void {
  exported.set(file, new Set([...(exported.get(file) ?? []), ...names]));
}

function use(file: string, specifier: string, names: readonly string[]): void {
  if (!specifier.startsWith(".")) {
    return;
  }
  const target = normalize(join(dirname(file), specifier));
  const of = importers.get(target) ?? new Map<string, Set<string>>();
  importers.set(target, of);
  for (const name of names) {
    of.set(name, new Set([...(of.get(name) ?? []), file]));
  }
}
