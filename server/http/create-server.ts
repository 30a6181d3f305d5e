/** A server of its own. */
import { isIP } from 'node:net'
import { type FastifyInstance, fastify } from 'fastify'
import { answerProblem } from './answer-problem'
import { explainBindError } from './explain-bind-error'
import { InvalidServerOptionError } from './invalid-server-option-error'
import { addService, answerNotFound } from './plugin'
import { Service, type ServiceOptions } from './service'
import { UnusedConnections } from './unused-connections'

/** What a server closes together with itself. */
export interface Closable {
  /** Ends the work, and resolves when it has ended. */
  close(): Promise<unknown>
}

/** Options of {@link createServer}. */
export interface ServerOptions extends ServiceOptions {
  /**
   * Closed first when the server closes, while it still answers: workers, which finish their jobs or give them back. Then the server ends its streams and
   * connections; queue and store are the caller's.
   */
  readonly workers?: readonly Closable[] | undefined
  /** What is logged, to standard output as JSON. Default: nothing. */
  readonly logLevel?: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | undefined
  /** Whether the address of a client is what a proxy in front says. Default: false. */
  readonly trustProxy?: boolean | undefined
  /** Lets {@link TesseraeServer.listen} bind other addresses than loopback without keys: anyone who reaches the machine can draw. Default: false. */
  readonly allowAnonymous?: boolean | undefined
}

/** Where a server is reached. */
export interface ListenOptions {
  /** Address or name to bind. Default: `127.0.0.1`, which nobody else reaches. */
  readonly host?: string | undefined
  /** Port. Default: 7860; 0 lets the system choose. */
  readonly port?: number | undefined
}

/** The port of a server that names none. */
const DEFAULT_PORT = 7860

/** Milliseconds that a request may take to arrive. */
const ARRIVAL = 120_000

/** A server that answers requests for jobs. */
export class TesseraeServer {
  private readonly unused: UnusedConnections

  constructor(
    /** The Fastify app: further routes may be added before it listens. */
    readonly app: FastifyInstance,
    private readonly service: Service,
    private readonly options: Pick<ServerOptions, 'workers' | 'allowAnonymous'>,
  ) {
    this.unused = new UnusedConnections(app.server)
  }

  /**
   * Begins to answer.
   *
   * @returns the address, e.g. `http://127.0.0.1:7860`
   * @throws InvalidServerOptionError for an address that others reach, without keys, and for an address or port that cannot be bound
   */
  async listen({ host = '127.0.0.1', port = DEFAULT_PORT }: ListenOptions = {}): Promise<string> {
    if (!isLoopback(host) && !this.service.keys.isRequired && !this.options.allowAnonymous) {
      const advice =
        'Pass apiKeys (--api-key-file), or allowAnonymous: true (--allow-anonymous) if anyone who reaches this machine may use it.'
      throw new InvalidServerOptionError(
        'host',
        `other machines can reach ${JSON.stringify(host)}, and no API keys are required. ${advice}`,
      )
    }
    try {
      return await this.app.listen({ host, port })
    } catch (error) {
      throw explainBindError(error, host, port)
    }
  }

  /** Refuses further jobs, lets the workers finish or return theirs, ends event streams and connections. */
  async close(): Promise<void> {
    this.service.drain()
    await Promise.all((this.options.workers ?? []).map(worker => worker.close()))
    this.service.end()
    await this.unused.closeDuring(() => this.app.close())
  }
}

/**
 * Makes a server that accepts jobs for pipelines. It binds nothing until it is told to listen.
 *
 * ```ts
 * const server = createServer({ pipelines: { emoji: pipe }, queue: new EmbeddedQueue(), results: new FolderStore('pictures') })
 * console.log(await server.listen({ port: 7860 }))
 * ```
 *
 * @throws InvalidServerOptionError
 */
export function createServer(options: ServerOptions): TesseraeServer {
  const { workers, logLevel, trustProxy = false, allowAnonymous, ...others } = options
  const service = new Service({ ...others, studio: others.studio ?? true })
  const app = fastify({
    logger: logLevel ? { level: logLevel, redact: ['req.headers'] } : false,
    trustProxy,
    bodyLimit: service.limits.maxBodyBytes,
    requestTimeout: ARRIVAL,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 400 },
    frameworkErrors: (error, request, reply) => {
      answerProblem(error, request, reply)
    },
  })
  app.setNotFoundHandler(answerNotFound)
  addService(app, service)
  return new TesseraeServer(app, service, { workers, allowAnonymous })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
