/** Says what a file is that was passed as an adapter of another kind. */
import type { Checkpoint } from '../checkpoints/checkpoint'
import { kindLabel, type SingleFileComponent, singleFileClasses } from '../single-file/file-kind'
import { recogniseFile } from '../single-file/recognise-file'

/** A sentence that begins with a space: what a file looks like, and where it is passed. Empty if nothing is known of it. */
export function fileHint(file: Pick<Checkpoint, 'keys' | 'info'>): string {
  const kind = recogniseFile(new Map(file.keys.map(key => [key, file.info(key)])))
  if (kind.kind === 'unknown') return ''
  if (kind.kind === 'other') return ` It looks like ${kind.label}. ${kind.advice}`
  const [only = 'unet', ...others] = Object.keys(kind.parts) as SingleFileComponent[]
  const place =
    others.length > 0
      ? 'with --model, or to ModularPipeline.fromSingleFile()'
      : `to ${singleFileClasses[only]}.fromSingleFile()`
  return ` It looks like ${kindLabel(kind)}. Pass it ${place}.`
}
