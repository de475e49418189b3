declare const BUILD_VERSION: string
declare const BUILD_COMMIT: string
declare const BUILD_SCHEMA: number

/** Version and commit, written in by the build; the commit is empty outside a clone. */
export const version = BUILD_COMMIT === '' ? BUILD_VERSION : `${BUILD_VERSION} (${BUILD_COMMIT})`

/** What `--version` prints: one line, or with `-o json` the same for a program. `schema` is the newest that this brings. */
export const versionAnswer = (json: boolean): string => {
  if (!json) {
    const commit = BUILD_COMMIT === '' ? '' : `commit ${BUILD_COMMIT}, `
    return `meanderctl ${BUILD_VERSION} (${commit}schema ${BUILD_SCHEMA})\n`
  }
  const item = {
    version: BUILD_VERSION,
    commit: BUILD_COMMIT || null,
    schema: BUILD_SCHEMA,
    node: process.version,
  }
  return `${JSON.stringify({ schemaVersion: 1, kind: 'Version', item })}\n`
}
