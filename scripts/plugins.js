import { isBuiltin } from 'node:module'

/**
 * What node has built in is loaded when it is first used, not when it is named. An import of it also asks for each of
 * its exports, and `import process from 'node:process'` so opens stdin, stdout and stderr: together a third of a start.
 */
export const lateBuiltins = {
  name: 'late built-ins',
  setup(context) {
    context.onResolve({ filter: /^[^.]/ }, ({ kind, path }) =>
      isBuiltin(path) && kind !== 'dynamic-import' ? { path, namespace: 'built-in' } : undefined,
    )
    context.onLoad({ filter: /.*/, namespace: 'built-in' }, ({ path }) => {
      const builtin = process.getBuiltinModule(path)
      const whole = `process.getBuiltinModule('${path}')`
      // Where the module is itself a class or a function (events, stream), or is there in any case.
      if (typeof builtin === 'function' || builtin === process)
        return { contents: `module.exports = ${whole}` }
      // Inherited, because a bundle copies what a module has itself, name by name, for everybody who imports it.
      const asked = `{ get: (_, name) => ${whole}[name], has: (_, name) => name in ${whole} }`
      return { contents: `module.exports = Object.create(new Proxy({}, ${asked}))` }
    })
  },
}

/**
 * `const { parse } = await import('dotenv')` works in node for CommonJS packages, but a bundle of one has only a
 * default export: what the tests saw would not be what is shipped. So it gets the names that node sees.
 */
export const namedExports = (external) => ({
  name: 'named exports',
  setup(context) {
    context.onResolve({ filter: /^[^.]/ }, ({ kind, path, importer }) =>
      kind === 'dynamic-import' &&
      !importer.includes('/node_modules/') &&
      !external.some((name) => `${path}/`.startsWith(`${name}/`)) &&
      !isBuiltin(path)
        ? { path, namespace: 'named' }
        : undefined,
    )
    context.onLoad({ filter: /.*/, namespace: 'named' }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => /^[\w$]+$/.test(name))
      return { contents: `export { ${names.join(', ')} } from '${path}'`, resolveDir: import.meta.dirname }
    })
  },
})

/** A package that only what is never called asks for: the question that opens an editor brings half a megabyte of encodings. */
export const without = (name) => ({
  name: `without ${name}`,
  setup(context) {
    context.onResolve({ filter: new RegExp(`^${name}$`) }, ({ path }) => ({ path, namespace: 'left out' }))
    context.onLoad({ filter: /.*/, namespace: 'left out' }, () => ({
      contents: 'module.exports = {}',
      loader: 'js',
    }))
  },
})
