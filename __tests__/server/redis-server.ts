/** A Redis of a test's own. */
import { REDIS_PROGRAM } from '../../fuzz/redis-server'

export { freePort, RedisServer } from '../../fuzz/redis-server'

/** Tests that need Redis: skipped, with a message, where it is not installed. */
export const describeWithRedis: jest.Describe = REDIS_PROGRAM ? describe : describe.skip
if (REDIS_PROGRAM === undefined)
  process.stderr.write('redis-server is not installed: tests of the queue on Redis are skipped\n')
