declare const BUILD_VERSION: string
declare const BUILD_COMMIT: string

/** What `--version` prints; both are written in by the build, the commit is empty outside a clone. */
export const version = BUILD_COMMIT === '' ? BUILD_VERSION : `${BUILD_VERSION} (${BUILD_COMMIT})`
