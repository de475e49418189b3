import type { Settings } from './config/settings.ts'
import { MeanderError } from './errors.ts'
import type { Terminal } from './terminal/terminal.ts'
import { version } from './version.ts'
import type { CopiedPage } from './views/paint/copied.ts'
import type { PaintOptions } from './views/paint/options.ts'
import {
  formatMeanings,
  type Metric,
  type OutputFormat,
  outputFormats,
  type PageSurroundings,
  type View,
} from './views/view.ts'

/** How something to choose is called: in the list, and once it is chosen. */
interface Named {
  readonly name: string
  readonly short: string
}

/** What a prompt puts in front of each line of a list: pointer and box. */
const promptMargin = 6

/** How answers are shown, in the form that `-o` names. */
export interface Show {
  readonly format: OutputFormat
  list<T>(view: View<T>, rows: AsyncIterable<T> | Iterable<T>, nextCursor?: string | null): Promise<void>
  /** A long list as `ndjson`, from the bytes that the database gave of it. */
  copied<T>(view: View<T>, pages: AsyncIterable<CopiedPage<T>>): Promise<void>
  item<T>(view: View<T>, item: T): Promise<void>
  result<T>(kind: string, view: View<T>, result: { readonly items: readonly T[] }): Promise<void>
  /** A result while it is still being found: nothing is kept; `rest` is the end of `json`. */
  findings<T>(kind: string, view: View<T>, rows: AsyncIterable<T>, rest: () => object): Promise<void>
  /** Numbers for a monitoring system, as text: for standard output or a file. */
  metrics(metrics: readonly Metric[]): Promise<string>
  /** More of a list that has no end: written at once, and through no pager. */
  more<T>(view: View<T>, rows: readonly T[]): Promise<void>
  /** The lines of a table as a terminal shows them, for whoever draws them. */
  lines<T>(view: View<T>, rows: readonly T[]): Promise<string[]>
  /** A page of HTML that stands by itself. */
  page(render: (surroundings: PageSurroundings) => Iterable<string>): Promise<void>
  /** A table on stderr, for a person who is about to decide. */
  preview<T>(view: View<T>, rows: readonly T[]): Promise<void>
  /** What can be chosen, a line for each: for a prompt. */
  choices<T>(view: View<T>, items: readonly T[]): Promise<(Named & { readonly value: T })[]>
  /** A part of a person's answer under a heading; `none` where there is nothing. */
  section<T>(heading: string, view: View<T>, rows: readonly T[]): Promise<void>
}

const everyFormat = Object.keys(formatMeanings) as OutputFormat[]

/**
 * Refuses a form that there is not, or that was typed for a command which has others; `formats` are those that it has.
 * What a profile or the environment says for every command is the command's to take or to leave.
 * @throws MeanderError USAGE
 */
export const refuseWrongFormat = async (
  { output }: Settings,
  formats: readonly OutputFormat[] = outputFormats,
): Promise<void> => {
  const wanted = output.value
  if (wanted === null || formats.some((known) => known === wanted)) return
  const known = everyFormat.some((format) => format === wanted)
  if (known && output.source !== 'flag') return
  const what = known ? `This command has no output format ${wanted}.` : `There is no output format ${wanted}.`
  throw new MeanderError('USAGE', what, { hint: `Use -o ${formats.join('|')}.` })
}

/** The form that `-o` names. */
const formatOf = ({ output }: Settings): OutputFormat =>
  everyFormat.find((known) => known === output.value) ?? 'table'

/** The way from a command's answer to the terminal: every view is painted here, and nowhere else. */
export const createShow = (
  { settings, terminal }: { settings: Settings; terminal: Terminal },
  now: () => Date,
): Show => {
  const format = formatOf(settings)
  const options = async (): Promise<PaintOptions> => ({
    format,
    columns: settings.columns.value ?? undefined,
    now: now(),
    decorated: terminal.decorated,
    width: terminal.width,
    style: await terminal.style(),
  })
  const paint = () => import('./views/paint/paint.ts')
  return {
    format,
    async list(view, rows, nextCursor = null) {
      const { paintList } = await paint()
      await terminal.write(paintList(view, rows, { ...(await options()), nextCursor }), { pager: true })
    },
    async copied(view, pages) {
      const { paintCopied } = await import('./views/paint/copied.ts')
      await terminal.write(paintCopied(view, pages, await terminal.style()), { pager: true })
    },
    async item(view, item) {
      const { paintItem } = await paint()
      await terminal.write(paintItem(view, item, await options()))
    },
    async result(kind, view, result) {
      const { paintResult } = await paint()
      await terminal.write(paintResult(kind, view, result, await options()))
    },
    async metrics(metrics) {
      if (settings.columns.value !== null) {
        throw new MeanderError(
          'USAGE',
          '--columns is for table, wide and csv: prometheus takes all or nothing.',
        )
      }
      const { paintMetrics } = await import('./views/paint/prometheus.ts')
      return paintMetrics(metrics, await terminal.style())
    },
    async findings(kind, view, rows, rest) {
      const { paintFindings } = await paint()
      await terminal.write(paintFindings(kind, view, rows, rest, await options()))
    },
    async more(view, rows) {
      const { paintList } = await paint()
      await terminal.write(paintList(view, rows, await options()))
    },
    async lines(view, rows) {
      const { paintList } = await paint()
      const found: string[] = []
      for await (const chunk of paintList(view, rows, await options())) found.push(chunk)
      return found.join('').split('\n').slice(0, -1)
    },
    async page(render) {
      if (settings.columns.value !== null) {
        throw new MeanderError('USAGE', '--columns is for table, wide and csv: html never drops a field.')
      }
      const { clean } = await terminal.style()
      await terminal.write(render({ now: now(), version, clean }))
    },
    async preview(view, rows) {
      const { paintList } = await paint()
      const { style, ...rest } = await options()
      const plain = { ...style, tone: (_: unknown, text: string) => text }
      for await (const chunk of paintList(view, rows, {
        ...rest,
        columns: undefined,
        format: 'table',
        style: plain,
      })) {
        for (const line of chunk.trimEnd().split('\n')) terminal.note(line)
      }
    },
    async choices(view, items) {
      const { choiceLines } = await import('./views/paint/table.ts')
      const { style, ...rest } = await options()
      const lines = await choiceLines(view.columns, items, {
        ...rest,
        format: 'table',
        decorated: true,
        aligned: !terminal.accessible,
        width: terminal.width - promptMargin,
        style: { ...style, tone: (_, text) => text },
      })
      return lines.map((named, at) => ({ ...named, value: items[at] as (typeof items)[number] }))
    },
    async section(heading, view, rows) {
      const { paintList } = await paint()
      const body = rows.length === 0 ? ['none\n'] : paintList(view, rows, await options())
      await terminal.write([`\n${heading}\n`])
      await terminal.write(body)
    },
  }
}
