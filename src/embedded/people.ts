/** Names, devices and addresses that the demo draws from; all invented, addresses of documentation ranges. */

export const organizations = [
  { slug: 'hlf', name: 'Hjerte og lunge', users: 90, idle: '30 days', lifetime: '180 days' },
  { slug: 'nhf', name: 'Nye hender', users: 70, idle: '14 days', lifetime: null },
  { slug: 'mot', name: 'Mot i hverdagen', users: 40, idle: null, lifetime: null },
] as const

export const firstNames =
  'Anne Bjørn Camilla Dag Elin Frode Grete Håkon Ida Jan Kjersti Lars Marit Nora Odd Pål Ragnhild Silje Tor Unni Vegard Åse'.split(
    ' ',
  )
export const lastNames =
  'Aas Berg Bakke Dahl Eide Fossum Hagen Haugen Iversen Jensen Knutsen Lie Lunde Moen Nygård Olsen Ruud Strand Sæther Tangen Vik Østby'.split(
    ' ',
  )

interface Device {
  readonly kind: 'mobile' | 'portal'
  readonly type: 'phone' | 'tablet' | 'browser'
  readonly name: string
  readonly agent: string
}

const app = (type: Device['type'], name: string, system: string): Device => ({
  kind: 'mobile',
  type,
  name,
  agent: `Meander/4.2.1 (${name}; ${system})`,
})
const browser = (name: string, system: string, rest: string): Device => ({
  kind: 'portal',
  type: 'browser',
  name,
  agent: `Mozilla/5.0 (${system}) ${rest}`,
})

export const iphone = app('phone', 'iPhone 15', 'iOS 18.6')

const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

/** Phones come more often than the rest. */
export const devices: readonly Device[] = [
  iphone,
  app('phone', 'iPhone 13 mini', 'iOS 18.6'),
  app('phone', 'iPhone SE', 'iOS 17.7'),
  app('phone', 'Galaxy S24', 'Android 15'),
  app('phone', 'Galaxy A54', 'Android 14'),
  app('phone', 'Pixel 8', 'Android 16'),
  app('tablet', 'iPad Air', 'iPadOS 18.6'),
  app('tablet', 'Galaxy Tab S9', 'Android 15'),
  browser('Chrome on Windows', 'Windows NT 10.0; Win64; x64', webkit),
  browser('Edge on Windows', 'Windows NT 10.0; Win64; x64', `${webkit} Edg/140.0.0.0`),
  browser('Firefox on Linux', 'X11; Linux x86_64; rv:143.0', 'Gecko/20100101 Firefox/143.0'),
  browser(
    'Safari on macOS',
    'Macintosh; Intel Mac OS X 10_15_7',
    'AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15',
  ),
]

/** RFC 5737 and RFC 3849. */
export const networks = ['192.0.2.', '198.51.100.', '203.0.113.', '2001:db8:4::'] as const
