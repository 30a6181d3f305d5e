/** What the commands print: nothing that a terminal would obey, as names, settings and texts come from models, pictures and servers. */
import { printable } from '../src/errors/printable'

/** Prints a result. */
export function print(text: string): void {
  console.log(printable(text))
}

/** Prints a message beside the results. */
export function printAside(text: string): void {
  console.error(printable(text))
}
