import { Audit } from './audit/audit.ts'
import { Checkpoints } from './audit/checkpoints.ts'
import { Blocklist } from './blocklist/blocklist.ts'
import { Follower } from './blocklist/following.ts'
import type { Doctor } from './doctor/doctor.ts'
import { Grants } from './grants.ts'
import { IdentityPart } from './identity.ts'
import type { Isolation } from './isolation/isolation.ts'
import { Operators } from './operators.ts'
import { Plans } from './plans/plans.ts'
import { Schema } from './schema.ts'
import { Policies } from './sessions/policies.ts'
import { Sessions } from './sessions/sessions.ts'
import { Sweep } from './sessions/sweep.ts'
import { Watch } from './sessions/watch.ts'
import type { Stores } from './stores.ts'
import { Tracing } from './trace.ts'
import { Users } from './users/users.ts'

/** What can be done, one part per noun. Reach is the database login's: nothing here can widen it. */
export class SessionManagementService {
  readonly sessions: Sessions
  readonly watch: Watch
  readonly sweep: Sweep
  readonly policies: Policies
  readonly users: Users
  readonly plans: Plans
  readonly grants: Grants
  readonly blocklist: Blocklist
  readonly follower: Follower
  readonly audit: Audit
  readonly checkpoints: Checkpoints
  readonly trace: Tracing
  readonly operators: Operators
  readonly identity: IdentityPart
  readonly schema: Schema
  /** Loaded when it is asked for: one command needs it, and it is large. */
  readonly doctor: () => Promise<Doctor>
  readonly isolation: () => Promise<Isolation>

  constructor(stores: Stores) {
    this.blocklist = new Blocklist(stores)
    this.follower = new Follower(stores)
    this.sessions = new Sessions(stores, this.blocklist)
    this.watch = new Watch(stores)
    this.sweep = new Sweep(stores, this.blocklist)
    this.policies = new Policies(stores, this.blocklist, this.sweep)
    this.users = new Users(stores)
    this.plans = new Plans(stores, this.sessions)
    this.grants = new Grants(stores, this.blocklist)
    this.audit = new Audit(stores)
    this.checkpoints = new Checkpoints(stores)
    this.trace = new Tracing(stores)
    this.operators = new Operators(stores)
    this.identity = new IdentityPart(stores)
    this.schema = new Schema(stores)
    this.doctor = async () => {
      const { Doctor } = await import('./doctor/doctor.ts')
      return new Doctor(stores, this.blocklist)
    }
    this.isolation = async () => {
      const { Isolation } = await import('./isolation/isolation.ts')
      return new Isolation(stores)
    }
  }
}
