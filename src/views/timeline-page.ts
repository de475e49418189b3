/** A timeline as one page of HTML: no script, nothing from outside, readable aloud and on paper. */
import type { Timeline, TimelineStep } from '../service/audit/audit.ts'
import { durationText } from './time.ts'
import { actionText, clockText, spanText, sumsText, targetText } from './timeline.view.ts'
import type { PageSurroundings } from './view.ts'

/** Dark text on white, and nothing that is told by colour: it prints as it is. */
const style = `
body { font: 1rem/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 2rem auto; padding: 0 1rem; max-width: 75rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2rem; } h3 { font-size: 1rem; margin-bottom: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dt { font-weight: bold; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; padding-bottom: .5rem; }
th, td { border: 1px solid #767676; padding: .35rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
thead th { background: #eee; } th, time { white-space: nowrap; } td.long { min-width: 12rem; }
.scroll { overflow-x: auto; } ol { columns: 22rem; } code, li { font-family: ui-monospace, monospace; font-size: .85rem; overflow-wrap: anywhere; }
@media print {
  @page { size: A4 landscape; margin: 1.2cm; }
  body { font-size: 9pt; margin: 0; max-width: none; padding: 0; } .scroll { overflow: visible; }
  thead { display: table-header-group; } tr, li { break-inside: avoid; } h2, h3 { break-after: avoid; } thead th { background: none; }
}`

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const filterNames: Record<string, string> = {
  organization: 'Organization',
  since: 'Since',
  until: 'Until',
  actor: 'By',
  action: 'Action',
  target: 'About',
  ticket: 'Ticket',
}

/** The page, piece by piece; everything that came from outside is cleaned and escaped. */
export function* timelinePage(
  timeline: Timeline,
  { now, version, clean }: PageSurroundings,
): Generator<string> {
  const text = (value: string): string => clean(value).replace(/[&<>"']/g, (char) => entities[char] ?? '')
  const term = (name: string, value: string): string => `<dt>${name}</dt><dd>${text(value)}</dd>\n`
  const moment = (at: string): string => `<time datetime="${text(at)}">${text(clockText(at))}</time>`
  const { selector, steps } = timeline
  const title = `Timeline${selector.ticket === undefined ? '' : ` of ${selector.ticket}`}`
  const { organization: _, ticket: __, ...others } = selector

  yield `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${text(title)}</title>
<style>${style}
</style>
</head>
<body>
<main>
<h1>${text(title)}</h1>
<p>${steps.length === 0 ? 'No event matches.' : text(spanText(timeline))}</p>
`
  if (Object.keys(others).length > 0)
    yield '<p><strong>Filtered:</strong> what else happened is not on this page.</p>\n'
  yield `<h2>What was asked</h2>
<dl>
${Object.entries(selector)
  .map(([name, value]) => term(filterNames[name] ?? name, String(value)))
  .join('')}${term('Made', `${now.toISOString()} by meanderctl ${version}`)}</dl>
`
  if (steps.length > 0) {
    yield `<h2>What happened</h2>
<div class="scroll" role="region" aria-label="What happened" tabindex="0">
<table>
<caption>Events of one command are one step. Moments are in UTC.</caption>
<thead>
<tr>${[
      'When',
      'After',
      'In all',
      'Organization',
      'Operator',
      'Action',
      'Target',
      'Reason',
      'Ticket',
      'In numbers',
    ]
      .map((name) => `<th scope="col">${name}</th>`)
      .join('')}</tr>
</thead>
<tbody>
`
    for (const [index, step] of steps.entries()) yield row(step, index)
    yield '</tbody>\n</table>\n</div>\n<h2>Targets of each step</h2>\n'
    for (const [index, step] of steps.entries()) {
      yield `<h3 id="step-${index + 1}">Step ${index + 1}: ${text(actionText(step))}, ${text(targetText(step))}</h3>
<p>Events ${step.fromSeq} to ${step.toSeq} of ${text(step.organization)}.</p>
<ol>
`
      for (const id of step.targetIds) yield `<li>${text(id)}</li>\n`
      yield '</ol>\n'
    }
    yield `<h2>What this rests on</h2>
<p>The newest of these events in each organization’s record. meanderctl audit verify finds whether that record is whole.</p>
<dl>
${timeline.heads.map(({ organization, seq, hash }) => term(text(organization), `event ${seq}, SHA-256 ${hash}`)).join('')}</dl>
`
  }
  yield '</main>\n</body>\n</html>\n'

  function row(step: TimelineStep, index: number): string {
    const after = step.sincePreviousSeconds === null ? 'start' : durationText(step.sincePreviousSeconds)
    const until = step.endedAt === step.startedAt ? '' : ` to ${moment(step.endedAt)}`
    return `<tr><th scope="row">${moment(step.startedAt)}${until}</th>${[
      after,
      durationText(step.sinceStartSeconds),
      step.organization,
      step.actor,
      actionText(step),
    ]
      .map((value) => `<td>${text(value)}</td>`)
      .join('')}<td><a href="#step-${index + 1}">${text(targetText(step))}</a></td>${[
      step.reason ?? '',
      step.ticket ?? '',
      sumsText(step),
    ]
      .map((value) => `<td>${text(value)}</td>`)
      .join('')}</tr>\n`
  }
}
