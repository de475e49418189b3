import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Before tests of the built tool: never of what was built before the last change. */
export default (): void => {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/build.js', import.meta.url))])
}
