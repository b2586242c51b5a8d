declare module "node:test" {
  export function test(name: string, body: () => void | Promise<void>): void;
}
declare module "node:assert/strict" {
  const assert: { deepEqual(a: unknown, b: unknown): void; equal(a: unknown, b: unknown): void; ok(value: unknown): void };
  export default assert;
}
