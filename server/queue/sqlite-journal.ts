/** The journal of an embedded queue in a SQLite file, which one process has open at a time. */
import { resolve } from 'node:path'
import type { Job } from '../jobs/job'
import type { JobJournal, JournalEntry } from './job-journal'
import { openSqlite, type SqliteDatabase, type SqliteStatement, unavailable } from './sqlite-database'

/** Marks files of ours: a number in their header. */
const APPLICATION_ID = 0x7e55e7ae
/** Another one where older versions could not read what is written. */
const VERSION = 1

const TABLE = 'CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, place INTEGER NOT NULL, job TEXT NOT NULL) STRICT'

/** A job is accepted when its row is on the disk. */
export class SqliteJournal implements JobJournal {
  private readonly database: SqliteDatabase
  private readonly file: string
  private isWaiting: boolean | undefined
  private readonly saving: SqliteStatement
  private readonly removing: SqliteStatement

  /** @throws QueueUnavailableError if the file cannot be opened, is another's, or is open in another process */
  constructor(file: string) {
    this.file = resolve(file)
    this.database = openSqlite(this.file)
    try {
      this.prepare()
      this.saving = this.database.prepare('INSERT OR REPLACE INTO jobs (id, place, job) VALUES (?, ?, ?)')
      this.removing = this.database.prepare('DELETE FROM jobs WHERE id = ?')
    } catch (error) {
      this.database.close()
      throw unavailable(this.file, error)
    }
  }

  load(): readonly JournalEntry[] {
    const rows = this.database.prepare('SELECT place, job FROM jobs ORDER BY place').all()
    return (rows as { place: number; job: string }[]).map(({ place, job }) => ({
      job: JSON.parse(job) as Job,
      order: place,
    }))
  }

  save({ job, order }: JournalEntry, isOnDisk: boolean): void {
    this.write(() => {
      this.waitForDisk(isOnDisk)
      this.saving.run(job.id, order, JSON.stringify(job))
    })
  }

  remove(ids: readonly string[]): void {
    if (ids.length === 0) return
    this.write(() => {
      this.waitForDisk(false)
      this.database.exec('BEGIN')
      for (const id of ids) this.removing.run(id)
      this.database.exec('COMMIT')
    })
  }

  close(): void {
    // libsql closes a database when its statements are collected. Without a WAL, the next read gives the lock up before.
    this.database.exec('PRAGMA journal_mode = DELETE')
    this.database.exec('PRAGMA locking_mode = NORMAL')
    this.database.prepare('SELECT count(*) FROM jobs').all()
    this.database.close()
  }

  /** Each change is written to the log of the file in its order. That the disk has it takes milliseconds. */
  private waitForDisk(isOnDisk: boolean): void {
    if (this.isWaiting === isOnDisk) return
    this.database.exec(`PRAGMA synchronous = ${isOnDisk ? 'FULL' : 'NORMAL'}`)
    this.isWaiting = isOnDisk
  }

  /** Takes the file for this process alone: two would both run its jobs. */
  private prepare(): void {
    const { database } = this
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    database.exec('PRAGMA journal_mode = WAL')
    // What was accepted outlives a loss of power.
    this.waitForDisk(true)
    const [header] = database.prepare('PRAGMA application_id').all() as { application_id: number }[]
    const [tables] = database.prepare('SELECT count(*) AS count FROM sqlite_schema').all() as { count: number }[]
    const [version] = database.prepare('PRAGMA user_version').all() as { user_version: number }[]
    if (tables?.count !== 0) {
      if (header?.application_id !== APPLICATION_ID) throw new Error('it is the database of another program')
      if (version?.user_version !== VERSION)
        throw new Error(`it is of version ${version?.user_version}, not ${VERSION}`)
    }
    // The first write takes the lock, which stays.
    database.exec('BEGIN IMMEDIATE')
    database.exec(TABLE)
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    database.exec(`PRAGMA user_version = ${VERSION}`)
    database.exec('COMMIT')
  }

  /** @throws QueueUnavailableError */
  private write(action: () => unknown): void {
    try {
      action()
    } catch (error) {
      throw unavailable(this.file, error)
    }
  }
}
