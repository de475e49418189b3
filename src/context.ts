import type { DatabaseSettings } from './config/database-settings.ts'
import { type Environment, processEnvironment } from './config/environment.ts'
import type { ProfileBook } from './config/profile-book.ts'
import type { GlobalFlags, Settings } from './config/settings.ts'
import type { Phone } from './embedded/phone.ts'
import { type ExitName, MeanderError } from './errors.ts'
import type { Database } from './postgres/database.ts'
import type { BlocklistStore } from './redis/blocklist-store.ts'
import type { Setup } from './service/doctor/check.ts'
import type { SessionManagementService } from './service/session-management-service.ts'
import { createShow, refuseWrongFormat, type Show } from './show.ts'
import { processStreams, type Streams } from './terminal/streams.ts'
import type { Terminal } from './terminal/terminal.ts'
import { version } from './version.ts'
import type { OutputFormat } from './views/view.ts'

/** The embedded store with what the demo shows in it. */
export interface Demo {
  /** Whether the store was made just now. */
  readonly made: boolean
  readonly folder: string
  /** The operator `kari`'s. */
  readonly service: SessionManagementService
  /** Somebody's lost phone, which goes on talking to the platform. */
  readonly phone: Phone
}

/** A variable, its key in a profile where it has one, and whether its value is never shown. */
interface VariableFacts {
  readonly name: string
  readonly profile: string | null
  readonly secret: boolean
}

/** What every command is handed. Connections open when they are first needed and close once. */
export interface Context {
  readonly settings: Settings
  readonly terminal: Terminal
  readonly show: Show
  /** The command as it was typed: the reason of a global admin's reads who gives none. */
  readonly commandLine: string
  /** Aborted by Ctrl-C and SIGTERM: checked between two transactions. */
  readonly signal: AbortSignal
  now(): Date
  /** The service behind the operator's own login, with a schema that fits this tool. */
  service(): Promise<SessionManagementService>
  /** The same without the look at the schema: for the commands that mend it. */
  unchecked(): Promise<SessionManagementService>
  /** The demo's embedded store, made where there is none, or anew. */
  openDemo(options: { readonly reset: boolean }): Promise<Demo>
  /** Every variable that is read from outside, set or not: for `help environment`. */
  variables(): Promise<readonly VariableFacts[]>
  /** What the settings say, secrets masked: for `doctor`. */
  setup(): Promise<Setup>
  /** This person's profiles: for looking at them and changing them. */
  profiles(): Promise<ProfileBook>
  /** Notes how the command ended; the gravest counts. */
  end(...names: readonly ExitName[]): void
}

/** Where a run begins: the process's own streams and environment, or a test's. */
export interface Surroundings {
  readonly streams: Streams
  readonly env: Environment
  readonly now?: () => Date
  /**
   * So long there is while somebody types a word: nobody is asked, no command is run, nothing is changed, and a
   * database that would take longer is left alone.
   */
  readonly hurryMs?: number
}

/** In the embedded store nobody has to log in: these commands are its administrator's unless PGUSER says otherwise. */
const administrative: readonly string[] = ['db', 'operators', 'blocklist']
/** What is about the settings themselves works whatever a profile or a variable says. */
const apart: readonly string[] = ['profile']
/** How long to wait for another process to let go of the demo's store. */
const demoPatienceMs = 10_000

/** The process itself. */
export const processSurroundings = (): Surroundings => ({
  streams: processStreams(),
  env: processEnvironment(),
})

/** The context of one run: `configure` once the flags are known, `close` at the end. */
export interface OwnedContext extends Context {
  readonly ended: readonly ExitName[]
  /** `noun` is the command's first word; `formats` are those that it has, left out the usual ones. */
  configure(flags: GlobalFlags, noun: string, formats?: readonly OutputFormat[]): Promise<void>
  interrupt(): Promise<void>
  close(): Promise<void>
}

