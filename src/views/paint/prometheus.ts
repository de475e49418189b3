import type { Metric } from '../view.ts'
import type { PaintStyle } from './options.ts'

/** The text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const paintMetrics = (metrics: readonly Metric[], { clean }: PaintStyle): string =>
  metrics
    .map(({ name, help, samples }) => {
      // Texts that are the same once they are cleaned would be one series twice, which a collector refuses.
      const series = new Map<string, number>()
      for (const { labels, value } of samples) {
        const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(clean(text))}"`)
        const key = pairs.length > 0 ? `${name}{${pairs.join(',')}}` : name
        series.set(key, (series.get(key) ?? 0) + value)
      }
      const lines = [...series].map(([key, value]) => `${key} ${value}\n`)
      return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`
    })
    .join('')

/** In a label: backslash, quotation mark and line feed. */
const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
