/** Writes the JSON files that are beside weights, in the form that Python's libraries give them. */

import { dirname } from 'node:path'
import { makeFolder } from '../../src/files/make-folder'
import { writeFileAtomically } from '../../src/files/write-file-atomically'
import { classNameOf } from '../../src/format/class-name'
import { DIFFUSERS_VERSION } from '../../src/format/diffusers-version'
import { type FormatJsonOptions, formatJson } from '../../src/format/json'
import { toSnakeCase } from '../../src/format/wire-names'
import type { SavePretrainedOptions } from '../../src/params/component-class'
import type { RawConfig } from './parse-config'

/**
 * Writes a config of diffusers: sorted keys in snake_case, with the class and the version of the library whose format it is.
 *
 * @throws UnwritableFileError
 */
export async function writeConfig(
  file: string,
  className: string,
  config: RawConfig,
  options?: FormatJsonOptions,
): Promise<void> {
  const marks = { _class_name: className, _diffusers_version: DIFFUSERS_VERSION }
  await writeJson(file, { ...snakeCased(config), ...marks }, options)
}

/**
 * Writes the config of a component that is nothing but its settings; its folder is made if it is not there.
 *
 * @throws UnwritableFileError; the reason of `options.signal`
 */
export async function saveConfig(
  file: string,
  component: { readonly config: RawConfig },
  { signal, ...options }: FormatJsonOptions & Pick<SavePretrainedOptions, 'signal'> = {},
): Promise<void> {
  signal?.throwIfAborted()
  await makeFolder(dirname(file))
  await writeConfig(file, classNameOf(component), component.config, options)
}

/** Writes a JSON file with sorted keys. @throws UnwritableFileError */
export async function writeJson(file: string, value: unknown, options?: FormatJsonOptions): Promise<void> {
  await writeFileAtomically(file, [Buffer.from(formatJson(value, options))])
}

/** A config with its keys as they are in files, at every depth. */
export function snakeCased(config: RawConfig): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [toSnakeCase(key), snakeCasedValue(value)]))
}

function snakeCasedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCasedValue)
  return typeof value === 'object' && value !== null ? snakeCased(value as RawConfig) : value
}
