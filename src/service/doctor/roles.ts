import { readManifest } from '../../postgres/inspection/manifest.ts'
import {
  missingSignalRoles,
  readDefaultRights,
  readExcess,
  readGroupRoles,
  readMembers,
  readRoleSettings,
  readServer,
} from '../../postgres/inspection/roles.ts'
import { listOperators, type Operator } from '../../postgres/operators.ts'
import {
  type Examination,
  finding,
  listed,
  needsAdministrator,
  notChecked,
  ok,
  unless,
  type Verdict,
  warning,
} from './check.ts'

/** Whose members reach data through functions or rows, and may hold nothing else. */
const services = ['meander_auth', 'meander_publisher', 'meander_directory']
const groups = ['meander_operator', ...services]
const owner = 'meander_owner'

/** Roles of the cluster: who could get past functions and policies. */
export const roles: Examination = {
  expects: {
    'group roles': 'cannot log in, and hold no power of their own',
    'owning roles': 'without any member',
    administrators: 'known people: they may change everything but the record',
    'login powers': 'none beside their group, not even indirectly',
    'default rights': 'nobody gets anything by default',
    'role settings': 'no session_replication_role',
    'ending connections': 'meander_signal is a member of pg_signal_backend and pg_read_all_stats',
  },
  examine: async (patient) => {
    const db = await patient.database()
    const { roles: wanted } = await readManifest()
    const found = await readGroupRoles(db)
    const owning = wanted.filter((role) => role !== owner && !groups.includes(role))
    const members = await readMembers(db, [...owning, owner])
    const administrators = members.filter(({ role, login }) => role === owner && login)
    const excess = await readExcess(db, groups, services)
    return {
      'group roles': unless(
        [
          ...wanted
            .filter((role) => !found.some(({ name }) => name === role))
            .map((role) => `${role} is missing`),
          ...found
            .filter(({ name, powers }) => wanted.includes(name) && powers.length > 0)
            .map(({ name, powers }) => `${name} has ${powers.join(', ')}`),
        ],
        `${wanted.length} roles`,
        'alter role … nologin nosuperuser nobypassrls nocreaterole nocreatedb noreplication',
      ),
      'owning roles': unless(
        members
          .filter(({ member, role }) => role !== owner && member !== owner)
          .map(({ member, role }) => `${member} is a member of ${role}`),
        'without any member',
        'revoke … from …',
      ),
      administrators: ok(
        administrators.length === 0
          ? 'superusers alone'
          : listed(administrators.map(({ member }) => member)).concat(', and superusers'),
      ),
      'login powers': unless(
        excess.map(({ login, group, power }) => `${login} (${group}) holds ${power}`),
        'none',
        'take it from the login (alter role …, revoke … from …), or the login from its group',
      ),
      'default rights': unless(
        await readDefaultRights(db, wanted),
        'none',
        'alter default privileges for role … revoke … from …',
      ),
      'role settings': unless(
        await readRoleSettings(db),
        'none',
        'alter role … reset session_replication_role',
      ),
      'ending connections': signalling(await missingSignalRoles(db)),
    }
  },
}

/** Without the one open connections stay, without the other nobody learns since when somebody holds a lock. */
const signalling = (missing: readonly string[]): Verdict => {
  if (missing.length === 0) return ok('allowed')
  const fix = `a superuser runs: grant ${missing.join(', ')} to meander_signal`
  return missing.includes('pg_signal_backend')
    ? finding('not: who is disabled or let out keeps open connections', fix)
    : warning(`not of ${missing.join(', ')}`, fix)
}

/** Who may operate, and whether the registrations still mean the logins of this cluster. */
export const operators: Examination = {
  expects: {
    login: 'an enabled operator of an active user, the administrator, or a service',
    'operators’ logins': 'each the login that was registered',
    'operators’ users': 'active, with an operator’s role',
    'operators’ group': 'nobody who is not registered',
  },
  examine: async (patient) => {
    const identity = await patient.identity()
    const { login } = await readServer(await patient.database())
    const known: Record<string, Verdict> = {
      login: identity
        ? ok(`${identity.login}: ${identity.role?.replace('_', ' ') ?? identity.kind}`)
        : finding(
            `${login} is nobody here`,
            `an administrator runs: meanderctl operators add ${login} --user EMAIL`,
          ),
    }
    if (identity?.kind !== 'administrator') {
      const unseen = notChecked(needsAdministrator)
      return {
        ...known,
        'operators’ logins': unseen,
        'operators’ users': unseen,
        'operators’ group': unseen,
      }
    }
    const db = await patient.database()
    const registered = await listOperators(db)
    const members = await readMembers(db, ['meander_operator'])
    const strangers = members
      .filter(({ member, login: mayLogIn }) => mayLogIn && !registered.some((one) => one.login === member))
      .map(({ member }) => member)
    return {
      ...known,
      'operators’ logins': bindings(registered),
      'operators’ users': usersOf(registered),
      'operators’ group':
        strangers.length === 0
          ? ok('nobody else')
          : warning(`${listed(strangers)} without registration`, 'revoke meander_operator from …'),
    }
  },
}

/** After a restore into another cluster, or where a login was dropped, the oid on record is nobody's, or another's. */
const bindings = (registered: readonly Operator[]): Verdict => {
  const unbound = registered.filter(({ state }) => state === 'unbound')
  const [first] = unbound
  if (!first) return ok(`${registered.length} bound`)
  return finding(
    `${listed(unbound.map(({ login }) => login))}: dropped, or made anew since`,
    `meanderctl operators add ${first.login} --user ${first.userEmail}, or: meanderctl operators remove ${first.login}`,
  )
}

const usersOf = (registered: readonly Operator[]): Verdict => {
  const idle = registered.filter(({ state }) => state === 'deactivated' || state === 'without rights')
  const [first] = idle
  if (!first) return ok('all active')
  return warning(
    listed(idle.map(({ login, state }) => `${login} is ${state}`)),
    `meanderctl operators remove ${first.login}`,
  )
}
