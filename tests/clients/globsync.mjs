// Lets the MCP conformance suite run on Node 20: it imports `globSync`, of Node 22, for a command
// that is not used here.
import { register } from 'node:module';

const fs = "export * from 'node:fs'; export const globSync = () => [];";
const shim = 'data:text/javascript,' + encodeURIComponent(fs);
const hook = `export async function resolve(name, context, next) {
  return name === 'fs' && /conformance.dist/.test(context.parentURL)
    ? { url: ${JSON.stringify(shim)}, shortCircuit: true }
    : next(name, context);
}`;
register('data:text/javascript,' + encodeURIComponent(hook));
