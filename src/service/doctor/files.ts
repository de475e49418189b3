import { type Examination, unless } from './check.ts'

/** What lies on this machine. */
export const files: Examination = {
  expects: { 'files with secrets': 'for their owner’s eyes alone' },
  examine: async ({ setup }) => {
    const open = setup.files.filter((file) => file.open)
    return {
      'files with secrets': unless(
        open.map(({ name, path, mode }) => `${path} (${name}) has mode ${mode}`),
        setup.files.length === 0 ? 'none is used' : setup.files.map(({ path }) => path).join(', '),
        `chmod 600 ${open.map(({ path }) => path).join(' ')}`,
      ),
    }
  },
}
