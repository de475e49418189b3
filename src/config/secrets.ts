import { type Layer, type VariableName, variables } from './variables.ts'

/** What stands in a secret's place. */
export const hidden = '********'

/** `value`, whose JSON shows that `secrets` are set, and not what they are. */
export const secretive = <T extends object>(value: T, secrets: readonly (keyof T & string)[]): T =>
  Object.defineProperty(value, 'toJSON', {
    value: () => ({
      ...value,
      ...Object.fromEntries(secrets.flatMap((key) => (value[key] ? [[key, hidden]] : []))),
    }),
  })

/** The same settings without their secrets, for showing. */
export const masked = (layer: Layer): Layer =>
  Object.fromEntries(
    Object.entries(layer).map(([name, setting]) => {
      // A command line may hold a token.
      const secret = name === 'passwordCommand' || variables[name as VariableName]?.secret === true
      return [name, secret ? { ...setting, value: hidden } : setting]
    }),
  )
