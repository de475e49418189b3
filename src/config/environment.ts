export type Environment = Readonly<Record<string, string | undefined>>

/** The environment of this process. Apart from what reads it, which a start does not need. */
export const processEnvironment = (): Environment => process.env
