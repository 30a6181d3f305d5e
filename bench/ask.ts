/** Requests to a server that is measured. */
import { Agent, request } from 'node:http'

/** Keeps connections for further requests. */
export const agent = new Agent({ keepAlive: true, maxSockets: 2000 })

/** Sends a request and returns the body. */
export function ask(url: string, body?: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const payload = body && JSON.stringify(body)
    const headers = payload ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) } : {}
    const sent = request(url, { agent, method: payload ? 'POST' : 'GET', headers }, answer => {
      const chunks: Buffer[] = []
      answer.on('data', chunk => chunks.push(chunk))
      answer.on('end', () => resolve(Buffer.concat(chunks).toString()))
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(payload)
  })
}
