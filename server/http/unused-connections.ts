/**
 * Connections on which nothing is asked. Browsers keep some for later requests, and open some in advance, on which no request has come: to Node those are
 * not idle. A server that closes would wait for both for a minute.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
// Tests replace the global timers.
import { clearInterval, setInterval } from 'node:timers'

/** Milliseconds between two looks: an answer that ends leaves its connection idle. */
const INTERVAL = 50

/** Watches the connections of a server. */
export class UnusedConnections {
  private readonly silent = new Set<Socket>()

  constructor(private readonly server: Server) {
    server.on('connection', (socket: Socket) => {
      this.silent.add(socket)
      socket.once('close', () => this.silent.delete(socket))
    })
    server.on('request', ({ socket }) => this.silent.delete(socket))
  }

  /** Closes them, also those that become unused while the server closes. */
  async closeDuring(closing: () => PromiseLike<unknown>): Promise<void> {
    const look = () => {
      this.server.closeIdleConnections()
      for (const socket of this.silent) socket.destroy()
    }
    const looks = setInterval(look, INTERVAL)
    try {
      await closing()
    } finally {
      clearInterval(looks)
    }
  }
}
