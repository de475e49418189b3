import { MeanderError } from '../../errors.ts'
import { isRefusal, type Refusal, unlessRefused } from '../../postgres/call.ts'
import type { Database } from '../../postgres/database.ts'
import { sqlState } from '../../postgres/failures.ts'
import { whoami } from '../../postgres/identity.ts'
import { type Request, recallResult, rememberAfterwards } from '../../postgres/requests.ts'
import {
  type AccessFacts,
  type AuditHead,
  actOnUsers,
  type FoundUser,
  findUsers,
  getUser,
  listUsers,
  refusedOffboardings,
  type User,
  type UserAct,
  type UserDetails,
  type UserEnding,
  type UserPosition,
  type UserSelector,
  type UserTarget,
  verifyUsers,
} from '../../postgres/users.ts'
import { decodeCursor, encodeCursor } from '../cursor.ts'
import { onRecord, type Purpose } from '../on-record.ts'
import { once } from '../once.ts'
import { filled, firstOf, walk } from '../pages.ts'
import type { Stores } from '../stores.ts'
import { type Proof, proofOf } from './verification.ts'

export type { AuditHead, FoundUser, User, UserAct, UserDetails, UserEnding, UserSelector, UserTarget }

export interface UserQuery {
  readonly selector: UserSelector
  readonly cursor: string | null
}

/** One transaction's worth of users of an act. */
export interface ActOrder {
  readonly act: UserAct
  readonly targets: readonly UserTarget[]
  /** What a global admin's intent says; the users' own reasons go on the record with the act. */
  readonly purpose: Purpose
  readonly dryRun: boolean
  readonly requestId: string | null
}

/** Names that one call of the database takes. */
const namesAtOnce = 1000

const positionOf = ({ email, id }: User): UserPosition => ({ email, id })

/** People: look, sign out, off-board, reinstate, and prove that access has ended. */
export class Users {
  readonly #stores: Stores
  #staff: Promise<boolean> | undefined

  constructor(stores: Stores) {
    this.#stores = stores
  }

