/**
 * SQLite in a file. Node has it from 22.13 on, as `node:sqlite`. For older versions the package `libsql` has the same
 * calls; its binaries are npm packages, without a download at installation.
 */
import { QueueUnavailableError } from '../jobs/job-errors'

/** A prepared statement. */
export interface SqliteStatement {
  run(...values: (string | number)[]): unknown
  all(...values: (string | number)[]): unknown[]
}

/** An open database. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  close(): unknown
}

type DatabaseClass = new (file: string) => SqliteDatabase

/** @throws QueueUnavailableError if this Node has no SQLite and `libsql` is not installed, or if the file cannot be opened */
export function openSqlite(file: string): SqliteDatabase {
  const Database = findSqlite()
  try {
    return new Database(file)
  } catch (error) {
    throw unavailable(file, error)
  }
}

/** The error for a file that SQLite does not open, read or write. */
export function unavailable(file: string, cause: unknown): QueueUnavailableError {
  const { message } = cause as Error
  const isBusy = /locked|busy/i.test(message)
  const advice = isBusy
    ? 'Another process has it open. End that process, or name another file.'
    : 'Name a file in a folder that may be written, or one that a queue has written.'
  return new QueueUnavailableError(`its file ${file} cannot be opened: ${message.replace(/\.$/, '')}. ${advice}`, cause)
}

function findSqlite(): DatabaseClass {
  const builtin = withoutExperimentalWarning(() => process.getBuiltinModule?.('node:sqlite')) as
    | { DatabaseSync: DatabaseClass }
    | undefined
  if (builtin) return builtin.DatabaseSync
  try {
    return require('libsql') as DatabaseClass
  } catch (cause) {
    const advice = `Node ${process.versions.node} has no SQLite. Use Node 22.13 or later, install libsql, or leave out the file.`
    throw new QueueUnavailableError(advice, cause)
  }
}

/** Loads a module of Node without the warning that it is experimental: nobody who runs a server can act on it. */
function withoutExperimentalWarning<T>(load: () => T): T {
  const { emitWarning } = process
  process.emitWarning = (...args: unknown[]) => {
    if (args[1] !== 'ExperimentalWarning') Reflect.apply(emitWarning, process, args)
  }
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}
