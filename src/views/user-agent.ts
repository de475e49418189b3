/** What the start of a user agent tells: the first that fits, because each of them also names the later ones. */
const programs: readonly [pattern: RegExp, name: string][] = [
  [/\bEdg(?:e|A|iOS)?\/\d/, 'Edge'],
  [/\b(?:OPR|OPT|Opera)\/\d/, 'Opera'],
  [/\bSamsungBrowser\/\d/, 'Samsung Internet'],
  [/\bVivaldi\/\d/, 'Vivaldi'],
  [/\b(?:Firefox|FxiOS)\/\d/, 'Firefox'],
  [/; wv\)/, 'an app'],
  [/\b(?:Chrome|CriOS|Chromium)\/\d/, 'Chrome'],
  [/\bVersion\/[\d.]+.* Safari\/\d/, 'Safari'],
  [/\bcurl\/\d/, 'curl'],
]

const systems: readonly [pattern: RegExp, name: string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad(?:OS)?\b/, 'iPad'],
  [/\bAndroid\b/i, 'Android'],
  [/\b(?:iOS|CFNetwork)\b/, 'iOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac(?:intosh| ?OS)\b/i, 'Mac'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]

/** Meander's own app leads with its name: `Meander/4.2.1 (iPhone; iOS 18.1)`. */
const app = /^Meander(?:App)?\/(\d+(?:\.\d+)?)/i

const longest = 40

/** `Safari on iPhone`, `Chrome on Windows`, `Meander app 4.2 on Android`; an unknown one stays, shortened. */
export const shortUserAgent = (userAgent: string): string => {
  const named = (list: readonly [pattern: RegExp, name: string][]) =>
    list.find(([pattern]) => pattern.test(userAgent))?.[1]
  const version = app.exec(userAgent)?.[1]
  const program = version === undefined ? named(programs) : `Meander app ${version}`
  const system = named(systems)
  if (program !== undefined) return system === undefined ? program : `${program} on ${system}`
  const chars = Array.from(userAgent.slice(0, 4 * longest))
  return chars.length > longest ? `${chars.slice(0, longest - 1).join('')}…` : userAgent
}
