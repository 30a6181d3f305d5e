/** Why a server cannot bind an address. */
import { InvalidServerOptionError } from './invalid-server-option-error'

/** Returns the error that says what to do, for what the system answered. Other errors stay as they are. */
export function explainBindError(cause: unknown, host: string, port: number): unknown {
  const { code } = cause as NodeJS.ErrnoException
  switch (code) {
    case 'EADDRINUSE':
      return new InvalidServerOptionError(
        'port',
        `another program uses port ${port} of ${host}. End it, or pass another port; 0 lets the system choose one.`,
        cause,
      )
    case 'EACCES':
      return new InvalidServerOptionError(
        'port',
        `this process may not bind port ${port}. Pass a port from 1024 up.`,
        cause,
      )
    case 'EADDRNOTAVAIL':
      return new InvalidServerOptionError(
        'host',
        `this machine has no address ${host}. Pass one of its own, or 0.0.0.0 for all of them.`,
        cause,
      )
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new InvalidServerOptionError(
        'host',
        `the name ${JSON.stringify(host)} is unknown. Pass an address of this machine.`,
        cause,
      )
    default:
      return cause
  }
}
