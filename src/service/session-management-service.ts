import { Audit } from './audit.ts'
import { Blocklist } from './blocklist.ts'
import { Grants } from './grants.ts'
import { IdentityPart } from './identity.ts'
import { Operators } from './operators.ts'
import { Policies } from './policies.ts'
import { Schema } from './schema.ts'
import { Sessions } from './sessions.ts'
import type { Stores } from './stores.ts'
import { Sweep } from './sweep.ts'
import { Users } from './users.ts'

/** What can be done, one part per noun. Reach is the database login's: nothing here can widen it. */
export class SessionManagementService {
  readonly sessions: Sessions
  readonly sweep: Sweep
  readonly policies: Policies
  readonly users: Users
  readonly grants: Grants
  readonly blocklist: Blocklist
  readonly audit: Audit
  readonly operators: Operators
  readonly identity: IdentityPart
  readonly schema: Schema

  constructor(stores: Stores) {
    this.blocklist = new Blocklist(stores)
    this.sessions = new Sessions(stores, this.blocklist)
    this.sweep = new Sweep(stores, this.blocklist)
    this.policies = new Policies(stores, this.blocklist, this.sweep)
    this.users = new Users(stores)
    this.grants = new Grants(stores, this.blocklist)
    this.audit = new Audit(stores)
    this.operators = new Operators(stores)
    this.identity = new IdentityPart(stores)
    this.schema = new Schema(stores)
  }
}
