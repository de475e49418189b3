import type { RedisTls } from '../config/redis-settings.ts'

/** TLS whose other end is verified, said outright: what is left out, NODE_TLS_REJECT_UNAUTHORIZED=0 would switch off. */
export const verified = (tls: RedisTls) => ({ ...tls, rejectUnauthorized: true })
