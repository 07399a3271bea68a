// ES modules are compiled to CommonJS for the tests: jest's own module mode is still experimental.
const esModules = ["jose", "commander"].join("|");

export default {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
  transform: {
    "^.+\\.(ts|js|mjs)$": [
      "@swc/jest",
      {
        jsc: { target: "es2023", parser: { syntax: "typescript" } },
        module: { type: "commonjs" },
        sourceMaps: "inline",
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esModules})/)`],
  globalSetup: "<rootDir>/test/support/global-setup.ts",
  globalTeardown: "<rootDir>/test/support/global-teardown.ts",
  // A cluster takes half a minute to start: `npm run test:galera` asks for it.
  testPathIgnorePatterns: process.env.ZSC_TEST_GALERA ? [] : ["/test/galera/"],
  testTimeout: 30_000,
  maxWorkers: 2,
};
