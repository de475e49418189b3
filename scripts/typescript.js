/**
 * Lets node run our TypeScript as it stands: `node --import ./scripts/typescript.js FILE.ts`. For programs of our own
 * that are no tests and not shipped. Node 20 takes such hooks from a module that it loads in a thread of their own.
 */
import { readFile } from 'node:fs/promises'
import { register } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import { transform } from 'esbuild'

if (isMainThread) register(import.meta.url)

export const load = async (url, context, next) => {
  if (!url.endsWith('.ts')) return next(url, context)
  const { code } = await transform(await readFile(new URL(url), 'utf8'), {
    loader: 'ts',
    sourcefile: url,
    sourcemap: 'inline',
    target: 'node20.19',
    define: { BUILD_VERSION: '"0.0.0-bench"', BUILD_COMMIT: '""', BUILD_SCHEMA: '0' },
  })
  return { format: 'module', source: code, shortCircuit: true }
}