export const createContext = (surroundings: Surroundings, argv: readonly string[]): OwnedContext => {
  const { env, streams, now = () => new Date(), hurryMs } = surroundings
  const aborter = new AbortController()
  const ended: ExitName[] = []
  const opened: { close(): Promise<void> }[] = []
  let configured: { flags: GlobalFlags; settings: Settings; terminal: Terminal; noun: string } | undefined
  let database: Promise<Database> | undefined
  let blocklist: Promise<BlocklistStore | null> | undefined

  const ready = () => {
    if (!configured) throw new Error('the context is used before its settings are read')
    return configured
  }
  const openDatabase = async (): Promise<Database> => {
    const { settings, terminal, noun } = ready()
    const { requireDatabase } = await import('./config/settings.ts')
    const target = requireDatabase(settings)
    if (hurryMs !== undefined) return openInHurry(target, hurryMs)
    if (target.kind === 'embedded') {
      const { openEmbedded } = await import('./embedded/engine.ts')
      const named = settings.found.PGUSER !== undefined
      const login = !named && administrative.includes(noun) ? 'postgres' : target.user
      return openEmbedded({ folder: target.folder, login, note: terminal.note, waitMs: demoPatienceMs })
    }
    const { connect } = await import('./postgres/connection.ts')
    return connect(target, {
      timeoutMs: settings.timeout.value,
      waiting: loadAhead,
      ...(terminal.interactive
        ? { askPassword: (message: string) => terminal.prompt.password(message) }
        : {}),
    })
  }
  const keep = async <T extends { close(): Promise<void> } | null>(opening: Promise<T>): Promise<T> => {
    const store = await opening
    if (store) opened.push(store)
    return store
  }
  const serviceOver = async (open: () => Promise<Database>): Promise<SessionManagementService> => {
    const { SessionManagementService } = await import('./service/session-management-service.ts')
    return new SessionManagementService({
      database: open,
      blocklist: () => {
        blocklist ??= keep(openBlocklist(ready().settings))
        return blocklist
      },
      connect: openDatabase,
      notice: (text) => ready().terminal.warn(text),
    })
  }
  const ownDatabase = () => {
    database ??= keep(openDatabase())
    return database
  }

  const context: OwnedContext = {
    ended,
    commandLine: ['meanderctl', ...argv]
      .join(' ')
      .replace(/\p{Cc}/gu, ' ')
      .slice(0, 1000),
    signal: aborter.signal,
    now,
    get settings() {
      return ready().settings
    },
    get terminal() {
      return ready().terminal
    },
    get show() {
      return createShow(ready(), now)
    },
    async configure(flags, noun, formats) {
      if (hurryMs !== undefined) await refuseToWaitFor(flags.envFile ?? env.MEANDERCTL_ENV_FILE)
      const [{ loadSettings }, { createTerminal }] = await Promise.all([
        import('./config/settings.ts'),
        import('./terminal/create-terminal.ts'),
      ])
      const settings = await loadSettings({ flags, env, apart: apart.includes(noun) })
      const terminal = createTerminal({
        get stdin() {
          return streams.stdin
        },
        stdout: streams.stdout,
        stderr: streams.stderr,
        color: settings.color.value,
        pager: settings.pager.value,
        input: settings.input.value,
        quiet: settings.quiet.value,
        accessible: settings.accessible.value,
        signal: aborter.signal,
      })
      configured = { flags, settings, terminal, noun }
      await refuseWrongFormat(settings, formats)
    },
    unchecked: () => serviceOver(ownDatabase),
    async service() {
      await ownDatabase()
      const service = await serviceOver(ownDatabase)
      await service.schema.check()
      return service
    },
    async openDemo({ reset }) {
      const { settings, terminal } = ready()
      const [store, engine, phones] = await Promise.all([
        import('./embedded/store.ts'),
        import('./embedded/engine.ts'),
        import('./embedded/phone.ts'),
      ])
      const folder = settings.demoFolder
      const making = { folder, toolVersion: version, note: terminal.note, waitMs: demoPatienceMs }
      if (reset) await store.resetStore(making)
      const made = (await store.createStore(making)) || reset
      const kari = await keep(engine.openEmbedded({ ...making, login: 'kari' }))
      return {
        made,
        folder,
        service: await serviceOver(async () => kari),
        phone: await phones.findPhone(await engine.asLogin(kari, 'auth')),
      }
    },
    async variables() {
      const { variables } = await import('./config/variables.ts')
      return Object.entries(variables).map(([name, { profile = null, secret = false }]) => ({
        name,
        profile,
        secret,
      }))
    },
    async setup() {
      const { describeSetup } = await import('./config/describe.ts')
      return describeSetup(ready().settings, env)
    },
    async profiles() {
      const { profileBook } = await import('./config/profile-book.ts')
      return profileBook(env, ready().flags)
    },
    end(...names) {
      ended.push(...names)
    },
    async interrupt() {
      aborter.abort(new MeanderError('INTERRUPTED', 'Interrupted.'))
      await (await database?.catch(() => undefined))?.cancel()
    },
    async close() {
      await Promise.allSettled(opened.splice(0).map((store) => store.close()))
    },
  }
  return context
}

/** What nearly every command goes on with once the server has answered. */
const loadAhead = (): void => {
  const parts = [
    import('./service/session-management-service.ts'),
    import('./views/paint/paint.ts'),
    import('./views/paint/table.ts'),
  ]
  // Whoever needs one of them asks for it again, and hears of it.
  for (const part of parts) part.catch(() => {})
}

/** While somebody types a word: never the embedded engine, which takes a second to start, nor a command for a password. */
const openInHurry = async (target: DatabaseSettings, hurryMs: number): Promise<Database> => {
  if (target.kind === 'embedded' || target.password.kind === 'command') throw tooSlow()
  const { connect } = await import('./postgres/connection.ts')
  return connect({ ...target, connectTimeoutMs: hurryMs }, { timeoutMs: hurryMs, readOnly: true })
}

/** Who writes into a pipe may take any time. */
const refuseToWaitFor = async (file: string | undefined): Promise<void> => {
  const { isThere } = await import('./config/files.ts')
  if (file && !isThere(file)) throw tooSlow()
}

const tooSlow = (): MeanderError => new MeanderError('FAILED', 'This takes too long while a word is typed.')

const openBlocklist = async ({ redis }: Settings): Promise<BlocklistStore | null> => {
  if (!redis) return null
  const { openBlocklistStore } = await import('./redis/open.ts')
  return openBlocklistStore(redis)
}