  /** Every matching user from the cursor on, by e-mail, read as it is consumed. */
  async *stream(
    { selector, cursor }: UserQuery,
    purpose: Purpose,
    limit = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<User, void> {
    const db = await this.#stores.database()
    const call = {
      function: 'list_users',
      arguments: selector,
      organizations: selector.organization === undefined ? null : [selector.organization],
      continued: cursor !== null,
    }
    const fetch = async (after: UserPosition | null, size: number) =>
      filled(
        await onRecord(db, call, purpose, () => listUsers(db, { selector, after, limit: size })),
        positionOf,
        size,
      )
    yield* walk(fetch, position(cursor), limit)
  }

  /** The first `limit` matching users, and the cursor of the next page. */
  async list(
    query: UserQuery,
    purpose: Purpose,
    limit: number,
  ): Promise<{ items: User[]; nextCursor: string | null }> {
    const { items, rest } = await firstOf((n) => this.stream(query, purpose, n), positionOf, limit)
    return { items, nextCursor: rest && encodeCursor([rest.email, rest.id]) }
  }

  /** One user with sessions, grants and record. @throws MeanderError NOT_FOUND, USAGE for an ambiguous e-mail. */
  async show(user: string, purpose: Purpose): Promise<UserDetails> {
    const db = await this.#stores.database()
    const call = { function: 'get_user', arguments: { user }, organizations: null }
    return onRecord(db, call, purpose, () => getUser(db, user))
  }

  /** Whom these names mean, by the names' index; several for an ambiguous one, none for an unknown one. */
  async find(
    names: readonly string[],
    organization: string | null,
    purpose: Purpose,
  ): Promise<FoundUser[][]> {
    const db = await this.#stores.database()
    const found: FoundUser[][] = names.map(() => [])
    for (let from = 0; from < names.length; from += namesAtOnce) {
      const part = names.slice(from, from + namesAtOnce)
      const call = {
        function: 'find_users',
        arguments: { names: part },
        organizations: organization === null ? null : [organization],
      }
      for (const user of await onRecord(db, call, purpose, () => findUsers(db, part, organization))) {
        found[from + user.place - 1]?.push(user)
      }
    }
    return found
  }

  /** Why some of these users may not be off-boarded together, by user id. */
  async refusedOffboardings(users: readonly string[], purpose: Purpose): Promise<Map<string, string>> {
    if (users.length === 0) return new Map()
    const db = await this.#stores.database()
    const call = { function: 'refused_offboardings', arguments: { users }, organizations: null }
    const refused = await onRecord(db, call, purpose, () => refusedOffboardings(db, users))
    return new Map(refused.map(({ userId, message }) => [userId, message]))
  }

  /** The stored result of this request, or null. */
  async recall<R>(request: Request): Promise<R | null> {
    return recallResult(await this.#stores.database(), request)
  }

  /** Stores the result of a command that took several transactions. */
  async remember(request: Request, result: object): Promise<void> {
    await rememberAfterwards(await this.#stores.database(), request, result)
  }

  /**
   * Ends or gives back the access of these users in one transaction, all or none.
   * @throws MeanderError REFUSED for a role that may not, FAILED, UNKNOWN, INTERRUPTED.
   */
  act(order: ActOrder): Promise<UserEnding[]> {
    return this.#act(order, () => order.dryRun)
  }

  /** The same for one user, once under a request id. */
  async actOnce(order: ActOrder, request: Request | null): Promise<UserEnding | undefined> {
    const db = await this.#stores.database()
    const staff = await this.#isStaffBusiness(db)
    const { items } = await onRecord(db, callOf(order), order.purpose, () =>
      once(db, { dryRun: order.dryRun, request }, (transaction) =>
        actOnUsers(transaction, order.act, staff, order.targets, order.requestId),
      ),
    )
    return items[0]
  }

  /** Has the database refuse, and record, what may not be done; should it do any of it after all, that is undone. */
  async recordRefusals(order: ActOrder): Promise<void> {
    await this.#act(order, (items) => items.some(({ outcome }) => outcome !== 'refused'))
  }

  async #act(order: ActOrder, undo: (items: readonly UserEnding[]) => boolean): Promise<UserEnding[]> {
    const db = await this.#stores.database()
    const staff = await this.#isStaffBusiness(db)
    const done = await onRecord(db, callOf(order), order.purpose, () =>
      db.transaction(
        (transaction) => actOnUsers(transaction, order.act, staff, order.targets, order.requestId),
        { rollback: (result: { items: UserEnding[] } | Refusal) => !isRefusal(result) && undo(result.items) },
      ),
    )
    return unlessRefused(done).items
  }

  /** What is still open to these users, from both stores as they are now. */
  async verify(
    users: readonly string[],
    purpose: Purpose,
    offboarded: boolean,
  ): Promise<{ proofs: Proof[]; auditHead: AuditHead | null }> {
    const { facts, mode, auditHead } = await this.#facts(users, purpose)
    const store = mode === 'redis' ? await this.#stores.blocklist() : null
    const jtis = facts.flatMap(({ blocked }) => blocked.map(({ jti }) => jti))
    let left: Map<string, number | null> | null = null
    let redisError: string | null = null
    if (store && jtis.length > 0) {
      try {
        const remaining = await store.remaining(jtis)
        left = new Map(jtis.map((jti, index) => [jti, remaining[index] ?? null]))
      } catch (error) {
        redisError = error instanceof Error ? error.message : String(error)
      }
    }
    const redis =
      mode === 'database' ? ('unread' as const) : store ? { left, error: redisError } : ('publisher' as const)
    return { proofs: facts.map((fact) => proofOf(fact, redis, offboarded)), auditHead }
  }

  /** What is still open to these users by the tables alone: the read-back after an act. */
  async readBack(users: readonly string[], purpose: Purpose): Promise<AccessFacts[]> {
    return (await this.#facts(users, purpose)).facts
  }

  async #facts(users: readonly string[], purpose: Purpose) {
    const db = await this.#stores.database()
    const staff = await this.#isStaffBusiness(db)
    const call = { function: 'verify_users', arguments: { users }, organizations: null }
    const { users: facts, ...rest } = await onRecord(db, call, purpose, () => verifyUsers(db, staff, users))
    return { facts, ...rest }
  }

  /** An administrator's business with users is with those of no tenant. */
  #isStaffBusiness(db: Database): Promise<boolean> {
    this.#staff ??= whoami(db).then(({ kind }) => kind === 'administrator')
    return this.#staff
  }
}

const callOf = ({ act, targets }: ActOrder) => ({
  function: `${act}_users`,
  arguments: { users: targets.map(({ userId }) => userId) },
  organizations: null,
})

const position = (cursor: string | null): UserPosition | null => {
  if (cursor === null) return null
  const [email = '', id = ''] = decodeCursor(cursor, [/^.{1,1000}$/s, /^[0-9a-f-]{36}$/])
  return { email, id }
}

/**
 * The failure that stops a list of users: somebody asked to stop, the right is gone, or the server or the way to it
 * is. What the server says of one user's rows does not keep it from the others.
 */
export const stopsAll = (error: unknown): boolean => {
  if (!(error instanceof MeanderError)) return /^(08|25|53|57P|58|XX)/.test(sqlState(error) ?? 'XX')
  return (
    ['INTERRUPTED', 'UNKNOWN', 'UNAUTHENTICATED', 'REFUSED'].includes(error.code) ||
    ['25006', '53100'].includes(error.sqlState ?? '') ||
    /connection .* was lost/i.test(error.message)
  )
}
