/** What `--trace` and `--profile` of `tesserae generate` measure. */
import { observeActivities } from '../src'
import { absolutePath } from '../src/files/absolute-path'
import { writeFileAtomically } from '../src/files/write-file-atomically'
import { ActivityRecorder } from './activity-recorder'
import { chromeTrace } from './chrome-trace'
import { requireWritable } from './output-files'
import { takePeakMemory } from './peak-memory'
import { type ProfileRow, profileRows } from './profile'

/** The options that ask for measurements. */
export interface MeasurementOptions {
  /** File for a Chrome trace. */
  trace?: string
  /** Prints time and peak memory of each block. */
  profile?: boolean
}

/** Measures the process from the moment at which it is made. */
export class Measurements {
  private readonly recorder: ActivityRecorder
  private readonly stop: () => void

  private constructor(
    private readonly file: string | undefined,
    withMemory: boolean,
  ) {
    this.recorder = new ActivityRecorder(withMemory ? takePeakMemory : undefined)
    this.stop = observeActivities(this.recorder)
  }

  /** Begins to measure; `undefined` if nothing is asked for. @throws UnwritableFileError if the folder of the trace is missing or cannot be written to */
  static async begin({ trace, profile = false }: MeasurementOptions): Promise<Measurements | undefined> {
    if (trace === undefined && !profile) return undefined
    const file = trace === undefined ? undefined : absolutePath(trace)
    await requireWritable(file)
    return new Measurements(file, profile)
  }

  /** What has been measured so far. */
  get profile(): ProfileRow[] {
    return profileRows(this.recorder.activities)
  }

  /** Ends measuring and writes the trace, also of work that has failed. */
  async end(): Promise<void> {
    this.stop()
    if (this.file !== undefined)
      await writeFileAtomically(this.file, [Buffer.from(chromeTrace(this.recorder.activities))])
  }
}
