/**
 * The folder that holds `migrations/` and `functions/`. The build copies both beside its chunks, so that one
 * relative path is right in the source tree and in the bundle.
 */
export const sqlFolder = (): URL => new URL('./', import.meta.url)
